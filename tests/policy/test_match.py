"""Where a policy applies: match conditions come before its rules, and what cannot be known is never let pass."""

import pytest

from tests.policy.documents import NOW, person, policy, shelf
from tests.policy.test_engine import PLAN_FACTS
from workplace_sync.errors import InputError
from workplace_sync.policy.decision import Effect
from workplace_sync.policy.engine import Engine


def matched(*conditions: str, **changed: str) -> bytes:
    """Return a policy that applies only where the conditions are true."""
    listed = ", ".join(f"{{name: c{number}, expression: {text!r}}}" for number, text in enumerate(conditions))
    text = policy(**changed).decode()
    return text.replace("actions: [add]}", f"actions: [add], conditions: [{listed}]}}").encode()


def decide(text: bytes, **changed: object) -> Effect:
    made = Engine(shelf(text), group="prospect-bt", now=NOW)
    return next(made.decide("add", [person(subject__consent="none", **changed)])).effect


def test_a_policy_applies_only_where_its_conditions_are_true() -> None:
    text = matched("group.size > 30", "subject.tenant == 'bt'")
    assert decide(text) is Effect.DENY
    assert decide(text, group__size=30) is Effect.ALLOW
    assert decide(text, subject__tenant="other") is Effect.ALLOW


def test_conditions_may_read_parameters() -> None:
    text = matched("group.size > params.large", params="{large: {type: int, value: 100}}")
    assert decide(text) is Effect.ALLOW
    assert decide(text, group__size=101) is Effect.DENY


def test_where_a_condition_cannot_be_evaluated_the_rule_cannot_be_checked() -> None:
    text = matched("subject.roles[0] == 'rep'")
    assert decide(text) is Effect.DENY
    assert decide(text, subject__roles=[]) is Effect.ERROR
    made = Engine(shelf(text), group="x", now=NOW)
    row = person()
    del row["subject.roles"]
    (found,) = next(made.decide("add", [row])).findings
    assert (found.effect, found.message) == (
        Effect.ERROR, "This rule could not be checked: not known: subject.roles.",
    )  # fmt: skip


def test_one_false_condition_is_enough_whatever_the_others_are() -> None:
    assert decide(matched("subject.roles[0] == 'rep'", "false"), subject__roles=[]) is Effect.ALLOW


def test_a_rule_that_does_not_apply_cannot_fail() -> None:
    text = matched("size(subject.roles) > 0", expression="subject.roles[0] == 'chair'")
    assert decide(text) is Effect.DENY
    assert decide(text, subject__roles=[]) is Effect.ALLOW


def test_conditions_come_before_plan_rules_too() -> None:
    text = matched("group.size > 30", plan="plan.additions <= 2")
    made = Engine(shelf(text), group="x", now=NOW)
    assert made.decide_plan(PLAN_FACTS | {"group.size": 31}).effect is Effect.HOLD
    assert made.decide_plan(PLAN_FACTS | {"group.size": 30}).effect is Effect.ALLOW


def test_conditions_are_among_the_outcomes_by_the_name_of_the_match() -> None:
    made = Engine(shelf(matched("group.size > 30")), group="x", now=NOW)
    assert made.outcomes("add", person()) == {
        "floor-opt-out/opted-out#not_opted_out": True,
        "policy/rule#match.c0": True,
        "policy/rule#condition": True,
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (matched("group.siz > 30"), "[match.conditions[0].expression] undeclared reference to 'group.siz' — did you mean group.size?"),
        (matched("group.size"), "[match.conditions[0].expression] must be true or false, and is INT"),
        (matched("subject.in_roster", plan="plan.additions <= 2"), "[match.conditions[0].expression] undeclared reference to 'subject.in_roster' — it is not among the facts that rules may read"),
        (matched("true", "true").replace(b"name: c1", b"name: c0"), "[match.conditions[1].name] 'c0' is used twice — name each condition of a rule differently"),
    ],
)  # fmt: skip
def test_a_faulty_condition_is_told_once_with_its_place(text: bytes, told: str) -> None:
    with pytest.raises(InputError) as error:
        shelf(text)
    assert [str(fault).split(" ", 1)[1] for fault in error.value.faults] == [told]
