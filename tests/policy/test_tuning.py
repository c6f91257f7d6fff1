"""How close plans came to a guard, found by asking the guard itself with other values."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.documents import NOW
from workplace_sync.policy.facts import FactValue
from workplace_sync.policy.shelf import load_policies
from workplace_sync.policy.tuning import Guard, Tuner

POLICY = """
kind: MembershipPolicy
metadata: {id: guard, version: 1, title: Guards, owner: O, source: {title: S}, effective_from: 2020-03-01T00:00:00Z}
params:
  most: {type: int, value: 50}
  fewest: {type: int, value: 10}
  few: {type: int, value: 2}
  percent: {type: int, value: 5}
  pause: {type: duration, value: 24h}
  names: {type: list<string>, value: [x]}
plan_rules:
  - {id: most, title: Most, expression: plan.additions <= params.most, effect: hold, message: M}
  - {id: fewest, expression: plan.size_after >= params.fewest, effect: deny, message: M, mode: audit}
  - id: share
    expression: plan.removals <= params.few || plan.removals * 100 <= params.percent * plan.size_before
    effect: hold
    message: M
  - {id: pause, expression: "now - params.pause < timestamp('2024-02-29T10:00:00Z')", effect: hold, message: M}
  - {id: names, expression: group.name in params.names || plan.denied == 0, effect: hold, message: M}
"""
(DOCUMENT,) = (p.document for p in load_policies({"a.yaml": POLICY.encode()}).policies if p.id == "guard")


def seen(*plans: dict[str, object], **params: FactValue) -> dict[str, Guard]:
    values = {f"params.{name}": params.get(name, param.value) for name, param in DOCUMENT.params.items()}
    guards: dict[tuple[str, str], Guard] = {}
    tuner = Tuner([DOCUMENT], "bt", {"guard": values})
    for plan in plans:
        tuner.look(plan, guards)
    return {guard.rule.partition("/")[2]: guard for guard in guards.values()}


def plan(**changed: int) -> dict[str, object]:
    facts = {"additions": 7, "removals": 0, "size_before": 100, "size_after": 107, "denied": 0} | changed
    return {f"plan.{name}": value for name, value in facts.items()} | {"now": NOW}


def test_a_guard_that_never_tripped_tells_its_margin() -> None:
    guard = seen(plan(), plan(additions=42), plan(additions=9))["most"]
    assert (guard.plans, guard.tripped, guard.errors) == (3, 0, 0)
    assert (guard.params["most"].value, guard.params["most"].closest, guard.params["most"].margin) == (50, 42, 8)
    assert (guard.effect, guard.title) == ("hold", "Most")


def test_a_guard_that_tripped_tells_by_how_much_it_was_passed() -> None:
    guard = seen(plan(additions=90), plan())["most"]
    assert (guard.tripped, guard.params["most"].closest, guard.params["most"].margin) == (1, 90, -40)


def test_a_floor_has_its_margin_from_below_and_audit_rules_count() -> None:
    guard = seen(plan(size_after=12), plan(size_after=4))["fewest"]
    assert (guard.tripped, guard.params["fewest"].closest, guard.params["fewest"].margin) == (1, 4, -6)


def test_a_threshold_that_does_not_decide_has_no_margin() -> None:
    guard = seen(plan(removals=4), plan(removals=0))["share"]
    assert guard.params["percent"].margin == 1  # of 100, four are gone: 4 % would do
    assert (guard.params["few"].closest, guard.params["few"].margin) == (None, None)
    assert seen(plan(removals=30))["share"].params["few"].margin == -28


def test_durations_are_told_in_seconds() -> None:
    pause = seen(plan())["pause"].params["pause"]
    assert (pause.value, pause.closest, pause.margin) == (86_400, 82_801, 3_599)
    assert seen(plan(), pause=timedelta(hours=20))["pause"].tripped == 1


def test_what_is_no_number_has_no_threshold() -> None:
    guard = seen(plan(denied=1))["names"]
    assert (guard.tripped, guard.params) == (1, {})


def test_a_plan_that_a_guard_cannot_be_asked_about_counts_as_an_error() -> None:
    without = plan()
    del without["plan.additions"]
    guard = seen(without)["most"]
    assert (guard.tripped, guard.errors, guard.params) == (0, 1, {})


@settings(deadline=None, max_examples=20)
@given(additions=st.integers(0, 10_000), most=st.integers(0, 10_000))
def test_the_margin_is_exactly_what_is_left(additions: int, most: int) -> None:
    guard = seen(plan(additions=additions), most=most)["most"]
    found = guard.params["most"].margin
    assert found == (None if additions == 0 else most - additions)
    assert guard.tripped == (additions > most)
