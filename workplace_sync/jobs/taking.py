"""Take a group for a run: where it is free, or where its holder certainly is no more (promise P10).

Clocks of machines differ and jump, so no lease is taken because of a time alone. A holder on this machine is looked
for among its processes. Any other one has to look dead by the stored times, and then to give no sign of life during a
whole lease while we watch the row by a clock that nobody sets: by then the holder itself counts the lease as run out,
as it gave its last sign before we looked first. A clock that jumps forward so costs a wait, and takes no group from
anybody; one that jumps back makes times lie in the future, which are not believed either.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from workplace_sync.errors import BusyError
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.tenure import elapsed
from workplace_sync.jobs.whereabouts import has_ended
from workplace_sync.store import leases, runs
from workplace_sync.store.group_lock import GroupLock
from workplace_sync.store.leases import Claim, Lease

_LOOKS = 20  # at the row, in the time of one lease
_SESSION_ENDS_WITHIN = 5.0  # seconds
_HINT = (
    "Try again when it has ended; `workplace-sync runs list` shows how far it is. Where it never ends, an owner frees the group: "
    "workplace-sync runs release {} --reason TEXT"
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Watch:
    """How a holder is watched: `clock` gives seconds that go on by themselves, `sleep` lets some of them pass."""

    clock: Callable[[], float] = elapsed
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Taken:
    """A group taken: its lease, PostgreSQL's lock beside it, and what the clock said right before it was asked for."""

    lease: Lease
    lock: GroupLock
    asked_at: float


def take(office: Office, claim: Claim, watch: Watch) -> Taken:
    """Take the group and store that the run begins; raises BusyError, which says who holds it, doing what, since when."""
    with office.database.connect() as connection:
        found = leases.current(connection, claim.group)
    if found is not None and not has_ended(found.claim.process, found.claim.pid):
        if not _looks_dead(found, office.now()):
            raise busy(found)
        found = _watched(office, found, watch)
    lock = GroupLock(office.database, claim.group)
    try:
        _lock(lock, found, claim, watch)
        asked_at = watch.clock()
        lease = _claimed(office, claim, found)
    except BaseException:
        lock.drop()
        raise
    if found is not None:
        _log.warning("The group %s was left by a run that is no more; it is taken over.", claim.group)
    return Taken(lease, lock, asked_at)


def _claimed(office: Office, claim: Claim, found: Lease | None) -> Lease:
    with office.database.write() as connection:
        now = office.now()
        lease = leases.take(connection, claim, now, found)
        if lease is None:
            raise busy(leases.current(connection, claim.group), claim.group)
        run = runs.RunRecord(claim.run_id, claim.group, claim.verb, claim.holder, claim.host, now, now)
        runs.begin(connection, run)
    return lease


def busy(lease: Lease | None, group: str = "") -> BusyError:
    """Return the error that says who holds the group."""
    if lease is None:
        return BusyError(f"Another run has just taken {group}.", hint=_HINT.format(group))
    claim = lease.claim
    return BusyError(
        f"{claim.holder} has {claim.group}: `{claim.verb}` on {claim.host} since {lease.acquired_at:%Y-%m-%d %H:%M:%S} UTC, "
        f"last heard of at {lease.heartbeat_at:%H:%M:%S}.",
        hint=_HINT.format(claim.group),
    )


def _looks_dead(lease: Lease, now: datetime) -> bool:
    """Whether the holder is to be watched: its lease ran out by the clock, or the stored times cannot be true."""
    return now >= lease.expires_at or lease.heartbeat_at - now > timedelta(seconds=lease.claim.seconds)


def _watched(office: Office, first: Lease, watch: Watch) -> Lease | None:
    """Watch the row for a whole lease and return it as it stayed, None once it is free; raises BusyError at a sign of life."""
    begun, seconds = watch.clock(), first.claim.seconds
    _log.info("Nothing was heard of the run that has %s; watching it for %.0f s.", first.claim.group, seconds)
    while watch.clock() - begun <= seconds:
        watch.sleep(seconds / _LOOKS)
        with office.database.connect() as connection:
            found = leases.current(connection, first.claim.group)
        if found is None:
            return None
        if not found.same_beat(first):
            raise busy(found)
    return first


def _lock(lock: GroupLock, found: Lease | None, claim: Claim, watch: Watch) -> None:
    """Take PostgreSQL's lock, from a session left over where the row says that the group may be had."""
    if lock.take():
        return
    lock.evict()
    give_up = watch.clock() + _SESSION_ENDS_WITHIN
    while not lock.take():
        if watch.clock() > give_up:
            raise busy(found, claim.group)
        watch.sleep(0.05)
