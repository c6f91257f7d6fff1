"""What in a free text gives somebody away is found, and nothing leaves but what an officer approved as it is."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workplace_sync.cases.gate_text import Approved, Mark, approve, digest_of, findings, leaving, normalised
from workplace_sync.errors import CaseError

NOW = datetime(2026, 7, 1, tzinfo=UTC)
NAMES = frozenset([*normalised("Amina Quill"), *normalised("José O'Brien-Wood"), *normalised("Will Mark")])


def marks(
    text: str,
    *,
    names: frozenset[str] = frozenset(),
    addresses: frozenset[str] = frozenset(),
    sites: frozenset[str] = frozenset(),
) -> list[str]:
    found = findings(text, names, addresses, sites)
    return [f"{one.mark.value}: {text[one.start : one.end]}" for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to amina.q@bt.example.org now", ["email: amina.q@bt.example.org"]),
        ("amina (at) bt (dot) example [dot] org", ["email: amina (at) bt (dot) example [dot] org"]),
        ("call 07700 900123 today", ["phone: 07700 900123", "employee_number: 900123"]),
        ("call +44 (0)20 7946 0018", ["phone: +44 (0)20 7946 0018"]),
        ("her NI is QQ 12 34 56 C", ["national_insurance: QQ 12 34 56 C"]),
        ("UIN 612345678", ["employee_number: 612345678"]),
        ("number EMP-0012345 it is", ["employee_number: EMP-0012345"]),
        ("at IP5 3RE in May", ["postcode: IP5 3RE"]),
        ("see https://example.org/x?y=1", ["url: https://example.org/x?y=1"]),
        ("see www.example.org", ["url: www.example.org"]),
        ("12 of 40 people in 2026, 10 %, 3.5 days", []),
    ],
)
def test_addresses_and_numbers_are_found(text: str, expected: list[str]) -> None:
    assert marks(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amina said so", ["roster_name: amina"]),
        ("AMINA's desk", ["roster_name: AMINA's"]),
        ("with jose present", ["roster_name: jose"]),
        ("and O'Brien-Wood too", ["roster_name: O'Brien-Wood"]),
        ("that will mark the end", []),
        ("that Will knew", ["roster_name: Will"]),
        ("quills are pens", []),
    ],
)
def test_names_of_the_roster_are_found_as_words(text: str, expected: list[str]) -> None:
    assert marks(text, names=NAMES) == expected


def test_names_are_compared_without_accents_and_capitals() -> None:
    assert normalised("José  Ó Brien, J.") == ("jose", "brien")


def test_addresses_of_the_roster_are_found_whole_and_in_part() -> None:
    known = frozenset(["amina.quill@bt.example.org"])
    assert marks("ask amina.quill.", addresses=known) == ["roster_address: amina.quill."]
    assert [one.split(":")[0] for one in marks("AMINA.QUILL@bt.example.org", addresses=known)] == [
        "email",
        "roster_address",
    ]
    assert "roster_address: amina.quill" in marks("İ amina.quill", addresses=known)
    assert "roster_address: amina.quill" in marks("ß amina.quill", addresses=known)


def test_a_job_title_beside_a_place_of_work_is_found() -> None:
    text = "It was fine. The regional manager at Adastral Park said so. A manager elsewhere did not."
    assert marks(text, sites=frozenset(["Adastral Park", " "])) == [
        "title_and_site: The regional manager at Adastral Park said so."
    ]
    assert marks("Adastral Park is cold.\nManagers too", sites=frozenset(["Adastral Park"])) == []


def test_patterns_of_ones_own_are_found_by_their_label() -> None:
    [found] = findings("project Heron", patterns={"project": re.compile("Heron")})
    assert (found.mark, found.label, found.never) == (Mark.PATTERN, "project", False)


def test_what_names_one_person_never_leaves() -> None:
    text = "Write to amina@bt.example.org"
    with pytest.raises(CaseError, match="cannot leave: it holds email"):
        approve(text, findings(text), by="Ada", at=NOW, despite=True)


def test_what_may_name_somebody_leaves_only_when_an_officer_says_so() -> None:
    text = "A period of Grace"
    found = findings(text, names=frozenset(["grace"]))
    with pytest.raises(CaseError, match="may give somebody away: roster name"):
        approve(text, found, by="Ada", at=NOW)
    approved = approve(text, found, by="Ada", at=NOW, despite=True)
    assert approved == Approved(digest_of(text), "Ada", NOW, 1)
    assert leaving(text, approved) == text
    assert approve("Plain.", [], by="Ada", at=NOW).despite == 0


def test_a_text_that_was_changed_or_never_approved_does_not_leave() -> None:
    approved = approve("Plain.", [], by="Ada", at=NOW)
    with pytest.raises(CaseError, match="changed after"):
        leaving("Plain!", approved)
    with pytest.raises(CaseError, match="Nobody approved"):
        leaving("Plain.", None)


@given(st.text(max_size=200))
def test_whatever_is_written_findings_lie_within_it(text: str) -> None:
    found = findings(text, names=NAMES, addresses=["a.b@x.org"], sites=["Park"])
    assert found == sorted(found)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
