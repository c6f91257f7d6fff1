"""Keeps a step of an escalation: the event, what was written with it, and its entry in the evidence log, in one transaction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256

from workplace_sync.cases.escalation import Escalation, Event, Link, LinkKind, Merge, escalation_of
from workplace_sync.evidence.entry import SALT_SIZE, JsonValue, Kind, Record
from workplace_sync.jobs.attachments import BLOCK, Attachment
from workplace_sync.jobs.case_desk import CaseDesk, label_of, without_body, write_body
from workplace_sync.store import cases as store
from workplace_sync.store.cases import SealedFile
from workplace_sync.store.evidence import Transaction

_A_MEMBER = "a member"
_ID = 8


@contextmanager
def writing(desk: CaseDesk) -> Iterator[Transaction]:
    """Run a transaction in which nobody else takes a step, so that what is read in it still holds when it is written."""
    with desk.office.log.transaction() as transaction:
        transaction.place()
        yield transaction


def keep_event(
    desk: CaseDesk,
    transaction: Transaction,
    case: str,
    events: Sequence[Event],
    event: Event,
    files: Sequence[Attachment] = (),
) -> Escalation:
    """Keep an event after `events`, which are all before it, and log it; returns the case as it is then."""
    number, connection = len(events), transaction.connection
    hashes = [sha256(one.as_bytes()).hexdigest() for one in files]
    content = write_body(event, hashes, desk.entropy(SALT_SIZE))
    store.add_event(connection, case, number, without_body(event), desk.key.seal(label_of(case, number), content))
    store.add_files(connection, case, [_sealed(desk, case, number, one) for one in files])
    after = escalation_of(case, [*events, event])
    transaction.log(_record(after, event, number, content))
    return after


def file_label(case: str, file: str) -> str:
    """Return the label that a file is bound to."""
    return f"file/{case}/{file}"


def _sealed(desk: CaseDesk, case: str, number: int, file: Attachment) -> SealedFile:
    name = desk.entropy(_ID).hex()
    return SealedFile(name, number, desk.key.seal(file_label(case, name), file.as_bytes(), BLOCK))


def _record(case: Escalation, event: Event, number: int, content: bytes) -> Record:
    """Return the entry for a step, which says nothing of what was written."""
    data: dict[str, JsonValue] = {
        "case": case.id,
        "content": sha256(content).hexdigest(),
        "number": number,
        "role": event.role,
        "state": case.state.value,
        "step": event.step.value,
    }
    facts = event.facts
    if isinstance(facts, Merge):
        data["other"] = facts.other
    elif isinstance(facts, Link):
        data["link"] = facts.kind.value
        data["ref"] = "" if facts.kind is LinkKind.PERSON else facts.ref
    kind = Kind.ESCALATION_STEP if number else Kind.ESCALATION_RECEIVED
    return Record(kind, event.at, actor=event.by or _A_MEMBER, outcome=event.step.value, data=data)
