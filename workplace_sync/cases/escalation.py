"""Escalations: a case of one person, or a systemic issue, that members called out; and what is known of it by its events.

An escalation is what its events say, in their order: nothing of it is kept beside them. It never names who reported it:
`id` is a pseudonym made of chance, and the identity is sealed elsewhere. An event's words can be erased (`without_words`)
and everything that is counted stays. Who may do what, and when, is in `escalation_steps`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Self

from workplace_sync.errors import CaseError

ID_ENTROPY = 5
_ID_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none that is taken for another
_LETTER_BITS = 5
_ID_HALF = 4


class Kind(StrEnum):
    """Whether it is about one person, or about how things are done."""

    INDIVIDUAL = "individual"
    SYSTEMIC = "systemic"


class Tone(StrEnum):
    """Whether something is wrong, or got better."""

    BAD = "bad"
    GOOD = "good"


class Confidentiality(StrEnum):
    """How who reported wants to be treated: named, named to the union only, or not named at all."""

    NAMED = "named"
    UNION_ONLY = "union_only"
    NOT_NAMED = "not_named"


class State(StrEnum):
    """Where an escalation stands."""

    RECEIVED = "received"
    IN_VALIDATION = "in_validation"
    SUBSTANTIATED = "substantiated"
    NOT_SUBSTANTIATED = "not_substantiated"
    RAISED = "raised"
    ANSWERED = "answered"
    OUTCOME = "outcome"
    REPORTED_BACK = "reported_back"
    CLOSED = "closed"
    MERGED = "merged"


class Step(StrEnum):
    """What can happen to an escalation."""

    RECEIVED = "received"
    VALIDATION_NOTED = "validation_noted"
    SUBSTANTIATED = "substantiated"
    NOT_SUBSTANTIATED = "not_substantiated"
    RAISED = "raised"
    ANSWERED = "answered"
    OUTCOME_RECORDED = "outcome_recorded"
    REPORTED_BACK = "reported_back"
    CLOSED = "closed"
    REOPENED = "reopened"
    NOTED = "noted"
    ASKED = "asked"
    ADDED = "added"  # by who reported, through the receipt
    REPLIED = "replied"  # to the question that was asked, through the receipt
    LINKED = "linked"
    RECUSED = "recused"
    MERGED = "merged"
    ABSORBED = "absorbed"
    UNSEALED = "unsealed"


class Outcome(StrEnum):
    """What came of it. None of them is tied to good or bad news, so that no figure gives another away."""

    CHANGED = "changed"
    PARTLY_CHANGED = "partly_changed"
    EXPLAINED = "explained"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    WITHDRAWN = "withdrawn"


class LinkKind(StrEnum):
    """What an escalation can be linked to."""

    INCIDENT = "incident"
    PERSON = "person"
    BUNDLE = "bundle"
    CASE = "case"


@dataclass(frozen=True, slots=True)
class Period:
    """When it happened: the first and the last day; the same where it was one day. Raises CaseError when turned round."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse a period that ends before it begins."""
        if self.last < self.first:
            raise CaseError("The time when it happened ends before it begins.", hint="Put the earlier day first.")


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """A link to something else, by its id there; a person by their key."""

    kind: LinkKind
    ref: str


@dataclass(frozen=True, slots=True)
class Report:
    """What comes with the first event. `happened` is None where it was not told.

    `recused` are the officers, by name, whom it is about: none of them may work on it. `via` is the way it came
    (console, command, incident).
    """

    category: str
    area: str
    kind: Kind = Kind.INDIVIDUAL
    tone: Tone = Tone.BAD
    confidentiality: Confidentiality = Confidentiality.NOT_NAMED
    happened: Period | None = None
    recused: tuple[str, ...] = ()
    via: str = ""


@dataclass(frozen=True, slots=True)
class Validation:
    """A conversation to find out what is in it: the day it was held. The finding is in the event's words."""

    held_on: date


@dataclass(frozen=True, slots=True)
class Raising:
    """How it was raised with the employer: as what, to whom, through which channel, on which day, under which reference."""

    kind: Kind
    to: str
    channel: str
    on: date
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The employer's answer, and the day it came. What it says is in the event's words."""

    on: date


@dataclass(frozen=True, slots=True)
class OutcomeFact:
    """What came of it."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Recusal:
    """An officer, by name, who has no more part in it."""

    officer: str


@dataclass(frozen=True, slots=True)
class Merge:
    """The other case: the one that this was merged into, or the one that it absorbed."""

    other: str


@dataclass(frozen=True, slots=True)
class Unsealing:
    """An opening of the sealed identity; `second` is the other officer, empty where none was needed."""

    second: str = ""


Facts = Report | Validation | Raising | Answer | OutcomeFact | Link | Recusal | Merge | Unsealing | None

FACTS_OF: dict[Step, type] = {
    Step.RECEIVED: Report,
    Step.VALIDATION_NOTED: Validation,
    Step.RAISED: Raising,
    Step.ANSWERED: Answer,
    Step.OUTCOME_RECORDED: OutcomeFact,
    Step.LINKED: Link,
    Step.RECUSED: Recusal,
    Step.MERGED: Merge,
    Step.ABSORBED: Merge,
    Step.UNSEALED: Unsealing,
}
"""The facts that a step comes with; the others come with none."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `by` is who did it, empty for who reported; `at` is UTC, of our own clock.

    `words` are free text, and are erased when the time for it has come. `role` is one of `escalation_steps.Role`.
    """

    step: Step
    at: datetime
    by: str
    role: str
    facts: Facts = None
    words: str = ""

    def without_words(self) -> Self:
        """Return the event with what somebody wrote erased, and to whom it was raised; what is counted stays."""
        facts = replace(self.facts, to="", reference="") if isinstance(self.facts, Raising) else self.facts
        return replace(self, words="", facts=facts)


@dataclass(frozen=True, slots=True)
class Escalation:
    """An escalation as its events make it.

    `since` is when it came into its state, `waits_since` when what it waits for began (validation counts from its
    receipt or reopening). `asked` says that a question to who reported waits for a reply, `unread` that they wrote since
    an officer last did something. `recused` are officers by name. `outcome` is None until there is one.
    """

    id: str
    report: Report
    kind: Kind
    state: State
    opened_at: datetime
    since: datetime
    waits_since: datetime
    outcome: Outcome | None = None
    merged_into: str = ""
    absorbed: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    recused: frozenset[str] = frozenset()
    asked: bool = False
    unread: bool = False
    closed_at: datetime | None = None
    raised: tuple[Raising, ...] = ()

    @property
    def open(self) -> bool:
        """Whether somebody still has to do something about it; a merged one goes on elsewhere."""
        return self.state not in {State.CLOSED, State.MERGED}

    @property
    def needs_second(self) -> bool:
        """Whether the sealed identity opens to two officers only."""
        return self.report.confidentiality is not Confidentiality.NAMED


_ENTERS = {
    Step.VALIDATION_NOTED: State.IN_VALIDATION,
    Step.SUBSTANTIATED: State.SUBSTANTIATED,
    Step.NOT_SUBSTANTIATED: State.NOT_SUBSTANTIATED,
    Step.RAISED: State.RAISED,
    Step.ANSWERED: State.ANSWERED,
    Step.OUTCOME_RECORDED: State.OUTCOME,
    Step.REPORTED_BACK: State.REPORTED_BACK,
    Step.CLOSED: State.CLOSED,
    Step.REOPENED: State.IN_VALIDATION,
    Step.MERGED: State.MERGED,
}
_BY_REPORTER = frozenset([Step.ADDED, Step.REPLIED])


def case_id(entropy: bytes) -> str:
    """Return a pseudonym such as `7KQ2-M9TD`, made of 5 random bytes: it tells neither who nor when nor which number."""
    if len(entropy) != ID_ENTROPY:
        raise ValueError(f"an id is made of {ID_ENTROPY} random bytes")
    number = int.from_bytes(entropy, "big")
    text = "".join(_ID_LETTERS[number >> _LETTER_BITS * place & 31] for place in reversed(range(2 * _ID_HALF)))
    return f"{text[:_ID_HALF]}-{text[_ID_HALF:]}"


def escalation_of(case: str, events: Sequence[Event]) -> Escalation:
    """Return the escalation of that id, as its events make it, oldest first.

    Raises CaseError when they do not begin with its receipt, or an event lacks its facts.
    """
    if not events or events[0].step is not Step.RECEIVED or not isinstance(events[0].facts, Report):
        raise CaseError(f"The events of case {case} do not begin with its receipt.")
    first, report = events[0], events[0].facts
    case_now = Escalation(
        id=case,
        report=report,
        kind=report.kind,
        state=State.RECEIVED,
        opened_at=first.at,
        since=first.at,
        waits_since=first.at,
        recused=frozenset(report.recused),
    )
    for event in events[1:]:
        case_now = after(case_now, event)
    return case_now


def after(case: Escalation, event: Event) -> Escalation:
    """Return the escalation after one more event, which `escalation_steps.step` has let through.

    Raises CaseError for a second receipt, or an event without its facts.
    """
    if event.step is Step.RECEIVED or type(event.facts) is not FACTS_OF.get(event.step, type(None)):
        raise CaseError(
            f"An event of case {case.id} cannot be read: {event.step.value} with facts that are not its own."
        )
    moved = _moved(case, event)
    told = _with_facts(moved, event)
    return replace(
        told,
        asked=event.step is Step.ASKED or (told.asked and event.step is not Step.REPLIED),
        unread=event.step in _BY_REPORTER or (told.unread and event.step is Step.UNSEALED),
    )


def _moved(case: Escalation, event: Event) -> Escalation:
    state = _ENTERS.get(event.step, case.state)
    again = event.step in _ENTERS
    validating = state is State.IN_VALIDATION and event.step is not Step.REOPENED
    closed_at = event.at if event.step is Step.CLOSED else case.closed_at
    return replace(
        case,
        state=state,
        since=event.at if state is not case.state else case.since,
        waits_since=event.at if again and not validating else case.waits_since,
        closed_at=None if event.step is Step.REOPENED else closed_at,
        outcome=None if event.step is Step.REOPENED else case.outcome,
    )


def _with_facts(case: Escalation, event: Event) -> Escalation:
    changed = case
    match event.facts:
        case Raising() as raising:
            changed = replace(case, kind=raising.kind, raised=(*case.raised, raising))
        case OutcomeFact(outcome):
            changed = replace(case, outcome=outcome)
        case Link() as link:
            changed = replace(case, links=tuple(sorted({*case.links, link})))
        case Recusal(officer):
            changed = replace(case, recused=case.recused | {officer})
        case Merge(other) if event.step is Step.MERGED:
            changed = replace(case, merged_into=other)
        case Merge(other):
            changed = replace(case, absorbed=(*case.absorbed, other))
    return changed
