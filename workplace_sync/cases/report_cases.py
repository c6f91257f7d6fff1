"""How escalations are counted: by what they are about, where, and how far they have come at the end of a quarter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from workplace_sync.cases.categories import Rulebook
from workplace_sync.cases.escalation import Escalation, Event, Kind, Outcome, State, Step, Tone, escalation_of
from workplace_sync.cases.gate import Counted, Design, Dimension
from workplace_sync.cases.merging import root_of, standing
from workplace_sync.cases.quarter import Quarter

AREA, CATEGORY, KIND = "area", "category", "kind"
_DAY = timedelta(days=1)


class Reached(StrEnum):
    """What the time is measured to, from the receipt of an escalation."""

    FINDING = "finding"
    RAISED = "raised"
    ANSWER = "answer"
    OUTCOME = "outcome"


_STEPS = {
    Reached.FINDING: {Step.SUBSTANTIATED, Step.NOT_SUBSTANTIATED},
    Reached.RAISED: {Step.RAISED},
    Reached.ANSWER: {Step.ANSWERED},
    Reached.OUTCOME: {Step.OUTCOME_RECORDED},
}

OUTCOMES = tuple(f"outcome:{outcome.value}" for outcome in Outcome)
PROGRESS = (*(state.value for state in State if state not in {State.OUTCOME, State.MERGED}), *OUTCOMES)
"""How far one can be: its state, or its outcome once there is one."""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """An escalation with all its events, oldest first."""

    id: str
    events: tuple[Event, ...]


def as_of(files: Sequence[CaseFile], at: datetime) -> dict[str, Escalation]:
    """Return the escalations by id, as they were just before a time; those that came later are not among them."""
    known = {file.id: [event for event in file.events if event.at < at] for file in files}
    return {case: escalation_of(case, events) for case, events in known.items() if events}


def progress_of(case: str, cases: Mapping[str, Escalation]) -> str:
    """Return how far one has come, by itself or as a part of the issue that it was merged into."""
    now = standing(case, cases)
    return f"outcome:{now.outcome.value}" if now.outcome else now.state.value


def value_of_category(category: str, tone: Tone) -> str:
    """Return the value of the dimension: good and bad news of a category are counted apart."""
    return f"{tone.value}:{category}"


def tone_of(value: str) -> str:
    """Return the tone in a value of the dimension `category`."""
    return value.partition(":")[0]


def design_of(book: Rulebook) -> Design:
    """Return what is published by the employer's version: area, category, kind, how far it came; and area by category."""
    categories = tuple(value_of_category(each.id, tone) for each in book.categories for tone in each.tones)
    return Design(
        dimensions=(
            Dimension(AREA, tuple(area.id for area in book.areas)),
            Dimension(CATEGORY, categories, tone_of),
            Dimension(KIND, tuple(kind.value for kind in Kind)),
        ),
        progress=PROGRESS,
        crossed=(AREA, CATEGORY),
    )


def counted(files: Sequence[CaseFile], quarter: Quarter) -> list[Counted]:
    """Return each escalation that came until the end of the quarter, as it is counted then."""
    now = as_of(files, quarter.ends_at)
    if not now:
        return []
    first = min(Quarter.of(case.opened_at) for case in now.values())
    then = {one: as_of(files, one.ends_at) for one in first.until(quarter)}
    return [
        Counted(
            period=str(Quarter.of(case.opened_at)),
            values={
                AREA: case.report.area,
                CATEGORY: value_of_category(case.report.category, case.report.tone),
                KIND: standing(case.id, now).kind.value,
            },
            progress={str(one): progress_of(case.id, cases) for one, cases in then.items() if case.id in cases},
        )
        for case in now.values()
    ]


def days_to(
    file: CaseFile,
    files: Mapping[str, CaseFile],
    cases: Mapping[str, Escalation],
    reached: Reached,
    before: datetime,
) -> int | None:
    """Return the whole days from an escalation's receipt to the first time it reached something, before a time.

    `cases` are as of that time. What was merged has reached what its issue has, no sooner than it was merged. None where
    it has not.
    """
    at = _first(file, reached, before)
    root = root_of(file.id, cases)
    if at is None and root != file.id:
        merged_at = max(event.at for event in file.events if event.step is Step.MERGED and event.at < before)
        at = _first(files[root], reached, before)
        at = max(at, merged_at) if at is not None else None
    return (at - file.events[0].at) // _DAY if at is not None else None


def _first(file: CaseFile, reached: Reached, before: datetime) -> datetime | None:
    steps = _STEPS[reached]
    return next((event.at for event in file.events if event.step in steps and event.at < before), None)
