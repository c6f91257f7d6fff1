"""How close plans came to what a plan rule allows: found by trying other values of its parameters.

Nothing is known of how a rule is built. A parameter is a threshold where the rule holds on one side of a value and not
on the other; that value is found by halving, by asking the rule itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from workplace_sync.policy.bench import Seat
from workplace_sync.policy.cel import Environment
from workplace_sync.policy.decision import Effect
from workplace_sync.policy.document import PolicyDocument
from workplace_sync.policy.door import Door, RefusedError
from workplace_sync.policy.facts import PLAN_FACTS, FactValue, Kind
from workplace_sync.policy.panel import Panel

_NUMBERS = {Kind.INT, Kind.DURATION}
_MOST = 2**40


@dataclass(frozen=True, slots=True)
class Threshold:
    """A parameter of a rule: what it is, and the value with which one plan just passes (None: no value decides it)."""

    param: str
    value: int
    needed: int | None
    rising: bool


@dataclass(slots=True)
class ParamRange:
    """How one parameter stood over many plans.

    `closest` is the value that the plan nearest to the limit needed, `margin` how far the present value lies on the
    safe side of it (negative where it tripped); None where the parameter never decided. Durations are in seconds.
    """

    param: str
    value: int
    closest: int | None = None
    margin: int | None = None

    def take(self, seen: Threshold) -> None:
        """Count one plan."""
        if seen.needed is None:
            return
        margin = (seen.value - seen.needed) if seen.rising else (seen.needed - seen.value)
        if self.margin is None or margin < self.margin:
            self.closest, self.margin = seen.needed, margin


@dataclass(slots=True)
class Guard:
    """A plan rule over many plans of a group: how many it was asked about, tripped on, and could not be evaluated on."""

    group: str
    rule: str
    effect: Effect
    title: str
    plans: int = 0
    tripped: int = 0
    errors: int = 0
    params: dict[str, ParamRange] = field(default_factory=dict)


class Tuner:
    """The plan rules of the given policies for one group. `params` are the values in effect, by policy id."""

    def __init__(
        self, policies: Sequence[PolicyDocument], group: str, params: Mapping[str, Mapping[str, FactValue]]
    ) -> None:
        self._group = group
        seats = [Seat(found, rule, params[found.metadata.id]) for found in policies for rule in found.plan_rules]
        self._rules = [_Rule(seat, group) for seat in seats]

    def look(self, facts: Mapping[str, object], guards: dict[tuple[str, str], Guard]) -> None:
        """Count what the rules make of one plan, given its `plan.*` and `group.*` facts and `now`."""
        for rule in self._rules:
            guard = guards.setdefault((self._group, rule.cite), Guard(self._group, rule.cite, rule.effect, rule.title))
            rule.look({**facts, "group.name": self._group}, guard)


class _Rule:
    def __init__(self, seat: Seat, group: str) -> None:
        meta = seat.document.metadata
        self.cite = f"{meta.id}@{meta.version}/{seat.rule.id}"
        self.effect = Effect(seat.rule.effect)
        self.title = seat.rule.title or meta.title
        self._panel = Panel([seat], PLAN_FACTS, {"group.name": group})
        kinds = {name: fact.kind for name, fact in PLAN_FACTS.items()} | seat.kinds
        env = Environment(kinds)
        texts = [expression for _, expression in seat.conditions]
        self._conditions = [env.condition(text) for text in texts]
        self._reads = frozenset[str]().union(*(env.reads(text) for text in texts))
        self._params = seat.params
        self._numbers = [name for name in sorted(self._reads) if name in seat.params and kinds[name] in _NUMBERS]
        self._door = Door({name: kinds[name] for name in self._reads}, seat.params)

    def look(self, facts: Mapping[str, object], guard: Guard) -> None:
        decision = next(self._panel.decide([facts], {}))
        findings = (*decision.findings, *decision.audited)
        guard.plans += 1
        guard.tripped += any(found.effect is not Effect.ERROR for found in findings)
        guard.errors += any(found.effect is Effect.ERROR for found in findings)
        try:
            admitted = self._door.admit(facts)
        except (KeyError, TypeError, RefusedError):
            return
        for threshold in self._thresholds(admitted):
            known = guard.params.setdefault(threshold.param, ParamRange(threshold.param, threshold.value))
            known.take(threshold)

    def _thresholds(self, admitted: Mapping[str, object]) -> Iterator[Threshold]:
        for name in self._numbers:
            present = self._params[name]
            value = present // timedelta(seconds=1) if isinstance(present, timedelta) else int(str(present))
            needed, rising = self._needed(admitted, name, seconds=isinstance(present, timedelta))
            yield Threshold(name.removeprefix("params."), value, needed, rising)

    def _needed(self, admitted: Mapping[str, object], name: str, *, seconds: bool) -> tuple[int | None, bool]:
        """Return the last value on the passing side of where the rule turns, and whether it passes above that."""

        def passes(value: int) -> bool:
            tried = {**admitted, name: timedelta(seconds=value) if seconds else value}
            return all(condition.outcome(tried) is True for condition in self._conditions)

        low, high = 0, 10**9 if seconds else _MOST
        rising = passes(high)
        if passes(low) is rising:
            return None, rising
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if passes(middle) is rising else (middle, high)
        return (high if rising else low), rising
