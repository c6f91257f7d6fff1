"""How long cases are kept: closed ones lose words, files, receipts and the sealed identity when their time is over.

What is counted stays, and so do the entries of the evidence log, which hold no content. A legal hold on a case, or one on
everybody, keeps all of it for as long as it lasts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from workplace_sync.cases.retention import Expiry, expired
from workplace_sync.errors import UsageError
from workplace_sync.evidence.entry import JsonValue, Kind, Record
from workplace_sync.jobs.case_desk import CaseDesk, all_cases, require_part
from workplace_sync.jobs.case_steps import writing
from workplace_sync.store import cases as store
from workplace_sync.store import holds
from workplace_sync.store import vault as vault_store

_AGAIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Kept:
    """What retention did, or would do: cases to erase, those that a hold keeps, and whether the files hold none of it."""

    erased: tuple[str, ...]
    held: tuple[str, ...]
    clean: bool = True


def due_for_erasure(desk: CaseDesk) -> Kept:
    """Return which cases are past their time; raises CaseError for somebody who may not see cases."""
    desk.require_sight()
    with desk.office.database.connect() as connection:
        return _due(_expired(desk, connection))


def apply_retention(desk: CaseDesk) -> Kept:
    """Erase what is past its time, and make the database's files forget it. Raises CaseError as `due_for_erasure` does.

    The files are gone over for some days after an erasure: a reader elsewhere may have held it up the first time.
    """
    desk.require_sight()
    with writing(desk) as transaction:
        connection = transaction.connection
        kept = _due(_expired(desk, connection))
        if kept.erased:
            at = desk.office.now()
            rows = dict(store.erase(connection, kept.erased, at))
            rows["identities"] = vault_store.erase(connection, kept.erased)
            data: dict[str, JsonValue] = {"cases": list(kept.erased), "number": len(kept.erased), "rows": rows}
            transaction.log(Record(Kind.ESCALATION_ERASED, at, actor=desk.actor, outcome="erased", data=data))
    if not kept.erased and not _erased_of_late(desk):
        return kept
    return Kept(kept.erased, kept.held, desk.office.database.scrub())


def _erased_of_late(desk: CaseDesk) -> bool:
    since = desk.office.now() - _AGAIN
    with desk.office.database.connect() as connection:
        return any(one.erased_at and one.erased_at > since for one in store.keeping(connection).values())


def place_hold(desk: CaseDesk, case: str, reason: str) -> None:
    """Put a case on legal hold; raises UsageError without a reason, CaseError for somebody who may not see it."""
    if not reason.strip():
        raise UsageError("Say why it has to be kept.", hint="A claim that is pending, for instance.")
    _hold(desk, case, reason.strip(), "placed")


def lift_hold(desk: CaseDesk, case: str) -> None:
    """Take a case off legal hold; raises UsageError where it is on none, CaseError as `place_hold` does."""
    _hold(desk, case, "", "lifted")


def _hold(desk: CaseDesk, case: str, reason: str, outcome: str) -> None:
    with writing(desk) as transaction:
        connection = transaction.connection
        require_part(desk, all_cases(connection)[case])
        if not reason and not store.keeping(connection)[case].held:
            raise UsageError(f"Case {case} is on no hold.", hint="`workplace-sync escalation show` says so.")
        store.hold(connection, case, reason)
        at, data = desk.office.now(), {"case": case}
        transaction.log(Record(Kind.ESCALATION_HELD, at, actor=desk.actor, outcome=outcome, data=data))


def _expired(desk: CaseDesk, connection: Connection) -> tuple[Expiry, ...]:
    cases, keeping = all_cases(connection), store.keeping(connection)
    everybody = any(one.key == holds.EVERYBODY for one in holds.holds(connection, in_force=True))
    held = list(cases) if everybody else [case for case, one in keeping.items() if one.held]
    found = expired(cases, desk.office.now(), desk.rulebook.retention, held)
    return tuple(one for one in found if keeping[one.case].erased_at is None)


def _due(found: Sequence[Expiry]) -> Kept:
    return Kept(tuple(one.case for one in found if not one.held), tuple(one.case for one in found if one.held))
