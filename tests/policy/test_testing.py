import pytest

from tests.policy.documents import policy, shelf
from workplace_sync.errors import InputError
from workplace_sync.policy.coverage import coverage
from workplace_sync.policy.shelf import PolicySet
from workplace_sync.policy.testing import read_suites, run

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
