"""Ask the policies about people: the part of planning that needs no database, so that any process can do it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from workplace_sync.membership.change import Action
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.plan import PlannedChange, Tally, planned
from workplace_sync.membership.subject import Candidate, subject_facts, wanted_change
from workplace_sync.policy.decision import Decision
from workplace_sync.policy.engine import Engine
from workplace_sync.policy.facts import FactValue
from workplace_sync.roster.consent import standing
from workplace_sync.store.candidate_rows import CandidateRow, people_in


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: about which group, of which rules, as of when, with the group's size at that time.

    It can be sent to another process: the engine is compiled there anew, from the same policies.
    """

    group: ManagedGroup
    engine: Engine
    now: datetime
    size: int

    def group_facts(self) -> dict[str, FactValue]:
        """Return the facts that are the same for everybody."""
        return {
            "group.name": self.group.name,
            "group.tenant": self.group.tenant,
            "group.size": self.size,
            "now": self.now,
        }


class Way(StrEnum):
    """How rules are asked: all at once; one by one, where that ended a process; or not at all, where that did too."""

    TOGETHER = "together"
    ALONE = "alone"
    NOT_AT_ALL = "not at all"


class Unnumbered(NamedTuple):
    """A decided change that has no number in its plan yet; its line is `head`, the number, `tail`."""

    key: str
    action: str
    effect: str
    remedy: str
    head: str
    tail: str


class Judged(NamedTuple):
    """What became of a chunk of people."""

    changes: list[Unnumbered]
    tally: Tally


def judge(question: Question, rows: Sequence[CandidateRow], way: Way = Way.TOGETHER) -> Judged:
    """Return the changes that are wanted about the people in `rows`, decided."""
    tally = Tally()
    changes = []
    for change in judged_changes(question, rows, way):
        tally.add(change)
        around = change.line_around()
        changes.append(Unnumbered(change.key, change.action.value, change.effect.value, change.remedy, *around))
    return Judged(changes, tally)


def judged_changes(
    question: Question, rows: Sequence[CandidateRow], way: Way = Way.TOGETHER
) -> Iterator[PlannedChange]:
    """Yield the changes that are wanted about the people in `rows`, decided, all with the number 0."""
    asked: dict[Action, list[tuple[Candidate, dict[str, object]]]] = {action: [] for action in Action}
    for candidate, events in people_in(rows):
        consent = standing(events, now=question.now)
        wanted = wanted_change(candidate, consent, question.group)
        if wanted is not None:
            asked[wanted[0]].append((candidate, subject_facts(candidate, consent, question.group, *wanted)))
    for action, people in asked.items():
        decisions = _decisions(question, action, [facts for _, facts in people], way)
        for (candidate, facts), decision in zip(people, decisions, strict=True):
            yield planned(0, candidate.key, candidate.address, candidate.platform_id, facts, decision)


def _decisions(question: Question, action: Action, facts: Sequence[dict[str, object]], way: Way) -> Iterator[Decision]:
    if way is Way.NOT_AT_ALL:
        undecided = question.engine.undecided(action.value, "evaluating it ended the program")
        return iter([undecided] * len(facts))
    return question.engine.decide(action.value, facts, shared=question.group_facts(), alone=way is Way.ALONE)
