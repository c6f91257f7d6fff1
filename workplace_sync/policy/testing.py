"""Cases that show what a policy does: facts that are given, or a small world, and what it is expected to make of them.

A file of cases is about one policy. Each case is judged by that policy alone, so it names no rule of another one. What
the cases of a shelf made of every condition is counted, so that a condition nobody saw fail can be found.
"""

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from workplace_sync.errors import Fault, InputError
from workplace_sync.policy.cel import Outcome
from workplace_sync.policy.decision import Decision
from workplace_sync.policy.document import PolicyId, Text
from workplace_sync.policy.engine import PLAN, Engine, facts_of
from workplace_sync.policy.facts import ACTIONS, EVERY_FACT
from workplace_sync.policy.fields import Part
from workplace_sync.policy.looking import RuleSeen, looked_at
from workplace_sync.policy.overrides import effective_params
from workplace_sync.policy.shelf import PolicySet
from workplace_sync.policy.source import Path, Source, checked, read_source
from workplace_sync.policy.world import Address, World

Given = dict[str, bool | int | str | datetime | list[str]]
UNCHANGED: Literal["unchanged"] = "unchanged"


class Expectation(Part):
    """What is to come out: the effect, the ids of all deciding rules, of the audited ones, and the remedy offered.

    `message` is a part of what is told. The effect "unchanged" is for a world in which nothing is wanted of the person.
    """

    effect: Literal["allow", "excepted", "warn", "hold", "deny", "error", "unchanged"]
    rules: list[str] = Field(default_factory=list)
    audited: list[str] = Field(default_factory=list)
    remedy: str = ""
    message: str = ""


class Case(Part):
    """One case. `given` and `params` are laid over those of the file; `now` and `world` stand instead of the file's.

    `about` is the address of the one in the world whom the case is about. A case with `skip`, the reason, is not run.
    """

    name: Text
    action: Literal["add", "remove", "plan", "exception"] | None = None
    now: AwareDatetime | None = None
    given: Given = Field(default_factory=dict)
    world: World | None = None
    about: Address | None = None
    params: dict[str, object] = Field(default_factory=dict)
    skip: Text | None = None
    expect: Expectation


class Suite(Part):
    """A file of cases about one policy: what all of them share, and the cases."""

    kind: Literal["PolicyTests"]
    policy: PolicyId
    now: AwareDatetime
    group: Text = "example"
    action: Literal["add", "remove", "plan", "exception"] = "add"
    given: Given = Field(default_factory=dict)
    world: World | None = None
    cases: Annotated[list[Case], Field(min_length=1)]

    def action_of(self, case: Case) -> str:
        """Return what a case is about: an action or "plan" or "exception"; of a person in a world only the world can tell."""
        return case.action or self.action

    def world_of(self, case: Case) -> World | None:
        """Return the world of a case, where it has one: a person of it is named, or it is about a plan in one."""
        in_world = case.about is not None or case.world is not None or self.action_of(case) == PLAN
        return (case.world or self.world) if in_world else None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a case asks the policy about: an action (or "plan") and facts."""

    action: str
    facts: Mapping[str, object]


Worlds = Callable[[Suite, Case, World, PolicySet], Asked | None]
"""Works out what a plan would ask in the world of a case; None where nothing is wanted of the person."""


class Status(StrEnum):
    """What became of a case."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one case. `outcomes` are those of every condition, by "policy@version/rule#condition".

    `decision` is None where the case was skipped, or nothing was wanted of the person. `seen` are the rules with the
    values of their conditions and of the facts that these read.
    """

    policy: str
    case: str
    expected: Expectation
    decision: Decision | None
    outcomes: Mapping[str, Outcome]
    seen: tuple[RuleSeen, ...] = ()
    skipped: str = ""

    @property
    def got(self) -> Expectation:
        """What came out, in the form in which it is expected."""
        if self.decision is None:
            return Expectation(effect=UNCHANGED)
        return Expectation(
            effect=self.decision.effect.value,
            rules=sorted(found.rule for found in self.decision.findings),
            audited=sorted(found.rule for found in self.decision.audited),
            remedy=self.decision.remedy,
            message=" ".join(found.message for found in (*self.decision.findings, *self.decision.audited)),
        )

    @property
    def status(self) -> Status:
        """Whether it came out as expected, whatever the order of the rules, or was skipped."""
        if self.skipped:
            return Status.SKIP
        got = self.got
        wanted = {
            "rules": sorted(self.expected.rules),
            "audited": sorted(self.expected.audited),
            "message": got.message if self.expected.message in got.message else self.expected.message,
        }
        return Status.PASS if got == self.expected.model_copy(update=wanted) else Status.FAIL

    @property
    def passed(self) -> bool:
        """Whether it came out as expected."""
        return self.status is Status.PASS


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


def _no_worlds(_suite: Suite, _case: Case, _world: World, _policies: PolicySet) -> Asked | None:
    raise ValueError("a case has a world, and nothing was given that could make facts of it")


def run(
    suite: Suite,
    policy_set: PolicySet,
    *,
    worlds: Worlds = _no_worlds,
    wanted: Callable[[Case], bool] = lambda _case: True,
) -> Iterator[Result]:
    """Run the cases of a suite that are `wanted` by its policy alone, each at its time.

    A policy that is not in force then allows everything. Raises InputError for parameters that it cannot have, which
    reading the suite would have found.
    """
    alone = replace(policy_set, policies=tuple(found for found in policy_set.policies if found.id == suite.policy))
    engines: dict[object, Engine] = {}
    for case in filter(wanted, suite.cases):
        if case.skip:
            yield Result(suite.policy, case.name, case.expect, None, {}, skipped=case.skip)
            continue
        now = case.now or suite.now
        key = (now, json.dumps(case.params, default=str, sort_keys=True))
        if key not in engines:
            engines[key] = Engine(alone, group=suite.group, params={suite.policy: case.params}, now=now)
        fixed = {"now": now, "group.name": suite.group}
        yield _result(suite, case, engines[key], alone, _asked(suite, case, policy_set, worlds), fixed)


def _asked(suite: Suite, case: Case, policy_set: PolicySet, worlds: Worlds) -> Asked | None:
    world = suite.world_of(case)
    if world is None:
        return Asked(suite.action_of(case), {**suite.given, **case.given})
    asked = worlds(suite, case, world, policy_set)
    return None if asked is None else replace(asked, facts={**asked.facts, **case.given})


def _result(
    suite: Suite, case: Case, engine: Engine, alone: PolicySet, asked: Asked | None, fixed: Mapping[str, object]
) -> Result:
    if asked is None:
        return Result(suite.policy, case.name, case.expect, None, {})
    facts = {**asked.facts, **fixed}
    if asked.action in ACTIONS:
        facts["action.kind"] = asked.action
    decision = next(engine.decide(asked.action, [facts]))
    seen = tuple(looked_at(engine, alone, asked.action, facts))
    outcomes = {f"{rule.cite}#{one.name}": one.outcome for rule in seen for one in rule.conditions}
    outcomes |= {f"{rule.policy_cite}#{one.name}": one.outcome for rule in seen for one in rule.guards}
    return Result(suite.policy, case.name, case.expect, decision, outcomes, seen)


def _faults(source: Source, suite: Suite, policy_set: PolicySet) -> Iterator[Fault]:
    versions = policy_set.versions(suite.policy)
    if not versions:
        known = sorted({found.id for found in policy_set.policies})
        message = f"no policy has the id {suite.policy!r}"
        yield source.fault(("policy",), message, _near(suite.policy, known))
        return
    if "group" not in suite.model_fields_set and not any(one.document.match.fits(suite.group) for one in versions):
        message = f"the policy is not for the group {suite.group!r}, which cases are about that name none"
        yield source.key_fault(("policy",), message, "name a group of the policy's under `group`")
    for name in suite.given.keys() - EVERY_FACT.keys():
        yield _unknown_fact(source, ("given", name), EVERY_FACT)
    rules = {rule.id for policy in versions for rule in policy.document.all_rules}
    for index, case in enumerate(suite.cases):
        for rule in [*case.expect.rules, *case.expect.audited]:
            if rule not in rules:
                message = f"the policy has no rule {rule!r}"
                yield source.fault(("cases", index, "expect"), message, _near(rule, sorted(rules)))
        facts = facts_of(suite.action_of(case))
        for name in case.given.keys() - facts.keys():
            yield _unknown_fact(source, ("cases", index, "given", name), facts)
        yield from _world_faults(source, suite, case, ("cases", index))
        yield from _param_faults(source, suite, case, ("cases", index), policy_set)


def _world_faults(source: Source, suite: Suite, case: Case, path: Path) -> Iterator[Fault]:
    world = case.world or suite.world
    if case.about is not None and world is None:
        yield source.fault((*path, "about"), "names somebody, and there is no world", "describe one under `world`")
    elif case.about is not None and world is not None and case.about.lower() not in world.people:
        yield source.fault((*path, "about"), "is nobody in the world", "put them on its roster or among its members")
    elif case.world is not None and case.about is None and suite.action_of(case) != PLAN:
        advice = "name one under `about`, or say `action: plan`"
        yield source.key_fault((*path, "world"), "is about nobody", advice)


def _param_faults(source: Source, suite: Suite, case: Case, path: Path, policy_set: PolicySet) -> Iterator[Fault]:
    held = policy_set.in_force(case.now or suite.now).versions(suite.policy)
    try:
        effective_params(policy_set, held, suite.group, {suite.policy: case.params})
    except InputError as error:
        for fault in error.faults:
            name = fault.field.removeprefix(f"params.{suite.policy}.")
            yield source.key_fault((*path, "params", name), fault.message, fault.advice)


def _unknown_fact(source: Source, path: Path, known: Iterable[str]) -> Fault:
    return source.key_fault(path, "is not a fact that rules may read", _near(str(path[-1]), sorted(known)))


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f"did you mean {near[0]}?" if near else ""
