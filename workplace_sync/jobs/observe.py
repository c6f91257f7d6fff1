"""Read a group as it is now, keep what was seen, and notice who is gone without our doing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from workplace_sync.errors import BlindError, PlatformError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.office import Office
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.snapshot import Completeness, Member
from workplace_sync.platforms.base import GroupReader
from workplace_sync.store import snapshots as store
from workplace_sync.store import webhooks
from workplace_sync.store.evidence import Transaction

UNKNOWN_CAUSE = "unknown"


@dataclass(frozen=True, slots=True)
class Observation:
    """What a reading showed. `come` and `gone` count against the complete reading before it, zero for an incomplete one."""

    snapshot: store.SnapshotRecord
    come: int = 0
    gone: int = 0
    departures: tuple[store.Departure, ...] = ()
    first: bool = False

    def require_complete(self) -> store.SnapshotRecord:
        """Return the snapshot; raises BlindError when it is not complete (promise P2)."""
        if not self.snapshot.complete:
            raise BlindError(
                f"The group could not be read completely: {self.snapshot.completeness.shortfall.rstrip('.')}.",
                hint="Nothing was concluded from it and nothing was written. Try again later; `workplace-sync doctor` shows what the token may see.",
            )
        return self.snapshot


def observe(office: Office, group: ManagedGroup, reader: GroupReader) -> Observation:
    """Read the members of `group` and merge a complete reading into the history.

    An incomplete reading is kept as what it is and changes nothing else. Both are entries of the evidence log, and so
    is every person who is gone without an operation of ours.
    """
    with office.database.connect() as connection, store.staged(connection) as staging:
        taken_at = office.now()
        completeness = _read(reader, staging)
        if completeness.hidden:
            staging.name_hidden(group.name)
        staging.close_reading()
        members, administrators = store.count_staged(connection)
        snapshot = store.SnapshotRecord(
            id=office.new_id(),
            group=group.name,
            taken_at=taken_at,
            finished_at=office.now(),
            complete=completeness.complete,
            members=members,
            administrators=administrators,
            completeness=completeness,
        )
        with office.log.transaction(on=connection) as transaction:
            before = store.latest(connection, group.name, complete=True)
            store.record(connection, snapshot)
            _log_snapshot(office, transaction, group, snapshot)
            if not snapshot.complete:
                return Observation(snapshot)
            webhooks.fulfil(connection, group.name, snapshot.taken_at)
            if before and before.completeness.hidden:
                store.reveal(connection, group.name)
            come, gone = store.merge(connection, snapshot, last_seen=before.taken_at if before else None)
            departures = tuple(store.departures(connection, snapshot)) if gone else ()
            store.remember_departures(connection, snapshot, departures, UNKNOWN_CAUSE)
            _log_departures(office, transaction, snapshot, departures)
    return Observation(snapshot, come, gone, departures, first=before is None)


def _read(reader: GroupReader, staging: store.StagedMembers) -> Completeness:
    try:
        description = reader.describe()
    except PlatformError as error:
        return Completeness(fault=error.message.rstrip("."))
    if description.archived:
        return Completeness(fault="the group is archived")
    return read_members(reader, staging.add, staging.clear)


def read_members(
    reader: GroupReader, on_page: Callable[[Sequence[Member]], None], on_restart: Callable[[], None]
) -> Completeness:
    """Read the members as the port says; a reading in which nobody has an address is not complete.

    The platform leaves addresses out, without an error, where a token may no longer read them, and then every member
    would look like a stranger.
    """
    read = reader.read_members(on_page, on_restart)
    if read.complete and read.hidden == read.rows > 1:  # a single one may well have no address
        return replace(read, fault="the platform shows nobody's address, so the token may not read them any more")
    return read


def _log_snapshot(
    office: Office, transaction: Transaction, group: ManagedGroup, snapshot: store.SnapshotRecord
) -> None:
    read = snapshot.completeness
    transaction.log(
        Record(
            kind=Kind.SNAPSHOT_TAKEN if snapshot.complete else Kind.GROUP_BLIND,
            at=snapshot.taken_at,
            group=group.name,
            actor=office.actor,
            outcome="complete" if snapshot.complete else "incomplete",
            data={
                "administrators": snapshot.administrators,
                "expected": read.expected,
                "hidden_addresses": read.hidden,
                "members": snapshot.members,
                "pages": read.pages,
                "platform_id": group.platform_id,
                "shortfall": read.shortfall,
                "snapshot": snapshot.id,
            },
        )
    )


def _log_departures(
    office: Office, transaction: Transaction, snapshot: store.SnapshotRecord, gone: tuple[store.Departure, ...]
) -> None:
    for one in gone:
        transaction.log(
            Record(
                kind=Kind.MEMBER_DEPARTED,
                at=snapshot.taken_at,
                group=snapshot.group,
                subject=one.key,
                actor=office.actor,
                outcome="not_by_us",
                data={
                    "cause": UNKNOWN_CAUSE,
                    "last_seen_at": one.last_seen_at.isoformat(),
                    "missing_at": one.gone_at.isoformat(),
                    "platform_id": one.platform_id,
                    "snapshot": snapshot.id,
                },
            )
        )
