"""Try a draft of policies on all that was planned since a time: what would it have stopped? Nothing is written."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from workplace_sync.membership.plan import PlannedChange, restored_facts
from workplace_sync.policy.backtest import Draft, Replay
from workplace_sync.policy.decision import GOES, Decision, Effect
from workplace_sync.policy.facts import FactValue
from workplace_sync.store import plans
from workplace_sync.store.database import Database
from workplace_sync.store.operations import State
from workplace_sync.store.reading import reading

_AT_ONCE = 2_000
_SHARED = ("group.name", "group.tenant", "group.size")

Params = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Stopped:
    """A past change that the draft denies or holds: what was decided `then`, and whether it was carried out."""

    rule: str
    effect: str
    plan: str
    group: str
    at: datetime
    action: str
    address: str
    then: str
    carried_out: bool


@dataclass(slots=True)
class RuleCount:
    """What one rule of the draft would have done.

    `changes` are those it denies or holds (`effect`), `went` those of them that went ahead then, `done` those that were
    carried out. Of a rule about plans, `changes` are plans.
    """

    rule: str
    effect: str
    about: str
    changes: int = 0
    went: int = 0
    done: int = 0


@dataclass(slots=True)
class Backtest:
    """What came of it.

    Of `decisions` (stored changes) in `plans`, `stopped` are denied or held by the draft; `newly` of these went ahead
    then, and `done` were carried out. `released` were stopped then by the policies that the draft stands in for alone,
    and would go ahead. `examples` are some of the stopped, those that were carried out or went ahead first to come.
    """

    plans: int = 0
    decisions: int = 0
    stopped: int = 0
    newly: int = 0
    done: int = 0
    released: int = 0
    rules: dict[tuple[str, str, str], RuleCount] = field(default_factory=dict)
    examples: list[Stopped] = field(default_factory=list)


def backtest(
    database: Database,
    draft: Draft,
    *,
    since: datetime,
    params: Callable[[str], Params],
    group: str | None = None,
    listed: int = 0,
) -> Backtest:
    """Replay the draft over all that was planned since a time, for one group or all, in flat memory.

    `params` returns a group's own values for its name, `listed` is how many of the stopped to return. Raises
    InputError for a value that the draft does not let a group set.
    """
    found = Backtest()
    replays: dict[str, Replay] = {}
    with reading(database) as listing, reading(database) as streaming:
        for plan in plans.made_since(listing, since, group):
            if plan.group not in replays:
                replays[plan.group] = Replay(draft, plan.group, params(plan.group))
            counter = _Counter(found, draft, plan, listed)
            counter.take_plan(replays[plan.group])
            changes = plans.outcomes(streaming, plan.id)
            while part := list(islice(changes, _AT_ONCE)):
                counter.take(replays[plan.group], part)
            streaming.rollback()
    return found


class _Counter:
    """Counts what the draft makes of one plan."""

    def __init__(self, found: Backtest, draft: Draft, plan: plans.PlanRecord, listed: int) -> None:
        self._found = found
        self._ids = draft.ids
        self._plan = plan
        self._listed = listed
        facts = plan.header.facts
        self._shared: dict[str, FactValue] = {name: facts[name] for name in _SHARED if name in facts}  # type: ignore[misc]
        self._shared["now"] = plan.header.now

    def take_plan(self, replay: Replay) -> None:
        """Count the plan as a whole."""
        self._found.plans += 1
        header = self._plan.header
        if not self._plan.counts["changes"]:
            return
        for finding in replay.decide_plan({**header.facts, **self._shared}).findings:
            self._count(finding.cite, finding.acts_as, "plan", went=header.effect in GOES, done=False)

    def take(self, replay: Replay, stored: Iterable[tuple[str, str]]) -> None:
        """Count some of its changes."""
        asked: dict[str, list[tuple[PlannedChange, str]]] = {}
        for line, state in stored:
            change = PlannedChange.parse(line)
            asked.setdefault(change.action.value, []).append((change, state))
        for action, changes in asked.items():
            rows = [restored_facts(change.facts) for change, _ in changes]
            for (change, state), decision in zip(changes, replay.decide(action, rows, self._shared), strict=True):
                self._take_one(change, decision, done=state == State.DONE.value)

    def _take_one(self, change: PlannedChange, decision: Decision, *, done: bool) -> None:
        found = self._found
        found.decisions += 1
        if decision.acts_as not in {Effect.HOLD, Effect.DENY}:
            found.released += not change.goes and self._is_theirs(change)
            return
        found.stopped += 1
        found.newly += change.goes
        found.done += done
        for finding in decision.findings:
            if finding.acts_as in {Effect.HOLD, Effect.DENY}:
                self._count(finding.cite, finding.acts_as, change.action.value, went=change.goes, done=done)
                self._list(finding.cite, finding.acts_as, change, done=done)

    def _is_theirs(self, change: PlannedChange) -> bool:
        """Whether the present versions of the draft's policies alone stopped the change."""
        return {cite.partition("@")[0] for cite in change.rules} <= self._ids

    def _count(self, cite: str, effect: Effect, about: str, *, went: bool, done: bool) -> None:
        counted = self._found.rules.setdefault((cite, effect.value, about), RuleCount(cite, effect.value, about))
        counted.changes += 1
        counted.went += went
        counted.done += done

    def _list(self, cite: str, effect: Effect, change: PlannedChange, *, done: bool) -> None:
        if len(self._found.examples) < self._listed:
            plan = self._plan
            self._found.examples.append(
                Stopped(
                    rule=cite,
                    effect=effect.value,
                    plan=plan.digest,
                    group=plan.group,
                    at=plan.created_at,
                    action=change.action.value,
                    address=change.address,
                    then=change.effect.value,
                    carried_out=done,
                )
            )


def counted(found: Backtest) -> Iterator[RuleCount]:
    """Yield the counts by rule, those first that stop the most."""
    yield from sorted(found.rules.values(), key=lambda one: (-one.changes, one.rule, one.about))
