"""A plan: changes with their decisions, the counts that plan rules judge, and the digest that binds an approval.

The digest is SHA-256 over the exact text of all change lines, in order, followed by the header line, each ended by
a line feed. Lines are canonical JSON (RFC 8785 for the values used here), so anybody can compute it from the
plan's file with `sha256sum`.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from workplace_sync.membership.change import Action
from workplace_sync.membership.subject import DEFAULTS
from workplace_sync.policy.decision import GOES, Decision, Effect

_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode

_ACTIONS: Mapping[object, Action] = {action.value: action for action in Action}

POSSIBLE = (Effect.ALLOW, Effect.EXCEPTED, Effect.WARN, Effect.HOLD)
"""The effects with which a change may yet be carried out, an approval granted."""


class PlannedChange(NamedTuple):  # and no dataclass, because a million are made for a large plan
    """A change with its decision. `rules` cites each deciding rule as `policy@version/rule`; `why` are their messages.

    `excepted` cites each rule that did not hold, with the exception from it: `policy@version/rule by exception-id`.
    `effect` is what is to be done; `error` says that a rule could not be evaluated, which denies or holds, never allows.
    `facts` are those the decision rests on, as JSON values, without the ones at their default. `rejected` is the sentence
    of who said no to the very same change before, which then is denied; the rules are those that would decide it.
    """

    seq: int
    key: str
    address: str
    platform_id: str
    action: Action
    reason: str
    effect: Effect
    error: bool = False
    rules: tuple[str, ...] = ()
    audited: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    remedy: str = ""
    facts: Mapping[str, object] = MappingProxyType({})
    excepted: tuple[str, ...] = ()
    rejected: str = ""

    def line(self) -> str:
        """Return the canonical text of the change, without a line feed. Nothing is said of a rejection without one."""
        return canonical(
            {
                "action": self.action,  # a StrEnum is written as its text
                "address": self.address,
                "audited": self.audited,
                "effect": self.effect,
                "error": self.error,
                "excepted": self.excepted,
                "facts": self.facts,
                "key": self.key,
                "platform_id": self.platform_id,
                "reason": self.reason,
                "remedy": self.remedy,
                "rules": self.rules,
                "seq": self.seq,
                "why": self.why,
                **({"rejected": self.rejected} if self.rejected else {}),
            }
        )

    def line_form(self) -> "LineForm":
        """Return the line with blanks for who it is about and for its number."""
        line = self._replace(seq=0, address="\udc01", key="\udc02", platform_id="\udc03").line()
        before_address, _, rest = line.partition('"\udc01"')  # no text that can be written holds half a character
        before_key, _, rest = rest.partition('"\udc02"')
        before_platform_id, _, rest = rest.partition('"\udc03"')
        before_number, _, tail = rest.rpartition('"seq":0,')  # quotes within texts are escaped
        return LineForm(before_address, before_key, before_platform_id, f'{before_number}"seq":', f",{tail}")

    @classmethod
    def parse(cls, line: str) -> "PlannedChange":
        """Return the change that `line` is the text of."""
        data = json.loads(line)
        return cls(
            seq=data["seq"],
            key=data["key"],
            address=data["address"],
            platform_id=data["platform_id"],
            action=Action(data["action"]),
            reason=data["reason"],
            effect=Effect(data["effect"]),
            error=data["error"],
            rules=tuple(data["rules"]),
            audited=tuple(data["audited"]),
            why=tuple(data["why"]),
            remedy=data["remedy"],
            facts=data["facts"],
            excepted=tuple(data["excepted"]),
            rejected=data.get("rejected", ""),
        )

    @property
    def goes(self) -> bool:
        """Whether it is carried out without an approval."""
        return self.effect in GOES

    @property
    def invitable(self) -> bool:
        """Whether the person may be sent the group's link instead: never someone who asked to be left out."""
        return self.remedy == "invite" and not self.goes and self.facts.get("subject.opted_out") is not True


class LineForm(NamedTuple):
    """The line of a change, cut at what differs from person to person where all else is the same."""

    before_address: str
    before_key: str
    before_platform_id: str
    before_number: str
    tail: str

    def head(self, key: str, address: str, platform_id: str) -> str:
        """Return all that stands before the change's number; `tail` stands after it."""
        return (
            f"{self.before_address}{_ENCODE(address)}{self.before_key}{_ENCODE(key)}"
            f"{self.before_platform_id}{_ENCODE(platform_id)}{self.before_number}"
        )


def unnumbered(line: str) -> str:
    """Return the text of a change without its number: what is the same in every plan that has the same change."""
    head, _, rest = line.rpartition('"seq":')  # quotes within texts are escaped
    return f'{head}"seq":{rest.lstrip("0123456789")}'


def canonical(value: Mapping[str, object]) -> str:
    """Return the RFC 8785 text of `value`, which holds strings, integers, booleans, lists and objects only."""
    return _ENCODE(value)


def stored_facts(facts: Mapping[str, object]) -> dict[str, object]:
    """Return the facts as they are kept with a change: JSON values, without the ones at their default."""
    usual = DEFAULTS.get
    return {
        name: value.astimezone(UTC).isoformat() if type(value) is datetime else value
        for name, value in facts.items()
        if value is not (default := usual(name)) and value != default  # most are the very object: no comparing of times
    }


def restored_facts(stored: Mapping[str, object]) -> dict[str, object]:
    """Return the facts that `stored_facts` kept, whole again, so that a decision can be recomputed."""
    return dict(DEFAULTS) | {
        name: datetime.fromisoformat(str(value)) if isinstance(DEFAULTS.get(name), datetime) else value
        for name, value in stored.items()
    }


def planned(
    seq: int, key: str, address: str, platform_id: str, facts: Mapping[str, object], decision: Decision
) -> PlannedChange:
    """Return the change that `facts` describe, with its decision."""
    change = PlannedChange(
        seq,
        key,
        address,
        platform_id,
        _ACTIONS[facts["action.kind"]],
        str(facts["action.reason"]),
        decision.acts_as,
        remedy=decision.remedy,
        facts=stored_facts(facts),
    )
    if not (decision.findings or decision.audited or decision.excepted):
        return change
    return change._replace(
        error=decision.effect is Effect.ERROR,
        rules=tuple(finding.cite for finding in decision.findings),
        audited=tuple(finding.cite for finding in decision.audited),
        why=tuple(finding.message for finding in decision.findings),
        excepted=tuple(finding.excepted_cite for finding in decision.excepted),
    )


@dataclass(slots=True)
class Tally:
    """Counts changes while they stream by: by action, effect and remedy."""

    counted: Counter[tuple[Action, Effect]] = field(default_factory=Counter)
    invited: int = 0
    errors: int = 0
    excepted: int = 0
    protected_removals: int = 0
    administrators_removed: int = 0
    rejected: int = 0

    def add(self, change: PlannedChange, times: int = 1) -> None:
        """Count a change, or that many of its kind."""
        self.counted[change.action, change.effect] += times
        self.invited += times * change.invitable
        self.errors += times * change.error
        self.excepted += times * bool(change.excepted)
        self.rejected += times * bool(change.rejected)
        if change.action is Action.REMOVE and change.effect in POSSIBLE:
            self.protected_removals += times * (change.facts.get("subject.protected") is True)
            self.administrators_removed += times * (change.facts.get("subject.administrator") is True)

    def merge(self, other: "Tally") -> None:
        """Count what another tally counted, too."""
        self.counted.update(other.counted)
        self.invited += other.invited
        self.errors += other.errors
        self.excepted += other.excepted
        self.rejected += other.rejected
        self.protected_removals += other.protected_removals
        self.administrators_removed += other.administrators_removed

    def number(self, action: Action | None = None, effects: Iterable[Effect] = tuple(Effect)) -> int:
        """Return how many changes of an action (all when None) ended in one of `effects`."""
        actions = tuple(Action) if action is None else (action,)
        return sum(self.counted[a, e] for a in actions for e in effects)

    def counts(self) -> dict[str, int]:
        """Return the counts as they are shown and stored; those rejected before are among the denied."""
        return {
            "added": self.number(Action.ADD, GOES),
            "removed": self.number(Action.REMOVE, GOES),
            "held": self.number(None, (Effect.HOLD,)),
            "denied": self.number(None, (Effect.DENY,)),
            "errors": self.errors,
            "excepted": self.excepted,
            "invited": self.invited,
            "rejected": self.rejected,
            "changes": self.number(),
        }


@dataclass(frozen=True, slots=True)
class History:
    """What was done to a group before, counted over rolling windows up to now, and its size and administrators now."""

    size: int
    administrators: int
    added_last_24h: int = 0
    added_last_7d: int = 0
    removed_last_24h: int = 0
    removed_last_7d: int = 0


def plan_facts(tally: Tally, history: History) -> dict[str, object]:
    """Return the `plan.*` facts: what is to be done if every hold is approved, beside what was done before."""
    additions = tally.number(Action.ADD, POSSIBLE)
    removals = tally.number(Action.REMOVE, POSSIBLE)
    return {
        "plan.changes": tally.number(),
        "plan.additions": additions,
        "plan.removals": removals,
        "plan.role_changes": 0,
        "plan.allowed": tally.number(None, (Effect.ALLOW, Effect.WARN)),
        "plan.excepted": tally.excepted,
        "plan.held": tally.number(None, (Effect.HOLD,)),
        "plan.denied": tally.number(None, (Effect.DENY,)),
        "plan.errors": tally.errors,
        "plan.size_before": history.size,
        "plan.size_after": history.size + additions - removals,
        "plan.administrators_before": history.administrators,
        "plan.administrators_after": history.administrators - tally.administrators_removed,
        "plan.added_last_24h": history.added_last_24h,
        "plan.added_last_7d": history.added_last_7d,
        "plan.removed_last_24h": history.removed_last_24h,
        "plan.removed_last_7d": history.removed_last_7d,
        "plan.removals_protected": tally.protected_removals,
    }


@dataclass(frozen=True, slots=True)
class Header:
    """What a plan was made from, and what the plan rules said of it as a whole."""

    group: str
    platform_id: str
    snapshot: str
    policy_revision: str
    now: datetime
    requested_by: str
    effect: Effect
    rules: tuple[str, ...]
    why: tuple[str, ...]
    facts: Mapping[str, object]
    params: Mapping[str, Mapping[str, object]]
    counts: Mapping[str, int]
    excepted: tuple[str, ...] = ()

    def line(self) -> str:
        """Return the canonical text of the header, without a line feed."""
        return canonical(
            {
                "counts": dict(self.counts),
                "effect": self.effect.value,
                "excepted": self.excepted,
                "facts": dict(self.facts),
                "group": self.group,
                "now": self.now.astimezone(UTC).isoformat(),
                "params": {policy: dict(values) for policy, values in self.params.items()},
                "platform_id": self.platform_id,
                "policy_revision": self.policy_revision,
                "requested_by": self.requested_by,
                "rules": self.rules,
                "snapshot": self.snapshot,
                "v": 1,
                "why": self.why,
            }
        )

    @classmethod
    def parse(cls, line: str) -> "Header":
        """Return the header that `line` is the text of."""
        data = json.loads(line)
        return cls(
            group=data["group"],
            platform_id=data["platform_id"],
            snapshot=data["snapshot"],
            policy_revision=data["policy_revision"],
            now=datetime.fromisoformat(data["now"]),
            requested_by=data["requested_by"],
            effect=Effect(data["effect"]),
            rules=tuple(data["rules"]),
            why=tuple(data["why"]),
            facts=data["facts"],
            params=data["params"],
            counts=data["counts"],
            excepted=tuple(data["excepted"]),
        )


class PlanDigest:
    """Computes a plan's digest while its lines stream by."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, line: str) -> None:
        """Take the next line in."""
        self._hash.update(line.encode())
        self._hash.update(b"\n")

    def value(self) -> str:
        """Return the digest as 64 hexadecimal digits."""
        return self._hash.hexdigest()
