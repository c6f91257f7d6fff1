import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from tests.policy.documents import policy, shelf
from workplace_sync.errors import InputError
from workplace_sync.policy.case_words import failure_lines, value_text
from workplace_sync.policy.coverage import coverage
from workplace_sync.policy.junit import junit
from workplace_sync.policy.places import shown_policies
from workplace_sync.policy.shelf import PolicySet
from workplace_sync.policy.testing import Result, Status, read_suites, run

SUITE = b"""\
kind: PolicyTests
policy: policy
now: 2024-03-01T00:00:00Z
given: {subject.consent: opted_in}
cases:
  - name: who asked is added
    expect: {effect: allow}
  - name: who did not is not
    given: {subject.consent: none}
    expect: {effect: deny, rules: [rule], remedy: invite}
  - name: a plan
    action: plan
    given: {plan.additions: 4}
    expect: {effect: hold, rules: [plan]}
"""


@pytest.fixture
def policies() -> PolicySet:
    return shelf(policy(remedy="invite", plan="plan.additions <= 3"))


def faults(content: bytes, policies: PolicySet) -> list[str]:
    with pytest.raises(InputError) as told:
        read_suites({"t.yaml": content}, policies)
    return [str(fault) for fault in told.value.faults]


def test_cases_are_run_by_their_policy_alone(policies: PolicySet) -> None:
    (suite,) = read_suites({"t.yaml": SUITE}, policies)  # the floor would make an error of the unknown opt-out
    results = list(run(suite, policies))
    assert [result.passed for result in results] == [True, True, True]
    assert results[1].got.rules == results[1].expected.rules
    assert results[1].policy == "policy"


def test_cases_that_name_no_group_need_a_policy_that_is_for_any() -> None:
    narrow = shelf(policy(groups='["prospect-*"]'))
    assert faults(SUITE, narrow)[0].startswith("t.yaml:2:1: [policy] the policy is not for the group 'example'")
    named = SUITE.replace(b"now:", b"group: prospect-bt\nnow:")
    assert not [one for one in faults(named, narrow) if "is not for the group" in one]


def test_a_case_that_comes_out_otherwise_does_not_pass(policies: PolicySet) -> None:
    (suite,) = read_suites({"t.yaml": SUITE.replace(b"effect: allow", b"effect: warn")}, policies)
    first = next(run(suite, policies))
    assert not first.passed
    assert first.got.effect == "allow"


def test_audited_rules_are_expected_apart() -> None:
    policies = shelf(policy(mode="audit"))
    text = (
        SUITE.split(b"  - name: who did not")[0]
        + b"  - {name: x, given: {subject.consent: none}, expect: {effect: allow, audited: [rule]}}\n"
    )
    (suite,) = read_suites({"t.yaml": text}, policies)
    assert all(result.passed for result in run(suite, policies))


def test_what_no_case_showed_is_listed(policies: PolicySet) -> None:
    (suite,) = read_suites({"t.yaml": SUITE}, policies)
    found = coverage(policies, list(run(suite, policies))[:2])
    missing = [str(one) for one in found.unseen if not one.name.startswith("floor-")]
    assert missing == ["policy@2/plan#plan never true", "policy@2/plan#plan never false"]
    assert found.percent == 100.0 * (found.wanted - len(found.unseen)) / found.wanted


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"policy: policy", b"policy: polcy", "t.yaml:2:9: [policy] no policy has the id 'polcy' — did you mean policy?"),
        (b"rules: [rule]", b"rules: [ruel]", "t.yaml:10:13: [cases[1].expect] the policy has no rule 'ruel' — did you mean rule?"),
        (b"{subject.consent: none}", b"{subject.consnt: none}", "t.yaml:9:13: [cases[1].given.subject.consnt] is not a fact that rules may read — did you mean subject.consent?"),
        (b"{plan.additions: 4}", b"{subject.consent: x}", "t.yaml:13:13: [cases[2].given.subject.consent] is not a fact that rules may read"),
        (b"given: {subject.consent: opted_in}", b"given: {subject.consnt: opted_in}", "t.yaml:4:9: [given.subject.consnt] is not a fact that rules may read — did you mean subject.consent?"),
        (b"effect: allow", b"effect: allwo", "t.yaml:7:22: [cases[0].expect.effect] input should be 'allow', 'excepted', 'warn', 'hold', 'deny', 'error' or 'unchanged'"),
        (b"kind: PolicyTests", b"kind: &a PolicyTests", "t.yaml:1:7: anchors and aliases are not accepted — write the value out"),
    ],
)  # fmt: skip
def test_a_case_that_cannot_be_right_is_a_fault(old: bytes, new: bytes, told: str, policies: PolicySet) -> None:
    assert faults(SUITE.replace(old, new), policies) == [told]


def results(cases: str, policies: PolicySet, head: str = "") -> list[Result]:
    text = SUITE.split(b"cases:")[0].decode() + head + "cases:\n" + cases
    (suite,) = read_suites({"t.yaml": text.encode()}, policies)
    return list(run(suite, policies))


def test_a_skipped_case_neither_passes_nor_fails_and_shows_nothing(policies: PolicySet) -> None:
    (found,) = results("  - {name: later, skip: the minute is not passed yet, expect: {effect: deny}}\n", policies)
    assert (found.status, found.skipped, found.passed, found.outcomes) == (
        Status.SKIP,
        "the minute is not passed yet",
        False,
        {},
    )


def test_a_part_of_the_message_can_be_expected(policies: PolicySet) -> None:
    case = "  - {name: x, given: {subject.consent: none}, expect: {effect: deny, rules: [rule], remedy: invite, message: %s}}\n"
    assert [result.status for result in results(case % "Not" + case % "Nowhere", policies)] == [
        Status.PASS,
        Status.FAIL,
    ]


def test_a_case_has_its_own_time_so_that_every_version_can_be_tried() -> None:
    first = policy(effective_until="2022-01-01T00:00:00Z", expression="subject.consent == 'none'")
    second = policy(effective_from="2022-01-01T00:00:00Z").replace(b"version: 2", b"version: 3")
    cases = """\
  - {name: then, now: 2021-03-01T00:00:00Z, expect: {effect: deny, rules: [rule]}}
  - {name: now, expect: {effect: allow}}
"""
    policies = shelf(first, second)
    found = results(cases, policies)
    assert [result.status for result in found] == [Status.PASS, Status.PASS]
    missing = [str(one) for one in coverage(policies, found).unseen if not one.name.startswith("floor-")]
    assert missing == ["policy@2/rule#condition never true", "policy@3/rule#condition never false"]


def test_rules_about_exceptions_have_cases_too() -> None:
    text = policy() + b"exception_rules: [{id: many, expression: exception.people < 3, effect: deny, message: Many.}]\n"
    cases = "  - {name: x, action: exception, given: {exception.people: 3}, expect: {effect: deny, rules: [many]}}\n"
    (found,) = results(cases, shelf(text))
    assert found.status is Status.PASS
    assert found.outcomes == {"policy@2/many#many": False}


def test_the_conditions_of_a_match_must_be_seen_both_ways_too() -> None:
    text = policy().replace(
        b"actions: [add]}", b"actions: [add], conditions: [{name: big, expression: group.size > 3}]}"
    )
    cases = """\
  - {name: small, given: {group.size: 1, subject.consent: none}, expect: {effect: allow}}
  - {name: large, given: {group.size: 9, subject.consent: none}, expect: {effect: deny, rules: [rule]}}
"""
    found = results(cases, shelf(text))
    assert [result.status for result in found] == [Status.PASS, Status.PASS]
    assert found[0].seen[0].applies is False
    assert found[0].seen[0].holds is True
    assert [one.outcome for one in found[1].seen[0].guards] == [True]
    missing = [str(one) for one in coverage(shelf(text), found).unseen if not one.name.startswith("floor-")]
    assert missing == ["policy@2/rule#condition never true"]
    places = list(shown_policies(shelf(text), {"policies/0.yaml": text}))
    (placed,) = [one for one in coverage(shelf(text), found, places).unseen if one.line]
    assert str(placed) == "policies/0.yaml:13: policy@2/rule#condition never true"
    (placed, *_) = [one for one in coverage(shelf(text), [], places).unseen if one.line]
    assert str(placed) == "policies/0.yaml:5: policy@2#match.big never true"


def test_a_rule_that_is_constant_on_purpose_need_not_be_seen_both_ways() -> None:
    text = policy(plan="plan.additions >= 0").replace(b"id: plan,", b"id: plan, tags: [constant],")
    missing = [one.name for one in coverage(shelf(text), []).unseen if not one.name.startswith("floor-")]
    assert missing == ["policy@2/rule#condition"] * 2
    assert coverage(replace(shelf(text), policies=()), []).percent == 100.0


def test_a_failure_is_told_with_the_values_of_its_conditions_and_the_facts_they_read() -> None:
    text = policy(
        expression="subject.consent == 'opted_in' && subject.consent_at + params.age > now && subject.roles == []",
        params="{age: {type: duration, value: 720h}}",
    )
    cases = """\
  - name: x
    given: {subject.consent: none, subject.consent_at: 2024-02-01T00:00:00Z, subject.opted_out: true}
    expect: {effect: allow, audited: [rule], remedy: invite, message: Fine}
"""
    (found,) = results(cases, shelf(text))
    told = list(failure_lines(found))
    assert told[0] == "expected: allow; audited rule; remedy invite; message 'Fine'"
    assert told[1].startswith(
        "got:      error; by rule; message 'This rule could not be checked: not known: subject.roles"
    )
    assert told[2] == "policy@2/rule"
    assert told[3].startswith("  condition: could not be evaluated  (subject.consent == 'opted_in' && ")
    assert told[4:] == [
        "    now = 2024-03-01T00:00:00Z",
        "    params.age = 720h",
        "    subject.consent = 'none'",
        "    subject.consent_at = 2024-02-01T00:00:00Z",
        "    subject.roles = not known",
    ]
    assert found.seen[0].holds is None
    assert value_text(["a", "b"]) == "['a', 'b']"
    assert (value_text(True), value_text(3)) == ("true", "3")


def test_a_failure_shows_no_rule_that_is_not_the_matter() -> None:
    second = (
        b"  - {id: second, title: T, conditions: [{name: c, expression: group.size > 1}], effect: deny, message: M}\n"
    )
    text = policy().replace(b"    message: Not so.\n    \n", b"    message: Not so.\n" + second)
    cases = "  - {name: x, given: {subject.consent: none, group.size: 2}, expect: {effect: warn, rules: [rule]}}\n"
    (found,) = results(cases, shelf(text))
    assert [line for line in failure_lines(found) if "policy@" in line] == ["policy@2/rule"]


def test_a_failure_that_names_no_rule_shows_those_that_were_looked_at(policies: PolicySet) -> None:
    (found,) = results("  - {name: x, expect: {effect: warn}}\n", policies)
    assert list(failure_lines(found))[:3] == ["expected: warn", "got:      allow", "policy@2/rule"]
    plan = results(
        "  - {name: x, action: plan, given: {plan.additions: 3}, expect: {effect: hold, rules: [plan]}}\n", policies
    )
    assert [line for line in failure_lines(plan[0]) if "policy@" in line] == ["policy@2/plan"]
    unchanged = replace(found, decision=None)
    assert "nothing is wanted of this person" in "".join(failure_lines(unchanged))


def test_junit_tells_passed_failed_and_skipped_apart_and_holds_only_what_xml_can(policies: PolicySet) -> None:
    cases = """\
  - {name: "a \\u0001 <b>", expect: {effect: allow}}
  - {name: wrong, expect: {effect: warn}}
  - {name: later, skip: not yet, expect: {effect: warn}}
"""
    told = ET.fromstring(junit(results(cases, policies), ["why \x02"]))  # noqa: S314 - our own text
    assert told.attrib == {"name": "policies", "tests": "3", "failures": "1", "skipped": "1"}
    assert [(case.get("name"), [child.tag for child in case]) for case in told.iter("testcase")] == [
        ("a ? <b>", []),
        ("wrong", ["failure"]),
        ("later", ["skipped"]),
    ]
    assert [failure.text for failure in told.iter("failure")] == ["why ?"]


WORLD = """\
world:
  roster: [{address: amina@bt.example.org}]
"""


@pytest.mark.parametrize(
    ("head", "case", "told"),
    [
        ("", "about: amina@bt.example.org", "t.yaml:6:22: [cases[0].about] names somebody, and there is no world — describe one under `world`"),
        (WORLD, "about: bryn@bt.example.org", "t.yaml:8:22: [cases[0].about] is nobody in the world — put them on its roster or among its members"),
        ("", "world: {}", "t.yaml:6:15: [cases[0].world] is about nobody — name one under `about`, or say `action: plan`"),
        ("", "params: {most: 3}", "t.yaml:6:24: [cases[0].params.most] the policy has no such parameter — there are: none"),
    ],
)  # fmt: skip
def test_a_world_and_parameters_must_fit_their_case(head: str, case: str, told: str, policies: PolicySet) -> None:
    with pytest.raises(InputError) as error:
        results(f"  - {{name: x, {case}, expect: {{effect: allow}}}}\n", policies, head)
    assert [str(fault) for fault in error.value.faults] == [told]


def test_a_world_needs_what_makes_facts_of_it(policies: PolicySet) -> None:
    with pytest.raises(ValueError, match="has a world"):
        results("  - {name: x, about: amina@bt.example.org, expect: {effect: allow}}\n", policies, WORLD)


def test_only_the_cases_that_are_wanted_are_run(policies: PolicySet) -> None:
    (suite,) = read_suites({"t.yaml": SUITE}, policies)
    assert [result.case for result in run(suite, policies, wanted=lambda case: case.name == "a plan")] == ["a plan"]
