"""Escalations for tests: made by the steps that make real ones, on days after a fixed one."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from workplace_sync.cases.escalation import (
    Answer,
    Escalation,
    Event,
    Facts,
    Kind,
    Outcome,
    OutcomeFact,
    Raising,
    Report,
    Step,
    Tone,
    Validation,
    escalation_of,
)
from workplace_sync.cases.escalation_steps import Role, received, step
from workplace_sync.cases.report_cases import CaseFile

BEGIN = datetime(2026, 7, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)
ON = date(2026, 7, 2)


@dataclass
class Told:
    """An escalation on its way: each call of `do` is one more event, some days after the beginning."""

    id: str = "7KQ2-M9TD"
    report: Report = Report("exit-targets", "networks")  # noqa: RUF009 - it is frozen
    day: float = 0
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.events = [
            received(self.report, by="", role=Role.REPORTER, at=BEGIN + self.day * DAY, words="It was said aloud.")
        ]

    @property
    def now(self) -> Escalation:
        return escalation_of(self.id, self.events)

    @property
    def file(self) -> CaseFile:
        return CaseFile(self.id, tuple(self.events))

    def do(
        self,
        action: Step,
        facts: Facts = None,
        *,
        day: float = 1,
        by: str = "Ada",
        role: Role = Role.OFFICER,
        words: str = "so",
    ) -> "Told":
        at = BEGIN + day * DAY
        self.events.append(step(self.now, action, by=by, role=role, at=at, facts=facts, words=words))
        return self

    def substantiated(self, day: float = 1) -> "Told":
        self.do(Step.VALIDATION_NOTED, Validation(ON), day=day)
        return self.do(Step.SUBSTANTIATED, day=day)

    def raised(self, day: float = 2, kind: Kind = Kind.SYSTEMIC) -> "Told":
        self.substantiated(day)
        return self.do(Step.RAISED, Raising(kind, "Group HR", "letter", ON, "P/7"), day=day)

    def settled(self, day: float = 3, outcome: Outcome = Outcome.CHANGED) -> "Told":
        self.raised(day)
        self.do(Step.ANSWERED, Answer(ON), day=day)
        return self.do(Step.OUTCOME_RECORDED, OutcomeFact(outcome), day=day)


def told(
    number: int, category: str = "exit-targets", area: str = "networks", *, tone: Tone = Tone.BAD, day: float = 0
) -> Told:
    return Told(f"CASE-{number:04}", Report(category, area, tone=tone), day)
