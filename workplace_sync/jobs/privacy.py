"""Erase a person: what says who they are goes, what was proved stays proved (store/privacy.py tells what is left).

A legal hold comes first: while there is one on the person or on everybody, nothing goes, and the refusal is an entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from workplace_sync.errors import BusyError, GuardError, SettingsError, UsageError
from workplace_sync.evidence.bundle import spans
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.consent import key_of
from workplace_sync.jobs.office import Office
from workplace_sync.store import erasure_journal, holds, suppression
from workplace_sync.store import privacy as store
from workplace_sync.store.erasure_journal import Erasure, JournalFile
from workplace_sync.store.evidence import Transaction
from workplace_sync.store.holds import Hold
from workplace_sync.store.suppression import Veil


@dataclass(frozen=True, slots=True)
class Found:
    """What there is about a person: rows by table (`opening` counts entries with their contents), and holds on it."""

    rows: dict[str, int]
    holds: tuple[Hold, ...]


@dataclass(slots=True)
class ErasureReport:
    """What an erasure did.

    `entries` are the numbers of the entries whose contents went, `rows` counts by table, `entry` is the erasure's own
    entry, None when there was nothing to erase. `clean` says whether the database's files hold nothing of it any more,
    `residue` where the person is still named, and `addresses` how, for whoever looks through files.
    """

    entries: list[int] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    entry: int | None = None
    clean: bool = True
    residue: store.Residue = field(default_factory=store.Residue)
    addresses: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the database names the person nowhere any more."""
        return self.clean and not self.residue.rows and not self.residue.entries


def look_up(office: Office, address: str) -> Found:
    """Return what there is about a person; raises UsageError for what cannot be an address."""
    with office.database.connect() as connection:
        held = store.identify(connection, key_of(address))
        return Found(store.count_about(connection, held), tuple(_holds_on(connection, held)))


def erase(office: Office, address: str, *, authorised_by: str, basis: str, also: Sequence[int] = ()) -> ErasureReport:
    """Erase a person, and the contents of the entries numbered in `also`, which may name others too.

    Raises GuardError where a legal hold forbids it, BusyError while an operation about the person has no known outcome,
    UsageError where the request itself cannot be kept. Nothing was erased then.
    """
    veil, journal = _means(office)
    key = key_of(address)
    report, refused = ErasureReport(), None
    with office.log.transaction() as transaction:
        connection = transaction.connection
        held = store.identify(connection, key)
        _check_request(held, authorised_by, basis)
        refused = _holds_on(connection, held) or _holds_on_others(connection, also)
        if refused:
            transaction.log(_refusal(office, key, refused, authorised_by, basis))
        else:
            _check_settled(connection, held)
            erasure = _carry_out(office, transaction, veil, journal, held, also, report)
            if erasure is not None:
                report.entry = _log(office, transaction, erasure, report, authorised_by, basis)
    if refused:
        raise GuardError(
            f"A legal hold forbids it: {'; '.join(f'{hold.id}: {hold.reason}' for hold in refused)}.",
            hint="Nothing was erased, and the refusal is on record. `workplace-sync privacy hold list` shows the holds.",
        )
    if report.entry is not None:
        report.clean = finish(office, journal)
    with office.database.connect() as connection:
        report.residue = store.residue(connection, held)
    report.addresses = held.addresses
    return report


def finish(office: Office, journal: JournalFile) -> bool:
    """Take what was erased out of the database's files, then write down outside that it is done; returns whether it is.

    Where a reader elsewhere holds it up, the journal is left behind, so that the next start does it.
    """
    if not office.database.scrub():
        return False
    with office.database.connect() as connection:
        journal.add(erasure_journal.recorded(connection))
    return True


def _means(office: Office) -> tuple[Veil, JournalFile]:
    if office.veil is None or office.erasures is None:
        raise SettingsError("Erasing needs the key for erased people and the journal of erasures, which are not set.")
    return office.veil, office.erasures


def _check_request(held: store.Held, authorised_by: str, basis: str) -> None:
    if not authorised_by.strip() or not basis.strip():
        raise UsageError("Say who authorised it, and on what basis.", hint="--authorised-by NAME --basis TEXT")
    if any(address in text.lower() for address in held.addresses for text in (authorised_by, basis)):
        raise UsageError(
            "The basis or the one who authorised it names the person by their address, and is kept.",
            hint="Write it without the address.",
        )


def _check_settled(connection: Connection, held: store.Held) -> None:
    if store.unsettled(connection, held):
        raise BusyError(
            "An operation about this person has no known outcome yet.",
            hint="Run `workplace-sync apply` on its plan again, which settles it; then erase.",
        )


def _holds_on(connection: Connection, held: store.Held) -> list[Hold]:
    found = {hold.id: hold for key in held.keys for hold in holds.holding(connection, key)}
    return [found[number] for number in sorted(found)]


def _holds_on_others(connection: Connection, also: Sequence[int]) -> list[Hold]:
    return [hold for key in sorted(store.subjects_of(connection, also)) for hold in holds.holding(connection, key)]


def _refusal(office: Office, key: str, refused: Sequence[Hold], authorised_by: str, basis: str) -> Record:
    return Record(
        kind=Kind.ERASURE_REFUSED,
        at=office.now(),
        subject=key,
        actor=office.actor,
        outcome="refused",
        data={"authorised_by": authorised_by, "basis": basis, "holds": [hold.id for hold in refused]},
    )


def _carry_out(
    office: Office,
    transaction: Transaction,
    veil: Veil,
    journal: JournalFile,
    held: store.Held,
    also: Sequence[int],
    report: ErasureReport,
) -> Erasure | None:
    connection = transaction.connection
    if not suppression.stand_ins(connection) and not any(one.people for one in journal.read()):
        veil.make()
    people, known = _people(connection, veil, held)
    entries = store.entries_about(connection, held, also=also)
    _check_also(connection, also, {seq for seq, _ in entries})
    report.entries = [seq for seq, _ in entries]
    report.rows = store.erase_rows(connection, held, next(iter(people.values())))
    store.delete_openings(connection, report.entries)
    if known and not report.entries and not report.rows:
        return None
    suppression.suppress(connection, people)
    erasure = Erasure(office.new_id(), office.now(), tuple(entries), people)
    erasure_journal.record(connection, erasure)
    return erasure


def _people(connection: Connection, veil: Veil, held: store.Held) -> tuple[dict[str, str], bool]:
    """Return the hashes of all keys of a person with their stand-in, and whether they were all known before."""
    kept = suppression.stand_ins(connection)
    digests = [veil.digest(key) for key in held.keys]
    name = next((kept[digest] for digest in digests if digest in kept), suppression.name_for(digests[0]))
    return dict.fromkeys(digests, name), all(digest in kept for digest in digests)


def _check_also(connection: Connection, also: Sequence[int], there: set[int]) -> None:
    missing = [seq for seq in also if seq not in there]
    if missing:
        raise UsageError(f"Entry {missing[0]} is not there, or has been erased.", hint="`audit list` shows numbers.")
    if store.erasures_among(connection, also):
        raise UsageError(
            "An erasure's own entry says who authorised it; it goes when its time is over, not before.",
            hint="Set its time in WORKPLACE_SYNC_RETENTION.",
        )


def _log(
    office: Office,
    transaction: Transaction,
    erasure: Erasure,
    report: ErasureReport,
    authorised_by: str,
    basis: str,
) -> int:
    place = transaction.place()
    transaction.log(
        Record(
            kind=Kind.ERASURE_DONE,
            at=erasure.at,
            actor=office.actor,
            outcome="erased",
            data={
                "authorised_by": authorised_by,
                "basis": basis,
                "entries": spans(report.entries),
                "erasure": erasure.id,
                "number": len(report.entries),
                "rows": report.rows,
            },
        )
    )
    return place
