"""Read a group as it is now, keep what was seen, and notice who is gone without our doing.

A reading is always whole: the platform has no list of what changed, and its list of members takes no
`since`. Pages are staged on disk and compared there, so memory does not grow with the group.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from workplace_sync.errors import BlindError, BusyError, PlatformError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.departing import Gone, hints_about, record_gone
from workplace_sync.jobs.incidents import Episode
from workplace_sync.jobs.office import Office
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.removals import Hint
from workplace_sync.membership.snapshot import Completeness, Member
from workplace_sync.membership.timeline import Blind, BlindCause
from workplace_sync.platforms.base import (
    CallError,
    GroupGoneError,
    GroupReader,
    PermissionMissingError,
    TokenRejectedError,
)
from workplace_sync.store import blind as periods
from workplace_sync.store import departures, marks, webhooks
from workplace_sync.store import snapshots as store
from workplace_sync.store.departures import Departure, Missing
from workplace_sync.store.evidence import Transaction
from workplace_sync.store.marks import Mark
from workplace_sync.store.suppression import Suppressed

_CAUSES: tuple[tuple[type[CallError], BlindCause], ...] = (
    (TokenRejectedError, BlindCause.TOKEN_REVOKED),
    (PermissionMissingError, BlindCause.PERMISSION_NARROWED),
    (GroupGoneError, BlindCause.GONE),
)


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen. `snapshot` is the last complete reading, or the first one where that was not complete.

    `come` counts those who came, `gone` those who are gone, our own removals among them, and `departures` are those
    gone without an operation of ours: confirmed, each with its cause. `suspected` are missing and not confirmed:
    `unconfirmed` says why the confirming reading was not complete. `episode` is what became of an incident.
    """

    snapshot: store.SnapshotRecord
    come: int = 0
    gone: int = 0
    departures: tuple[Departure, ...] = ()
    first: bool = False
    suspected: int = 0
    unconfirmed: str = ""
    episode: Episode | None = None

    def require_complete(self) -> store.SnapshotRecord:
        """Return the snapshot; raises BlindError when it is not complete (promise P2)."""
        if not self.snapshot.complete:
            raise BlindError(
                f"The group could not be read completely: {self.snapshot.completeness.shortfall.rstrip('.')}.",
                hint="Nothing was concluded from it and nothing was written. Try again later; `workplace-sync doctor` shows what the token may see.",
            )
        return self.snapshot

    @property
    def causes(self) -> dict[str, int]:
        """How many departures have each cause, in the order of the causes' names."""
        return dict(sorted(Counter(one.finding.cause.value for one in self.departures).items()))


@dataclass(frozen=True, slots=True)
class _Reading:
    """One reading: who came, who was found gone by our own doing, who is missing, and whether it was the first."""

    snapshot: store.SnapshotRecord
    come: int = 0
    explained: int = 0
    missing: tuple[Missing, ...] = ()
    first: bool = False


def observe(office: Office, group: ManagedGroup, reader: GroupReader) -> Observation:
    """Read the members of `group` and merge every complete reading into the history.

    Somebody missing without an operation of ours is gone once enough complete readings in a row missed them (see
    `Confirmation`); where the first misses somebody, the others follow at once. Whom a signed webhook named as removed
    needs no second one. An incomplete reading is kept as what it is and concludes nothing: who is missing by then
    stays a suspect, for the next observation to decide.
    """
    with office.database.connect() as connection:
        first = last = _read_once(office, connection, group, reader)
        named = hints_about(connection, group.name, first.missing)
        readings, unconfirmed = [first], ""
        while (
            last.snapshot.complete
            and _unsure(office, last.missing, named)
            and len(readings) < office.confirmation.reads
        ):
            if office.confirmation.pause_seconds:
                office.confirmation.sleep(office.confirmation.pause_seconds)
            again = _read_once(office, connection, group, reader)
            if not again.snapshot.complete:
                unconfirmed = again.snapshot.completeness.shortfall
                break
            last = again
            readings.append(last)
        confirmed = [one for one in last.missing if not _unsure(office, [one], named)]
        gone = record_gone(office, connection, group, last.snapshot, confirmed, reader, named) if confirmed else Gone()
    return Observation(
        last.snapshot,
        sum(each.come for each in readings),
        sum(each.explained for each in readings) + len(gone.departures),
        gone.departures,
        first=first.first,
        suspected=len(last.missing) - len(confirmed),
        unconfirmed=unconfirmed,
        episode=gone.episode,
    )


def _unsure(office: Office, missing: Sequence[Missing], named: Mapping[str, Hint]) -> bool:
    """Whether anybody of them has to be missed by another reading before they count as gone."""
    return any(one.readings < office.confirmation.reads and one.platform_id not in named for one in missing)


def _read_once(office: Office, connection: Connection, group: ManagedGroup, reader: GroupReader) -> _Reading:
    mark = marks.of(connection, group.name)
    with store.staged(connection, Suppressed(connection, office.veil).hide, mark) as staging:
        taken_at = office.now()
        completeness, cause = _read(reader, staging)
        quiet = _is_quiet(connection, staging, completeness, mark)
        members, administrators = (
            (quiet.members, quiet.administrators) if quiet else _close(staging, group, completeness)
        )
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
            if not snapshot.complete:
                _log_blind(office, transaction, group, snapshot, cause, before)
                return _Reading(snapshot, missing=tuple(departures.missing(connection, group.name)))
            webhooks.fulfil(connection, group.name, snapshot.taken_at)
            _log_snapshot(office, transaction, group, snapshot)
            _log_sighted(office, transaction, snapshot)
            if quiet:
                _require_still(connection, quiet)
                return _Reading(snapshot)
            if before and before.completeness.hidden:
                store.reveal(connection, group.name)
            come, missing = store.merge(connection, snapshot, last_seen=before.taken_at if before else None)
            explained = departures.close_explained(connection, snapshot) if missing else 0
            left = tuple(departures.missing(connection, group.name)) if missing > explained else ()
            if not completeness.hidden:
                marks.put(connection, staging.mark(group.name, members, administrators))
    return _Reading(snapshot, come, explained, left, first=before is None)


def _is_quiet(
    connection: Connection, staging: store.StagedMembers, completeness: Completeness, mark: Mark | None
) -> Mark | None:
    """Return the mark when the reading shows what the last one left, so that nothing has to be compared."""
    same = mark is not None and completeness.complete and not completeness.hidden and staging.as_before
    return mark if mark is not None and same and marks.holds(connection, mark) else None


def _require_still(connection: Connection, mark: Mark) -> None:
    """Look again inside the transaction; raises BusyError when another run has changed the history meanwhile."""
    if not marks.holds(connection, mark):
        raise BusyError(
            "Another run read the group at the same time.",
            hint="Nothing is lost: wait until it has ended, then observe again.",
        )


def _close(staging: store.StagedMembers, group: ManagedGroup, completeness: Completeness) -> tuple[int, int]:
    """Get what was read ready for comparing; returns the numbers of members and of administrators."""
    if completeness.hidden:
        staging.name_hidden(group.name)
    staging.close_reading()
    return store.count_staged(staging.connection)


def _read(reader: GroupReader, staging: store.StagedMembers) -> tuple[Completeness, BlindCause]:
    try:
        description = reader.describe()
    except PlatformError as error:
        return Completeness(fault=error.message.rstrip(".")), _cause_of(error)
    if description.archived:
        return Completeness(fault="the group is archived"), BlindCause.ARCHIVED
    with ThreadPoolExecutor(1, thread_name_prefix="staging") as helper:
        pages = _Behind(helper, staging)
        completeness = read_members(reader, pages.add, pages.clear)
        pages.settle()
    hidden = completeness.hidden == completeness.rows > 0 and reader.failure is None
    return completeness, BlindCause.PERMISSION_NARROWED if hidden else _cause_of(reader.failure)


class _Behind:
    """Stages pages behind the reading: one is put away while the platform makes the next."""

    def __init__(self, helper: ThreadPoolExecutor, staging: store.StagedMembers) -> None:
        self._helper = helper
        self._staging = staging
        self._waiting: deque[Future[None]] = deque()

    def add(self, page: Sequence[Member]) -> None:
        """Take a page; waits for the one before last, so that no more than two are held."""
        self._waiting.append(self._helper.submit(self._staging.add, page))
        if len(self._waiting) > 1:
            self._waiting.popleft().result()

    def clear(self) -> None:
        """Forget what was read."""
        self.settle()
        self._staging.clear()

    def settle(self) -> None:
        """Wait until all is staged; raises what went wrong with it."""
        while self._waiting:
            self._waiting.popleft().result()


def _cause_of(error: PlatformError | None) -> BlindCause:
    return next((cause for kind, cause in _CAUSES if isinstance(error, kind)), BlindCause.READ_FAILED)


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
            kind=Kind.SNAPSHOT_TAKEN,
            at=snapshot.taken_at,
            group=group.name,
            actor=office.actor,
            outcome="complete",
            data={
                "administrators": snapshot.administrators,
                "expected": read.expected,
                "hidden_addresses": read.hidden,
                "members": snapshot.members,
                "pages": read.pages,
                "platform_id": group.platform_id,
                "snapshot": snapshot.id,
            },
        )
    )


def _log_blind(
    office: Office,
    transaction: Transaction,
    group: ManagedGroup,
    snapshot: store.SnapshotRecord,
    cause: BlindCause,
    before: store.SnapshotRecord | None,
) -> None:
    """Keep that the group could not be seen, and log it once an episode: again only where the cause is another."""
    connection, lasting = transaction.connection, periods.current(transaction.connection, group.name)
    if lasting is not None:
        periods.tried(connection, lasting, snapshot.taken_at)
        if lasting.blind.cause is cause:
            return
        periods.end(connection, lasting, snapshot.taken_at)
    shortfall = snapshot.completeness.shortfall
    last_sighted_at = before.taken_at if before else None
    periods.begin(connection, group.name, Blind(cause, snapshot.taken_at, last_sighted_at=last_sighted_at), shortfall)
    transaction.log(
        Record(
            kind=Kind.GROUP_BLIND,
            at=snapshot.taken_at,
            group=group.name,
            actor=office.actor,
            outcome=cause.value,
            data={
                "cause": cause.value,
                "expected": snapshot.completeness.expected,
                "last_sighted_at": last_sighted_at.isoformat() if last_sighted_at else "",
                "members": snapshot.members,
                "pages": snapshot.completeness.pages,
                "platform_id": group.platform_id,
                "shortfall": shortfall,
                "snapshot": snapshot.id,
            },
        )
    )


def _log_sighted(office: Office, transaction: Transaction, snapshot: store.SnapshotRecord) -> None:
    lasting = periods.current(transaction.connection, snapshot.group)
    if lasting is None:
        return
    periods.end(transaction.connection, lasting, snapshot.taken_at)
    transaction.log(
        Record(
            kind=Kind.GROUP_SIGHTED,
            at=snapshot.taken_at,
            group=snapshot.group,
            actor=office.actor,
            outcome=lasting.blind.cause.value,
            data={
                "attempts": lasting.attempts,
                "blind_since": lasting.blind.began_at.isoformat(),
                "cause": lasting.blind.cause.value,
                "last_sighted_at": lasting.blind.last_sighted_at.isoformat() if lasting.blind.last_sighted_at else "",
                "snapshot": snapshot.id,
            },
        )
    )
