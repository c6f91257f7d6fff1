"""An explanation names what decided, what was looked at, and the smallest change that would turn the decision."""

import json
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.policy.documents import EPOCH, NOW, person, policy, shelf
from workplace_sync.policy.decision import GOES
from workplace_sync.policy.engine import Engine
from workplace_sync.policy.explain import Explanation, explain
from workplace_sync.policy.explain_words import explanation_data, explanation_lines, flip_sentences, outcome_sentence
from workplace_sync.policy.shelf import PolicySet, load_policies

ROOT = Path(__file__).parents[2] / "policies"
SHIPPED = load_policies(
    {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in ROOT.glob("*/*.yaml") if path.parent.name != "tests"}
)  # fmt: skip
NO_CONSENT: dict[str, object] = {"subject.consent": "none", "subject.consent_at": EPOCH, "subject.consent_basis": ""}


@cache
def shipped_engine(at: datetime) -> Engine:
    return Engine(SHIPPED, group="prospect-bt", now=at)


def explained(
    changed: dict[str, object], policies: PolicySet = SHIPPED, *, action: str = "add", now: datetime = NOW
) -> Explanation:
    @cache
    def engine_at(at: datetime) -> Engine:
        return Engine(policies, group="prospect-bt", now=at)

    return explain(shipped_engine if policies is SHIPPED else engine_at, policies, action, person() | changed, now)


def sentences(changed: dict[str, object], policies: PolicySet = SHIPPED, *, action: str = "add") -> list[str]:
    return flip_sentences(explained(changed, policies, action=action))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (NO_CONSENT, "If a consent to be added were on record, this person could be added."),
        ({"subject.consent": "expired"}, "If a new consent to be added were on record, this person could be added."),
        ({"subject.opted_out": True, "subject.consent": "withdrawn"}, "If a new consent to be added were on record, this person could be added."),
        ({"subject.consent_basis": "assumed from membership"}, "If the record said that the consent came from this person, this person could be added."),
        ({"subject.consent_at": NOW + timedelta(days=700)}, "If the consent were dated rightly, and not in the future, this person could be added."),
        ({"subject.status": "lapsed"}, "If the roster gave this person's status as 'active', this person could be added."),
        ({"subject.tenant": "openreach"}, "If the roster showed that this person works for 'bt', where the group is, this person could be added."),
        ({"action.method": "group_copy"}, "If this person were wanted by a roster file, and not by a copy of another group, this person could be added."),
        ({"subject.in_roster": False, "subject.status": "", "subject.tenant": ""}, "If the roster listed this person as an active member who works here, this person could be added."),
        ({"subject.departed": True, "subject.departed_at": NOW - timedelta(days=9), "subject.departed_cause": "left"}, "If a new consent to be added were on record, this person could be added."),
        (NO_CONSENT | {"subject.status": "lapsed"}, "If a consent to be added were on record and if the roster gave this person's status as 'active', this person could be added."),
    ],
)  # fmt: skip
def test_the_smallest_change_is_told_in_a_sentence(changed: dict[str, object], told: str) -> None:
    assert sentences(changed)[0] == told


def test_time_that_passes_is_told_with_the_moment_from_which_it_is_enough() -> None:
    gone = NOW - timedelta(days=10)
    facts = {"subject.departed": True, "subject.departed_at": gone, "subject.departed_cause": "account_closed"}
    told = explained(facts | {"subject.consent_at": gone - timedelta(days=1)})
    assert flip_sentences(told)[0] == (
        "From 21 March 2024, 09:00:00 UTC on, if nothing else changes, this person could be added."
    )
    assert told.flips[0].at == gone + timedelta(hours=720)
    assert told.flips[0].changed == {}


def test_time_and_a_change_together_are_tried_when_neither_is_enough() -> None:
    policies = shelf(policy(expression="subject.status == 'active' && now > timestamp('2024-05-01T00:00:00Z')"))
    assert sentences({"subject.status": "lapsed"}, policies) == [
        (
            "From 1 May 2024, 00:00:01 UTC on, if the roster gave this person's status as 'active', "
            "this person could be added."
        )
    ]


def test_what_needs_three_changes_is_not_promised_for_less() -> None:
    assert sentences(NO_CONSENT | {"subject.status": "lapsed", "subject.tenant": "x"}) == [
        "None of the changes that were tried would be enough, alone or two together."
    ]


def test_what_nothing_stops_is_said_too() -> None:
    assert sentences({}, shelf(policy(expression="group.size >= 0"))) != []
    removal = shelf(policy(actions="[remove]", expression="group.size > 2"))
    told = explained({"subject.is_member": True}, removal, action="remove")
    assert flip_sentences(told) == [
        "If the group's configuration protected this member, this person could not be taken out."
    ]
    assert outcome_sentence(told) == "This person would be taken out: no rule is against it."


def test_nothing_may_be_able_to_stop_it() -> None:
    policies = shelf(policy(expression="group.size >= 0", groups="[prospect-bt]"))
    alone = PolicySet(tuple(found for found in policies.policies if not found.is_floor), policies.revision)
    assert sentences({}, alone) == ["None of the changes that were tried, alone or two together, would stop it."]


def test_where_every_rule_is_an_obstacle_nothing_else_is_listed() -> None:
    policies = shelf(policy())
    alone = PolicySet(tuple(found for found in policies.policies if not found.is_floor), policies.revision)
    told = explained({"subject.consent": "none"}, alone)
    assert "What was looked at too" not in "\n".join(explanation_lines(told))


def test_who_may_be_added_learns_what_would_stop_it() -> None:
    told = explained({})
    assert outcome_sentence(told) == "This person would be added: no rule is against it."
    assert [flip.moves[0].name for flip in told.flips] == [
        "ran_out",
        "status_lost",
        "other_tenant",
        "left",
        "opted_out",
    ]
    assert all(flip.decision.acts_as not in GOES for flip in told.flips)


def test_an_end_of_a_policy_is_a_time_too() -> None:
    policies = shelf(policy(expression="subject.status == 'honorary'", effective_until="2024-06-01T00:00:00Z"))
    told = explained({}, policies)
    assert flip_sentences(told) == [
        "If the roster gave this person's status as 'honorary', this person could be added.",
        "From 1 June 2024, 00:00:00 UTC on, if nothing else changes, this person could be added.",
    ]


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("'rep' in subject.roles || 'chair' in subject.roles && group.size > 900", "If the roster gave this person the role 'rep', this person could be added."),
        ("subject.email_domain in params.domains", "If this person's work address ended in union.example.org, this person could be added."),
    ],
)  # fmt: skip
def test_what_the_rules_ask_for_is_read_from_them(expression: str, told: str) -> None:
    params = "{domains: {type: list<string>, value: [union.example.org]}}" if "params" in expression else "{}"
    policies = shelf(policy(expression=expression, params=params))
    assert sentences({"subject.roles": []}, policies)[0] == told


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"subject.protected": True}, "If the group's configuration did not protect this member, this person could be taken out."),
        ({"subject.administrator": True}, "If this member were not an administrator of the group, this person could be taken out."),
        ({"subject.added_by_us": False}, "If this member had asked to be out, and that were on record, this person could be taken out."),
        ({"group.size": 1}, "If there were other members in the group, this person could be taken out."),
    ],
)  # fmt: skip
def test_a_removal_is_explained_as_well(changed: dict[str, object], told: str) -> None:
    facts = {"subject.is_member": True, "action.reason": "not_eligible"} | changed
    assert sentences(facts, action="remove")[0] == told


@pytest.mark.parametrize(
    ("effect", "outcome", "then"),
    [
        ("warn", "This person would be added, with a warning.", "could be added, with a warning"),
        ("hold", "This person would not be added before a second person of the committee agrees.", "could only be added if a second person of the committee agreed"),
        ("deny", "This person would not be added.", "could not be added"),
    ],
)  # fmt: skip
def test_every_effect_has_its_words(effect: str, outcome: str, then: str) -> None:
    rule = shelf(policy(effect=effect, expression="subject.consent == 'opted_in'"))
    assert outcome_sentence(explained({"subject.consent": "none"}, rule)) == outcome
    before = policy("before", effect="deny", expression="subject.status == 'active'")
    both = shelf(before, policy("both", effect=effect, expression="subject.status != 'active'"))
    assert any(then in sentence for sentence in sentences({"subject.status": "x"}, both)) is (effect == "warn")
    assert any(then in sentence for sentence in sentences({}, rule)) is (effect != "warn")


EXCEPTION = b"""\
kind: PolicyException
id: new-office
title: The new office
reason: Their records come late.
owner: Ada
approver: Grace
approved_at: 2024-01-01T00:00:00Z
expires_at: 2024-12-01T00:00:00Z
rules: [policy/rule]
match: {conditions: [{name: status, expression: subject.status == 'new'}]}
"""


def test_an_exception_is_told_apart_from_a_rule_that_holds() -> None:
    policies = shelf(policy(expression="subject.consent == 'opted_in' || subject.status == 'x'"), EXCEPTION)
    told = explained({"subject.consent": "none", "subject.status": "new"}, policies)
    assert outcome_sentence(told) == "This person would be added, by an exception from a rule."
    text = "\n".join(explanation_lines(told))
    assert "What an exception frees from:\n  policy@2/rule: Rule [excepted, by the exception new-office]" in text
    assert explanation_data(told)["excepted"] == ["policy@2/rule by new-office"]
    reached = explained({"subject.consent": "none", "subject.status": "old"}, shelf(
        policy(expression="subject.consent == 'opted_in' || subject.status == 'x'"),
        policy("other", expression="subject.status == 'new'"), EXCEPTION))  # fmt: skip
    assert (
        "If the roster gave this person's status as 'new', this person could be added, by an exception from a rule."
        in (flip_sentences(reached))
    )


def test_the_text_shows_every_rule_with_its_values_and_the_published_text_behind_it() -> None:
    text = "\n".join(explanation_lines(explained(NO_CONSENT)))
    assert (
        "What decided:\n"
        "  union-consent@1/consent: A consent to be added is on record [deny]\n"
        "    No consent to be added is on record for this person, or it has run out.\n"
        "    published as: Committee minute 2020/14, People ask to be in (invented example) "
        "https://union.example.org/minutes/2020-14\n"
        "    in force from 2020-03-01\n"
        "    on_record: false  (subject.consent in ['opted_in', 'withdrawn'])\n"
        "      subject.consent = 'none'\n"
    ) in text
    engine = shipped_engine(NOW)
    assert all(decider.cite in text for decider in engine.deciders() if "add" in decider.decides)


def test_what_a_rule_in_audit_mode_says_is_listed_and_does_not_decide() -> None:
    told = explained({}, shelf(policy(expression="subject.status == 'x'", mode="audit"), policy("fine", mode="audit")))
    text = "\n".join(explanation_lines(told))
    assert "What is only listed, and does not decide:\n  policy@2/rule" in text
    assert "fine@2/rule: Rule (holds; only listed)" in text
    assert told.passes


PLATFORM = b"""\
kind: PlatformPolicy
metadata:
  {id: terms, version: 1, title: Terms of use, owner: example-telecom, published: 2019-05-01,
   source: {title: Terms, url: "https://intranet.example.org/terms", sha256: "%s"},
   effective_from: 2019-06-01T00:00:00Z, effective_until: 2030-06-01T00:00:00Z}
match: {actions: [add], conditions: [{name: large, expression: group.size > 10}]}
clauses: [{id: "4.2", text: People join groups by themselves.}]
rules:
  - id: joining
    title: People join by themselves
    clause: "4.2"
    conditions: [{name: asked, expression: subject.consent == 'opted_in'}]
    effect: deny
    message: The terms of use say that people join by themselves.
""" % (b"0" * 64)


def test_a_clause_that_the_owner_published_is_cited_word_for_word_with_its_dates() -> None:
    policies = load_policies({"platform/example-telecom/terms.yaml": PLATFORM})
    text = "\n".join(explanation_lines(explained({"subject.consent": "none"}, policies)))
    assert "published as: Terms https://intranet.example.org/terms" in text
    assert "published 2019-05-01; in force from 2019-06-01 until 2030-06-01" in text
    assert "clause 4.2: People join groups by themselves." in text
    assert "match.large: true  (group.size > 10)" in text
    small = "\n".join(explanation_lines(explained({"subject.consent": "none", "group.size": 2}, policies)))
    assert "terms@1/joining: People join by themselves (does not apply here)" in small


def test_the_json_says_the_same_as_the_text() -> None:
    told = explained(NO_CONSENT)
    data = json.loads(json.dumps(explanation_data(told), default=str))
    assert (data["effect"], data["acts_as"], data["would_pass"], data["remedy"]) == ("deny", "deny", False, "invite")
    assert data["deciding"] == ["union-consent@1/consent"]
    (change,) = data["what_would_change_it"]
    assert change["sentence"] in "\n".join(explanation_lines(told))
    assert change["changes"] == ["consented"]
    assert change["facts"] == {
        "subject.consent": "opted_in",
        "subject.consent_at": "2024-03-01T09:00:00Z",
        "subject.consent_basis": "the person's own request",
    }
    (rule,) = [rule for rule in data["rules"] if rule["rule"] == "union-consent@1/consent"]
    assert rule["conditions"][0]["facts"] == {"subject.consent": "none"}
    assert rule["published"]["url"].startswith("https://union.example.org/")
    status = explanation_data(explained({"subject.status": "lapsed"}))["what_would_change_it"]
    assert isinstance(status, list)
    assert status[0]["changes"] == ["status:active"]


def test_a_fact_that_is_not_known_is_said_to_be_so() -> None:
    facts = person()
    del facts["subject.status"], facts["group.tenant"]
    told = explain(shipped_engine, SHIPPED, "add", facts, NOW)
    assert "subject.status = not known" in "\n".join(explanation_lines(told))
    assert json.dumps(explanation_data(told), default=str)
    assert not told.passes


def test_the_times_of_a_wait_of_centuries_are_not_tried() -> None:
    policies = shelf(
        policy(
            expression="subject.departed_at + params.long > now || subject.consent_at == params.never",
            params="{long: {type: duration, value: 999999d}, never: {type: timestamp, value: 2999-01-01T00:00:00Z}}",
        )
    )
    assert all(flip.at is None for flip in explained({}, policies).flips)


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "subject.consent": st.sampled_from(["none", "opted_in", "withdrawn", "expired"]),
        "subject.status": st.sampled_from(["active", "lapsed"]),
        "subject.tenant": st.sampled_from(["bt", "openreach"]),
        "subject.opted_out": st.booleans(),
        "subject.in_roster": st.booleans(),
        "action.method": st.sampled_from(["roster_file", "group_copy"]),
    },
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changed=CHANGES)
def test_each_change_that_is_told_really_turns_the_decision_and_none_is_larger_than_it_need_be(
    changed: dict[str, object],
) -> None:
    told = explained(changed)
    for flip in told.flips:
        engine = shipped_engine(flip.at or NOW)
        facts = {**told.facts, **flip.changed}
        assert (next(engine.decide("add", [facts])).acts_as in GOES) is not told.passes
        assert len(flip.moves) + (flip.at is not None) <= 2
        for move in flip.moves if len(flip.moves) > 1 else ():
            alone = {**told.facts, **move.facts}
            assert (next(engine.decide("add", [alone])).acts_as in GOES) is told.passes
