"""What holds for any set of policies and any facts: the strictest wins, nothing gets milder, nothing depends on order."""

import random
from collections.abc import Sequence
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.policy.documents import NOW, person, policy
from tests.policy.test_shelf import shelf_files
from workplace_sync.policy.decision import Decision, Effect, strictest
from workplace_sync.policy.engine import Engine
from workplace_sync.policy.shelf import load_policies

EXPRESSIONS = (
    "subject.consent == 'opted_in'",
    "subject.in_roster && !subject.departed",
    "subject.consent_at + params.age > now",
    "group.size < params.most",
    "subject.roles[0] != 'rep'",
    "100 / group.size > 1",
    "subject.status in ['active', 'retired'] || action.method == 'command_line'",
)

rules = st.builds(
    lambda expression, effect, mode, on_error, age: {
        "expression": expression,
        "effect": effect,
        "mode": mode,
        "on_error": on_error,
        "params": f"{{age: {{type: duration, value: {age}h}}, most: {{type: int, value: {age}}}}}",
    },
    expression=st.sampled_from(EXPRESSIONS),
    effect=st.sampled_from(["deny", "hold", "warn"]),
    mode=st.sampled_from(["enforce", "audit"]),
    on_error=st.sampled_from(["deny", "hold"]),
    age=st.integers(1, 60),
)
ODD: tuple[object, ...] = ("\0", None, 3, [], ["a", 1], True, "\ud800")
rows = st.fixed_dictionaries(
    {},
    optional={
        "subject.consent": st.sampled_from(["opted_in", "none", *ODD]),
        "subject.in_roster": st.sampled_from([True, False, *ODD]),
        "subject.departed": st.booleans(),
        "subject.consent_at": st.sampled_from([NOW, NOW - timedelta(hours=30), NOW.replace(tzinfo=None), *ODD]),
        "group.size": st.sampled_from([0, 1, 40, 2**64, *ODD]),
        "subject.roles": st.lists(st.sampled_from(["rep", "chair"]), max_size=2),
        "subject.opted_out": st.booleans(),
    },
)
LACKING = st.sets(st.sampled_from(sorted(person())), max_size=2)
SHIPPED = Engine(load_policies(shelf_files("union", "guards")), group="x", now=NOW)
few = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def decisions(texts: Sequence[dict[str, str]], facts: Sequence[dict[str, object]], *, seed: int = 0) -> list[Decision]:
    files = [(f"{number}.yaml", policy(f"p{number}", **text)) for number, text in enumerate(texts)]
    random.Random(seed).shuffle(files)
    return list(Engine(load_policies(dict(files)), group="x", now=NOW).decide("add", facts))


@st.composite
def people(draw: st.DrawFn) -> list[dict[str, object]]:
    drawn = [(person() | draw(rows), draw(LACKING)) for _ in range(draw(st.integers(1, 4)))]
    return [{name: value for name, value in row.items() if name not in lacking} for row, lacking in drawn]


@few
@given(texts=st.lists(rules, max_size=4), facts=people())
def test_the_strictest_wins_and_an_error_is_never_milder_than_hold(
    texts: list[dict[str, str]], facts: list[dict[str, object]]
) -> None:
    for decision in decisions(texts, facts):
        assert decision.effect is strictest(*(found.effect for found in decision.findings))
        assert all(decision.acts_as.rank >= found.acts_as.rank for found in decision.findings)
        if decision.effect is Effect.ERROR:
            assert decision.acts_as in {Effect.HOLD, Effect.DENY}


@few
@given(texts=st.lists(rules, max_size=3), more=rules, facts=people())
def test_one_more_rule_never_makes_a_decision_milder(
    texts: list[dict[str, str]], more: dict[str, str], facts: list[dict[str, object]]
) -> None:
    for before, after in zip(decisions(texts, facts), decisions([*texts, more], facts), strict=True):
        assert after.effect.rank >= before.effect.rank
        assert after.acts_as.rank >= before.acts_as.rank
        assert set(before.rules) <= set(after.rules)


@few
@given(texts=st.lists(rules, max_size=3), more=rules, facts=people())
def test_a_rule_in_audit_mode_changes_no_decision(
    texts: list[dict[str, str]], more: dict[str, str], facts: list[dict[str, object]]
) -> None:
    with_audit = decisions([*texts, more | {"mode": "audit"}], facts)
    for before, after in zip(decisions(texts, facts), with_audit, strict=True):
        assert (after.findings, after.acts_as) == (before.findings, before.acts_as)


@few
@given(texts=st.lists(rules, max_size=4), facts=people(), seed=st.integers(1, 99))
def test_the_order_of_the_files_changes_nothing(
    texts: list[dict[str, str]], facts: list[dict[str, object]], seed: int
) -> None:
    assert decisions(texts, facts) == decisions(texts, facts, seed=seed)


@few
@given(texts=st.lists(rules, max_size=4), facts=people())
def test_a_decision_depends_on_the_row_alone_and_not_on_those_before_it(
    texts: list[dict[str, str]], facts: list[dict[str, object]]
) -> None:
    together = decisions(texts, [*facts, *facts])
    assert together == [decisions(texts, [row])[0] for row in facts] * 2


@few
@given(facts=people())
def test_who_opted_out_is_never_added_by_the_shipped_shelf_whatever_else_is_known(
    facts: list[dict[str, object]],
) -> None:
    opted_out = [row | {"subject.opted_out": True} for row in facts]
    assert {decision.acts_as for decision in SHIPPED.decide("add", opted_out)} == {Effect.DENY}
    assert {decision.remedy for decision in SHIPPED.decide("add", opted_out)} == {""}
