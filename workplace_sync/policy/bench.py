"""Rules that are evaluated together, and one sitting of theirs over rows of facts: where the speed comes from.

Two ways, both measured: a bench whose rules read only texts and flags remembers what it found for the same values (a
roster has few different ones); a bench that reads times or numbers evaluates its combined list for every row, and
hands the engine only the facts that this list reads, because converting them is half of the cost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workplace_sync.policy.cel import Combined, Environment, Outcome
from workplace_sync.policy.decision import Effect, Finding
from workplace_sync.policy.document import AnyRule, Condition, ExceptionRule, PolicyDocument
from workplace_sync.policy.door import ClosedDoor, Door, RefusedError
from workplace_sync.policy.facts import FactValue, Kind

_MAX_REMEMBERED = 10_000
_FEW_VALUED = {Kind.STRING, Kind.BOOL}

Outcomes = tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Seat:
    """A rule to be applied, with its policy and the parameters in effect for the group (names begin with `params.`)."""

    document: PolicyDocument
    rule: AnyRule
    params: Mapping[str, FactValue]

    @property
    def name(self) -> str:
        """The rule's stable name: `policy/rule`."""
        return f"{self.document.metadata.id}/{self.rule.id}"

    @property
    def guards(self) -> tuple[Condition, ...]:
        """The conditions under which the policy's rules apply at all; exceptions are judged in any case."""
        return () if isinstance(self.rule, ExceptionRule) else self.document.match.conditions

    @property
    def conditions(self) -> tuple[tuple[str, str], ...]:
        """All that is evaluated, guards first: names as `policy/rule#condition`, and expressions."""
        guards = tuple((f"{self.name}#match.{guard.name}", guard.expression) for guard in self.guards)
        return guards + tuple((f"{self.name}#{one.name}", one.expression) for one in self.rule.stated)

    @property
    def kinds(self) -> dict[str, Kind]:
        """The types of the parameters."""
        return {f"params.{name}": param.type for name, param in self.document.params.items()}

    def is_few_valued(self, env: Environment, fixed: Mapping[str, FactValue]) -> bool:
        """Whether all facts that the rule's conditions read, other than the fixed, are texts or flags."""
        read = frozenset[str]().union(*(env.reads(expression) for _, expression in self.conditions))
        return all(env.variables[name] in _FEW_VALUED for name in read - fixed.keys())

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
            shelf=self.document.shelf,
            severity=self.rule.severity,
        )


class Bench:
    """Seats of one mode that one combined list serves. `fixed` are values that are the same for every row ever looked at."""

    def __init__(
        self, seats: Sequence[Seat], env: Environment, fixed: Mapping[str, FactValue], *, few_valued: bool
    ) -> None:
        self.fixed = dict(fixed)
        self.few_valued = few_valued
        self.mode = seats[0].rule.mode
        known = env.variables
        stated = [condition for seat in seats for condition in seat.conditions]
        self.seats = tuple(seats)
        self.names = tuple(name for name, _ in stated)
        self.reads = tuple(env.reads(expression) for _, expression in stated)
        self.combined = Combined(env, [expression for _, expression in stated])
        texts = [seat.rule.message_expression for seat in seats]
        self.messages = tuple(env.message(text) if text else None for text in texts)
        told = frozenset[str]().union(*(env.reads(text) for text in texts if text))
        read = frozenset[str]().union(*self.reads)
        self.wanted = {name: known[name] for name in sorted(read)}
        self.told = {name: known[name] for name in sorted(told)}

    @property
    def variables(self) -> frozenset[str]:
        """The facts that rows must bring, those that only messages read included."""
        return frozenset((self.wanted.keys() | self.told.keys()) - self.fixed.keys())


class Sitting:
    """A bench over one series of rows; `shared` are facts that are the same for all of them.

    A shared fact that may not be trusted is refused with every row, like a row's own.
    """

    def __init__(self, bench: Bench, shared: Mapping[str, FactValue]) -> None:
        fixed = {**shared, **bench.fixed}
        self._bench = bench
        self._evaluate = bench.combined.outcomes
        self._fixed = fixed
        self._remembered: dict[object, Outcomes] = {}
        self.mode = bench.mode
        self.nothing: Outcomes = (None,) * len(bench.names)
        self.outcomes = self._recall if bench.few_valued else self._look
        try:
            self._door = Door(bench.wanted, fixed)
        except RefusedError as refused:
            self._door = ClosedDoor(str(refused))

    def _look(self, row: Mapping[str, object]) -> Outcomes:
        return self._evaluate(self._door.admit(row))

    def _recall(self, row: Mapping[str, object]) -> Outcomes:
        key = self._door.key(row)
        found = self._remembered.get(key)
        if found is None:
            found = self._look(row)
            if len(self._remembered) >= _MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = found
        return found

    def examine(self, row: Mapping[str, object]) -> tuple[Outcomes, frozenset[str]]:
        """Return the outcomes on a row that may lack facts, and which it lacks: what reads those is not evaluated.

        That goes for `a || b` too, where CEL could do without one side: whether a rule can be checked must not depend
        on the values of other facts. Raises RefusedError.
        """
        data, missing = self._door.admit_known(row)
        skip = [not missing.isdisjoint(reads) for reads in self._bench.reads]
        return self._bench.combined.outcomes_without(data, skip), missing

    def facts(self, row: Mapping[str, object]) -> dict[str, object]:
        """Return a row's facts as they are decided on: what is the same for all rows is not the row's to say."""
        return {**row, **self._fixed}

    def message(self, index: int, row: Mapping[str, object]) -> str:
        """Return the message of the seat at `index` about a row; its fixed message where the other cannot be made."""
        seat, made = self._bench.seats[index], self._bench.messages[index]
        if made is None:
            return seat.rule.message
        try:
            data, _ = Door(self._bench.told, self._fixed).admit_known(row)
        except RefusedError:
            return seat.rule.message
        return made.text(data) or seat.rule.message
