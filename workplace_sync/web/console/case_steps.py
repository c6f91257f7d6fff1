"""The steps of a case as forms: what each asks for, and the facts that come of what was filled in."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date

from fastapi import UploadFile
from pydantic import BaseModel

from workplace_sync.cases.escalation import (
    Answer,
    Event,
    Facts,
    Kind,
    Link,
    LinkKind,
    Merge,
    Outcome,
    OutcomeFact,
    Raising,
    Recusal,
    Report,
    Step,
    Unsealing,
    Validation,
)
from workplace_sync.errors import UsageError
from workplace_sync.web.console.sight import day_given


class StepForm(BaseModel):
    """What comes with the form of a step, as texts."""

    words: str = ""
    on: str = ""
    kind: str = ""
    to: str = ""
    channel: str = ""
    reference: str = ""
    outcome: str = ""
    link: str = ""
    ref: str = ""
    officer: str = ""
    despite: str = ""
    files: list[UploadFile] = []


@dataclass(frozen=True, slots=True)
class StepPage:
    """A step as it is shown: its button, what it does, the label of its text ('' for none), and its other fields."""

    step: Step
    button: str
    what: str
    words: str = ""
    fields: tuple[str, ...] = ()


PAGES = (
    StepPage(
        Step.VALIDATION_NOTED,
        "Note a conversation",
        "What a conversation found, and never who it was with.",
        "What was found",
        ("on", "files"),
    ),
    StepPage(Step.SUBSTANTIATED, "There is something in it", "It can then be raised.", "Why (may stay empty)"),
    StepPage(Step.NOT_SUBSTANTIATED, "Nothing was found in it", "It can then be reported back and closed.", "Why not"),
    StepPage(
        Step.RAISED,
        "It was raised with the employer",
        "To whom, how and when it was raised. Name nobody who reported.",
        "What was raised (may stay empty)",
        ("kind", "to", "channel", "on", "reference", "files"),
    ),
    StepPage(
        Step.ANSWERED,
        "The employer answered",
        "What the answer says.",
        "What it says (may stay empty)",
        ("on", "files"),
    ),
    StepPage(
        Step.OUTCOME_RECORDED, "Record the outcome", "What came of it.", "More about it (may stay empty)", ("outcome",)
    ),
    StepPage(
        Step.ASKED,
        "Ask who reported",
        "They read the question when they come back with their receipt, and answer there. Nobody is written to.",
        "The question",
        ("despite",),
    ),
    StepPage(
        Step.REPORTED_BACK,
        "Report back",
        "Whoever reported reads this with the receipt: write it so that it may be found.",
        "What came of it, for who reported (may stay empty)",
        ("despite",),
    ),
    StepPage(Step.NOTED, "Write a note", "Officers read it. Leave out who reported.", "The note", ("files",)),
    StepPage(
        Step.LINKED,
        "Link it",
        "An incident or a case by its number, a bundle by its SHA-256, a person by their address.",
        "",
        ("link", "ref"),
    ),
    StepPage(
        Step.RECUSED,
        "Take an officer off it",
        "For good: it is about them, or they stand aside. They do not see the case any more.",
        "",
        ("officer",),
    ),
    StepPage(Step.CLOSED, "Close it", "Its texts are erased when their time is over; figures stay.", "Why"),
    StepPage(Step.REOPENED, "Open it again", "It goes on with another conversation.", "Why"),
)
"""The steps in the order of the way of a case; those that a command or another page takes are not here."""

SAID: Mapping[Step, str] = {
    Step.RECEIVED: "Received",
    Step.VALIDATION_NOTED: "A conversation was noted",
    Step.SUBSTANTIATED: "There is something in it",
    Step.NOT_SUBSTANTIATED: "Nothing was found in it",
    Step.RAISED: "Raised with the employer",
    Step.ANSWERED: "The employer answered",
    Step.OUTCOME_RECORDED: "Outcome",
    Step.REPORTED_BACK: "Reported back",
    Step.CLOSED: "Closed",
    Step.REOPENED: "Opened again",
    Step.NOTED: "A note",
    Step.ASKED: "Asked who reported",
    Step.ADDED: "Who reported added something",
    Step.REPLIED: "Who reported answered",
    Step.LINKED: "Linked",
    Step.RECUSED: "An officer has no more part in it",
    Step.MERGED: "Became a part of another case",
    Step.ABSORBED: "Another case became a part of this one",
    Step.UNSEALED: "Who reported was opened",
}


def pages_for(steps: Collection[Step]) -> list[StepPage]:
    """Return the forms of those steps that are possible."""
    return [one for one in PAGES if one.step in steps]


def facts_of(step: Step, given: StepForm, today: date, kind: Kind) -> Facts:
    """Return the facts of a step from what was filled in; raises UsageError for what is missing or no such word.

    `kind` is what the case is now; a day that was left out is `today`.
    """
    try:
        make = _FACTS.get(step)
        return make(given, _day(given.on, today), kind) if make else None
    except ValueError:
        raise UsageError("Something was not chosen.", hint="Choose one of those that are listed.") from None


def _raising(given: StepForm, on: date, kind: Kind) -> Raising:
    if not (given.to.strip() and given.channel.strip()):
        raise UsageError("Say to whom it was raised, and how.", hint="As in: Head of HR, by letter.")
    as_what = Kind(given.kind) if given.kind else kind
    return Raising(as_what, given.to.strip(), given.channel.strip(), on, given.reference.strip())


_FACTS: Mapping[Step, Callable[[StepForm, date, Kind], Facts]] = {
    Step.VALIDATION_NOTED: lambda _given, on, _kind: Validation(on),
    Step.ANSWERED: lambda _given, on, _kind: Answer(on),
    Step.OUTCOME_RECORDED: lambda given, _on, _kind: OutcomeFact(Outcome(given.outcome)),
    Step.LINKED: lambda given, _on, _kind: Link(LinkKind(given.link), given.ref.strip()),
    Step.RECUSED: lambda given, _on, _kind: Recusal(given.officer),
    Step.RAISED: _raising,
}


def _day(text: str, today: date) -> date:
    found = day_given(text) if text.strip() else today
    if found is None or found > today:
        raise UsageError("That is no day up to today.", hint="Write it like 2026-11-21.")
    return found


def details(event: Event) -> list[tuple[str, str]]:
    """Return what an event's facts say, as labels and texts."""
    pairs: list[tuple[str, str]] = []
    match event.facts:
        case Report(happened=happened) if happened is not None:
            same = happened.first == happened.last
            pairs = [("When", f"{happened.first}" if same else f"{happened.first} to {happened.last}")]
        case Validation(held_on=on):
            pairs = [("Held on", str(on))]
        case Raising() as raised:
            pairs = [("As", raised.kind.value), ("To", raised.to), ("How", raised.channel), ("On", str(raised.on))]
            pairs.append(("Reference", raised.reference))
        case Answer(on=on):
            pairs = [("Came on", str(on))]
        case OutcomeFact(outcome=outcome):
            pairs = [("What came of it", outcome.value.replace("_", " "))]
        case Link(kind=kind, ref=ref):
            pairs = [("To", f"{kind.value} {ref}".strip())]
        case Recusal(officer=officer):
            pairs = [("Who", officer)]
        case Merge(other=other):
            pairs = [("Case", other)]
        case Unsealing(second=second):
            pairs = [("With", second)]
    return [(label, text) for label, text in pairs if text]
