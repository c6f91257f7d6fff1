"""A change that somebody said no to, and how it is known again: by its content, whichever plan it comes in."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from workplace_sync.membership.plan import PlannedChange, canonical
from workplace_sync.policy.decision import Effect

_NOT_CONTENT = frozenset({"action.source"})  # a roster may have another name each month; what it says is what counts


@dataclass(frozen=True, slots=True)
class Rejection:
    """What was rejected (the fingerprint of a change), by whom, when and why."""

    fingerprint: str
    by: str
    at: datetime
    reason: str

    @property
    def sentence(self) -> str:
        """What is told wherever the change comes up again."""
        return f"rejected by {self.by} on {self.at:%Y-%m-%d}: {self.reason}"


def fingerprint_of(change: PlannedChange) -> str:
    """Return SHA-256 over what makes the change what it is: whom it is about, the rules that decide it, and the facts."""
    content = {
        "action": change.action,
        "effect": change.effect,
        "excepted": change.excepted,
        "facts": {name: value for name, value in change.facts.items() if name not in _NOT_CONTENT},
        "key": change.key,
        "rules": change.rules,
    }
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def heeded(change: PlannedChange, rejections: Iterable[Rejection]) -> PlannedChange:
    """Return the change, denied where the very same was rejected; with other facts or rules it is asked again."""
    fingerprint = fingerprint_of(change)
    for rejection in rejections:
        if rejection.fingerprint == fingerprint:
            return change._replace(effect=Effect.DENY, rejected=rejection.sentence)
    return change
