"""Why a decision is as it is, and the smallest change that would turn it: a search and nothing else; words are elsewhere."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from workplace_sync.policy.decision import GOES, Decision
from workplace_sync.policy.engine import Engine
from workplace_sync.policy.looking import RuleSeen, looked_at
from workplace_sync.policy.moves import Move, later_times, moves
from workplace_sync.policy.shelf import PolicySet

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Flip:
    """What would turn the decision: changes, or time passing until `at`, or both; `decision` is what would come then.

    `changed` are the facts that would be different.
    """

    moves: tuple[Move, ...]
    changed: Mapping[str, object]
    decision: Decision
    at: datetime | None = None

    @property
    def size(self) -> tuple[int, int]:
        """How large a change it is: things that happen, then facts; the time is one of both."""
        waiting = self.at is not None
        return len(self.moves) + waiting, len(self.changed) + waiting


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with everything behind it. `flips` are the smallest changes that would turn it, at most five."""

    action: str
    now: datetime
    facts: Mapping[str, object]
    decision: Decision
    seen: tuple[RuleSeen, ...]
    flips: tuple[Flip, ...]

    @property
    def passes(self) -> bool:
        """Whether it would be carried out without anybody's approval."""
        return self.decision.acts_as in GOES


EngineAt = Callable[[datetime], Engine]


def explain(
    engine_at: EngineAt, policies: PolicySet, action: str, facts: Mapping[str, object], now: datetime
) -> Explanation:
    """Explain the decision on an action ("add" or "remove") and its facts as of `now`.

    `engine_at` makes the engine as of a time, of these policies and with the group's parameters.
    """
    engine = engine_at(now)
    whole = {**facts, "now": now, "action.kind": action}
    decision = next(engine.decide(action, [whole]))
    seen = tuple(looked_at(engine, policies, action, whole))
    search = _Search(engine_at, action, whole, now, decision.acts_as in GOES)
    flips = search.smallest(moves(action, whole, now, seen), later_times(whole, now, seen))
    return Explanation(action, now, whole, decision, seen, tuple(flips))


@dataclass(frozen=True, slots=True)
class _Search:
    engine_at: EngineAt
    action: str
    facts: Mapping[str, object]
    now: datetime
    passes: bool

    def smallest(self, known: Sequence[Move], times: Sequence[datetime]) -> list[Flip]:
        """Return the smallest flips: of single changes, time passing among them, and of pairs only without any."""
        singles = [(move,) for move in known]
        found = list(self._turned(singles, None)) + list(self._in_time([()], times))
        if not found:
            pairs = [(one, other) for one, other in combinations(known, 2) if _agree(one, other)]
            found = list(self._turned(pairs, None)) + list(self._in_time(singles, times))
        return _smallest(found)

    def _turned(self, tried: Sequence[tuple[Move, ...]], at: datetime | None) -> Iterator[Flip]:
        tried = list(tried)
        rows = [self._after(some) for some in tried]
        decisions = self.engine_at(at or self.now).decide(self.action, [{**row, "now": at or self.now} for row in rows])
        for some, row, decision in zip(tried, rows, decisions, strict=True):
            if (decision.acts_as in GOES) is not self.passes:
                changed = {name: value for name, value in row.items() if self.facts.get(name) != value}
                yield Flip(some, changed, decision, at)

    def _in_time(self, tried: Sequence[tuple[Move, ...]], times: Sequence[datetime]) -> Iterator[Flip]:
        """Yield for each change the earliest time at which it turns the decision."""
        left = list(tried)
        for at in times:
            for flip in self._turned(left, at):
                left.remove(flip.moves)
                yield flip

    def _after(self, some: Sequence[Move]) -> dict[str, object]:
        row = dict(self.facts)
        for move in some:
            row.update(move.facts)
        return row


def _agree(one: Move, other: Move) -> bool:
    """Whether two changes can both happen: they say the same of every fact that both are about."""
    return all(other.facts.get(name, value) == value for name, value in one.facts.items())


def _smallest(found: Sequence[Flip]) -> list[Flip]:
    """Return the smallest, each kind of change once."""
    different: dict[object, Flip] = {}
    for flip in sorted(found, key=lambda flip: flip.size):
        different.setdefault((tuple(move.name for move in flip.moves), flip.at is None), flip)
    return list(different.values())[:_SHOWN]
