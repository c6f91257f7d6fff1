"""Carry erasures out again on a database that was put back, before anything of it is used.

The journal outside the database and the database each know what was erased. Where the journal knows more, the database
is an older copy, and what it brings back goes again. Where the database knows more, a run ended right after erasing:
its files are cleaned once more, and the journal catches up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from workplace_sync.errors import SettingsError
from workplace_sync.evidence.bundle import spans
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.privacy import finish
from workplace_sync.store import erasure_journal, suppression
from workplace_sync.store import privacy as store
from workplace_sync.store.erasure_journal import Erasure
from workplace_sync.store.evidence import Transaction

_LOOKED_AT = 1_000  # of the entries erased last, at each start; `privacy replay` looks at all


@dataclass(slots=True)
class ReplayReport:
    """What had to be done again: how many erasures, and how many contents and rows went. `clean` as in ErasureReport."""

    erasures: int = 0
    entries: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    clean: bool = True


def replay(office: Office, *, thorough: bool = True) -> ReplayReport:
    """Erase again what the journal says was erased, and return what there was to do.

    Not `thorough`, of the erasures that the database knows only the newest entries are looked at. Raises SettingsError
    when the key for erased people is missing, StoreError when the journal cannot be read or was changed.
    """
    report = ReplayReport()
    journal = office.erasures
    if journal is None:
        return report
    written = journal.read()
    with office.database.connect() as connection:
        known = erasure_journal.recorded_ids(connection)
        to_do = _undone(connection, written, known, thorough=thorough)
    if to_do:
        with office.log.transaction() as transaction:
            seqs = sorted({seq for one in to_do for seq in _again(office, transaction.connection, one, report)})
            report.erasures, report.entries = len(to_do), report.entries + len(seqs)
            _log(office, transaction, to_do, seqs, report)
    if to_do or known - {one.id for one in written}:
        report.clean = finish(office, journal)
    return report


def _undone(connection: Connection, written: Sequence[Erasure], known: set[str], *, thorough: bool) -> list[Erasure]:
    """Return the erasures that the database does not know, or whose contents are there again; oldest first."""
    found: list[Erasure] = []
    to_look_at = sum(len(one.entries) for one in written) if thorough else _LOOKED_AT
    for one in reversed(written):
        looked_at = one.entries[-to_look_at:] if to_look_at > 0 else ()
        to_look_at -= len(looked_at)
        if one.id not in known or store.still_there(connection, looked_at):
            found.append(one)
    return found[::-1]


def _again(office: Office, connection: Connection, erasure: Erasure, report: ReplayReport) -> list[int]:
    """Erase again, inside the caller's transaction; returns the numbers of the entries whose contents were there."""
    known = erasure.id in erasure_journal.recorded_ids(connection)
    seqs = set(store.still_there(connection, erasure.entries))
    if not known:
        for key in _matching(office, store.keys_in_use(connection), erasure.people):
            held = store.identify(connection, key)
            seqs |= {seq for seq, _ in store.entries_about(connection, held)}
            for name, number in store.erase_rows(connection, held, next(iter(erasure.people.values()))).items():
                report.rows[name] = report.rows.get(name, 0) + number
        suppression.suppress(connection, erasure.people)
        for kind, before in erasure.before.items():
            report.entries += store.delete_past(connection, kind, before, store.held_back(connection))
        erasure_journal.record(connection, erasure)
    found = sorted(seqs)
    store.delete_openings(connection, found)
    return found


def _matching(office: Office, keys: Iterable[str], people: Mapping[str, str]) -> list[str]:
    if not people:
        return []
    if office.veil is None:
        raise SettingsError("Erasures have to be carried out again, and the key for erased people is not set.")
    digest = office.veil.digest
    return [key for key in sorted(set(keys)) if key and digest(key) in people]


def _log(
    office: Office, transaction: Transaction, erasures: Sequence[Erasure], seqs: Sequence[int], report: ReplayReport
) -> None:
    transaction.log(
        Record(
            kind=Kind.ERASURE_REPLAYED,
            at=office.now(),
            actor=office.actor,
            outcome="erased",
            data={
                "entries": spans(seqs),
                "erasures": [one.id for one in erasures],
                "number": report.entries,
                "rows": report.rows,
            },
        )
    )
