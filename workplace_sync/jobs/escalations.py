"""The verbs of escalations: open one, take a step, merge, read. Each step is an entry in the evidence log, without content.

An entry says which case by its pseudonym, which step, who took it, and the SHA-256 of what was written with a salt of its
own: so it proves what was written for as long as that is kept, and says nothing of it once it was erased.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from workplace_sync.cases import gate_text
from workplace_sync.cases.escalation import (
    ID_ENTROPY,
    Escalation,
    Event,
    Facts,
    Link,
    Recusal,
    Report,
    Step,
    case_id,
    escalation_of,
)
from workplace_sync.cases.escalation_steps import Due, Role, overdue, received, step
from workplace_sync.cases.merging import merge
from workplace_sync.errors import CaseError, UsageError
from workplace_sync.jobs import vault
from workplace_sync.jobs.attachments import Attachment, clean_all
from workplace_sync.jobs.case_desk import (
    CaseDesk,
    CaseFile,
    all_cases,
    case_name,
    make_key,
    no_case,
    read_events,
    require_part,
)
from workplace_sync.jobs.case_steps import file_label, keep_event, writing
from workplace_sync.jobs.identity import NOBODY, Identity
from workplace_sync.jobs.receipts import new_receipt
from workplace_sync.store import cases as store
from workplace_sync.store import vault as vault_store
from workplace_sync.store.evidence import Transaction

LONGEST = 20_000
"""How many characters may be written at once."""

_SHOWN_TO_REPORTER = frozenset({Step.ASKED, Step.REPORTED_BACK})
_ELSEWHERE = frozenset({Step.RECEIVED, Step.MERGED, Step.ABSORBED, Step.UNSEALED})


@dataclass(frozen=True, slots=True)
class Opened:
    """A new case, and its receipt: shown now, and never again. It is '' where none was wanted."""

    case: str
    receipt: str


def open_case(
    desk: CaseDesk,
    report: Report,
    words: str,
    *,
    identity: Identity = NOBODY,
    attachments: Sequence[bytes] = (),
    receipt: bool = True,
) -> Opened:
    """Take a report in, and seal who it is from to the officers whom it is not about.

    Raises UsageError for what the rules do not know (category, area, officer), too long a text or a file that is not
    taken; CaseError as `received` does, or where somebody says who they are and nobody is there to seal it to.
    """
    event = first_event(desk, report, words)
    files = clean_all(attachments, desk.rulebook.attachments, report.confidentiality)
    make_key(desk)
    slip = new_receipt(desk) if receipt else None
    with writing(desk) as transaction:
        case = enter_case(desk, transaction, report, event, files=files, identity=identity)
        if slip:
            store.add_receipt(transaction.connection, slip.lookup, slip.secret, case)
    return Opened(case, slip.shown if slip else "")


def first_event(desk: CaseDesk, report: Report, words: str) -> Event:
    """Return the event that a case of this report begins with; raises UsageError and CaseError as `open_case` does."""
    _check_report(desk, report)
    _check_length(words)
    return received(report, by=desk.actor, role=desk.having_role(), at=desk.office.now(), words=words)


def enter_case(
    desk: CaseDesk,
    transaction: Transaction,
    report: Report,
    event: Event,
    *,
    files: Sequence[Attachment] = (),
    identity: Identity = NOBODY,
) -> str:
    """Keep a new case that begins with `event`, inside the caller's `writing`, and return its id; `make_key` comes before."""
    connection = transaction.connection
    case = _free_id(desk, store.keeping(connection))
    store.add_case(connection, case)
    keep_event(desk, transaction, case, [], event, files)
    vault.seal(desk, connection, case, report, identity, event.at)
    return case


def act(
    desk: CaseDesk,
    case: str,
    action: Step,
    *,
    facts: Facts = None,
    words: str = "",
    despite: bool = False,
    attachments: Sequence[bytes] = (),
) -> Escalation:
    """Take a step in a case, and return the case as it is then.

    What is shown to who reported (a question, the word back) goes through the gate for texts first: `despite` says that the
    officer has seen what it found. Raises UsageError where there is no such case, CaseError as `escalation_steps.step`
    does, for somebody who may not see the case, or for a text that may not leave.
    """
    with writing(desk) as transaction:
        return take_step(
            desk, transaction, case, action, facts=facts, words=words, despite=despite, attachments=attachments
        )


def take_step(
    desk: CaseDesk,
    transaction: Transaction,
    case: str,
    action: Step,
    *,
    facts: Facts = None,
    words: str = "",
    despite: bool = False,
    attachments: Sequence[bytes] = (),
) -> Escalation:
    """Take a step as `act` does, inside the caller's `writing`."""
    if action in _ELSEWHERE:
        raise UsageError(f"The step {action.value} has a way of its own.")
    _check_length(words)
    at, role = desk.office.now(), desk.having_role()
    events = read_events(desk, transaction.connection, case)
    now = escalation_of(case, events)
    if role is not Role.REPORTER:
        require_part(desk, now)
    _check_facts(desk, facts)
    event = step(now, action, by=desk.actor, role=role, at=at, facts=facts, words=words)
    if action in _SHOWN_TO_REPORTER and words.strip():
        gate_text.approve(words, gate_text.findings(words), by=desk.actor, at=at, despite=despite)
    files = clean_all(attachments, desk.rulebook.attachments, now.report.confidentiality)
    after = keep_event(desk, transaction, case, events, event, files)
    if isinstance(facts, Recusal):
        vault.recuse(transaction.connection, case, facts.officer)
    return after


def merge_cases(desk: CaseDesk, duplicate: str, issue: str) -> Escalation:
    """Make a case a part of a systemic issue, and return the issue. Raises UsageError and CaseError as `act` does."""
    at, role = desk.office.now(), desk.having_role()
    with writing(desk) as transaction:
        mine, other = (read_events(desk, transaction.connection, one) for one in (duplicate, issue))
        here, there = escalation_of(duplicate, mine), escalation_of(issue, other)
        require_part(desk, here)
        require_part(desk, there)
        leaves, takes = merge(here, there, by=desk.actor, role=role, at=at)
        keep_event(desk, transaction, duplicate, mine, leaves)
        return keep_event(desk, transaction, issue, other, takes)


def find_case(desk: CaseDesk, given: str) -> str:
    """Return the id of the case that somebody means; raises UsageError where there is none."""
    name = case_name(given)
    with desk.office.database.connect() as connection:
        if name not in store.keeping(connection):
            raise no_case()
    return name


def read_case(desk: CaseDesk, case: str) -> CaseFile:
    """Return a case with all that was written in it; raises CaseError for somebody who may not see it."""
    desk.require_sight()
    with desk.office.database.connect() as connection:
        events = read_events(desk, connection, case)
        found = escalation_of(case, events)
        require_part(desk, found)
        files: dict[int, tuple[str, ...]] = {}
        for one in store.files(connection, case):
            files[one.number] = (*files.get(one.number, ()), one.id)
        keeping, sealed = store.keeping(connection)[case], vault_store.get(connection, case) is not None
    return CaseFile(found, tuple(events), keeping, files, sealed)


def read_file(desk: CaseDesk, case: str, file: str) -> Attachment:
    """Return what was attached to a case; raises UsageError where it has no such file, CaseError as `read_case` does."""
    read_case(desk, case)
    with desk.office.database.connect() as connection:
        found = next((one for one in store.files(connection, case) if one.id == file), None)
    if found is None:
        raise UsageError("The case has no such file.", hint="`workplace-sync escalation show` lists them.")
    return Attachment.parse(desk.key.open(file_label(case, file), found.sealed))


def list_cases(desk: CaseDesk, *, still_open: bool = False) -> list[Escalation]:
    """Return the cases that the one who asks may see, the oldest first; raises CaseError where that is none at all."""
    desk.require_sight()
    with desk.office.database.connect() as connection:
        found = all_cases(connection).values()
    mine = [case for case in found if desk.actor not in case.recused and (case.open or not still_open)]
    return sorted(mine, key=lambda case: (case.opened_at, case.id))


def list_overdue(desk: CaseDesk) -> list[Due]:
    """Return what should have been done by now and was not, the longest due first; raises CaseError as `list_cases` does."""
    now = desk.office.now()
    found = (overdue(case, now, desk.rulebook.deadlines) for case in list_cases(desk, still_open=True))
    return sorted(due for due in found if due is not None)


def _free_id(desk: CaseDesk, taken: Collection[str]) -> str:
    while True:
        name = case_id(desk.entropy(ID_ENTROPY))
        if name not in taken:
            return name


def _check_length(words: str) -> None:
    if len(words) > LONGEST:
        raise UsageError(f"The text is longer than {LONGEST:,} characters.", hint="Tell the most important of it.")


def _check_report(desk: CaseDesk, report: Report) -> None:
    rules = desk.rulebook
    category = rules.category(report.category)
    if category is None:
        known = ", ".join(one.id for one in rules.categories)
        raise UsageError("There is no such category.", hint=f"Categories: {known}.")
    if report.tone not in category.tones:
        raise UsageError(f"The category {category.id} is not for {report.tone.value} news.", hint="Choose another one.")
    if rules.area(report.area) is None and (rules.areas or report.area):
        known = ", ".join(one.id for one in rules.areas)
        raise UsageError("There is no such area.", hint=f"Areas: {known}." if known else "No areas are configured.")
    for name in report.recused:
        _check_officer(desk, name)


def _check_officer(desk: CaseDesk, name: str) -> None:
    if name not in desk.officers:
        raise UsageError("There is no officer of that name.", hint="Officers are in config/people.yaml.")


def _check_facts(desk: CaseDesk, facts: Facts) -> None:
    if isinstance(facts, Recusal):
        _check_officer(desk, facts.officer)
    elif isinstance(facts, Link) and not facts.ref.strip():
        raise CaseError(
            "A link needs to say what to.", hint="Give the id of an incident, a case, a bundle or a person."
        )
