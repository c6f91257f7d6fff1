"""Compare two revisions of the policies: their texts, and whom a stored plan would treat otherwise. Nothing is written."""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from workplace_sync.jobs.revisions import Revision
from workplace_sync.membership.change import Action
from workplace_sync.membership.plan import History, PlannedChange, Tally, plan_facts, planned, restored_facts
from workplace_sync.policy.engine import Engine
from workplace_sync.policy.facts import FactValue
from workplace_sync.store import plans
from workplace_sync.store.database import Database
from workplace_sync.store.reading import reading

_AT_ONCE = 2_000
_SHARED = ("group.name", "group.tenant", "group.size")


@dataclass(frozen=True, slots=True)
class Flip:
    """A change that is decided otherwise: its effect and deciding rules under the one and under the other revision."""

    address: str
    action: str
    before: str
    after: str
    rules_before: tuple[str, ...]
    rules_after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WholePlan:
    """What the plan rules of one revision say of a plan as a whole."""

    effect: str
    rules: tuple[str, ...]


@dataclass(slots=True)
class Flips:
    """What two revisions make of a plan.

    Of `decisions`, `flips` counts those that differ by (action, effect before, effect after), and `examples` are the
    first of them; `plan_before` and `plan_after` are about the plan as a whole.
    """

    decisions: int = 0
    flips: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    examples: list[Flip] = field(default_factory=list)
    plan_before: WholePlan = WholePlan("allow", ())
    plan_after: WholePlan = WholePlan("allow", ())

    @property
    def flipped(self) -> int:
        """How many decisions differ."""
        return sum(self.flips.values())


def text_diff(before: Revision, after: Revision) -> Iterator[str]:
    """Yield the unified differences of all files, line by line."""
    for name in sorted(before.files.keys() | after.files.keys()):
        old, new = (revision.files.get(name, "").splitlines() for revision in (before, after))
        one, other = (
            f"{revision.name}/{name}" if name in revision.files else "/dev/null" for revision in (before, after)
        )
        yield from difflib.unified_diff(old, new, one, other, lineterm="")


def flips(
    database: Database,
    plan: plans.PlanRecord,
    before: Revision,
    after: Revision,
    params: Mapping[str, Mapping[str, object]],
    *,
    listed: int,
) -> Flips:
    """Decide every change of a stored plan under two revisions, from the facts stored with it, as of its own time.

    `params` are the group's own values; those that a revision does not know are left out there. Raises InputError for
    one that it does not allow.
    """
    found = Flips()
    sides = [_Side(revision, plan, params) for revision in (before, after)]
    with reading(database) as connection:
        stored = plans.changes(connection, plan.id)
        while part := list(islice(stored, _AT_ONCE)):
            for one, other in zip(*(side.decided(part) for side in sides), strict=True):
                found.decisions += 1
                if one.effect is not other.effect:
                    _add(found, one, other, listed)
    found.plan_before, found.plan_after = (side.whole() for side in sides)
    return found


def _add(found: Flips, one: PlannedChange, other: PlannedChange, listed: int) -> None:
    found.flips[one.action.value, one.effect.value, other.effect.value] += 1
    if len(found.examples) < listed:
        effects = (one.effect.value, other.effect.value)
        found.examples.append(Flip(one.address, one.action.value, *effects, one.rules, other.rules))


class _Side:
    """One revision at work on a plan."""

    def __init__(self, revision: Revision, plan: plans.PlanRecord, params: Mapping[str, Mapping[str, object]]) -> None:
        self._header = header = plan.header
        known = {
            policy.id: {name for version in revision.policies.versions(policy.id) for name in version.document.params}
            for policy in revision.policies.policies
        }
        fitting = {
            policy: {name: value for name, value in values.items() if name in known[policy]}
            for policy, values in params.items()
            if policy in known
        }
        self._engine = Engine(revision.policies, group=header.group, params=fitting, now=header.now)
        self._shared: dict[str, FactValue] = {n: header.facts[n] for n in _SHARED if n in header.facts}  # type: ignore[misc]
        self._tally = Tally()

    def decided(self, changes: list[PlannedChange]) -> Iterator[PlannedChange]:
        """Yield the changes as they are decided here, in their order."""
        facts = [restored_facts(change.facts) for change in changes]
        rows = {a: [row for row, one in zip(facts, changes, strict=True) if one.action is a] for a in Action}
        decisions = {a: self._engine.decide(a.value, rows[a], shared=self._shared) for a in Action}
        for change, row in zip(changes, facts, strict=True):
            decision = next(decisions[change.action])
            made = planned(change.seq, change.key, change.address, change.platform_id, row, decision)
            self._tally.add(made)
            yield made

    def whole(self) -> WholePlan:
        """Return what is said of the whole, after all changes were decided."""
        if not self._tally.number():
            return WholePlan("allow", ())
        decision = self._engine.decide_plan(
            {**self._header.facts, **plan_facts(self._tally, _history(self._header.facts))}
        )
        return WholePlan(decision.acts_as.value, tuple(finding.cite for finding in decision.findings))


def _history(facts: Mapping[str, object]) -> History:
    windows = ("added_last_24h", "added_last_7d", "removed_last_24h", "removed_last_7d")
    numbers = {name: _number(facts, f"plan.{name}") for name in windows}
    return History(_number(facts, "plan.size_before"), _number(facts, "plan.administrators_before"), **numbers)


def _number(facts: Mapping[str, object], name: str) -> int:
    value = facts.get(name, 0)
    return value if isinstance(value, int) else 0
