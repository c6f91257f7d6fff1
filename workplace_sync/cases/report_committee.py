"""The committee's version of the quarterly report: every number. It must not leave the union."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median_low

from workplace_sync.cases.categories import Rulebook
from workplace_sync.cases.escalation import Escalation
from workplace_sync.cases.gate import Counted
from workplace_sync.cases.quarter import Quarter
from workplace_sync.cases.report import Report, Table, Version
from workplace_sync.cases.report_cases import (
    AREA,
    CATEGORY,
    KIND,
    PROGRESS,
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

_TO = {
    Reached.FINDING: "to a finding",
    Reached.RAISED: "to being raised",
    Reached.ANSWER: "to an answer",
    Reached.OUTCOME: "to an outcome",
}


def committee_report(
    quarter: Quarter, files: Sequence[CaseFile], groups: Sequence[GroupFigures], book: Rulebook
) -> Report:
    """Return the committee's report. The same cases, groups and rulebook give the same bytes."""
    cases = counted(files, quarter)
    tables = (*_received(cases, quarter, book), *_all_so_far(cases, quarter), _times(files, quarter))
    return Report(
        quarter=str(quarter),
        version=Version.COMMITTEE,
        k=1,
        title=f"Quarterly report for the committee, {quarter}",
        notes=("For the committee only: small numbers in it can give people away. It must not be handed on.",),
        tables=tables + tuple(table for group in groups for table in group_tables(group, 1)),
    )


def _received(cases: Sequence[Counted], quarter: Quarter, book: Rulebook) -> Iterator[Table]:
    those = [case for case in cases if case.period == str(quarter)]
    known = {each.name: each.values for each in design_of(book).dimensions}
    for name, title in ((CATEGORY, "By category"), (AREA, "By area of the business"), (KIND, "By kind")):
        counts = Counter(case.values[name] for case in those)
        values = (*known[name], *sorted(set(counts) - set(known[name])))
        yield Table(
            name,
            title,
            f"Escalations received in the quarter, by {name}, duplicates too.",
            (name, "escalations"),
            tuple((label_of(name, value, book), counts[value]) for value in values),
        )
    crossed = Counter((case.values[AREA], case.values[CATEGORY]) for case in those)
    yield Table(
        "area_category",
        "By area and category",
        "Escalations received in the quarter, by both; what is not listed is nought.",
        ("area", "category", "escalations"),
        tuple(
            (label_of(AREA, area, book), label_of(CATEGORY, category, book), count)
            for (area, category), count in sorted(crossed.items())
        ),
    )


def _all_so_far(cases: Sequence[Counted], quarter: Quarter) -> Iterator[Table]:
    by_quarter = Counter(case.period for case in cases)
    good = Counter(case.period for case in cases if tone_of(case.values[CATEGORY]) == "good")
    first = Quarter.parse(min([str(quarter), *by_quarter]))
    periods = [str(one) for one in first.until(quarter)]
    for key, title, definition, counts in (
        ("trend", "Escalations received", "Reports from members, by the quarter in which they came.", by_quarter),
        ("improvements", "Improvements seen", "Those of them with good news.", good),
    ):
        rows = tuple((period, counts[period]) for period in periods)
        yield Table(key, title, definition, ("received", "escalations"), rows, series=True)
    progress = Counter(case.progress[str(quarter)] for case in cases)
    yield Table(
        "progress",
        "State and outcome",
        "All escalations so far at the end of the quarter: their outcome once there is one, their state until then.",
        ("state or outcome", "escalations"),
        tuple((progress_label(value), progress[value]) for value in PROGRESS),
    )


def _times(files: Sequence[CaseFile], quarter: Quarter) -> Table:
    by_id = {file.id: file for file in files if file.events[0].at < quarter.ends_at}
    now = as_of(files, quarter.ends_at)
    rows = []
    for reached, label in _TO.items():
        days = _days(by_id, now, reached, quarter)
        rows.append((label, len(days), median_low(days) if days else "none yet"))
    return Table(
        "times",
        "Time to each step",
        "The median of days from the receipt of an escalation to the first time of a step, of all so far that reached it.",
        ("step", "escalations", "days"),
        tuple(rows),
    )


def _days(
    by_id: Mapping[str, CaseFile], now: Mapping[str, Escalation], reached: Reached, quarter: Quarter
) -> list[int]:
    found = (days_to(file, by_id, now, reached, quarter.ends_at) for file in by_id.values())
    return [days for days in found if days is not None]
