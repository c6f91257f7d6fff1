"""The way of an escalation: which steps are possible in which state, who may take them, and by when they are due.

An officer works on a case unless it is about them. A rep may open one; the owner also links, closes and opens again,
and never sees who reported. Who reported adds to it and replies, through the receipt, whatever its state. Admins and
auditors have no part in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from workplace_sync.cases.escalation import (
    FACTS_OF,
    Escalation,
    Event,
    Facts,
    Kind,
    Merge,
    Report,
    State,
    Step,
    Unsealing,
)
from workplace_sync.errors import CaseError


class Role(StrEnum):
    """Who does something: who reported (through the receipt), or somebody with a role in the union."""

    REPORTER = "reporter"
    REP = "rep"
    ADMIN = "admin"
    AUDITOR = "auditor"
    OWNER = "owner"
    OFFICER = "officer"


_BESIDES = frozenset([Step.NOTED, Step.ADDED, Step.REPLIED, Step.LINKED, Step.RECUSED, Step.UNSEALED])
_WHILE_OPEN = _BESIDES | {Step.ASKED, Step.MERGED, Step.ABSORBED}

_NEXT: Mapping[State, frozenset[Step]] = {
    State.RECEIVED: _WHILE_OPEN | {Step.VALIDATION_NOTED, Step.CLOSED},
    State.IN_VALIDATION: _WHILE_OPEN | {Step.VALIDATION_NOTED, Step.SUBSTANTIATED, Step.NOT_SUBSTANTIATED, Step.CLOSED},
    State.SUBSTANTIATED: _WHILE_OPEN | {Step.RAISED, Step.OUTCOME_RECORDED},
    State.NOT_SUBSTANTIATED: _WHILE_OPEN | {Step.REPORTED_BACK, Step.CLOSED},
    State.RAISED: _WHILE_OPEN | {Step.RAISED, Step.ANSWERED, Step.OUTCOME_RECORDED},
    State.ANSWERED: _WHILE_OPEN | {Step.RAISED, Step.ANSWERED, Step.OUTCOME_RECORDED},
    State.OUTCOME: _WHILE_OPEN | {Step.RAISED, Step.OUTCOME_RECORDED, Step.REPORTED_BACK},
    State.REPORTED_BACK: _WHILE_OPEN | {Step.CLOSED},
    State.CLOSED: _BESIDES | {Step.REOPENED},
    State.MERGED: _BESIDES,
}

_REPORTERS = frozenset([Step.RECEIVED, Step.ADDED, Step.REPLIED])
_MAY: Mapping[Role, frozenset[Step]] = {
    Role.REPORTER: _REPORTERS,
    Role.REP: frozenset([Step.RECEIVED]),
    Role.ADMIN: frozenset(),
    Role.AUDITOR: frozenset(),
    Role.OWNER: frozenset([Step.RECEIVED, Step.NOTED, Step.LINKED, Step.CLOSED, Step.REOPENED]),
    Role.OFFICER: frozenset(Step) - {Step.ADDED, Step.REPLIED},
}

_NEEDS_WORDS = frozenset(
    [
        Step.VALIDATION_NOTED,
        Step.NOT_SUBSTANTIATED,
        Step.CLOSED,
        Step.REOPENED,
        Step.NOTED,
        Step.ASKED,
        Step.ADDED,
        Step.REPLIED,
        Step.UNSEALED,
    ]
)
"""What says nothing without words: a finding, a reason, a question, a reply."""


def allowed(state: State, role: Role) -> frozenset[Step]:
    """Return the steps that somebody in a role may take while an escalation is in a state."""
    return _NEXT[state] & _MAY[role]


def allowed_now(case: Escalation, role: Role, by: str = "") -> frozenset[Step]:
    """Return the steps that `by` may take now: fewer than `allowed` where the case is about them or nothing was asked."""
    if role is not Role.REPORTER and by in case.recused:
        return frozenset()
    steps = allowed(case.state, role)
    if not case.asked:
        steps -= {Step.REPLIED}
    return steps if case.kind is Kind.SYSTEMIC else steps - {Step.ABSORBED}


def received(report: Report, *, by: str, role: Role, at: datetime, words: str) -> Event:
    """Return the first event of an escalation. Raises CaseError when the role may open none, or nothing is told."""
    if Step.RECEIVED not in _MAY[role]:
        raise CaseError(
            f"The role {role.value} opens no escalation.", hint="A member, a rep or an officer can open one."
        )
    if not words.strip():
        raise CaseError("Nothing is told of what was seen or heard.", hint="Write down what happened, without names.")
    return Event(Step.RECEIVED, at, by, role.value, report, words)


def step(
    case: Escalation,
    action: Step,
    *,
    by: str,
    role: Role,
    at: datetime,
    facts: Facts = None,
    words: str = "",
) -> Event:
    """Return the event of a step that is possible now; `by` is empty for who reported.

    Raises CaseError, saying what is possible instead, when the state, the role or the person forbids it, when it lacks
    its facts or words, or when an identity would open without the second officer that it needs.
    """
    possible = allowed_now(case, role, by)
    if action not in possible:
        raise _impossible(case, action, by, role, possible)
    if type(facts) is not FACTS_OF.get(action, type(None)):
        raise CaseError(f"The step {_said(action)} of case {case.id} came without what belongs to it.")
    if action in _NEEDS_WORDS and not words.strip():
        raise CaseError(f"The step {_said(action)} needs words.", hint="Say what was found, asked or decided, and why.")
    if isinstance(facts, Unsealing):
        _check_unsealing(case, by, facts)
    if isinstance(facts, Merge) and facts.other == case.id:
        raise CaseError(f"Case {case.id} cannot be merged with itself.", hint="Name the other case.")
    return Event(action, at, by, role.value, facts, words)


def _impossible(case: Escalation, action: Step, by: str, role: Role, possible: frozenset[Step]) -> CaseError:
    if role is not Role.REPORTER and by in case.recused:
        return CaseError(
            f"You have no part in case {case.id}: it is about you, or you stood aside.",
            hint="Another officer takes it on.",
        )
    options = ", ".join(_said(one) for one in Step if one in possible)
    who = "who reported" if role is Role.REPORTER else f"the role {role.value}"
    return CaseError(
        f"Case {case.id} is {_said(case.state)}: {_said(action)} is not possible for {who}.",
        hint=f"Possible now: {options}." if options else f"Nothing is possible for {who} now.",
    )


def _check_unsealing(case: Escalation, by: str, facts: Unsealing) -> None:
    if facts.second == by or (case.needs_second and not facts.second):
        raise CaseError(
            f"Who reported case {case.id} opens to two officers only.", hint="Name another officer as the second."
        )
    if facts.second in case.recused:
        raise CaseError(f"The second officer has no part in case {case.id}.", hint="Name another officer.")


def _said(word: State | Step) -> str:
    return word.value.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long each thing may take, from what comes before it."""

    validate: timedelta = timedelta(days=7)
    raise_it: timedelta = timedelta(days=14)
    chase: timedelta = timedelta(days=28)
    settle: timedelta = timedelta(days=14)
    report_back: timedelta = timedelta(days=7)


class Duty(StrEnum):
    """What has to be done next."""

    VALIDATE = "validate"
    RAISE = "raise"
    CHASE = "chase"
    SETTLE = "settle"
    REPORT_BACK = "report_back"


_DUTIES = {
    State.RECEIVED: Duty.VALIDATE,
    State.IN_VALIDATION: Duty.VALIDATE,
    State.SUBSTANTIATED: Duty.RAISE,
    State.NOT_SUBSTANTIATED: Duty.REPORT_BACK,
    State.RAISED: Duty.CHASE,
    State.ANSWERED: Duty.SETTLE,
    State.OUTCOME: Duty.REPORT_BACK,
}


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """What has to be done about a case, and by when (UTC)."""

    at: datetime
    duty: Duty
    case: str


def due(case: Escalation, deadlines: Deadlines) -> Due | None:
    """Return what has to be done next and by when; None where nothing waits for the union."""
    duty = _DUTIES.get(case.state)
    if duty is None:
        return None
    times = {
        Duty.VALIDATE: deadlines.validate,
        Duty.RAISE: deadlines.raise_it,
        Duty.CHASE: deadlines.chase,
        Duty.SETTLE: deadlines.settle,
        Duty.REPORT_BACK: deadlines.report_back,
    }
    return Due(case.waits_since + times[duty], duty, case.id)


def overdue(case: Escalation, now: datetime, deadlines: Deadlines) -> Due | None:
    """Return what should have been done by now and was not; None where nothing is late."""
    found = due(case, deadlines)
    return found if found is not None and found.at < now else None
