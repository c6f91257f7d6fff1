"""When a reading counts as complete."""

from dataclasses import replace

import pytest

from workplace_sync.membership.snapshot import Completeness, Member

WHOLE = Completeness(pages=2, rows=7, expected=7, ended=True)


def test_a_reading_is_complete_when_it_ended_without_fault_and_the_counts_agree() -> None:
    assert WHOLE.complete
    assert replace(WHOLE, expected=None).complete
    assert replace(WHOLE, rows=8, repeated=1).complete


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"fault": "the token was revoked"}, "the token was revoked"),
        ({"ended": False}, "announced more"),
        ({"expected": 8}, "counts 8 members, 7 were read"),
        ({"repeated": 1}, "counts 7 members, 6 were read"),
    ],
)
def test_what_is_missing_from_a_reading_is_told_in_a_sentence(change: dict[str, object], told: str) -> None:
    partial = replace(WHOLE, **change)  # type: ignore[arg-type]
    assert not partial.complete
    assert told in partial.shortfall


def test_pages_add_up() -> None:
    read = Completeness().with_page(1000, 2).with_page(5, 1)
    assert (read.pages, read.rows, read.hidden) == (2, 1005, 3)


def test_a_member_without_address_cannot_be_matched() -> None:
    assert Member("17", "id:17").address_hidden
    assert not Member("17", "ada@bt.example.org").address_hidden
