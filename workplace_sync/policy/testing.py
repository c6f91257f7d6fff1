"""Cases that show what a policy does: facts that are given, and what it is expected to make of them.

A file of cases is about one policy. Each case is judged by that policy alone, so it names no rule of another one. What
the cases of a shelf made of every condition is counted, so that a condition nobody saw fail can be found.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from workplace_sync.errors import Fault, InputError
from workplace_sync.policy.cel import Outcome
from workplace_sync.policy.decision import Decision
from workplace_sync.policy.document import PolicyId, Text
from workplace_sync.policy.engine import PLAN, Engine
from workplace_sync.policy.facts import CHANGE_FACTS, PLAN_FACTS
from workplace_sync.policy.shelf import PolicySet
from workplace_sync.policy.source import Source, checked, read_source

Given = dict[str, bool | int | str | datetime | list[str]]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Expectation(_Part):
    """What is to come out: the effect, the ids of all deciding rules, of the audited ones, and the remedy offered."""

    effect: Literal["allow", "warn", "hold", "deny", "error"]
    rules: list[str] = Field(default_factory=list)
    audited: list[str] = Field(default_factory=list)
    remedy: str = ""


class Case(_Part):
    """One case. `given` and `params` are laid over those of the file."""

    name: Text
    action: Literal["add", "remove", "plan"] | None = None
    given: Given = Field(default_factory=dict)
    params: dict[str, object] = Field(default_factory=dict)
    expect: Expectation


class Suite(_Part):
    """A file of cases about one policy: what all of them share, and the cases."""

    kind: Literal["PolicyTests"]
    policy: PolicyId
    now: AwareDatetime
    group: Text = "example"
    action: Literal["add", "remove", "plan"] = "add"
    given: Given = Field(default_factory=dict)
    cases: Annotated[list[Case], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one case. `outcomes` are those of every condition, by "policy/rule#condition"."""

    policy: str
    case: str
    expected: Expectation
    decision: Decision
    outcomes: Mapping[str, Outcome]

    @property
    def got(self) -> Expectation:
        """What came out, in the form in which it is expected."""
        return Expectation(
            effect=self.decision.effect.value,
            rules=sorted(found.rule for found in self.decision.findings),
            audited=sorted(found.rule for found in self.decision.audited),
            remedy=self.decision.remedy,
        )

    @property
    def passed(self) -> bool:
        """Whether it came out as expected, whatever the order of the rules."""
        wanted = {"rules": sorted(self.expected.rules), "audited": sorted(self.expected.audited)}
        return self.got == self.expected.model_copy(update=wanted)


def read_suites(files: Mapping[str, bytes], policy_set: PolicySet) -> tuple[Suite, ...]:
    """Return the suites in the files (name -> content); raises InputError with every fault of every file."""
    suites: list[Suite] = []
    faults: list[Fault] = []
    for name in sorted(files):
        try:
            source = read_source(name, files[name])
            suite = checked(source, Suite)
        except InputError as error:
            faults += error.faults
            continue
        faults += _faults(source, suite, policy_set)
        suites.append(suite)
    if faults:
        raise InputError("The cases cannot be run as they are.", sorted(faults))
    return tuple(suites)


def run(suite: Suite, policy_set: PolicySet) -> Iterator[Result]:
    """Run the cases of a suite by its policy alone, at the suite's time.

    Raises InputError for a parameter that the policy does not have. A policy that is not in force then allows everything.
    """
    alone = replace(policy_set, policies=tuple(found for found in policy_set.policies if found.id == suite.policy))
    for case in suite.cases:
        engine = Engine(alone, group=suite.group, params={suite.policy: case.params}, now=suite.now)
        action, facts = case.action or suite.action, {**suite.given, **case.given}
        decision = engine.decide_plan(facts) if action == PLAN else next(engine.decide(action, [facts]))
        yield Result(suite.policy, case.name, case.expect, decision, engine.outcomes(action, facts))


def unseen(policy_set: PolicySet, results: Iterable[Result]) -> list[str]:
    """Return what no case showed, as "policy/rule#condition never true" (or false), for every condition of the shelf."""
    seen = {(name, outcome) for result in results for name, outcome in result.outcomes.items()}
    names = [
        f"{policy.id}/{rule.id}#{condition.name}"
        for policy in policy_set.policies
        for rule in (*policy.document.rules, *policy.document.plan_rules)
        for condition in rule.stated
    ]
    wanted = [(name, outcome) for name in names for outcome in (True, False)]
    return [f"{name} never {str(outcome).lower()}" for name, outcome in wanted if (name, outcome) not in seen]


def _faults(source: Source, suite: Suite, policy_set: PolicySet) -> Iterator[Fault]:
    policy = next((found for found in policy_set.policies if found.id == suite.policy), None)
    if policy is None:
        yield source.fault(("policy",), f"no policy has the id {suite.policy!r}")
        return
    for name in suite.given.keys() - CHANGE_FACTS.keys() - PLAN_FACTS.keys():
        yield source.key_fault(("given", name), "is not a fact that rules may read")
    rules = {rule.id for rule in (*policy.document.rules, *policy.document.plan_rules)}
    for index, case in enumerate(suite.cases):
        for rule in [*case.expect.rules, *case.expect.audited]:
            if rule not in rules:
                yield source.fault(("cases", index, "expect"), f"the policy has no rule {rule!r}")
        facts = PLAN_FACTS if (case.action or suite.action) == PLAN else CHANGE_FACTS
        for name in case.given.keys() - facts.keys():
            yield source.key_fault(("cases", index, "given", name), "is not a fact that rules may read")
