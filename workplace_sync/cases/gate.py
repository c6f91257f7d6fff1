"""The anonymity gate: from what is counted to what may leave, such that nobody can be told from the others.

A count above nought and below k never leaves, and none can be computed from all that ever left, whatever is added to or
taken from whatever. Why that holds:

1. Every case is counted in one cohort: those who came in a period, or in several together where one had too few. Cohorts
   have nobody in common, so nothing follows from taking one from another.
2. Of a cohort, each dimension is published as lines of its own (`gate_lines`): nought, or k and more even after what
   is known of the others in the line. What was published of a cohort is repeated, never counted again.
3. The dimensions are not tied to each other: exchanging the values of two people changes no line of any other
   dimension. So whatever combination of values has fewer than k, the figures also fit a table in which it has as many
   as the smallest of its lines, which is k or more. Two values that are tied (an outcome that only good news can
   have) would break this, and therefore are made one dimension: category and tone.
4. Cells of two dimensions at once are published only where every small one beside them could still be k (`gate_cells`).
5. How far a cohort has come is told again with each report. People are grouped by all lines that were told of them
   before, and no new line has too few of any such group (`refined`): the difference of two reports is nought or at least k.
   Where too few have moved on for that, nothing new is told; they are told with those who move on later.
6. What is in a set of combinations has fewer than k only if each of those has, so by 3 to 5 the set can have k as well.

When a cohort no longer has the cases that it was published with, nothing new is said of it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from workplace_sync.cases.gate_cells import publishable
from workplace_sync.cases.gate_lines import group_of, merged, merged_within, refined
from workplace_sync.cases.release import Cell, Cohort, Line, Margin, Progress, Release


@dataclass(frozen=True, slots=True)
class Counted:
    """One case, as it is counted. `period` is the one in which it came, and never changes; periods sort as texts.

    `values` has its value in each dimension; `progress` says, for the end of each period from then on, how far it was.
    """

    period: str
    values: Mapping[str, str]
    progress: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Dimension:
    """What is counted by: its name and all values that it can have, in the order in which they are shown.

    `part_of` says which part a value belongs to, where parts have a total of their own (category: its tone).
    """

    name: str
    values: tuple[str, ...]
    part_of: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class Design:
    """What is published: the dimensions, the values of progress, and the two dimensions that are crossed, if any."""

    dimensions: tuple[Dimension, ...]
    progress: tuple[str, ...]
    crossed: tuple[str, str] | None = None


def publish(
    cases: Sequence[Counted], design: Design, periods: Sequence[str], k: int, earlier: Release | None = None
) -> Release:
    """Return what may leave with the report of the last of `periods`, which are all since the beginning, oldest first.

    `earlier` is the newest release before it, None where nothing has left yet. The same cases, in whatever order, give
    the same release. Raises ValueError when `earlier` is of that period or a later one, or of periods that are not there.
    """
    period = periods[-1]
    if earlier is not None and (earlier.period >= period or earlier.period not in periods):
        raise ValueError("the release before is not of an earlier period")
    done = {one for cohort in earlier.cohorts for one in cohort.periods} if earlier else set[str]()
    cohorts, changed = _followed(cases, design, k, earlier, period)
    waiting = list[str]()
    for one in periods:
        if one in done:
            continue
        found = [case for case in cases if case.period == one]
        together = [case for case in cases if case.period in waiting or case.period == one]
        if not found:
            cohorts.append(Cohort((one,), 0))
        elif len(together) - len(waiting) >= k:
            cohorts.append(_cohort(together, design, (*waiting, one), k, period))
            waiting.clear()
        else:
            waiting.append(one)
    return Release(period, k, tuple(sorted(cohorts, key=lambda each: each.periods)), tuple(waiting), changed)


def _followed(
    cases: Sequence[Counted], design: Design, k: int, earlier: Release | None, period: str
) -> tuple[list[Cohort], tuple[str, ...]]:
    """Return the cohorts of the release before, with what is new of their progress, and those that were changed."""
    cohorts, changed = list[Cohort](), list[str]()
    for cohort in earlier.cohorts if earlier else ():
        inside = [case for case in cases if case.period in cohort.periods]
        groups = [_told(cohort, case) for case in inside]
        if earlier is not None and (cohort.periods[0] in earlier.changed or not _as_published(cohort, groups)):
            changed.append(cohort.periods[0])
            cohorts.append(cohort)
        elif inside:
            pairs = [(group, case.progress[period]) for group, case in zip(groups, inside, strict=True)]
            lines = refined(pairs, _values(design.progress, (value for _, value in pairs)), k)
            news = (Progress(period, lines),) if _is_news(lines, cohort.progress[-1].lines) else ()
            cohorts.append(replace(cohort, progress=(*cohort.progress, *news)))
        else:
            cohorts.append(cohort)
    return cohorts, tuple(changed)


def _is_news(lines: Sequence[Line], last: Sequence[Line]) -> bool:
    """Whether lines say more than the last that were told; where too few moved on, they only say less."""
    now, before = ([line for line in each if line.count] for each in (lines, last))
    return all(len(line.values) == 1 for line in now) or (len(now) > 1 and len(now) >= len(before))


def _told(cohort: Cohort, case: Counted) -> tuple[int, ...]:
    """Return in which line of each report before somebody was counted; -1 where in none."""
    return tuple(group_of(one.lines, case.progress.get(one.at, "")) for one in cohort.progress)


def _as_published(cohort: Cohort, groups: Sequence[tuple[int, ...]]) -> bool:
    """Whether those who are counted now are as many, in each line that was told of them, as were published."""
    if len(groups) != cohort.total:
        return False
    return all(
        Counter(group[place] for group in groups)
        == Counter({number: line.count for number, line in enumerate(one.lines) if line.count})
        for place, one in enumerate(cohort.progress)
    )


def _cohort(cases: Sequence[Counted], design: Design, periods: tuple[str, ...], k: int, period: str) -> Cohort:
    margins = tuple(Margin(each.name, _margin(cases, each, k)) for each in design.dimensions)
    progress = Counter(case.progress[period] for case in cases)
    lines = merged({value: progress[value] for value in _values(design.progress, progress)}, k)
    cohort = Cohort(periods, len(cases), margins, (), (Progress(period, lines),))
    return replace(cohort, cells=_cells(cases, cohort, design.crossed, k)) if design.crossed else cohort


def _margin(cases: Sequence[Counted], dimension: Dimension, k: int) -> tuple[Line, ...]:
    found = Counter(case.values[dimension.name] for case in cases)
    counts = {value: found[value] for value in _values(dimension.values, found)}
    return merged_within(counts, k, dimension.part_of) if dimension.part_of else merged(counts, k)


def _values(known: Sequence[str], found: Iterable[str]) -> tuple[str, ...]:
    """Return the values of a dimension: those that are known, and those that were taken out of the file since."""
    return (*known, *sorted(set(found) - set(known)))


def _cells(cases: Sequence[Counted], cohort: Cohort, crossed: tuple[str, str], k: int) -> tuple[Cell, ...]:
    rows, columns = (cohort.margin(name) for name in crossed)
    table = [[0] * len(columns) for _ in rows]
    for case in cases:
        row, column = (group_of(cohort.margin(name), case.values[name]) for name in crossed)
        table[row][column] += 1
    return tuple(
        Cell(rows[row].values, columns[column].values, table[row][column])
        for row, column in sorted(publishable(table, k))
    )
