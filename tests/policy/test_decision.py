from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workplace_sync.policy.decision import Decision, Effect, Finding, Mode, strictest


def finding(effect: Effect, *, remedy: str = "", on_error: Effect = Effect.DENY, rule: str = "rule") -> Finding:
    return Finding("policy", 3, rule, effect, "Title", "Message.", remedy, Mode.ENFORCE, on_error)


def test_the_strictest_wins_from_error_down_to_allow() -> None:
    order = [Effect.ERROR, Effect.DENY, Effect.HOLD, Effect.WARN, Effect.ALLOW]
    assert all(strict.rank > mild.rank for strict, mild in pairwise(order))
    assert strictest() is Effect.ALLOW
    assert strictest(*reversed(order)) is Effect.ERROR


def test_a_finding_is_named_and_cited() -> None:
    assert finding(Effect.DENY).name == "policy/rule"
    assert finding(Effect.DENY).cite == "policy@3/rule"


def test_a_decision_without_findings_allows() -> None:
    decision = Decision()
    assert (decision.effect, decision.acts_as, decision.remedy, decision.rules) == (Effect.ALLOW, Effect.ALLOW, "", ())


def test_an_error_acts_as_its_policy_says() -> None:
    assert finding(Effect.ERROR, on_error=Effect.HOLD).acts_as is Effect.HOLD
    assert finding(Effect.WARN, on_error=Effect.HOLD).acts_as is Effect.WARN
    held = Decision((finding(Effect.ERROR, on_error=Effect.HOLD), finding(Effect.WARN)))
    assert (held.effect, held.acts_as) == (Effect.ERROR, Effect.HOLD)
    denied = Decision((finding(Effect.ERROR, on_error=Effect.HOLD), finding(Effect.DENY)))
    assert (denied.effect, denied.acts_as) == (Effect.ERROR, Effect.DENY)


def test_audited_rules_are_listed_and_do_not_count() -> None:
    decision = Decision((), (finding(Effect.DENY),))
    assert decision.effect is Effect.ALLOW
    assert decision.rules == ()
    assert len(decision.audited) == 1


@pytest.mark.parametrize(
    ("findings", "remedy"),
    [
        ([finding(Effect.DENY, remedy="invite")], "invite"),
        ([finding(Effect.DENY, remedy="invite"), finding(Effect.HOLD, remedy="invite")], "invite"),
        ([finding(Effect.DENY, remedy="invite"), finding(Effect.WARN)], "invite"),
        ([finding(Effect.DENY, remedy="invite"), finding(Effect.DENY)], ""),
        ([finding(Effect.DENY, remedy="invite"), finding(Effect.ERROR)], ""),
        ([finding(Effect.WARN, remedy="invite")], ""),
    ],
)
def test_a_remedy_is_offered_only_when_nothing_else_stands_in_the_way(findings: list[Finding], remedy: str) -> None:
    assert Decision(tuple(findings)).remedy == remedy


@settings(deadline=None)  # a busy machine is no fault
@given(effects=st.lists(st.sampled_from(Effect)), more=st.sampled_from(Effect))
def test_one_more_finding_never_makes_a_decision_milder(effects: list[Effect], more: Effect) -> None:
    before = Decision(tuple(finding(effect) for effect in effects))
    after = Decision((*before.findings, finding(more)))
    assert after.effect.rank >= before.effect.rank
    assert after.acts_as.rank >= before.acts_as.rank
    assert after.acts_as is not Effect.ERROR
