"""A group held by a run: kept alive by a thread, asked before every write, and given up when it is another's (promise P10).

Three things keep a run that lost its group from doing harm. Every writing transaction compares the lease's number in
the database (`fence`). Every change that goes out to the platform is preceded by its intent, which is such a
transaction, and by a look at our own clock (`may_send`): that one runs on while the process is frozen and is not set by
anybody, so who wakes up too late sends nothing. And who can give no sign of life stops sending before the lease runs out.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from workplace_sync.errors import BusyError, StoreError
from workplace_sync.store import leases
from workplace_sync.store.database import Database
from workplace_sync.store.group_lock import GroupLock
from workplace_sync.store.leases import Lease

_BEATS = 3  # in the time that one counts for
_AGAIN = 1.0  # seconds after a beat that failed
_LOST = "Another run, or an owner, has taken {} from this run meanwhile."
_LOST_HINT = "This run wrote nothing since then. `workplace-sync runs list` shows who has the group; run again when they are done."

_log = logging.getLogger(__name__)


def elapsed() -> float:
    """Return seconds of a clock that nobody sets, and that goes on while the process, or on Linux the machine, sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Tenure:
    """A lease while it is ours. `asked_at` is what `clock` said right before the lease was asked for.

    `request_seconds` is the longest that a change on its way to the platform may take. `on_beat` is called by the
    thread in between, for what else is to be stored now and then.
    """

    def __init__(
        self,
        database: Database,
        lease: Lease,
        lock: GroupLock,
        *,
        now: Callable[[], datetime],
        asked_at: float,
        request_seconds: float,
        clock: Callable[[], float] = elapsed,
        on_beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.lease = lease
        self._database = database
        self._lock = lock
        self._now = now
        self._clock = clock
        self._on_beat = on_beat
        self._request_seconds = request_seconds
        self._sure_until = asked_at + lease.claim.seconds
        self._renewing = threading.Lock()
        self._wake = threading.Event()
        self._over = False
        self.lost = False
        self._keeper = threading.Thread(target=self._keep, name="lease", daemon=True)

    def start(self) -> None:
        """Begin to give signs of life."""
        self._keeper.start()

    def stop(self) -> None:
        """Give no more of them; returns once the thread has ended."""
        self._over = True
        self._wake.set()
        self._keeper.join()

    def poke(self) -> None:
        """Have `on_beat` called soon."""
        self._wake.set()

    def fence(self, connection: Connection) -> None:
        """Raise BusyError unless the group is ours for the whole writing transaction of that connection."""
        if not leases.is_ours(connection, self.lease):
            self.lost = True
            raise BusyError(_LOST.format(self.lease.claim.group), hint=_LOST_HINT)

    def may_send(self) -> bool:
        """Whether the group certainly is ours for longer than a request may take; asks the database where it has to."""
        if self.lost:
            return False
        if self._sure_until - self._clock() > self._request_seconds:
            return True
        return self._renewed() and self._sure_until - self._clock() > self._request_seconds

    def renew(self) -> bool:
        """Give a sign of life now; false when the group is another's. Raises StoreError or BusyError as the database does."""
        with self._renewing:
            asked_at = self._clock()
            with self._database.write() as connection:
                ours = leases.renew(connection, self.lease, self._now())
            if ours:
                self._sure_until = asked_at + self.lease.claim.seconds
            else:
                self.lost = True
            return ours

    def _renewed(self) -> bool:
        try:
            return self.renew()
        except (StoreError, BusyError):
            return False

    def _keep(self) -> None:
        every = self.lease.claim.seconds / _BEATS
        due = self._clock() + every
        while not self._over and not self.lost:
            self._wake.wait(max(0.0, min(every, due - self._clock())))
            self._wake.clear()
            if self._over:
                return
            self._on_beat()
            if self._clock() >= due:
                due = self._clock() + (every if self._beat() else min(every, _AGAIN))

    def _beat(self) -> bool:
        if not self._renewed():
            if self.lost:
                _log.warning("The group %s was taken from this run; it writes nothing more.", self.lease.claim.group)
            return False
        try:
            if not self._lock.take():
                self.lost = True
        except StoreError:
            self._lock.drop()  # its connection is gone, and the next beat makes a new one
            return False
        return True
