"""Erase the contents of entries that are older than they are to be kept, kind by kind; the entries stay, and prove."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workplace_sync.errors import GuardError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.privacy import finish
from workplace_sync.store import erasure_journal, holds
from workplace_sync.store import privacy as store
from workplace_sync.store.erasure_journal import Erasure

_BASIS = "older than the settings keep it"
_KEPT = {Kind.KEY_ROTATED}  # names keys, not people; without it no checkpoint signed before the change would verify


@dataclass(frozen=True, slots=True)
class Due:
    """How many contents of a kind are older than `days`, that is, older than `before`; `oldest` is None for none."""

    kind: str
    days: int
    before: datetime
    number: int
    oldest: datetime | None


def past_their_time(office: Office, retention: Mapping[str, int]) -> list[Due]:
    """Return for each kind that has a time, in days, what is past it.

    People on a legal hold are left out, and so are changes of the log's key, which every verification needs.
    """
    now = office.now()
    found = []
    with office.database.connect() as connection:
        held_back = store.held_back(connection)
        for kind, days in retention.items():
            if kind in _KEPT:
                continue
            before = now - timedelta(days=days)
            found.append(Due(kind, days, before, *store.past_their_time(connection, kind, before, held_back)))
    return found


def apply_retention(office: Office, due: Sequence[Due]) -> tuple[int, bool]:
    """Erase what is past its time, and return how much that was and whether the database's files hold none of it.

    Raises GuardError, after an entry of the refusal, while there is a legal hold on everybody.
    """
    wanted = [one for one in due if one.number]
    if not wanted or office.erasures is None:
        return 0, True
    now, counts = office.now(), {}
    with office.log.transaction() as transaction:
        connection = transaction.connection
        on_all = [hold.id for hold in holds.holds(connection, in_force=True) if hold.key == holds.EVERYBODY]
        if on_all:
            transaction.log(_refusal(office, now, on_all))
        else:
            held_back = store.held_back(connection)
            counts = {one.kind: store.delete_past(connection, one.kind, one.before, held_back) for one in wanted}
            erasure = Erasure(office.new_id(), now, before={one.kind: one.before for one in wanted})
            erasure_journal.record(connection, erasure)
            transaction.log(_record(office, now, wanted, counts, erasure.id))
    if on_all:
        raise GuardError(
            "A legal hold on everybody forbids it.",
            hint="Nothing was erased, and the refusal is on record. `workplace-sync privacy hold list` shows the holds.",
        )
    return sum(counts.values()), finish(office, office.erasures)


def _record(office: Office, now: datetime, due: Sequence[Due], counts: Mapping[str, int], erasure: str) -> Record:
    return Record(
        kind=Kind.RETENTION_APPLIED,
        at=now,
        actor=office.actor,
        outcome="erased",
        data={
            "before": {one.kind: one.before.isoformat() for one in due},
            "days": {one.kind: one.days for one in due},
            "erasure": erasure,
            "kinds": dict(counts),
            "number": sum(counts.values()),
        },
    )


def _refusal(office: Office, now: datetime, on_all: Sequence[int]) -> Record:
    return Record(
        kind=Kind.ERASURE_REFUSED,
        at=now,
        actor=office.actor,
        outcome="refused",
        data={"authorised_by": "the settings", "basis": _BASIS, "holds": list(on_all)},
    )
