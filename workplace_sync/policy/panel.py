"""All rules that decide on one kind of thing: an addition, a removal, a plan.

The outcomes of all conditions, as a tuple, are the key to the decision made for the same outcomes before: so a row that
passes, and any row that fails like one before it, costs no object.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from workplace_sync.policy.bench import Bench, Outcomes, Seat, Sitting
from workplace_sync.policy.cel import Environment, Outcome
from workplace_sync.policy.decision import Decision, Effect, Finding, Mode
from workplace_sync.policy.document import ExceptionDocument
from workplace_sync.policy.door import RefusedError
from workplace_sync.policy.exemptions import Exemptions
from workplace_sync.policy.facts import Fact, FactValue, Kind

_MAX_DECISIONS = 4_096  # remembered outcomes; in practice a few dozen


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a seat is: its bench, its number there, and its guards and conditions among all outcomes."""

    seat: Seat
    bench: int
    index: int
    guards: slice
    span: slice
    reads: frozenset[str]

    def fails(self, outcomes: Outcomes) -> bool:
        """Whether the rule applies, or may apply, and its conditions are not all true."""
        guards = outcomes[self.guards]
        return False not in guards and (None in guards or not all(outcomes[self.span]))

    def is_unknown(self, outcomes: Outcomes) -> bool:
        """Whether the rule could not be evaluated."""
        return None in outcomes[self.guards] or None in outcomes[self.span]


@dataclass(frozen=True, slots=True)
class _Gap:
    """Why a row could not be evaluated whole: what was refused to rules of a mode, and which facts it lacks."""

    refused: frozenset[tuple[Mode, str]] = frozenset()
    missing: frozenset[str] = frozenset()

    def reason(self, place: _Place) -> str:
        """Return the reason for one rule."""
        lacking = ", ".join(sorted(place.reads & self.missing))
        otherwise = f"not known: {lacking}" if lacking else "its expression fails on these facts"
        return dict(self.refused).get(place.seat.rule.mode, otherwise)


_WHOLE = _Gap()


class Panel:
    """Decides rows of facts by the given rules. `fixed` are facts that are the same for every row ever decided here.

    `exceptions` are those in force, from any rules.
    """

    def __init__(
        self,
        seats: Sequence[Seat],
        facts: Mapping[str, Fact],
        fixed: Mapping[str, FactValue],
        exceptions: Sequence[ExceptionDocument] = (),
    ) -> None:
        kinds = {name: fact.kind for name, fact in facts.items()}
        self._exemptions = Exemptions(exceptions, {seat.name for seat in seats}, kinds)
        self._benches = list(_benches(seats, kinds, fixed))
        self._places = sorted(_places(self._benches), key=lambda place: seats.index(place.seat))
        self.conditions = tuple(name for bench in self._benches for name in bench.names)
        needed = [bench.variables for bench in self._benches]
        self.variables = (self._exemptions.variables - fixed.keys()).union(*needed)
        self._decisions: dict[object, Decision] = {}

    def decide(
        self, rows: Iterable[Mapping[str, object]], shared: Mapping[str, FactValue], *, alone: bool = False
    ) -> Iterator[Decision]:
        """Yield the decision on each row, in order; `shared` are facts that are the same for all these rows.

        `alone` evaluates each condition by itself, where to evaluate many at once has gone wrong.
        """
        sittings = [Sitting(bench, shared) for bench in self._benches]
        if alone:
            for row in rows:
                yield self._conclude(*self._examine(sittings, row), sittings, row)
            return
        remembered = self._decisions
        looks = [sitting.outcomes for sitting in sittings]
        for row in rows:
            outcomes: Outcomes = ()
            try:
                for look in looks:
                    outcomes += look(row)
            except (KeyError, TypeError, RefusedError):  # a fact is missing, of no type that can be a fact, or refused
                yield self._conclude(*self._examine(sittings, row), sittings, row)
            else:
                yield remembered.get(outcomes) or self._conclude(outcomes, _WHOLE, sittings, row)

    def undecided(self, reason: str) -> Decision:
        """Return the decision where nothing can be evaluated: of every rule it is unknown whether it holds."""
        found = [
            place.seat.finding(f"This rule could not be checked: {reason}.", unknown=True) for place in self._places
        ]
        return _decision(found)

    def outcomes(self, row: Mapping[str, object]) -> dict[str, Outcome]:
        """Return what became of every condition on one row, by "policy/rule#condition" (None: not evaluated)."""
        outcomes, _ = self._examine([Sitting(bench, {}) for bench in self._benches], row)
        return dict(zip(self.conditions, outcomes, strict=True))

    def _examine(self, sittings: Sequence[Sitting], row: Mapping[str, object]) -> tuple[Outcomes, _Gap]:
        """Return outcomes, and why some are None, for a row that lacks facts or holds what is refused."""
        parts: list[Outcomes] = []
        missing: set[str] = set()
        refused: dict[Mode, str] = {}
        for sitting in sittings:
            try:
                found, lacking = sitting.examine(row)
            except RefusedError as error:
                refused.setdefault(sitting.mode, str(error))
                parts.append(sitting.nothing)
            else:
                parts.append(found)
                missing |= lacking
        # A row that cannot be trusted in one thing is trusted in nothing; but an audit rule never decides, so what is
        # refused to audit rules alone is no matter to the others.
        kept = [s.nothing if s.mode in refused else part for s, part in zip(sittings, parts, strict=True)]
        return tuple(chain.from_iterable(kept)), _Gap(frozenset(refused.items()), frozenset(missing))

    def _conclude(
        self, outcomes: Outcomes, gap: _Gap, sittings: Sequence[Sitting], row: Mapping[str, object]
    ) -> Decision:
        """Return the decision: the same object as before, unless a message is about this row alone."""
        key = outcomes if gap == _WHOLE else (outcomes, gap)
        if key in self._decisions:
            return self._decisions[key]
        failed = [place for place in self._places if place.fails(outcomes)]
        decision = _decision([self._finding(place, outcomes, sittings, row, gap) for place in failed])
        if not any(p.seat.rule.message_expression or p.seat.name in self._exemptions.varying for p in failed):
            if len(self._decisions) >= _MAX_DECISIONS:
                self._decisions.clear()
            self._decisions[key] = decision
        return decision

    def _finding(
        self, place: _Place, outcomes: Outcomes, sittings: Sequence[Sitting], row: Mapping[str, object], gap: _Gap
    ) -> Finding:
        if place.is_unknown(outcomes):  # an exception frees from what a rule says, never from being checked
            return place.seat.finding(f"This rule could not be checked: {gap.reason(place)}.", unknown=True)
        sitting = sittings[place.bench]
        found = place.seat.finding(sitting.message(place.index, row), unknown=False)
        if found.mode is Mode.ENFORCE and place.seat.name in self._exemptions.rules:
            exception = self._exemptions.freeing(place.seat.name, sitting.facts(row))
            if exception:
                return replace(found, effect=Effect.EXCEPTED, remedy="", exception=exception)
        return found


def _decision(found: list[Finding]) -> Decision:
    found.sort(key=lambda finding: -finding.effect.rank)
    return Decision(
        tuple(one for one in found if one.mode is Mode.ENFORCE and one.effect is not Effect.EXCEPTED),
        tuple(one for one in found if one.mode is Mode.AUDIT),
        tuple(one for one in found if one.effect is Effect.EXCEPTED),
    )


def _benches(seats: Sequence[Seat], kinds: Mapping[str, Kind], fixed: Mapping[str, FactValue]) -> Iterator[Bench]:
    """Seat audit rules apart, then rules whose parameters disagree, then those that read only few-valued facts."""
    for group in chain.from_iterable(_agreeing([s for s in seats if s.rule.mode is mode]) for mode in Mode):
        env = Environment({**kinds, **{name: kind for seat in group for name, kind in seat.kinds.items()}})
        params = {name: value for seat in group for name, value in seat.params.items()}
        known = {**fixed, **params}
        chosen = [seat.is_few_valued(env, known) for seat in group]
        for wanted in (True, False):
            part = [seat for seat, few_valued in zip(group, chosen, strict=True) if few_valued is wanted]
            if part:
                yield Bench(part, env, known, few_valued=wanted)


def _agreeing(seats: Sequence[Seat]) -> list[list[Seat]]:
    """Group seats so that within a group a parameter's name stands for one value."""
    groups: list[list[Seat]] = []
    meanings: list[dict[str, object]] = []
    for seat in seats:
        meant: dict[str, object] = {name: (seat.kinds[name], value) for name, value in seat.params.items()}
        for group, known in zip(groups, meanings, strict=True):
            if all(known.get(name, meaning) == meaning for name, meaning in meant.items()):
                group.append(seat)
                known.update(meant)
                break
        else:
            groups.append([seat])
            meanings.append(meant)
    return groups


def _places(benches: Sequence[Bench]) -> Iterator[_Place]:
    start = 0
    for number, bench in enumerate(benches):
        begin = 0
        for index, seat in enumerate(bench.seats):
            size, guards = len(seat.conditions), len(seat.guards)
            reads = frozenset[str]().union(*bench.reads[begin : begin + size])
            first = start + begin
            yield _Place(seat, number, index, slice(first, first + guards), slice(first + guards, first + size), reads)
            begin += size
        start += begin
