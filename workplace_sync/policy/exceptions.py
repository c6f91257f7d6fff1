"""Exceptions from rules: whom they name, what can be wrong with them, and what the rules about exceptions say of them."""

import difflib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from workplace_sync.errors import Fault
from workplace_sync.policy.bench import Seat
from workplace_sync.policy.check import Checker
from workplace_sync.policy.decision import Decision
from workplace_sync.policy.document import FLOOR_PREFIX, ExceptionDocument, PolicyDocument
from workplace_sync.policy.facts import CHANGE_FACTS, EXCEPTION_FACTS, PLAN_FACTS
from workplace_sync.policy.panel import Panel
from workplace_sync.policy.source import Source

_HASHED = "sha256:"


@dataclass(frozen=True, slots=True)
class PolicyException:
    """A checked exception. `hash` is "sha256:<hex>" of its content, whatever its layout and comments."""

    file: str
    document: ExceptionDocument
    hash: str

    @property
    def id(self) -> str:
        """Its stable name."""
        return self.document.id

    def in_force(self, now: datetime) -> bool:
        """Whether it has an effect at a time: from its approval up to, not at, its end."""
        return self.document.approved_at <= now < self.document.expires_at

    def has_expired(self, now: datetime) -> bool:
        """Whether its end has come."""
        return self.document.expires_at <= now

    def fits(self, group: str) -> bool:
        """Whether it is about this group."""
        return any(fnmatchcase(group, pattern) for pattern in self.document.match.groups)


class NamedPeople:
    """Whom exceptions name, for looking up a million people."""

    def __init__(self, exceptions: Sequence[ExceptionDocument]) -> None:
        self._ids: dict[str, list[str]] = {}
        for exception in exceptions:
            for person in exception.people:
                ids = self._ids.setdefault(person.strip().lower(), [])
                if exception.id not in ids:
                    ids.append(exception.id)
        self._hashed = any(person.startswith(_HASHED) for person in self._ids)
        self._order = {exception.id: place for place, exception in enumerate(exceptions)}

    def naming(self, key: str) -> list[str]:
        """Return the ids of the exceptions that name the person with this key (their address in lower case)."""
        if not self._ids:
            return []
        found = {*self._ids.get(key, ())}
        if self._hashed:
            found.update(self._ids.get(_HASHED + hashlib.sha256(key.encode()).hexdigest(), ()))
        return sorted(found, key=self._order.__getitem__)


def exception_facts(exception: ExceptionDocument) -> dict[str, object]:
    """Return the facts that rules about exceptions read."""
    return {
        "exception.id": exception.id,
        "exception.owner": exception.owner,
        "exception.approver": exception.approver,
        "exception.approved_at": exception.approved_at,
        "exception.expires_at": exception.expires_at,
        "exception.days": -((exception.approved_at - exception.expires_at) // timedelta(days=1)),
        "exception.rules": list(exception.rules),
        "exception.groups": list(exception.match.groups),
        "exception.people": len(exception.people),
        "exception.conditions": len(exception.match.conditions),
    }


def judge(exception: ExceptionDocument, policies: Sequence[PolicyDocument]) -> Decision:
    """Return what the rules about exceptions say of one, as of its approval; `policies` are those in force then."""
    seats = [
        Seat(document, rule, {f"params.{name}": param.value for name, param in document.params.items()})
        for document in policies
        for rule in document.exception_rules
    ]
    panel = Panel(seats, EXCEPTION_FACTS, {"now": exception.approved_at})
    return next(panel.decide([exception_facts(exception)], {}))


def exception_faults(source: Source, exception: ExceptionDocument, policies: Sequence[PolicyDocument]) -> list[Fault]:
    """Return every fault of an exception whose form is right; `policies` are all versions of all policies."""
    people = {f"{found.metadata.id}/{rule.id}" for found in policies for rule in found.rules}
    plans = {f"{found.metadata.id}/{rule.id}" for found in policies for rule in found.plan_rules}
    faults = [*_own_faults(source, exception), *_rule_faults(source, exception, sorted(people | plans))]
    about_plans = plans.intersection(exception.rules)
    if exception.people and about_plans:
        advice = "make two exceptions of it"
        faults.append(source.fault(("people",), f"names people, and {min(about_plans)} is about whole plans", advice))
    for rules, facts in ((people, CHANGE_FACTS), (plans, PLAN_FACTS)):
        if rules.intersection(exception.rules):
            faults += Checker(source, facts, {}).conditions_faults(exception.match.conditions, ("match", "conditions"))
    return list(dict.fromkeys(faults))


def judgement_faults(
    source: Source, exception: ExceptionDocument, policies: Sequence[PolicyDocument]
) -> Iterator[Fault]:
    """Yield a fault for each rule that forbids the exception; `policies` are those in force when it was approved."""
    for found in judge(exception, policies).findings:
        if found.acts_as.rank > found.acts_as.WARN.rank:
            yield source.fault(
                (), f"{found.cite} forbids this exception: {found.message}", "change it, or leave it out"
            )


def _own_faults(source: Source, exception: ExceptionDocument) -> Iterator[Fault]:
    if _same_person(exception.owner, exception.approver):
        yield source.fault(("approver",), "is the owner", "somebody else has to approve an exception")
    if exception.expires_at <= exception.approved_at:
        yield source.fault(("expires_at",), "is not after approved_at", "the exception would never hold")


def _rule_faults(source: Source, exception: ExceptionDocument, known: list[str]) -> Iterator[Fault]:
    for index, name in enumerate(exception.rules):
        if name.startswith(FLOOR_PREFIX):
            yield source.fault(("rules", index), "belongs to the program, and nobody is excepted from it", "remove it")
        elif name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            advice = f"did you mean {near[0]}?" if near else "name it as policy/rule"
            yield source.fault(("rules", index), f"no policy has the rule {name!r}", advice)


def _same_person(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
