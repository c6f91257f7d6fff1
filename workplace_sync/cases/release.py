"""What has left the anonymity gate: the figures as they were published, which later reports repeat and never change."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from workplace_sync.errors import InputError

_VERSION = 1
_PlainLines: TypeAlias = Sequence[tuple[Sequence[str], int]]


@dataclass(frozen=True, slots=True)
class Line:
    """One published count. Where `values` are several, they are counted together, as alone they would be too few."""

    values: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Margin:
    """The counts over one dimension; together they are the total."""

    dimension: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A count over two dimensions at once; each side is a line of its margin. Cells that are not there are withheld."""

    row: tuple[str, ...]
    column: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far those of a cohort had come at the end of a period."""

    at: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Cohort:
    """All who came in one period, or in several where one alone had too few. `margins` and `cells` never change later.

    `progress` has at most one of each period, oldest first; a later report adds one when enough have moved on.
    """

    periods: tuple[str, ...]
    total: int
    margins: tuple[Margin, ...] = ()
    cells: tuple[Cell, ...] = ()
    progress: tuple[Progress, ...] = ()

    def margin(self, dimension: str) -> tuple[Line, ...]:
        """Return the lines of a dimension, none where there is no such margin."""
        return next((margin.lines for margin in self.margins if margin.dimension == dimension), ())


@dataclass(frozen=True, slots=True)
class Release:
    """All that is published with the report of a period, of earlier ones too.

    `waiting` are the periods with too few: they are counted with the next. `changed` are cohorts (by their first
    period) whose cases are no longer those that were published; nothing new is said of them.
    """

    period: str
    k: int
    cohorts: tuple[Cohort, ...] = ()
    waiting: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def as_json(self) -> bytes:
        """Return its canonical bytes: the same for the same figures."""
        plain = {
            "changed": list(self.changed),
            "cohorts": [_plain_cohort(cohort) for cohort in self.cohorts],
            "k": self.k,
            "period": self.period,
            "v": _VERSION,
            "waiting": list(self.waiting),
        }
        return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()


def _plain_cohort(cohort: Cohort) -> dict[str, object]:
    return {
        "periods": list(cohort.periods),
        "total": cohort.total,
        "margins": [[margin.dimension, _plain_lines(margin.lines)] for margin in cohort.margins],
        "cells": [[list(cell.row), list(cell.column), cell.count] for cell in cohort.cells],
        "progress": [[one.at, _plain_lines(one.lines)] for one in cohort.progress],
    }


def _plain_lines(lines: Iterable[Line]) -> list[object]:
    return [[list(line.values), line.count] for line in lines]


def parse_release(content: bytes) -> Release:
    """Return the release that `as_json` wrote; raises InputError for anything else."""
    try:
        plain = json.loads(content)
        found = Release(
            period=plain["period"],
            k=plain["k"],
            cohorts=tuple(_cohort(cohort) for cohort in plain["cohorts"]),
            waiting=tuple(plain["waiting"]),
            changed=tuple(plain["changed"]),
        )
        same = found.as_json() == content
    except (AttributeError, KeyError, TypeError, ValueError):
        same = False
    if not same:
        raise InputError("The figures published earlier cannot be read.", hint="Restore them from a backup.")
    return found


def _cohort(plain: Mapping[str, object]) -> Cohort:
    cells = cast("list[tuple[list[str], list[str], int]]", plain["cells"])
    margins = cast("list[tuple[str, _PlainLines]]", plain["margins"])
    progress = cast("list[tuple[str, _PlainLines]]", plain["progress"])
    return Cohort(
        periods=tuple(cast("list[str]", plain["periods"])),
        total=cast("int", plain["total"]),
        margins=tuple(Margin(name, _lines(lines)) for name, lines in margins),
        cells=tuple(Cell(tuple(row), tuple(column), count) for row, column, count in cells),
        progress=tuple(Progress(at, _lines(lines)) for at, lines in progress),
    )


def _lines(plain: _PlainLines) -> tuple[Line, ...]:
    return tuple(Line(tuple(values), count) for values, count in plain)
