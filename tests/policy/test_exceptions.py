"""Exceptions from rules: for whom and how long, what refuses them, and that they are never folded into an allow."""

import hashlib
import pickle
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.documents import NOW, person, policy, shelf
from workplace_sync.errors import InputError
from workplace_sync.policy.decision import Decision, Effect
from workplace_sync.policy.engine import EXCEPTION, Engine
from workplace_sync.policy.exceptions import exception_facts
from workplace_sync.policy.shelf import PolicySet, load_policies

PLAN = {
    "plan.removals": 0,
    "plan.size_after": 40,
    "plan.administrators_before": 1,
    "plan.administrators_after": 1,
    "plan.removals_protected": 0,
    "plan.additions": 9,
}
RULES = """\
kind: MembershipPolicy
metadata: {id: judge, version: 1, title: Judge, owner: O, source: {title: S}, effective_from: 2020-03-01T00:00:00Z}
exception_rules:
  - {id: short, expression: exception.days <= 90, effect: deny, message: Too long.}
  - {id: named, expression: exception.people > 0, effect: warn, message: About everybody.}
"""


def exception(  # noqa: PLR0913, RUF100 - one keyword for each thing a test may change
    name: str = "trial",
    *,
    rules: str = "[policy/rule]",
    people: str = "[]",
    match: str = "{}",
    owner: str = "Bryn Marrow",
    approver: str = "Cerys Quarry",
    approved_at: str = "2024-02-01T00:00:00Z",
    expires_at: str = "2024-04-01T00:00:00Z",
) -> bytes:
    return f"""\
kind: PolicyException
id: {name}
title: A trial
reason: The committee tries it out.
owner: {owner}
approver: {approver}
approved_at: {approved_at}
expires_at: {expires_at}
rules: {rules}
match: {match}
people: {people}
""".encode()


def engine(*texts: bytes, group: str = "prospect-bt", now: datetime = NOW) -> Engine:
    return Engine(shelf(*texts), group=group, now=now)


def decide(made: Engine, **changed: object) -> Decision:
    return next(made.decide("add", [person(subject__consent="none", **changed)]))


def faults(*texts: bytes) -> list[str]:
    with pytest.raises(InputError) as told:
        shelf(*texts)
    return [str(fault).removeprefix("policies/") for fault in told.value.faults]


def test_an_exception_frees_from_its_rule_and_is_listed_apart() -> None:
    decision = decide(engine(policy(remedy="invite"), exception()))
    (found,) = decision.excepted
    assert (decision.effect, decision.acts_as, decision.findings) == (Effect.EXCEPTED, Effect.EXCEPTED, ())
    assert (found.excepted_cite, found.effect, found.message) == (
        "policy@2/rule by trial", Effect.EXCEPTED, "Not so.",
    )  # fmt: skip
    assert decision.remedy == ""


def test_who_meets_the_rules_needs_no_exception() -> None:
    decision = next(engine(policy(), exception()).decide("add", [person()]))
    assert (decision.effect, decision.excepted) == (Effect.ALLOW, ())


def test_other_rules_still_hold() -> None:
    decision = decide(engine(policy(), policy("other", effect="hold"), exception()))
    assert (decision.effect, decision.rules) == (Effect.HOLD, ("other/rule",))
    assert [found.name for found in decision.excepted] == ["policy/rule"]


@pytest.mark.parametrize(
    ("moment", "excepted"),
    [
        ("2024-01-31T23:59:59Z", False),
        ("2024-02-01T00:00:00Z", True),
        ("2024-03-31T23:59:59Z", True),
        ("2024-04-01T00:00:00Z", False),
    ],
)
def test_an_exception_holds_from_its_approval_up_to_its_end(moment: str, *, excepted: bool) -> None:
    now = datetime.fromisoformat(moment)
    made = engine(policy(), exception(), now=now)
    assert decide(made).effect is (Effect.EXCEPTED if excepted else Effect.DENY)


def test_an_expired_exception_stays_on_the_shelf_to_be_seen() -> None:
    (found,) = shelf(policy(), exception()).exceptions
    assert (found.id, found.file, found.has_expired(NOW)) == ("trial", "policies/1.yaml", False)
    assert found.has_expired(NOW + timedelta(days=60))
    assert found.hash.startswith("sha256:")


def test_an_exception_is_about_its_groups() -> None:
    text = exception(match='{groups: ["prospect-*"]}')
    assert decide(engine(policy(), text)).effect is Effect.EXCEPTED
    assert decide(engine(policy(), text, group="other")).effect is Effect.DENY


def test_an_exception_is_about_those_who_meet_its_conditions() -> None:
    made = engine(policy(), exception(match="{conditions: [{name: reps, expression: \"'rep' in subject.roles\"}]}"))
    assert decide(made).effect is Effect.EXCEPTED
    assert decide(made, subject__roles=[]).effect is Effect.DENY
    assert "subject.roles" in made.variables("add")


def test_an_exception_is_about_the_people_it_names() -> None:
    hashed = hashlib.sha256(b"bryn@bt.example.org").hexdigest()
    people = f'[" Amina@BT.example.org", "sha256:{hashed}"]'.replace('" ', '"')
    made = engine(policy(), exception(people=people), policy("b"), exception("all", rules="[b/rule]"))
    assert made.exceptions_naming("amina@bt.example.org") == ["trial"]
    assert made.exceptions_naming("bryn@bt.example.org") == ["trial"]
    assert made.exceptions_naming("cerys@bt.example.org") == []
    assert decide(made, subject__exceptions=["trial"]).effect is Effect.EXCEPTED
    assert decide(made, subject__exceptions=["other"]).rules == ("policy/rule",)
    assert "subject.exceptions" in made.variables("add")


@pytest.mark.parametrize("bad", [["a", 1], "trial", None])
def test_a_fact_that_cannot_be_trusted_frees_nobody(bad: object) -> None:
    made = engine(policy(), exception(people="[amina@bt.example.org]"))
    assert decide(made, subject__exceptions=bad).effect is Effect.DENY


def test_a_fact_that_is_not_known_frees_nobody() -> None:
    made = engine(policy(), exception(match="{conditions: [{name: reps, expression: subject.in_roster}]}"))
    row = person(subject__consent="none")
    del row["subject.in_roster"]
    assert next(made.decide("add", [row])).effect is Effect.DENY


def test_a_condition_that_fails_on_these_facts_frees_nobody() -> None:
    made = engine(policy(), exception(match="{conditions: [{name: r, expression: \"subject.roles[0] == 'rep'\"}]}"))
    assert decide(made).effect is Effect.EXCEPTED
    assert decide(made, subject__roles=[]).effect is Effect.DENY


def test_an_exception_frees_nobody_from_being_checked() -> None:
    made = engine(policy(), exception())
    decision = decide(made, subject__consent_at=NOW)
    assert decision.effect is Effect.EXCEPTED
    row = person()
    del row["subject.consent"]
    assert next(made.decide("add", [row])).effect is Effect.ERROR


def test_a_rule_that_is_tried_out_needs_no_exception() -> None:
    decision = decide(engine(policy(mode="audit"), exception()))
    assert (decision.effect, decision.excepted) == (Effect.ALLOW, ())
    assert [found.name for found in decision.audited] == ["policy/rule"]


def test_a_row_cannot_bring_itself_under_an_exception_by_another_time_or_group() -> None:
    made = engine(
        policy(), exception(match="{conditions: [{name: g, expression: \"group.name == 'x' && group.tenant == 'x'\"}]}")
    )
    row = person(subject__consent="none") | {"group.name": "x", "group.tenant": "x"}
    assert next(made.decide("add", [row], shared={"group.tenant": "bt"})).effect is Effect.DENY


def test_the_first_of_several_exceptions_is_cited() -> None:
    made = engine(policy(), exception("b"), exception("a", people="[amina@bt.example.org]"))
    assert decide(made, subject__exceptions=["a"]).excepted[0].exception == "a"
    assert decide(made, subject__exceptions=[]).excepted[0].exception == "b"


def test_a_plan_rule_may_be_excepted_too() -> None:
    made = engine(policy(plan="plan.additions <= 3"), exception(rules="[policy/plan]"))
    decision = made.decide_plan(PLAN)
    assert (decision.effect, decision.excepted[0].cite) == (Effect.EXCEPTED, "policy@2/plan")


def test_an_exception_travels_with_the_engine() -> None:
    made = pickle.loads(pickle.dumps(engine(policy(), exception())))  # noqa: S301 - our own
    assert decide(made).effect is Effect.EXCEPTED


def test_the_revision_covers_exceptions() -> None:
    assert (
        len({shelf(policy(), *more).revision for more in ((), (exception(),), (exception(owner="Dilys Hafod"),))}) == 3
    )


OWN = policy(), RULES.encode()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (exception(approver="bryn  marrow"), "2.yaml:6:11: [approver] is the owner — somebody else has to approve an exception"),
        (exception(expires_at="2024-02-01T00:00:00Z"), "2.yaml:8:13: [expires_at] is not after approved_at — the exception would never hold"),
        (exception(rules="[policy/ruel]"), "2.yaml:9:9: [rules[0]] no policy has the rule 'policy/ruel' — did you mean policy/rule?"),
        (exception(rules="[zzz/q]"), "2.yaml:9:9: [rules[0]] no policy has the rule 'zzz/q' — name it as policy/rule"),
        (exception(rules="[judge/short]"), "2.yaml:9:9: [rules[0]] no policy has the rule 'judge/short' — name it as policy/rule"),
        (exception(rules="[floor-opt-out/opted-out]"), "2.yaml:9:9: [rules[0]] belongs to the program, and nobody is excepted from it — remove it"),
        (exception(rules='["policy/*"]'), "2.yaml:9:9: [rules[0]] must be one rule in full, as policy/rule"),
        (exception(rules="[]"), "2.yaml:9:8: [rules] needs at least one entry"),
        (exception(people="[amina]"), "2.yaml:11:10: [people[0]] must be an e-mail address, or sha256: and 64 hexadecimal digits"),
        (exception(match="{conditions: [{name: c, expression: subject.consnt == ''}]}"), "2.yaml:10:51: [match.conditions[0].expression] undeclared reference to 'subject.consnt' — did you mean subject.consent?"),
        (exception(expires_at="2024-05-02T00:00:01Z"), "2.yaml:1:1: judge@1/short forbids this exception: Too long. — change it, or leave it out"),
    ],
)  # fmt: skip
def test_an_exception_that_may_not_be_is_refused_with_its_place(text: bytes, told: str) -> None:
    assert faults(*OWN, text) == [told]


def test_an_exception_has_an_end() -> None:
    (told,) = faults(policy(), exception().replace(b"expires_at: 2024-04-01T00:00:00Z\n", b""))
    assert told == "1.yaml:1:1: [expires_at] is missing — add it"


def test_two_exceptions_cannot_have_one_id() -> None:
    (told,) = faults(policy(), exception(), exception())
    assert told.endswith("[id] the id 'trial' is already in policies/1.yaml — an id stands for one exception, for good")


def test_an_exception_cannot_name_people_for_a_whole_plan() -> None:
    text = exception(rules="[policy/plan, policy/rule]", people="[amina@bt.example.org]")
    (told,) = faults(policy(plan="plan.additions <= 3"), text)
    assert (
        told == "1.yaml:11:9: [people] names people, and policy/plan is about whole plans — make two exceptions of it"
    )


def test_conditions_of_an_exception_are_checked_against_all_that_its_rules_are_about() -> None:
    text = exception(
        rules="[policy/plan, policy/rule]", match="{conditions: [{name: c, expression: subject.in_roster}]}"
    )
    (told,) = faults(policy(plan="plan.additions <= 3"), text)
    assert "undeclared reference to 'subject.in_roster'" in told


def test_rules_about_exceptions_are_those_of_its_approval() -> None:
    late = RULES.replace("2020-03-01", "2024-02-02").encode()
    assert shelf(policy(), late, exception(expires_at="2025-05-02T00:00:00Z")).exceptions


def test_a_rule_about_exceptions_that_cannot_be_evaluated_refuses_them() -> None:
    text = RULES.replace("exception.days <= 90", "\"exception.rules[1] != ''\"").encode()
    (told,) = faults(policy(), text, exception())
    assert "judge@1/short forbids this exception: This rule could not be checked" in told


def test_a_warning_about_an_exception_lets_it_load_and_can_be_asked_for() -> None:
    policies = shelf(*OWN, exception())
    made = Engine(policies, group="x", now=NOW)
    decision = next(made.decide(EXCEPTION, [exception_facts(policies.exceptions[0].document)]))
    assert (decision.effect, decision.rules) == (Effect.WARN, ("judge/named",))
    assert [one.decides for one in made.deciders() if one.policy == "judge"] == [(EXCEPTION,), (EXCEPTION,)]


def test_while_a_policy_is_faulty_nothing_is_said_of_exceptions() -> None:
    told = faults(policy(effect="allow"), RULES.encode(), exception(expires_at="2026-05-02T00:00:00Z"))
    assert not [fault for fault in told if "forbids" in fault]


@settings(deadline=None, max_examples=25)  # a busy machine is no fault
@given(
    opted_out=st.booleans(),
    consent=st.sampled_from(["none", "opted_in"]),
    named=st.lists(st.sampled_from(["trial", "x"]), max_size=2),
)
def test_nobody_who_opted_out_is_added_by_any_exception(*, opted_out: bool, consent: str, named: list[str]) -> None:
    row = person(subject__opted_out=opted_out, subject__consent=consent, subject__exceptions=named)
    without = next(PLAIN.decide("add", [row]))
    decision = next(EXCEPTING.decide("add", [row]))
    assert (decision.acts_as is Effect.DENY) >= opted_out
    assert decision.acts_as.rank <= without.acts_as.rank
    assert {found.name for found in (*decision.findings, *decision.excepted)} == set(without.rules)
    assert (decision.acts_as is Effect.ALLOW) <= (without.acts_as is Effect.ALLOW)


PLAIN = engine(policy())
EXCEPTING = engine(policy(), exception(people="[amina@bt.example.org]"))


def test_an_empty_shelf_has_no_exceptions() -> None:
    assert load_policies({}).exceptions == PolicySet((), "").exceptions == ()
