"""Sample facts to try an expression on, made from what it mentions: its literals, thresholds and their neighbours.

All combinations are tried where they are few. Where they are many, every pair of values is tried together, and then as
many other combinations as there is time for: always the same ones, so that a finding comes back until it is mended.
Where even the pairs are many, it is those other combinations alone.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations, islice
from math import gcd, prod

from workplace_sync.policy.facts import FactValue, Kind
from workplace_sync.policy.params import param_value

PIVOT = datetime(2024, 3, 1, 9, tzinfo=UTC)  # the samples' "now"; any time would do
CLOSED: Mapping[str, tuple[str, ...]] = {
    "subject.consent": ("none", "opted_in", "withdrawn", "expired"),
    "subject.departed_cause": ("", "left", "removed_by_other", "account_closed", "unknown"),
    "action.kind": ("add", "remove"),
    "action.method": ("roster_file", "command_line", "group_copy"),
}
"""Facts that hold one of a few values and never another one, so that a misspelt literal is found."""

MOST = 20_000  # combinations tried at most
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_OTHER = "something else"
_FEW = 12  # literals of a kind that are tried, of many
_LONGEST = 100  # texts and lists are tried up to this length

_STRING = re.compile(r"""[rR]?(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""")
_CALL = re.compile(rf"\b(timestamp|duration)\(\s*({_STRING.pattern})\s*\)")
_NUMBER = re.compile(r"(?<![\w.])\d{1,15}(?![\w.])")

Row = dict[str, FactValue]


class Mentioned:
    """The values that some expressions mention, by kind, with those of the parameters they read."""

    def __init__(self, texts: Iterable[str], params: Iterable[FactValue]) -> None:
        self.texts: list[str] = []
        self.numbers: list[int] = []
        self.times: list[datetime] = []
        self.durations: list[timedelta] = []
        self.calendar = self.sized = False
        for text in texts:
            self._read(text)
        for value in params:
            self._take(value)

    def values(self, name: str, kind: Kind) -> list[FactValue]:
        """Return what to try for a fact."""
        found: Sequence[FactValue]
        match kind:
            case Kind.BOOL:
                found = (True, False)
            case Kind.INT:
                found = self._numbers()
            case Kind.DURATION:
                found = self._durations()
            case Kind.TIMESTAMP:
                found = self._now() if name == "now" else self._times()
            case Kind.STRINGS:
                found = self._lists()
            case _:
                found = CLOSED.get(name) or self._texts()
        different: list[FactValue] = []
        for value in found:
            if value not in different:
                different.append(value)
        return different

    def _read(self, text: str) -> None:
        self.calendar |= ".get" in text
        self.sized |= "size(" in text
        for call, literal in _CALL.findall(text):
            self._take_literal(literal, Kind(call))
        bare = _CALL.sub(" ", text)
        for literal in _STRING.findall(bare):
            self._take_literal(literal, Kind.STRING)
        self.numbers += map(int, _NUMBER.findall(_STRING.sub(" ", bare)))

    def _take_literal(self, literal: str, kind: Kind) -> None:
        try:
            self._take(param_value(kind, ast.literal_eval(literal)))
        except (ValueError, SyntaxError):  # an escape, or a duration in milliseconds, that is CEL's alone
            return

    def _take(self, value: FactValue) -> None:
        match value:
            case bool():
                pass
            case int():
                self.numbers.append(value)
            case str():
                self.texts.append(value)
            case datetime():
                self.times.append(value)
            case timedelta():
                self.durations.append(value)
            case _:
                self.texts.extend(value)

    def _numbers(self) -> list[int]:
        near = [number + step for number in self.numbers[:_FEW] for step in (-1, 0, 1)]
        return [
            number for number in (0, 1, *near, 1_000, 1_000_000) if number >= 0
        ]  # all whole numbers count something

    def _durations(self) -> list[timedelta]:
        near = [duration + step for duration in self.durations[:_FEW] for step in (-_SECOND, timedelta(0), _SECOND)]
        return [timedelta(0), timedelta(hours=1), *near, timedelta(days=3_650)]

    def _texts(self) -> list[str]:
        return [*self.texts[:_FEW], "", _OTHER, *("x" * size for size in self._sizes())]

    def _lists(self) -> list[list[str]]:
        known = self.texts[:_FEW]
        return [[], *([text] for text in known), known, [_OTHER], *([_OTHER] * size for size in self._sizes())]

    def _sizes(self) -> list[int]:
        return [number for number in self._numbers() if 0 < number <= _LONGEST] if self.sized else []

    def _times(self) -> list[datetime]:
        ends = [PIVOT - duration for duration in self.durations[:_FEW]] + self.times[:_FEW]
        near = [end + step for end in ends for step in (-_SECOND, timedelta(0), _SECOND)]
        ahead = [PIVOT + duration for duration in self.durations[:_FEW]]
        return [PIVOT, _EPOCH, PIVOT + _SECOND, *near, *ahead, *self._calendar()]

    def _now(self) -> list[datetime]:
        near = [time + step for time in self.times[:_FEW] for step in (-_SECOND, timedelta(0), _SECOND)]
        return [PIVOT, *near, *self._calendar()]

    def _calendar(self) -> list[datetime]:
        if not self.calendar:
            return []
        hours = [PIVOT + timedelta(hours=number) for number in range(24)]
        days = [PIVOT + timedelta(days=number) for number in range(1, 31)]
        return [*hours, *days, *(PIVOT + timedelta(days=30 * number) for number in range(2, 13))]


def samples(
    texts: Sequence[str], reads: Mapping[str, Kind], params: Mapping[str, FactValue], fixed: Mapping[str, FactValue]
) -> Iterator[Row]:
    """Yield rows of facts to try the expressions on: for each fact in `reads` a value, with `params` and `fixed` as they are."""
    mentioned = Mentioned(texts, params.values())
    free = {
        name: mentioned.values(name, kind) for name, kind in reads.items() if name not in fixed and name not in params
    }
    for values in _rows(list(free.values())):
        yield {**params, **fixed, **dict(zip(free, values, strict=True))}


def _rows(choices: Sequence[Sequence[FactValue]]) -> Iterator[tuple[FactValue, ...]]:
    pairs = sum(len(one) * len(other) for one, other in combinations(choices, 2))
    if prod(map(len, choices)) > MOST >= pairs:
        yield from _pairwise(choices)
    yield from islice(_scattered(choices), MOST)


def _scattered(choices: Sequence[Sequence[FactValue]]) -> Iterator[tuple[FactValue, ...]]:
    """Yield all combinations, neighbours far apart, so that the first ones already differ much."""
    total = prod(map(len, choices))
    step = next(number for number in range(max(1, round(total * 0.618)), total + 2) if gcd(number, total) == 1)
    for number in range(total):
        rest, row = number * step % total, []
        for values in choices:
            rest, index = divmod(rest, len(values))
            row.append(values[index])
        yield tuple(row)


def _pairwise(choices: Sequence[Sequence[FactValue]]) -> Iterator[tuple[FactValue, ...]]:
    """Yield rows in which every two values of different facts come together at least once."""
    sizes = [range(len(values)) for values in choices]
    open_pairs = {
        (i, a, j, b): None for i, j in combinations(range(len(choices)), 2) for a in sizes[i] for b in sizes[j]
    }
    while open_pairs:
        i, a, j, b = next(iter(open_pairs))
        row = {i: a, j: b}
        for column in range(len(choices)):
            if column not in row:
                row[column] = max(sizes[column], key=lambda value: _gain(row, column, value, open_pairs))
        for one, other in combinations(sorted(row), 2):
            open_pairs.pop((one, row[one], other, row[other]), None)
        yield tuple(choices[column][row[column]] for column in range(len(choices)))


def _gain(row: Mapping[int, int], column: int, value: int, open_pairs: Mapping[tuple[int, int, int, int], None]) -> int:
    return sum(
        ((other, chosen, column, value) if other < column else (column, value, other, chosen)) in open_pairs
        for other, chosen in row.items()
    )
