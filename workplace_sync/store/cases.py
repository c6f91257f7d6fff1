"""Escalations as they are kept: cases by pseudonym, their events, and apart from these what was written, encrypted."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from workplace_sync.cases.escalation import Event, Step
from workplace_sync.cases.escalation_facts import read_facts, write_facts
from workplace_sync.store.case_tables import (
    EscalationEventRow,
    EscalationFileRow,
    EscalationReceiptRow,
    EscalationRow,
    EscalationTextRow,
)

_CASE = EscalationRow.__table__  # type: ignore[attr-defined]
_EVENT = EscalationEventRow.__table__  # type: ignore[attr-defined]
_TEXT = EscalationTextRow.__table__  # type: ignore[attr-defined]
_FILE = EscalationFileRow.__table__  # type: ignore[attr-defined]
_RECEIPT = EscalationReceiptRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Keeping:
    """How a case is kept: why it is on legal hold ('' where it is not), and when its texts were erased, if they were."""

    held: str = ""
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A file that came with the event of that number, encrypted."""

    id: str
    number: int
    sealed: bytes


def add_case(connection: Connection, case: str) -> None:
    """Keep a new case."""
    connection.execute(insert(_CASE).values(id=case, held=""))


def count(connection: Connection) -> int:
    """Return how many cases are kept."""
    return int(connection.execute(select(func.count()).select_from(_CASE)).scalar_one())


def add_event(connection: Connection, case: str, number: int, event: Event, sealed: bytes) -> None:
    """Keep an event, whose words are in `sealed` alone; `event` comes without them."""
    connection.execute(
        insert(_EVENT).values(
            case_id=case,
            number=number,
            step=event.step.value,
            at=event.at,
            by=event.by,
            role=event.role,
            facts=json.dumps(write_facts(event.facts)),
        )
    )
    connection.execute(insert(_TEXT).values(case_id=case, number=number, sealed=sealed))


def events(connection: Connection, case: str | None = None) -> dict[str, list[Event]]:
    """Return the events of one case or of all, oldest first, without words; raises CaseError for what cannot be read."""
    query = select(_EVENT).order_by(_EVENT.c.case_id, _EVENT.c.number)
    if case is not None:
        query = query.where(_EVENT.c.case_id == case)
    found: dict[str, list[Event]] = {}
    for row in connection.execute(query):
        step = Step(row.step)
        facts = read_facts(step, json.loads(row.facts))
        found.setdefault(row.case_id, []).append(Event(step, row.at, row.by, row.role, facts))
    return found


def texts(connection: Connection, case: str) -> dict[int, bytes]:
    """Return what was written with a case's events, encrypted, by their numbers; nothing once it was erased."""
    query = select(_TEXT.c.number, _TEXT.c.sealed).where(_TEXT.c.case_id == case)
    return {row.number: row.sealed for row in connection.execute(query)}


def keeping(connection: Connection) -> dict[str, Keeping]:
    """Return how each case is kept."""
    return {row.id: Keeping(row.held, row.erased_at) for row in connection.execute(select(_CASE))}


def hold(connection: Connection, case: str, reason: str) -> None:
    """Put a case on legal hold, or take it off with ''."""
    connection.execute(update(_CASE).where(_CASE.c.id == case).values(held=reason))


def add_files(connection: Connection, case: str, files: Iterable[SealedFile]) -> None:
    """Keep files."""
    rows = [{"id": one.id, "case_id": case, "number": one.number, "sealed": one.sealed} for one in files]
    if rows:
        connection.execute(insert(_FILE), rows)


def files(connection: Connection, case: str) -> list[SealedFile]:
    """Return a case's files, in the order of its events."""
    query = select(_FILE).where(_FILE.c.case_id == case).order_by(_FILE.c.number, _FILE.c.id)
    return [SealedFile(row.id, row.number, row.sealed) for row in connection.execute(query)]


def add_receipt(connection: Connection, lookup: str, secret: str, case: str) -> None:
    """Keep the hashes of a receipt."""
    connection.execute(insert(_RECEIPT).values(lookup=lookup, secret=secret, case_id=case))


def find_receipt(connection: Connection, lookup: str) -> tuple[str, str]:
    """Return the slow hash of a receipt and its case; '' and '' where there is none."""
    row = connection.execute(select(_RECEIPT).where(_RECEIPT.c.lookup == lookup)).first()
    return (row.secret, row.case_id) if row else ("", "")


def erase(connection: Connection, cases: Collection[str], at: datetime) -> Mapping[str, int]:
    """Erase what was written and attached in these cases, and their receipts; returns how many rows of each went."""
    gone: dict[str, int] = {}
    for case in cases:
        for name, table in (("texts", _TEXT), ("files", _FILE), ("receipts", _RECEIPT)):
            rows = connection.execute(delete(table).where(table.c.case_id == case)).rowcount
            gone[name] = gone.get(name, 0) + int(rows)
        connection.execute(update(_CASE).where(_CASE.c.id == case).values(erased_at=at))
    return gone
