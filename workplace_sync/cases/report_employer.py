"""The employer's version of the quarterly report: nothing in it that has not been through the gate."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median_low

from workplace_sync.cases.categories import Rulebook
from workplace_sync.cases.escalation import Escalation
from workplace_sync.cases.gate import publish
from workplace_sync.cases.quarter import Quarter
from workplace_sync.cases.release import Cohort, Line, Release
from workplace_sync.cases.report import Report, Table, Value, Version
from workplace_sync.cases.report_cases import (
    AREA,
    CATEGORY,
    KIND,
    OUTCOMES,
    CaseFile,
    Reached,
    as_of,
    counted,
    days_to,
    design_of,
    tone_of,
)
from workplace_sync.cases.report_groups import GroupFigures, group_tables
from workplace_sync.cases.report_words import label_of, progress_label

_ALL = "all together"


def employer_report(
    quarter: Quarter,
    files: Sequence[CaseFile],
    groups: Sequence[GroupFigures],
    book: Rulebook,
    earlier: Release | None = None,
) -> tuple[Report, Release]:
    """Return the report and what left with it, which the next report needs as `earlier`.

    The same cases, groups, rulebook and earlier release give the same bytes. Raises ValueError when `earlier` is of this
    quarter or a later one: a quarter is published once.
    """
    cases = counted(files, quarter)
    known = [case.period for case in cases]
    known += [period for cohort in earlier.cohorts for period in cohort.periods] if earlier else []
    known += [*earlier.waiting, earlier.period] if earlier else []
    first = Quarter.parse(min([str(quarter), *known]))
    periods = [str(one) for one in first.until(quarter)]
    release = publish(cases, design_of(book), periods, book.k, earlier)
    tables = (*_case_tables(release, book), _times(release, files, quarter))
    return (
        Report(
            quarter=str(quarter),
            version=Version.EMPLOYER,
            k=book.k,
            title=f"Quarterly report of {book.audience.union} to {book.audience.employer}, {quarter}",
            notes=tuple(_notes(release)),
            tables=tables + tuple(table for group in groups for table in group_tables(group, book.k)),
        ),
        release,
    )


def _notes(release: Release) -> Iterator[str]:
    yield (
        f"No number of people above nought and below {release.k} is in this report, and none can be computed from it and"
        " earlier ones. What is too small is counted together with something else, or with the next quarter."
    )
    yield "Nought is shown as nought. What was published of an earlier quarter is repeated and never counted again."
    if release.waiting:
        yield f"Too few escalations came in {', '.join(release.waiting)} to be shown; they are counted with the next quarter."
    if release.changed:
        yield (
            f"Nothing new is said of escalations received in {', '.join(release.changed)}: they are no longer the same"
            " as were published."
        )


def _case_tables(release: Release, book: Rulebook) -> Iterator[Table]:
    fresh = [cohort for cohort in release.cohorts if [one.at for one in cohort.progress] == [release.period]]
    yield Table(
        "trend",
        "Escalations received",
        "Reports from members that the union received, by the quarter in which they came, duplicates too.",
        ("received", "escalations"),
        tuple((_when(cohort), cohort.total) for cohort in release.cohorts),
        series=True,
    )
    for name, title, what in (
        (CATEGORY, "By category", "what they were about"),
        (AREA, "By area of the business", "the area they were about"),
        (KIND, "By kind", "whether one person was concerned or how things are done"),
    ):
        yield Table(
            name,
            title,
            f"Escalations that are reported for the first time, by {what}.",
            ("received", name, "escalations"),
            tuple(
                (_when(cohort), _label(line, name, book), line.count)
                for cohort in fresh
                for line in cohort.margin(name)
            ),
        )
    yield Table(
        "area_category",
        "By area and category",
        "Escalations that are reported for the first time. What is not listed is nought or withheld.",
        ("received", "area", "category", "escalations"),
        tuple(
            (_when(cohort), _joined(cell.row, AREA, book), _joined(cell.column, CATEGORY, book), cell.count)
            for cohort in fresh
            for cell in cohort.cells
        ),
    )
    yield _progress(release)
    yield _improvements(release, book)


def _progress(release: Release) -> Table:
    rows = [
        (_when(cohort), last.at, _stages(line.values) if len(last.lines) > 1 else _ALL, line.count)
        for cohort in release.cohorts
        for last in cohort.progress[-1:]
        for line in last.lines
        if line.count
    ]
    return Table(
        "progress",
        "State and outcome",
        "How far escalations had come at the end of a quarter: their outcome once there is one, their state until then."
        " It is the newest quarter for which enough had moved on to be told.",
        ("received", "at the end of", "state or outcome", "escalations"),
        tuple(rows),
    )


def _stages(values: Sequence[str]) -> str:
    return " + ".join(map(progress_label, values))


def _improvements(release: Release, book: Rulebook) -> Table:
    good = [
        (_when(cohort), _label(line, CATEGORY, book), line.count)
        for cohort in release.cohorts
        for line in cohort.margin(CATEGORY)
        if line.count and all(tone_of(value) == "good" for value in line.values)
    ]
    return Table(
        "improvements",
        "Improvements seen",
        "Escalations with good news, by what they were about and when they came.",
        ("received", "category", "escalations"),
        tuple(good),
    )


def _times(release: Release, files: Sequence[CaseFile], quarter: Quarter) -> Table:
    by_id = {file.id: file for file in files}
    now = as_of(files, quarter.ends_at)
    rows: list[tuple[Value, ...]] = []
    for cohort in release.cohorts:
        if cohort.progress and cohort.progress[-1].at == release.period:
            with_outcome = _within(cohort.progress[-1].lines, OUTCOMES)
            inside = [file for file in files if str(Quarter.of(file.events[0].at)) in cohort.periods]
            days = _days(inside, by_id, now, quarter)
            # Of no others than those in published lines, or the middle would tell that somebody is beside them.
            rows.append((_when(cohort), median_low(days) if days and len(days) == with_outcome else None))
    return Table(
        "times",
        "Time to an outcome",
        "The median of days from the receipt of an escalation to its first outcome, where enough have one.",
        ("received", "days"),
        tuple(rows),
    )


def _days(
    inside: Sequence[CaseFile], by_id: Mapping[str, CaseFile], now: Mapping[str, Escalation], quarter: Quarter
) -> list[int]:
    found = (days_to(file, by_id, now, Reached.OUTCOME, quarter.ends_at) for file in inside)
    return [days for days in found if days is not None]


def _within(lines: Sequence[Line], values: Sequence[str]) -> int:
    """Return how many are in lines of nothing but these values."""
    return sum(line.count for line in lines if set(line.values) <= set(values))


def _when(cohort: Cohort) -> str:
    return cohort.periods[0] if len(cohort.periods) == 1 else f"{cohort.periods[0]} to {cohort.periods[-1]}"


def _label(line: Line, dimension: str, book: Rulebook) -> str:
    return _joined(line.values, dimension, book)


def _joined(values: Sequence[str], dimension: str, book: Rulebook) -> str:
    return " + ".join(label_of(dimension, value, book) for value in values)
