"""A case's small world is made into facts by the code that real plans use."""

import pytest

from tests.policy.documents import policy, shelf
from workplace_sync.membership.small_world import asked_in_world
from workplace_sync.policy.shelf import PolicySet
from workplace_sync.policy.testing import Result, Status, read_suites, run

WORLD = """\
kind: PolicyTests
policy: policy
now: 2024-03-01T00:00:00Z
group: prospect-bt
world:
  group: {tenant: bt, removals: {opted_out: true}, protected: [Boss@bt.example.org]}
  roster:
    - {address: Amina@bt.example.org, roles: [rep]}
    - {address: bryn@bt.example.org, tenant: openreach, status: lapsed}
    - {address: cerys@bt.example.org}
  members:
    - {address: cerys@bt.example.org, administrator: true, added_by_us: true}
    - {address: boss@bt.example.org}
  others: 3
  gone: [{address: bryn@bt.example.org, at: 2024-02-01T00:00:00Z, cause: left}]
  consent:
    - {address: amina@bt.example.org, kind: given, at: 2024-01-01T00:00:00Z, basis: form}
    - {address: cerys@bt.example.org, kind: withdrawn, at: 2024-01-02T00:00:00Z}
  done: {added_last_24h: 4}
cases:
"""


def results(policies: PolicySet, cases: str) -> list[Result]:
    (suite,) = read_suites({"t.yaml": (WORLD + cases).encode()}, policies)
    return list(run(suite, policies, worlds=asked_in_world))


@pytest.mark.parametrize(
    ("about", "expression", "action"),
    [
        ("amina@bt.example.org", "subject.consent == 'opted_in' && subject.consent_basis == 'form'", "add"),
        ("AMINA@bt.example.org", "subject.tenant == 'bt' && subject.status == 'active' && 'rep' in subject.roles", "add"),
        ("amina@bt.example.org", "group.size == 5 && group.tenant == 'bt' && group.name == 'prospect-bt'", "add"),
        ("amina@bt.example.org", "!subject.departed && subject.in_roster && !subject.is_member", "add"),
        ("bryn@bt.example.org", "subject.tenant == 'openreach' && subject.status == 'lapsed'", "add"),
        ("bryn@bt.example.org", "subject.departed && subject.departed_cause == 'left' && subject.consent == 'none'", "add"),
        ("cerys@bt.example.org", "subject.opted_out && action.reason == 'opted_out'", "remove"),
        ("cerys@bt.example.org", "subject.administrator && subject.added_by_us && !subject.protected", "remove"),
    ],
)  # fmt: skip
def test_the_facts_of_a_person_are_those_that_the_world_tells(about: str, expression: str, action: str) -> None:
    stops = policy(expression=f"!({expression})", actions=f"[{action}]")
    case = f"  - {{name: x, about: {about}, expect: {{effect: deny, rules: [rule]}}}}\n"
    assert [result.status for result in results(shelf(stops), case)] == [Status.PASS]


def test_of_whom_nothing_is_wanted_the_world_is_unchanged() -> None:
    expected = "  - {name: x, about: boss@bt.example.org, expect: {effect: unchanged}}\n"
    wrong = expected.replace("unchanged", "allow")
    found = results(shelf(policy()), expected + wrong)
    assert [result.status for result in found] == [Status.PASS, Status.FAIL]
    assert found[0].outcomes == {}


def test_who_is_protected_is_known() -> None:
    world = WORLD.replace("removals: {opted_out: true}", "removals: {not_eligible: true}")
    case = "  - {name: x, about: boss@bt.example.org, expect: {effect: deny, rules: [rule]}}\n"
    policies = shelf(policy(expression="!subject.protected", actions="[remove]"))
    (suite,) = read_suites({"t.yaml": (world + case).encode()}, policies)
    assert [result.status for result in run(suite, policies, worlds=asked_in_world)] == [Status.PASS]


@pytest.mark.parametrize(
    ("plan", "effect"),
    [
        ("plan.changes == 3 && plan.additions == 1 && plan.denied == 1 && plan.removals == 1", "allow"),
        ("plan.size_before == 5 && plan.size_after == 5 && plan.added_last_24h == 4", "allow"),
        ("plan.administrators_before == 1 && plan.administrators_after == 0", "allow"),
        ("plan.changes == 2", "hold"),
    ],
)
def test_a_plan_in_a_world_is_decided_change_by_change_before_the_whole(plan: str, effect: str) -> None:
    rules = "rules: [plan]" if effect == "hold" else "rules: []"
    case = f"  - {{name: x, action: plan, expect: {{effect: {effect}, {rules}}}}}\n"
    assert [result.status for result in results(shelf(policy(plan=plan)), case)] == [Status.PASS]


def test_given_facts_and_parameters_are_laid_over_the_world() -> None:
    text = policy(
        expression="group.size < params.most", params="{most: {type: int, value: 9, range: {min: 2, max: 9}}}"
    )
    cases = """\
  - {name: as it is, about: amina@bt.example.org, expect: {effect: allow}}
  - {name: larger, about: amina@bt.example.org, given: {group.size: 9}, expect: {effect: deny, rules: [rule]}}
  - {name: tighter, about: amina@bt.example.org, params: {most: 5}, expect: {effect: deny, rules: [rule]}}
  - {name: a whole plan, action: plan, params: {most: 5}, expect: {effect: allow}}
"""
    assert [result.status for result in results(shelf(text), cases)] == [Status.PASS] * 4
