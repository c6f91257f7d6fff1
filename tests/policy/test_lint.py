"""What the lint finds, each with its file, line and column, and that it finds nothing where nothing is wrong."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.policy.documents import CONSENT, NOW, policy
from workplace_sync.policy.facts import Kind
from workplace_sync.policy.lint import Remark, Severity, lint
from workplace_sync.policy.samples import MOST, Mentioned, samples

ROOT = Path(__file__).parents[2] / "policies"
CASES = """\
kind: PolicyTests
policy: {name}
group: {group}
now: 2024-03-01T00:00:00Z
cases:
  - {{name: stopped, expect: {{effect: error, rules: [{rules}]}}}}
"""
EXCEPTION = b"""\
kind: PolicyException
id: one-person
title: One person
reason: They asked.
owner: Ada
approver: Grace
approved_at: 2024-01-01T00:00:00Z
expires_at: 2024-02-01T00:00:00Z
rules: [policy/rule]
people: [amina@bt.example.org]
"""


def cases(name: str = "policy", *rules: str, group: str = "prospect-bt") -> bytes:
    return CASES.format(name=name, group=group, rules=", ".join(rules or ("rule",))).encode()


def remarks(*texts: bytes, tried: bytes | None = None, now: datetime = NOW) -> list[Remark]:
    files = {f"union/{number}.yaml": text for number, text in enumerate(texts)}
    return lint(files, {"tests/0.yaml": cases() if tried is None else tried}, now)


def told(*texts: bytes, tried: bytes | None = None, now: datetime = NOW) -> list[str]:
    return [f"{found.severity} {found.check} {found.fault}" for found in remarks(*texts, tried=tried, now=now)]


def test_there_is_nothing_to_remark_about_the_shipped_shelf() -> None:
    files = {str(path.relative_to(ROOT)): path.read_bytes() for path in sorted(ROOT.glob("**/*.yaml"))}
    tried = {name: content for name, content in files.items() if name.startswith("tests/")}
    shelf = {name: content for name, content in files.items() if name not in tried}
    assert [str(found.fault) for found in lint(shelf, tried, NOW)] == []


def test_what_a_group_sets_is_checked_against_the_policies() -> None:
    params = {"prospect-bt": {"policy": {"unheard_of": 3}, "nobodys": {"x": 1}}, "other": {}}
    found = lint({"a.yaml": policy()}, {"1": cases()}, NOW, None, params)
    assert [(one.check, one.fault.file, one.fault.field) for one in found if one.check == "group-params"] == [
        ("group-params", "prospect-bt.yaml", "params.nobodys"),
        ("group-params", "prospect-bt.yaml", "params.policy.unheard_of"),
    ]


def test_a_misspelt_fact_is_told_with_its_place_and_the_name_that_was_meant() -> None:
    assert told(policy(expression="subject.consnt == 'opted_in'")) == [
        (
            "error load union/0.yaml:13:21: [rules[0].conditions[0].expression] "
            "undeclared reference to 'subject.consnt' — did you mean subject.consent?"
        )
    ]


@pytest.mark.parametrize(
    "literal",
    [
        "subject.consent_at + duration('30 days') > now",
        "subject.consent_at < timestamp('yesterday')",
        "subject.consent.matches('(opted')",
    ],
)
def test_a_literal_that_is_no_such_thing_is_found_by_evaluating_it(literal: str) -> None:
    (found,) = remarks(policy(expression=literal))
    assert found.check == "load"
    assert "cannot be read" in found.fault.message
    assert found.fault.line


def test_a_type_that_does_not_fit_is_an_error() -> None:
    (found,) = remarks(policy(expression="subject.consent == 3"))
    assert (found.severity, found.fault.line) == (Severity.ERROR, 13)


def test_all_faults_of_all_files_are_told_at_once_those_beyond_loading_too() -> None:
    found = told(
        policy("one", expression="subject.consnt == ''"),
        policy("two", params="{unused: {type: int, value: 3}}"),
        b"kind: [",
        tried=cases("two") + b"  - {name: x, given: {subject.consnt: y}, expect: {effect: allow}}\n",
    )
    checks = [text.split()[1] for text in found]
    assert checks == ["cases", "load", "unused-param", "load"]


def test_what_needs_a_faulty_policy_is_told_when_that_one_is_mended() -> None:
    faulty = policy(expression="subject.consnt == ''")
    found = lint({"union/a.yaml": faulty, "exceptions/b.yaml": EXCEPTION}, {}, NOW)
    assert [remark.check for remark in found] == ["load"]


def test_a_parameter_that_nothing_reads_is_an_error_and_one_that_a_message_reads_is_not() -> None:
    params = "{most: {type: int, value: 3}, unused: {type: int, value: 3}}"
    found = told(policy(params=params, message_expression="string(params.most)"))
    assert found == [
        "error unused-param union/0.yaml:6:39: [params.unused] is a parameter that no rule reads — use it, or remove it"
    ]


@pytest.mark.parametrize(
    ("expression", "check"),
    [
        ("subject.consent == 'optedin'", "never-true"),
        ("subject.consent == 'opted_in' || subject.consent != 'opted_in'", "never-false"),
        ("subject.status == 'active' && subject.status == 'retired'", "never-true"),
        ("group.size >= 0", "never-false"),
        ("group.size < 10 || group.size > 5", "never-false"),
        ("subject.departed_at > now && subject.departed_at < timestamp('2020-01-01T00:00:00Z')", "never-true"),
        ("action.kind != 'remove'", "never-false"),
        ("size(subject.roles) > 3 && size(subject.roles) < 2", "never-true"),
        ("now < timestamp('2030-01-01T00:00:00Z') || now > timestamp('2029-01-01T00:00:00Z')", "never-false"),
        ("now.getHours() < 24", "never-false"),
    ],
)
def test_a_condition_that_cannot_be_otherwise_is_an_error(expression: str, check: str) -> None:
    found = remarks(policy(expression=expression))
    assert [(remark.check, remark.severity, remark.fault.line) for remark in found] == [(check, Severity.ERROR, 13)]


@pytest.mark.parametrize(
    "expression",
    [
        "subject.consent == 'opted_in'",
        "group.size < 10 && group.size > 5",
        "size(subject.roles) > 3",
        "size(subject.status) == 7",
        "'rep' in subject.roles",
        "subject.roles.exists(role, role == 'rep')",
        "subject.email_domain.endsWith('.example.org')",
        "subject.status.matches('^[a-z]{3}-[0-9]+$')",
        "now.getHours('Europe/London') >= 9 && now.getHours('Europe/London') < 17",
        "now.getDayOfWeek() in [1, 2, 3, 4, 5]",
        "now < timestamp('2030-01-01T00:00:00Z')",
        "!subject.departed || subject.departed_at + duration('720h') <= now",
        "subject.consent_at >= timestamp('2020-03-01T00:00:00Z') && subject.consent_at - subject.departed_at > duration('24h')",
        "subject.tenant == group.tenant && subject.status in ['active', r'on leave', \"retired\"] && group.size != 17",
        "subject.consent_at + duration('100ms') < now",
        "100 / group.size > 1",
        "!subject.departed || subject.departed_cause != 'left' || subject.consent_at > subject.departed_at",
        (
            "group.size * 100 > 5000 || subject.status == 'a' || subject.tenant == 'b' || subject.email_domain == 'c' "
            "|| action.source == 'd' || action.reason == 'e' || subject.consent_basis == 'f'"
        ),
    ],
)
def test_a_condition_that_can_be_both_is_not_remarked(expression: str) -> None:
    assert told(policy(expression=expression)) == []


def test_a_switch_among_the_parameters_is_no_value_of_a_fact() -> None:
    text = policy(
        expression="params.strict ? subject.status == 'active' : group.size > 3",
        params="{strict: {type: bool, value: true}}",
    )
    assert told(text) == []


def test_conditions_that_contradict_each_other_never_let_anybody_pass() -> None:
    text = policy(expression="subject.status == 'active'").replace(
        b"    effect: deny", b"      - {name: other, expression: subject.status == 'retired'}\n    effect: deny"
    )
    (found,) = remarks(text)
    assert (found.check, found.fault.line) == ("never-true", 12)


def test_a_rule_is_left_alone_that_says_it_is_constant_on_purpose() -> None:
    text = policy(expression="group.size >= 0").replace(b"    effect: deny", b"    tags: [constant]\n    effect: deny")
    assert told(text, tried=cases()) == []


def test_a_policy_that_never_applies_is_found_by_the_conditions_of_its_match() -> None:
    text = policy().replace(b"actions: [add]}", b"actions: [add], conditions: [{name: x, expression: group.size < 0}]}")
    assert [(found.check, found.fault.line) for found in remarks(text)] == [("never-true", 5)]


def test_the_same_text_twice_is_a_warning_in_one_policy_and_over_policies_that_match_alike() -> None:
    second = "subject.consent_at + params.cool_off > now"
    lines = CONSENT.replace(second, "subject.consent ==  'opted_in'").splitlines()
    twice = "\n".join(line for line in lines if "cool_off" not in line and not line.startswith("params:"))
    (found,) = remarks(twice.encode(), tried=cases("union-consent", "consent", "growth"))
    assert (found.severity, found.check, found.fault.line) == (Severity.WARNING, "same-text", 15)
    both = lint({"a.yaml": policy("one"), "b.yaml": policy("two")}, {"1": cases("one"), "2": cases("two")}, NOW)
    assert [str(remark.fault) for remark in both] == [
        (
            "b.yaml:13:21: [rules[0].conditions[0].expression] says the same as the condition of one/rule at a.yaml:13 "
            "— keep one of them"
        )
    ]


def test_the_same_text_is_no_repetition_with_other_parameters_or_for_other_groups() -> None:
    mine = policy("one", expression="group.size < params.most", params="{most: {type: int, value: 3}}")
    other = policy("two", expression="group.size < params.most", params="{most: {type: int, value: 4}}")
    groups = policy(
        "three", expression="group.size < params.most", params="{most: {type: int, value: 3}}", groups="[a]"
    )
    tried = {name: cases(name, group="a") for name in ("one", "two", "three")}
    assert lint({"a.yaml": mine, "b.yaml": other, "c.yaml": groups}, tried, NOW) == []


def test_versions_of_a_policy_may_repeat_their_conditions() -> None:
    first = policy(effective_until="2022-01-01T00:00:00Z")
    second = policy(effective_from="2022-01-01T00:00:00Z").replace(b"version: 2", b"version: 3")
    assert told(first, second) == []


def test_a_policy_without_cases_is_an_error_and_a_rule_that_no_case_stops_a_warning() -> None:
    assert told(policy(), tried=b"") == [
        "error cases tests/0.yaml: the file is empty",
    ]
    (found,) = lint({"a.yaml": policy()}, {}, NOW)
    assert (found.check, found.severity, str(found.fault)[:13]) == ("untested", Severity.ERROR, "a.yaml:3:8: [")
    (found,) = remarks(policy(plan="plan.additions <= 3"))
    assert (found.check, found.severity) == ("untested", Severity.WARNING)
    assert "no case expects" in found.fault.message


def test_a_policy_that_is_over_is_a_warning_until_a_later_version_or_a_reason_is_given() -> None:
    over = policy(effective_until="2024-01-01T00:00:00Z")
    (found,) = remarks(over)
    assert (found.check, found.severity, found.fault.line) == ("expired", Severity.WARNING, 4)
    assert remarks(over, now=datetime(2023, 12, 31, tzinfo=UTC)) == []
    assert remarks(over.replace(b"version: 2,", b"version: 2, withdrawn: Not needed.,")) == []


def test_an_expired_exception_is_a_warning() -> None:
    files = {"union/a.yaml": policy(), "exceptions/b.yaml": EXCEPTION}
    (found,) = lint(files, {"tests/0.yaml": cases()}, NOW)
    assert (found.severity, found.check) == (Severity.WARNING, "expired-exception")
    assert str(found.fault).startswith("exceptions/b.yaml:8:13: [expires_at] expired on 2024-02-01")
    assert lint(files, {"tests/0.yaml": cases()}, datetime(2024, 1, 15, tzinfo=UTC)) == []
    other = EXCEPTION.replace(b"one-person", b"another").replace(b"2024-02", b"2025-02")
    files["exceptions/b.yaml"] = other + b"---\n" + EXCEPTION
    assert [found.fault.line for found in lint(files, {"tests/0.yaml": cases()}, NOW)] == [19]


def test_many_facts_are_tried_in_pairs_and_in_bounded_time() -> None:
    names = [f"fact.{number}" for number in range(12)]
    texts = [f"{name} == 'a' || {name} == 'b' || {name} == 'c'" for name in names]
    begin = time.process_time()
    rows = list(samples(texts, dict.fromkeys(names, Kind.STRING), {}, {}))
    assert time.process_time() - begin < 5
    assert MOST < len(rows) < MOST + 200
    values = set(Mentioned(texts, ()).values(names[0], Kind.STRING))
    for other in names[1:]:
        assert {(row[names[0]], row[other]) for row in rows} == {(one, two) for one in values for two in values}


def test_an_expression_of_a_thousand_numbers_is_tried_in_bounded_time() -> None:
    facts = {f"plan.f{number}": Kind.INT for number in range(20)}
    text = " || ".join(f"{name} == {number * 50 + step}" for number, name in enumerate(facts) for step in range(50))
    begin = time.process_time()
    assert len(list(samples([text], facts, {}, {}))) == MOST
    assert time.process_time() - begin < 5


def test_a_duration_that_a_rule_compares_is_tried_around_its_threshold() -> None:
    (text,) = ["exception.lifetime <= duration('240h')"]
    found = {row["exception.lifetime"] for row in samples([text], {"exception.lifetime": Kind.DURATION}, {}, {})}
    assert {timedelta(days=10), timedelta(days=10, seconds=1)} <= found
