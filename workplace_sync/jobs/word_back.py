"""What a reporter does with the receipt: read how it stands, read what an officer asked, add, reply.

All that is shown comes from `cases.word_back`, or is a text that an officer wrote for the reporter and that went through
the gate for texts. What the reporter wrote is not shown again: whoever finds the receipt finds none of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from workplace_sync.cases.escalation import Event, Step, escalation_of
from workplace_sync.cases.escalation_steps import Role, allowed_now
from workplace_sync.cases.merging import root_of
from workplace_sync.cases.word_back import word_to_reporter
from workplace_sync.jobs.case_desk import CaseDesk, all_cases, read_events
from workplace_sync.jobs.escalations import act
from workplace_sync.jobs.receipts import case_of


@dataclass(frozen=True, slots=True)
class Word:
    """What the union told a reporter, and on which day. `question` says that it is one."""

    on: date
    text: str
    question: bool


@dataclass(frozen=True, slots=True)
class View:
    """How a report stands: sentences, what officers wrote for the reporter (oldest first), and what can be done now."""

    sentences: tuple[str, ...]
    words: tuple[Word, ...]
    may_add: bool
    may_reply: bool


def look(desk: CaseDesk, receipt: str) -> View:
    """Return what a receipt shows; raises CaseError where it shows nothing, as `receipts.case_of` does."""
    desk = desk.as_reporter()
    with desk.office.database.connect() as connection:
        case = case_of(desk, connection, receipt)
        cases = all_cases(connection)
        own = read_events(desk, connection, case)
        root = root_of(case, cases)
        words = [*_words(own, Step.ASKED), *_words(own, Step.REPORTED_BACK)]
        if root != case:
            words += _words(read_events(desk, connection, root), Step.REPORTED_BACK)
    may = allowed_now(escalation_of(case, own), Role.REPORTER)
    told = tuple(sorted(words, key=lambda word: word.on))
    return View(word_to_reporter(case, cases), told, Step.ADDED in may, Step.REPLIED in may)


def add(desk: CaseDesk, receipt: str, words: str, attachments: Sequence[bytes] = ()) -> View:
    """Add to a report, or reply where an officer asked; returns what the receipt shows then.

    Raises CaseError for a receipt that is none or words that say nothing, UsageError for what is too long or not taken.
    """
    desk = desk.as_reporter()
    with desk.office.database.connect() as connection:
        case = case_of(desk, connection, receipt)
        asked = all_cases(connection)[case].asked
    act(desk, case, Step.REPLIED if asked else Step.ADDED, words=words, attachments=attachments)
    return look(desk, receipt)


def _words(events: Sequence[Event], step: Step) -> list[Word]:
    return [
        Word(event.at.date(), event.words, step is Step.ASKED)
        for event in events
        if event.step is step and event.words.strip()
    ]
