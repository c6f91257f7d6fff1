"""What makes a rejected change the very same: its content, and nothing of the plan it comes in."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workplace_sync.membership.change import Action
from workplace_sync.membership.plan import PlannedChange, Tally
from workplace_sync.membership.rejection import Rejection, fingerprint_of, heeded
from workplace_sync.policy.decision import Effect

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
HELD = PlannedChange(
    4,
    "a@bt.example.org",
    "A@bt.example.org",
    "",
    Action.ADD,
    "rostered",
    Effect.HOLD,
    rules=("consent@2/newcomer",),
    why=("No active membership.",),
    facts={"subject.status": "lapsed", "action.source": "november.csv"},
)


def no_to(change: PlannedChange) -> Rejection:
    return Rejection(fingerprint_of(change), "grace", AT, "not yet")


def test_the_very_same_change_is_denied_with_who_said_no() -> None:
    again = heeded(HELD._replace(seq=99), [no_to(HELD)])
    assert (again.effect, again.rejected) == (Effect.DENY, "rejected by grace on 2026-11-21: not yet")
    assert again.rules == HELD.rules
    assert not again.goes


@pytest.mark.parametrize(
    "other",
    [
        HELD._replace(key="b@bt.example.org"),
        HELD._replace(action=Action.REMOVE),
        HELD._replace(effect=Effect.ALLOW),
        HELD._replace(rules=("consent@3/newcomer",)),
        HELD._replace(excepted=("consent@2/newcomer by e1",)),
        HELD._replace(facts={"subject.status": "active"}),
    ],
)
def test_another_person_rule_or_fact_is_another_change(other: PlannedChange) -> None:
    assert heeded(other, [no_to(HELD)]) is other


@given(st.integers(0, 10**6), st.text(max_size=20), st.text(max_size=20))
def test_the_plan_and_the_name_of_the_roster_make_no_difference(seq: int, source: str, address: str) -> None:
    change = HELD._replace(seq=seq, address=address, facts={**HELD.facts, "action.source": source})
    assert fingerprint_of(change) == fingerprint_of(HELD)


def test_one_of_several_rejections_is_enough_and_none_changes_nothing() -> None:
    others = [no_to(HELD._replace(action=Action.REMOVE)), no_to(HELD)]
    assert heeded(HELD, others).rejected
    assert heeded(HELD, []) is HELD


def test_the_line_of_a_rejected_change_says_so_and_reads_back_and_no_other_line_is_longer() -> None:
    rejected = heeded(HELD, [no_to(HELD)])
    assert PlannedChange.parse(rejected.line()) == rejected
    assert "rejected" not in json.loads(HELD.line())
    assert PlannedChange.parse(HELD.line()) == HELD
    form = rejected.line_form()
    assert f"{form.head(HELD.key, HELD.address, HELD.platform_id)}4{form.tail}" == rejected.line()


def test_rejected_changes_count_as_denied_and_apart_and_never_as_held() -> None:
    tally, more = Tally(), Tally()
    tally.add(heeded(HELD, [no_to(HELD)]), 3)
    more.add(HELD)
    tally.merge(more)
    counts = tally.counts()
    assert (counts["held"], counts["denied"], counts["rejected"], counts["changes"]) == (1, 3, 3, 4)
