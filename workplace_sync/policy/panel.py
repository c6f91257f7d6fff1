"""The rules that decide on one kind of thing (an addition, a removal, a plan), evaluated together and fast.

The way is the recipe measured in the design: all conditions as one CEL list, one crossing into the engine for each row;
the list itself, as a tuple, is the key to a decision made before. So a row that passes, and any row that fails like one
before it, costs no object. Only rows that cannot be evaluated in one go are looked at condition by condition.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from workplace_sync.policy.cel import Combined, Door, Environment, Expression, Outcome, RefusedError
from workplace_sync.policy.decision import Decision, Effect, Finding, Mode
from workplace_sync.policy.document import PlanRule, PolicyDocument, Rule
from workplace_sync.policy.facts import Fact, FactValue, Kind

_MAX_DECISIONS = 4_096  # remembered sets of outcomes; in practice a few dozen

Outcomes = tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Seat:
    """A rule on a panel, with its policy and the parameters in effect for the group (names begin with `params.`)."""

    document: PolicyDocument
    rule: Rule | PlanRule
    params: Mapping[str, FactValue]

    @property
    def kinds(self) -> dict[str, Kind]:
        """The types of the parameters."""
        return {f"params.{name}": param.type for name, param in self.document.params.items()}

    def finding(self, message: str, *, unknown: bool) -> Finding:
        """Return what the rule says of something that fails it, or (`unknown`) that it cannot be evaluated on."""
        metadata = self.document.metadata
        return Finding(
            policy=metadata.id,
            version=metadata.version,
            rule=self.rule.id,
            effect=Effect.ERROR if unknown else Effect(self.rule.effect),
            title=self.rule.title or metadata.title,
            message=message,
            remedy="" if unknown else self.rule.remedy,
            mode=self.rule.mode,
            on_error=Effect(self.document.on_error),
        )


class _Bench:
    """Seats whose parameters agree, so that one environment and one combined list serve them all."""

    def __init__(self, seats: Sequence[Seat], kinds: Mapping[str, Kind]) -> None:
        self.params: dict[str, FactValue] = {}
        params: dict[str, Kind] = {}
        for seat in seats:
            self.params.update(seat.params)
            params.update(seat.kinds)
        env = Environment({**kinds, **params})
        stated = [(seat, condition) for seat in seats for condition in seat.rule.stated]
        self.names = [f"{seat.document.metadata.id}/{seat.rule.id}#{c.name}" for seat, c in stated]
        self.reads = [env.reads(condition.expression) for _, condition in stated]
        self.combined = Combined(env, [condition.expression for _, condition in stated])
        texts = [seat.rule.message_expression for seat in seats]
        self.messages = [env.message(text) if text else None for text in texts]
        self.told = [env.reads(text) if text else frozenset() for text in texts]

    @property
    def variables(self) -> frozenset[str]:
        return frozenset().union(*self.reads, *self.told)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a seat's conditions are among all outcomes, and how its message is made."""

    seat: Seat
    span: slice
    message: Expression | None
    params: Mapping[str, FactValue]


class Panel:
    """Decides rows of facts by the given rules. `fixed` are facts that are the same for every row ever decided here."""

    def __init__(self, seats: Sequence[Seat], facts: Mapping[str, Fact], fixed: Mapping[str, FactValue]) -> None:
        kinds = {name: fact.kind for name, fact in facts.items()}
        groups = _agreeing(seats)
        self._benches = [_Bench(group, kinds) for group in groups]
        self._places = list(_places(groups, self._benches))
        self.conditions = tuple(name for bench in self._benches for name in bench.names)
        self._reads = [reads for bench in self._benches for reads in bench.reads]
        read = frozenset().union(*(bench.variables for bench in self._benches))
        self.variables = frozenset(read & kinds.keys() - fixed.keys())
        first = self._benches[0]
        known = kinds | {name: kind for seat in groups[0] for name, kind in seat.kinds.items()}
        self._wanted = {name: known[name] for name in sorted(read & known.keys())}
        self._fixed = {**fixed, **first.params}
        self._decisions: dict[tuple[object, ...], Decision] = {}

    def decide(self, rows: Iterable[Mapping[str, object]], shared: Mapping[str, FactValue]) -> Iterator[Decision]:
        """Yield the decision on each row, in order; `shared` are facts that are the same for all these rows."""
        try:
            door = Door(self._wanted, {**shared, **self._fixed})
        except RefusedError as refused:
            reason = str(refused)
            yield from (self._conclude(self._nothing(), {}, reason) for _ in rows)
            return
        admit, evaluate, remembered = door.admit, self._evaluate, self._decisions
        for row in rows:
            try:
                data = admit(row)
            except (KeyError, RefusedError):
                yield self._conclude(*self._examine(door, row))
                continue
            outcomes = evaluate(data)
            yield remembered.get(outcomes) or self._conclude(outcomes, data, "")

    def outcomes(self, row: Mapping[str, object]) -> dict[str, Outcome]:
        """Return what became of every condition on one row, by "policy/rule#condition" (None: not evaluated)."""
        outcomes, _, _ = self._examine(Door(self._wanted, self._fixed), row)
        return dict(zip(self.conditions, outcomes, strict=True))

    def _evaluate(self, data: dict[str, object]) -> Outcomes:
        benches = self._benches
        outcomes = benches[0].combined.outcomes(data)  # its parameters came in by the door
        for bench in benches[1:]:
            outcomes += bench.combined.outcomes(data | bench.params)
        return outcomes

    def _examine(self, door: Door, row: Mapping[str, object]) -> tuple[Outcomes, dict[str, object], str]:
        """Return outcomes, admitted values and a reason for a row that may lack facts, or hold what is refused."""
        try:
            data, missing = door.admit_known(row)
        except RefusedError as refused:
            return self._nothing(), {}, str(refused)
        skip = iter([bool(reads & missing) for reads in self._reads])
        outcomes: Outcomes = ()
        for bench in self._benches:
            skipped = [next(skip) for _ in bench.names]
            outcomes += bench.combined.outcomes_without(data | bench.params, skipped)
        return outcomes, data, f"not known: {', '.join(sorted(missing))}" if missing else ""

    def _nothing(self) -> Outcomes:
        return (None,) * len(self.conditions)

    def _conclude(self, outcomes: Outcomes, data: Mapping[str, object], reason: str) -> Decision:
        """Return the decision, the same object as before unless a message is about this row alone."""
        key = (*outcomes, reason) if reason else outcomes
        if key in self._decisions:
            return self._decisions[key]
        failed = [place for place in self._places if not all(outcomes[place.span])]
        found = [_finding(place, outcomes[place.span], data, reason) for place in failed]
        found.sort(key=lambda finding: -finding.effect.rank)
        decision = Decision(
            tuple(finding for finding in found if finding.mode is Mode.ENFORCE),
            tuple(finding for finding in found if finding.mode is Mode.AUDIT),
        )
        if not any(place.message for place in failed):
            if len(self._decisions) >= _MAX_DECISIONS:
                self._decisions.clear()
            self._decisions[key] = decision
        return decision


def _finding(place: _Place, outcomes: Outcomes, data: Mapping[str, object], reason: str) -> Finding:
    if None in outcomes:
        why = reason or "its expression fails on these facts"
        return place.seat.finding(f"This rule could not be checked: {why}.", unknown=True)
    personal = place.message.text({**data, **place.params}) if place.message else None
    return place.seat.finding(personal or place.seat.rule.message, unknown=False)


def _agreeing(seats: Sequence[Seat]) -> list[list[Seat]]:
    """Group seats so that within a group a parameter's name stands for one value; one group, if need be empty, at least."""
    groups: list[list[Seat]] = [[]]
    meanings: list[dict[str, object]] = [{}]
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


def _places(groups: Sequence[Sequence[Seat]], benches: Sequence[_Bench]) -> Iterator[_Place]:
    start = 0
    for group, bench in zip(groups, benches, strict=True):
        for seat, message in zip(group, bench.messages, strict=True):
            end = start + len(seat.rule.stated)
            yield _Place(seat, slice(start, end), message, bench.params)
            start = end
