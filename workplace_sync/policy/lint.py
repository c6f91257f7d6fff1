"""Looks for what is allowed in a shelf of policies and yet cannot be meant: everything at once, each with its place.

Beyond what loading refuses: a condition that is always true stops nobody, one that is never true stops everybody, a
parameter that no rule reads promises a choice that there is not, and a rule without a case was never seen at work.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from workplace_sync.errors import Fault, InputError
from workplace_sync.policy.cel import Environment
from workplace_sync.policy.constant import constants
from workplace_sync.policy.document import Condition
from workplace_sync.policy.overrides import Values, effective_params
from workplace_sync.policy.places import Shown, Stated, shown_policies
from workplace_sync.policy.shelf import Policy, PolicySet, load_policies
from workplace_sync.policy.source import read_sources
from workplace_sync.policy.testing import Suite, read_suites


class Severity(StrEnum):
    """ERROR: cannot be meant, or cannot be used. WARNING: may be meant, and somebody should look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing found. `check` names the kind of finding, such as "never-false"; it does not change."""

    fault: Fault
    severity: Severity
    check: str


def lint(
    files: Mapping[str, bytes],
    cases: Mapping[str, bytes],
    now: datetime,
    archive: Mapping[str, bytes] | None = None,
    params: Mapping[str, Values] | None = None,
) -> list[Remark]:
    """Return everything found in policy files and in files of cases (name -> content), by file and line.

    `now` is the time as of which a policy has expired, `archive` are the archived texts that policies name, `params`
    what groups set instead of the policies' parameters, by the group's name.
    """
    found, policies = _loaded(files, archive)
    remarks = [Remark(fault, Severity.ERROR, "load") for fault in found]
    if policies is None:
        return remarks
    suites, faults = _suites(cases, policies, whole=not found)
    remarks += [Remark(fault, Severity.ERROR, "cases") for fault in faults]
    shelf = list(shown_policies(policies, files))
    remarks += _unused_params(shelf)
    remarks += [Remark(fault, Severity.ERROR, check) for shown in shelf for check, fault in constants(shown)]
    remarks += _repeated(shelf)
    if not found:  # a group may well set something of a policy that could not be loaded
        remarks += _unusable_params(policies, params or {}, now)
    if not faults:
        remarks += _untested(shelf, suites)
    remarks += _expired(policies, shelf, now)
    remarks += _expired_exceptions(policies, files, now)
    return sorted(remarks, key=lambda remark: (remark.fault, remark.check))


def _loaded(files: Mapping[str, bytes], archive: Mapping[str, bytes] | None) -> tuple[list[Fault], PolicySet | None]:
    """Return the faults of loading, and the policies of the files that have none."""
    try:
        return [], load_policies(files, archive)
    except InputError as error:
        faults = list(error.faults)
    faulty = {fault.file for fault in faults}
    try:
        return faults, load_policies({name: content for name, content in files.items() if name not in faulty}, archive)
    except InputError:  # what is left needs what is faulty
        return faults, None


def _suites(cases: Mapping[str, bytes], policies: PolicySet, *, whole: bool) -> tuple[tuple[Suite, ...], list[Fault]]:
    """Return the suites, or their faults; that a policy does not exist is none while some could not be loaded."""
    try:
        return read_suites(cases, policies), []
    except InputError as error:
        return (), [fault for fault in error.faults if whole or fault.field != "policy"]


def _unused_params(shelf: Iterable[Shown]) -> Iterator[Remark]:
    """Tell of parameters that no expression of their policy reads."""
    for shown in shelf:
        env = Environment(shown.variables())
        texts = list(shown.texts())
        read = frozenset[str]().union(*(env.reads(text) for text in texts))
        for name in shown.policy.document.params:
            if f"params.{name}" not in read:
                fault = shown.key_fault(("params", name), "is a parameter that no rule reads", "use it, or remove it")
                yield Remark(fault, Severity.ERROR, "unused-param")


def _unusable_params(policies: PolicySet, params: Mapping[str, Values], now: datetime) -> Iterator[Remark]:
    """Tell of what groups set that no policy has, is of another type, or is looser than its policy lets a group set."""
    in_force = policies.in_force(now).policies
    for group, values in params.items():
        try:
            effective_params(policies, in_force, group, values)
        except InputError as error:
            yield from (Remark(fault, Severity.ERROR, "group-params") for fault in error.faults)


def _repeated(shelf: Iterable[Shown]) -> Iterator[Remark]:
    """Tell of conditions with the same text under the same circumstances, except between versions of one policy."""
    first: dict[object, tuple[Policy, str, str]] = {}
    for shown in shelf:
        policy = shown.policy
        env = Environment(shown.variables())
        for stated in shown.rules():
            for condition, path in stated.conditions:
                key = _circumstances(shown, env, stated, condition)
                place = shown.fault(path, "")
                found = (policy, f"{place.file}:{place.line}", _name(stated))
                other, where, name = first.setdefault(key, found)
                if found == (other, where, name) or (other.id == policy.id and other is not policy):
                    continue
                told = f"says the same as the condition of {other.id}/{name} at {where}"
                yield Remark(shown.fault(path, told, "keep one of them"), Severity.WARNING, "same-text")


def _circumstances(shown: Shown, env: Environment, stated: Stated, condition: Condition) -> object:
    """Return what must be equal for two conditions to say the same: text, facts, parameters, groups and actions."""
    read = env.reads(condition.expression)
    params = [(name, repr(value)) for name, value in sorted(shown.params().items()) if name in read]
    match = shown.policy.document.match.model_dump_json()
    return " ".join(condition.expression.split()), tuple(stated.facts), repr(params), match, shown.policy.shelf


def _name(stated: Stated) -> str:
    return stated.rule.id if stated.rule is not None else "match"


def _untested(shelf: Iterable[Shown], suites: Iterable[Suite]) -> Iterator[Remark]:
    """Tell of policies without cases, and of rules that no case expects to decide."""
    decided: dict[str, set[str]] = {}
    for suite in suites:
        expected = decided.setdefault(suite.policy, set())
        expected.update(rule for case in suite.cases for rule in (*case.expect.rules, *case.expect.audited))
    for shown in shelf:
        rules, tried = list(shown.rules()), decided.get(shown.policy.id)
        if tried is None:
            if rules:
                fault = shown.fault(("metadata", "id"), "has no cases", "write some in tests/, next to the policies")
                yield Remark(fault, Severity.ERROR, "untested")
            continue
        for one in rules:
            if _name(one) not in tried and not one.is_constant:
                fault = shown.fault((*one.path, "id"), "is a rule that no case expects to decide", "write one")
                yield Remark(fault, Severity.WARNING, "untested")


def _expired(policies: PolicySet, shelf: Iterable[Shown], now: datetime) -> Iterator[Remark]:
    """Tell of policies that are over, with no later version and no word on why they were withdrawn."""
    for shown in shelf:
        policy = shown.policy
        dates = policy.document.metadata
        newest = policies.versions(policy.id)[-1]
        if policy is newest and policy.ends is not None and policy.ends <= now and not dates.withdrawn:
            told = f"has been over since {policy.ends:%Y-%m-%d}, and no later version follows"
            advice = "write a new version, or say why under `withdrawn`"
            fault = shown.fault(("metadata", "effective_until"), told, advice)
            yield Remark(fault, Severity.WARNING, "expired")


def _expired_exceptions(policies: PolicySet, files: Mapping[str, bytes], now: datetime) -> Iterator[Remark]:
    for exception in policies.exceptions:
        if exception.has_expired(now):
            told = f"expired on {exception.document.expires_at:%Y-%m-%d} and has no effect"
            for source in read_sources(exception.file, files[exception.file]):
                if isinstance(source.data, dict) and source.data.get("id") == exception.id:
                    fault = source.fault(("expires_at",), told, "remove it, or have a new one approved")
                    yield Remark(fault, Severity.WARNING, "expired-exception")
