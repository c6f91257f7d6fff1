"""The versions of a policy over time: one at a time, without a gap that nobody explained."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.documents import NOW, person, policy, shelf
from workplace_sync.errors import InputError
from workplace_sync.policy.engine import Engine
from workplace_sync.policy.shelf import PolicySet, load_policies

FIRST, SECOND, THIRD = "2020-03-01T00:00:00Z", "2021-03-01T00:00:00Z", "2022-03-01T00:00:00Z"


def version(number: int, begins: str, ends: str = "null", *, withdrawn: str = "", **changed: str) -> bytes:
    """Return the text of a version of the policy `dated`."""
    text = policy("dated", effective_from=begins, effective_until=ends, **changed).decode()
    return text.replace("version: 2,", f"version: {number}, withdrawn: {withdrawn!r},").encode()


def faults(*texts: bytes) -> list[str]:
    with pytest.raises(InputError) as told:
        shelf(*texts)
    return [str(fault).removeprefix("policies/") for fault in told.value.faults]


def held(policies: PolicySet, moment: str) -> list[int]:
    return [one.version for one in policies.in_force(datetime.fromisoformat(moment)).policies if one.id == "dated"]


def test_versions_may_lie_in_one_file_or_in_several() -> None:
    first, second = version(1, FIRST, SECOND), version(2, SECOND)
    apart = shelf(second, first)
    together = load_policies({"dated.yaml": first + b"---\n" + second})
    assert apart.revision == together.revision
    assert [(one.id, one.version) for one in together.versions("dated")] == [("dated", 1), ("dated", 2)]
    assert {one.file for one in together.versions("dated")} == {"dated.yaml"}
    assert together.versions("other") == ()


def test_a_file_may_begin_and_end_with_a_mark_between_documents() -> None:
    text = b"---\n" + version(1, FIRST, SECOND) + b"---\n" + version(2, SECOND) + b"---\n"
    assert len(load_policies({"dated.yaml": text}).versions("dated")) == 2


def test_at_each_moment_the_version_of_that_moment_holds() -> None:
    policies = shelf(version(1, FIRST, SECOND), version(2, SECOND))
    assert held(policies, "2020-02-29T23:59:59Z") == []
    assert held(policies, "2021-02-28T23:59:59Z") == [1]
    assert held(policies, "2021-03-01T00:00:00Z") == [2]


def test_a_plan_is_decided_by_the_version_of_its_time() -> None:
    policies = shelf(version(1, FIRST, SECOND, effect="hold"), version(2, SECOND, effect="deny"))
    row = person(subject__consent="none")
    cites = [
        next(Engine(policies, group="x", now=now).decide("add", [row])).findings[0].cite
        for now in (datetime(2020, 6, 1, tzinfo=UTC), NOW)
    ]
    assert cites == ["dated@1/rule", "dated@2/rule"]


def test_the_revision_covers_versions_that_no_longer_hold() -> None:
    before = shelf(version(1, FIRST, SECOND), version(2, SECOND))
    after = shelf(version(1, FIRST, SECOND, effect="hold"), version(2, SECOND))
    assert before.revision != after.revision


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (
            (version(1, FIRST, SECOND), version(1, SECOND)),
            "1.yaml:3:24: [metadata.version] version 1 of 'dated' is already in policies/0.yaml — count the version up, or choose another id",
        ),
        (
            (version(1, FIRST), version(2, SECOND)),
            "0.yaml:4:61: [metadata.effective_until] version 1 still holds when version 2 begins — write in version 1: effective_until: 2021-03-01T00:00:00Z",
        ),
        (
            (version(1, FIRST, THIRD), version(2, SECOND)),
            "0.yaml:4:61: [metadata.effective_until] version 1 still holds when version 2 begins — write in version 1: effective_until: 2021-03-01T00:00:00Z",
        ),
        (
            (version(1, FIRST, SECOND), version(2, THIRD)),
            "1.yaml:4:20: [metadata.effective_from] no version holds from 2021-03-01T00:00:00Z to 2022-03-01T00:00:00Z — let version 1 hold until then, or say in its `withdrawn` why it ended before",
        ),
        (
            (version(2, FIRST, SECOND), version(1, SECOND)),
            "0.yaml:4:20: [metadata.effective_from] version 2 does not begin after version 1 (2021-03-01T00:00:00Z) — the higher version has to be the later one",
        ),
        (
            (version(1, FIRST, withdrawn="No longer needed."),),
            "0.yaml:3:39: [metadata.withdrawn] says why the policy ended, and it has no end — write when it ended as effective_until",
        ),
    ],
)
def test_versions_that_contradict_each_other_are_no_shelf(texts: tuple[bytes, ...], told: str) -> None:
    found = faults(*texts)
    assert [one.split("[")[1] for one in found] == [told.split("[")[1]]
    assert found[0].split(":")[:2] == told.split(":")[:2]


def test_a_gap_that_is_explained_is_no_fault_and_nothing_holds_in_it() -> None:
    policies = shelf(version(1, FIRST, SECOND, withdrawn="The committee took it back."), version(2, THIRD))
    assert held(policies, "2021-06-01T00:00:00Z") == []
    assert held(policies, "2022-06-01T00:00:00Z") == [2]


@settings(deadline=None, max_examples=25)  # a busy machine is no fault
@given(lengths=st.lists(st.integers(1, 400), min_size=1, max_size=5), day=st.integers(-10, 2_100))
def test_never_do_two_versions_hold_at_once(lengths: list[int], day: int) -> None:
    begin = datetime(2020, 3, 1, tzinfo=UTC)
    starts = [begin + timedelta(days=sum(lengths[:number])) for number in range(len(lengths) + 1)]
    ends = [*(start.isoformat() for start in starts[1:-1]), "null"]
    texts = [version(n + 1, starts[n].isoformat(), end) for n, end in enumerate(ends)]
    moment = begin + timedelta(days=day)
    found = held(shelf(*texts), moment.isoformat())
    assert len(found) == (1 if day >= 0 else 0)


def test_a_value_that_a_group_sets_for_another_version_waits_for_it() -> None:
    params = "{most: {type: int, value: 5, tighten: lower}}"
    policies = shelf(version(1, FIRST, "2030-01-01T00:00:00Z"), version(2, "2030-01-01T00:00:00Z", params=params))
    override = {"dated": {"most": 3}}
    assert Engine(policies, group="x", now=NOW, params=override).params() == {}
    later = Engine(policies, group="x", now=NOW + timedelta(days=4_000), params=override)
    assert later.params() == {"dated": {"most": 3}}
