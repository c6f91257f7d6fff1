"""Ask the policies about people: the part of planning that needs no database, so that any process can do it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from workplace_sync.membership.change import Action
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.plan import PlannedChange, Tally, planned
from workplace_sync.membership.rejection import Rejection, heeded
from workplace_sync.membership.subject import subject_facts, wanted_change
from workplace_sync.policy.decision import Decision
from workplace_sync.policy.engine import Engine
from workplace_sync.policy.facts import FactValue
from workplace_sync.roster.consent import standing
from workplace_sync.store.candidate_rows import CandidateRow, KnownPerson, person_in, persons

_MAX_KNOWN = 10_000  # different people to remember what became of them; some 20 MB


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: about which group, of which rules, as of when, with the group's size at that time.

    `rejections` is what people said no to before, by the key of whom it is about: the very same is denied.
    It can be sent to another process: the engine is compiled there anew, from the same policies.
    """

    group: ManagedGroup
    engine: Engine
    now: datetime
    size: int
    rejections: Mapping[str, Sequence[Rejection]] = field(default_factory=dict)

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


Unnumbered = tuple[str, str, str, str, str, str]
"""A decided change that has no number in its plan yet: key, action, effect, remedy, and what stands in its line before
and after the number. No named tuple, because a million are sent from process to process."""


class Judged(NamedTuple):
    """What became of a chunk of people."""

    changes: list[Unnumbered]
    tally: Tally


class Judge:
    """Decides people for one question, and remembers what became of others about whom the very same is known.

    In a roster few things differ but the address: who has the same status, roles, consent and history gets the same
    decision, so it is made once. What an exception or the group's configuration says of one person is among them.
    """

    def __init__(self, question: Question) -> None:
        self._question = question
        self._known: dict[object, _Verdict | None] = {}

    def judge(self, rows: Sequence[CandidateRow], way: Way = Way.TOGETHER) -> Judged:
        """Return the changes that are wanted about the people in `rows`, decided, in their order."""
        people = [(person, self._what_is_known(person)) for person in persons(rows)]
        if len(self._known) > _MAX_KNOWN or way is not Way.TOGETHER:
            self._known.clear()
        new = {known: person for person, known in people if known not in self._known}
        found = _decided(self._question, [person_in(person) for person in new.values()], way)
        self._known |= {
            known: None if change is None else _Verdict(change) for known, change in zip(new, found, strict=True)
        }
        return self._judged(people)

    def _judged(self, people: Sequence[tuple[Sequence[CandidateRow], object]]) -> Judged:
        judged = Judged([], Tally())
        times: Counter[object] = Counter()
        for person, known in people:
            verdict = self._known[known]
            if verdict is not None:
                key, address, platform_id = person[0][:3]
                form, texts = verdict.form, verdict.texts
                judged.changes.append((key, *texts, form.head(key, address, platform_id), form.tail))
                times[known] += 1
        for known, number in times.items():
            verdict = self._known[known]
            if verdict is not None:
                judged.tally.add(verdict.change, number)
        return judged

    def _what_is_known(self, person: Sequence[CandidateRow]) -> object:
        """Return all that a decision about somebody can depend on, for comparing."""
        key: str = person[0][0]
        exceptions = self._question.engine.exceptions_naming(key)
        protected = key in self._question.group.protected
        rejections = self._question.rejections.get(
            key, ()
        )  # each bears a hash of the person, so it is shared with nobody
        return key.rpartition("@")[2], protected, *exceptions, *rejections, *(row[3:] for row in person)


class _Verdict:
    """A decided change, ready to be told of others."""

    def __init__(self, change: PlannedChange) -> None:
        self.change = change
        self.form = change.line_form()
        self.texts = (change.action.value, change.effect.value, change.remedy)


def judged_changes(question: Question, rows: Sequence[CandidateRow]) -> Iterator[PlannedChange]:
    """Yield the changes that are wanted about the people in `rows`, decided, all with the number 0."""
    found = _decided(question, [person_in(person) for person in persons(rows)], Way.TOGETHER)
    yield from (change for change in found if change is not None)


def _decided(question: Question, people: Sequence[KnownPerson], way: Way) -> list[PlannedChange | None]:
    """Return the change that is wanted about each of the people, decided; None where none is wanted."""
    found: list[PlannedChange | None] = [None] * len(people)
    asked: dict[Action, list[tuple[int, dict[str, object]]]] = {action: [] for action in Action}
    for place, (candidate, events) in enumerate(people):
        consent = standing(events, now=question.now)
        wanted = wanted_change(candidate, consent, question.group)
        if wanted is not None:
            exceptions = question.engine.exceptions_naming(candidate.key)
            facts = subject_facts(candidate, consent, question.group, *wanted, exceptions)
            asked[wanted[0]].append((place, facts))
    for action, places in asked.items():
        if not places:
            continue
        decisions = _decisions(question, action, [facts for _, facts in places], way)
        for (place, facts), decision in zip(places, decisions, strict=True):
            candidate, _ = people[place]
            change = planned(0, candidate.key, candidate.address, candidate.platform_id, facts, decision)
            before = question.rejections.get(candidate.key)
            found[place] = heeded(change, before) if before else change
    return found


def _decisions(question: Question, action: Action, facts: Sequence[dict[str, object]], way: Way) -> Iterator[Decision]:
    if way is Way.NOT_AT_ALL:
        undecided = question.engine.undecided(action.value, "evaluating it ended the program")
        return iter([undecided] * len(facts))
    return question.engine.decide(action.value, facts, shared=question.group_facts(), alone=way is Way.ALONE)
