from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.policy.documents import NOW, person, policy, shelf
from workplace_sync.errors import InputError
from workplace_sync.policy import bench, panel
from workplace_sync.policy.decision import Decision, Effect
from workplace_sync.policy.engine import Engine
from workplace_sync.policy.shelf import PolicySet

PLAN_FACTS = {
    "plan.removals": 0,
    "plan.size_after": 40,
    "plan.administrators_before": 1,
    "plan.administrators_after": 1,
    "plan.removals_protected": 0,
    "plan.additions": 3,
}


def engine(*texts: bytes, group: str = "prospect-bt", params: dict[str, dict[str, object]] | None = None) -> Engine:
    return Engine(shelf(*texts), group=group, params=params, now=NOW)


def decide(made: Engine, action: str = "add", **changed: object) -> Decision:
    return next(made.decide(action, [person(**changed)]))


def test_who_meets_every_rule_is_allowed() -> None:
    decision = decide(engine(policy()))
    assert (decision.effect, decision.findings) == (Effect.ALLOW, ())


def test_who_fails_a_rule_gets_its_effect_message_and_remedy() -> None:
    decision = decide(engine(policy(remedy="invite")), subject__consent="none")
    (found,) = decision.findings
    assert (found.cite, found.effect, found.title, found.message) == ("policy@2/rule", Effect.DENY, "Rule", "Not so.")
    assert decision.remedy == "invite"


def test_all_deciding_rules_are_listed_strictest_first() -> None:
    made = engine(
        policy("a", effect="warn"),
        policy("b", effect="hold"),
        policy("c", effect="deny"),
        policy("d", expression="1 / int(subject.consent_basis) > 0"),
        policy("e", effect="deny", expression="group.size > 40"),
    )
    decision = decide(made, subject__consent="none", subject__consent_basis="0")
    assert decision.rules == ("d/rule", "c/rule", "e/rule", "b/rule", "a/rule")
    assert decision.effect is Effect.ERROR


def test_a_rule_in_audit_mode_is_listed_and_never_blocks() -> None:
    decision = decide(engine(policy(mode="audit")), subject__consent="none")
    assert decision.effect is Effect.ALLOW
    assert [found.name for found in decision.audited] == ["policy/rule"]


def test_the_floor_denies_whoever_opted_out_whatever_the_shelf_says() -> None:
    assert decide(engine(), subject__opted_out=True).rules == ("floor-opt-out/opted-out",)


def test_the_floor_keeps_protected_and_last_members() -> None:
    decision = decide(engine(), "remove", subject__protected=True, group__size=1)
    assert decision.rules == ("floor-removals/protected", "floor-removals/last-member")


def test_a_policy_is_about_its_groups_actions_and_time() -> None:
    elsewhere = policy("a", groups='["other-*"]')
    removing = policy("b", actions="[remove]")
    later = policy("c", effective_from="2031-01-01T00:00:00Z")
    past = policy("d", effective_until="2021-01-01T00:00:00Z")
    made = engine(elsewhere, removing, later, past)
    assert decide(made, subject__consent="none").rules == ()
    assert decide(made, "remove", subject__consent="none").rules == ("b/rule",)


def test_the_engine_says_which_facts_it_reads() -> None:
    made = engine(
        policy("a", expression="subject.tenant == group.tenant && subject.consent_at < now && action.kind == 'add'"),
        policy("b", expression="group.name == 'x'", message_expression="subject.status"),
        policy("c", actions="[remove]", plan="plan.additions < params.most", params="{most: {type: int, value: 5}}"),
    )
    assert made.variables("add") == {
        "subject.tenant", "group.tenant", "subject.consent_at", "subject.status", "subject.opted_out",
    }  # fmt: skip
    assert made.variables("remove") == {"subject.consent", "subject.protected", "group.size"}
    assert made.variables("plan") == PLAN_FACTS.keys()


def test_no_rules_are_about_an_unknown_action() -> None:
    with pytest.raises(ValueError, match="'promote'"):
        engine().decide("promote", [])
    with pytest.raises(ValueError, match="'promote'"):
        engine().variables("promote")


def test_decisions_come_one_by_one_as_rows_are_pulled() -> None:
    pulled = []

    def rows() -> Iterator[dict[str, object]]:
        for number in range(3):
            pulled.append(number)
            yield person()

    decisions = engine(policy()).decide("add", rows())
    assert pulled == []
    next(decisions)
    assert pulled == [0]
    assert len(list(decisions)) == 2


def test_the_same_failing_rules_are_the_same_decision_object() -> None:
    made = engine(policy(), policy("timed", expression="subject.consent_at > timestamp('2024-01-01T00:00:00Z')"))
    rows = [
        person(subject__consent=state, subject__tenant=str(n))
        for n in range(3)
        for state in ("none", "expired", "opted_in")
    ]
    decisions = list(made.decide("add", rows))
    assert len({id(decision) for decision in decisions}) == 2
    assert len(set(decisions)) == 2


def test_a_message_about_one_person_is_theirs_alone() -> None:
    made = engine(policy(message_expression="'Status: ' + subject.status"))
    texts = [
        decision.findings[0].message
        for decision in made.decide("add", [person(subject__consent="none", subject__status=s) for s in ("x", "y")])
    ]
    assert texts == ["Status: x", "Status: y"]


@pytest.mark.parametrize("status", ["\0", 5])
def test_a_message_that_cannot_be_made_falls_back_to_the_fixed_one(status: object) -> None:
    made = engine(policy(message_expression="'Status: ' + subject.status"))
    assert decide(made, subject__consent="none", subject__status=status).findings[0].message == "Not so."
    row = person(subject__consent="none")
    del row["subject.status"]
    assert next(made.decide("add", [row])).findings[0].message == "Not so."


def test_an_empty_message_falls_back_too() -> None:
    made = engine(policy(message_expression="subject.departed_cause"))
    assert decide(made, subject__consent="none").findings[0].message == "Not so."


def test_a_fact_that_a_rule_reads_and_nobody_knows_is_an_error_of_that_rule() -> None:
    made = engine(
        policy("a"), policy("b", expression="group.size > 40 || subject.in_roster", effect="hold", on_error="hold")
    )
    row = person(subject__consent="none")
    del row["subject.in_roster"]
    decision = next(made.decide("add", [row]))
    unknown, failed = decision.findings
    assert (unknown.name, unknown.effect, unknown.acts_as) == ("b/rule", Effect.ERROR, Effect.HOLD)
    assert unknown.message == "This rule could not be checked: not known: subject.in_roster."
    assert unknown.remedy == ""
    assert failed.name == "a/rule"
    assert decision.acts_as is Effect.DENY


def test_an_unknown_fact_is_an_error_even_where_another_would_settle_the_rule() -> None:
    row = person(group__size=50)
    del row["subject.in_roster"]
    made = engine(policy(expression="group.size > 40 || subject.in_roster"))
    assert next(made.decide("add", [row])).effect is Effect.ERROR


def test_a_rule_that_fails_on_these_facts_is_an_error_and_denies() -> None:
    decision = decide(engine(policy(expression="subject.roles[0] == 'rep'")), subject__roles=[])
    assert (decision.effect, decision.acts_as) == (Effect.ERROR, Effect.DENY)
    assert decision.findings[0].message == "This rule could not be checked: its expression fails on these facts."


def test_a_warning_that_cannot_be_checked_denies_too() -> None:
    decision = decide(engine(policy(effect="warn", expression="subject.roles[0] == 'rep'")), subject__roles=[])
    assert decision.acts_as is Effect.DENY


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"subject__consent": "opted_in\0"}, "subject.consent holds a character that is not text"),
        ({"subject__consent": "\ud800"}, "subject.consent holds a character that is not text"),
        ({"subject__consent": ["opted_in"]}, "subject.consent is not a text"),
        ({"subject__consent": {"opted_in": []}}, "subject.consent is not a text"),
        ({"subject__opted_out": 0}, "subject.opted_out is not true or false"),
        ({"subject__opted_out": None}, "subject.opted_out is not true or false"),
        ({"subject__consent_at": datetime(2024, 3, 1)}, "subject.consent_at is a time without its zone"),  # noqa: DTZ001 - naive on purpose
        ({"subject__roles": ["rep"] * 101}, "subject.roles has more than 100 items"),
    ],
)
def test_a_row_that_cannot_be_trusted_is_denied_and_the_next_goes_on(changed: dict[str, object], why: str) -> None:
    made = engine(
        policy(
            on_error="hold",
            expression="subject.consent == 'opted_in' && subject.consent_at < now && 'rep' in subject.roles",
        )
    )
    before, bad, after = made.decide("add", [person(), person(**changed), person()])
    assert before.effect is after.effect is Effect.ALLOW
    assert (bad.effect, bad.acts_as) == (Effect.ERROR, Effect.DENY)
    assert {found.message for found in bad.findings} == {f"This rule could not be checked: {why}."}
    assert {found.name for found in bad.findings} == {"policy/rule", "floor-opt-out/opted-out"}


def test_what_is_refused_to_an_audit_rule_alone_blocks_nobody() -> None:
    made = engine(policy("a"), policy("b", mode="audit", expression="'rep' in subject.roles"))
    decision = decide(made, subject__roles="rep")
    assert decision.effect is Effect.ALLOW
    (listed,) = decision.audited
    assert (listed.effect, listed.message) == (
        Effect.ERROR,
        "This rule could not be checked: subject.roles is not a list of texts.",
    )


def test_what_was_seen_before_does_not_let_a_look_alike_in() -> None:
    made = engine(policy())
    good, bad = made.decide("add", [person(), person(subject__opted_out=0)])
    assert (good.effect, bad.effect) == (Effect.ALLOW, Effect.ERROR)


def test_facts_shared_by_all_rows_are_given_once() -> None:
    made = engine(policy(expression="subject.tenant == group.tenant"))
    row = person()
    del row["group.tenant"]
    assert next(made.decide("add", [row], shared={"group.tenant": "bt"})).effect is Effect.ALLOW
    assert next(made.decide("add", [row], shared={"group.tenant": "other"})).effect is Effect.DENY


def test_a_shared_fact_that_cannot_be_trusted_denies_every_row() -> None:
    made = engine(policy(expression="subject.tenant == group.tenant"))
    decisions = list(made.decide("add", [person(), person()], shared={"group.tenant": "b\0t"}))
    assert [decision.acts_as for decision in decisions] == [Effect.DENY] * 2


def test_a_row_cannot_bring_its_own_time_group_or_parameters() -> None:
    made = engine(
        policy(
            expression="group.name == 'prospect-bt' && now < params.end",
            params="{end: {type: timestamp, value: 2025-01-01T00:00:00Z}}",
        )
    )
    row = person() | {"group.name": "x", "now": NOW + timedelta(days=9_999), "params.end": NOW, "action.kind": "remove"}
    assert next(made.decide("add", [row], shared={"group.name": "x", "now": NOW})).effect is Effect.ALLOW


def test_parameters_of_one_name_keep_their_values_in_each_policy() -> None:
    names = ("a", "b", "c")
    made = engine(
        *(
            policy(
                name,
                expression=f"group.size < params.most && subject.tenant != '{name}'",
                message_expression="string(params.most)",
                params=f"{{most: {{type: int, value: {most}}}}}",
            )
            for name, most in zip(names, (10, 100, 10), strict=True)
        ),
        policy("d", expression="subject.tenant in params.most", params="{most: {type: list<string>, value: [bt]}}"),
    )
    decision = decide(made)
    assert [(found.name, found.message) for found in decision.findings] == [("a/rule", "10"), ("c/rule", "10")]
    assert decide(made, group__size=500).rules == ("a/rule", "b/rule", "c/rule")


def test_a_group_sets_parameters_otherwise() -> None:
    text = policy(
        expression="subject.consent_at + params.age > now && group.size < params.most",
        params="{age: {type: duration, value: 720h, tighten: lower}, most: {type: int, value: 100}}",
    )
    assert decide(engine(text)).effect is Effect.ALLOW
    assert decide(engine(text, params={"policy": {"age": "7d"}})).effect is Effect.DENY
    assert engine(text, params={"policy": {"age": "7d"}}).params() == {"policy": {"age": "604800s", "most": 100}}


def test_every_parameter_that_cannot_be_set_is_named() -> None:
    text = policy(params="{age: {type: duration, value: 720h, tighten: lower}}")
    wrong: dict[str, dict[str, object]] = {
        "polcy": {"age": "1h"},
        "policy": {"ag": "1h", "age": 5},
        "floor-opt-out": {"x": 1},
    }
    with pytest.raises(InputError) as told:
        engine(text, params=wrong)
    assert [str(fault) for fault in told.value.faults] == [
        "prospect-bt.yaml: [params.floor-opt-out.x] the policy has no such parameter — there are: none",
        "prospect-bt.yaml: [params.polcy] no policy has this id — there are: floor-opt-out, floor-removals, policy",
        "prospect-bt.yaml: [params.policy.ag] the policy has no such parameter — there are: age",
        "prospect-bt.yaml: [params.policy.age] is not a duration — give a duration",
    ]


def test_parameters_of_a_policy_that_is_not_in_force_may_be_set() -> None:
    text = policy(params="{age: {type: duration, value: 720h, tighten: lower}}", effective_from="2031-01-01T00:00:00Z")
    assert engine(text, params={"policy": {"age": "1h"}}).params() == {}


def test_a_plan_is_decided_by_the_plan_rules() -> None:
    made = engine(policy(plan="plan.additions <= 3"))
    assert made.decide_plan(PLAN_FACTS).effect is Effect.ALLOW
    held = made.decide_plan(PLAN_FACTS | {"plan.additions": 4})
    (found,) = held.findings
    assert (held.effect, found.cite, found.title, found.message) == (Effect.HOLD, "policy@2/plan", "Title", "Held.")


def test_a_plan_that_leaves_a_count_out_is_denied() -> None:
    facts = {name: value for name, value in PLAN_FACTS.items() if name != "plan.additions"}
    assert engine(policy(plan="plan.additions <= 3")).decide_plan(facts).acts_as is Effect.DENY


def test_the_deciders_are_on_record_with_version_and_hash() -> None:
    text = policy(plan="plan.additions <= 3", mode="audit", actions="[remove, add]")
    made = engine(text)
    floor = [decider for decider in made.deciders() if decider.policy.startswith("floor-")]
    mine = [decider for decider in made.deciders() if decider not in floor]
    assert [(d.cite, d.effect, d.mode, d.decides, d.title) for d in mine] == [
        ("policy@2/rule", Effect.DENY, "audit", ("remove", "add"), "Rule"),
        ("policy@2/plan", Effect.HOLD, "enforce", ("plan",), "Title"),
    ]
    assert {d.hash for d in mine} == {shelf(text).policies[-1].hash}
    assert len(floor) == 6
    assert made.revision == shelf(text).revision


def test_the_outcome_of_each_condition_can_be_asked_for() -> None:
    made = engine(policy(), policy("b", expression="subject.in_roster"))
    row = person(subject__consent="none")
    del row["subject.in_roster"]
    assert made.outcomes("add", row) == {
        "floor-opt-out/opted-out#not_opted_out": True,
        "policy/rule#condition": False,
        "b/rule#condition": None,
    }
    assert set(made.outcomes("add", person(subject__consent=5)).values()) == {None}


def test_an_engine_without_rules_allows() -> None:
    assert decide(Engine(PolicySet((), "sha256:none"), group="x", now=NOW)).effect is Effect.ALLOW


def test_a_time_without_its_zone_is_no_now() -> None:
    with pytest.raises(ValueError, match="zone"):
        Engine(shelf(policy()), group="x", now=datetime(2024, 3, 1))  # noqa: DTZ001 - naive on purpose


def test_what_is_remembered_stays_bounded_and_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_MAX_REMEMBERED", 2)
    monkeypatch.setattr(panel, "_MAX_DECISIONS", 1)
    made = engine(policy("a", expression="subject.tenant != 't3'"), policy("b", expression="subject.tenant != 't5'"))
    rows = [person(subject__tenant=f"t{n % 7}") for n in range(21)]
    rules = [decision.rules for decision in made.decide("add", rows)]
    expected = {3: ("a/rule",), 5: ("b/rule",)}
    assert rules == [expected.get(n % 7, ()) for n in range(21)]
