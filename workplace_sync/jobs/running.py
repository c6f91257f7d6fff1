"""A run: one job for one group, which it holds meanwhile; nobody else runs a job for that group then (promise P10)."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from workplace_sync.errors import BusyError, ExitCode, StoreError, SyncError
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.progress import Steps, ToldReader
from workplace_sync.jobs.taking import Taken, Watch, take
from workplace_sync.jobs.tenure import Tenure
from workplace_sync.jobs.whereabouts import here
from workplace_sync.platforms.base import GroupReader
from workplace_sync.store import leases, runs
from workplace_sync.store.leases import Claim

LEASE_SECONDS = 60.0
REQUEST_SECONDS = 33.0  # what the default time-outs come to

_EVERY = timedelta(seconds=1)
_LEAST = 1.5  # a lease, in requests: after a beat, two thirds of it are left for one

_log = logging.getLogger(__name__)


class Verb(StrEnum):
    """What a run does."""

    PLAN = "plan"
    APPLY = "apply"
    OBSERVE = "observe"
    RECONCILE = "reconcile"
    REVIEW = "review"
    IMPORT = "import"  # a roster that was handed in


@dataclass(slots=True)
class Ending:
    """How a run ended: exit code, a sentence that names nobody, and what it did in numbers."""

    code: ExitCode = ExitCode.DONE
    summary: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Progress:
    """How far a run is. `shown_at` is when that was handed on last."""

    done: int = 0
    total: int | None = None
    stage: str = ""
    at: datetime | None = None
    shown_at: datetime | None = None
    stale: bool = False


@dataclass(slots=True)
class Run:
    """A run under way. What is written through `office` is refused with BusyError once the group is another's."""

    id: str
    group: str
    verb: Verb
    office: Office
    ending: Ending = field(default_factory=Ending)
    _progress: _Progress = field(default_factory=_Progress, repr=False)
    _poke: Callable[[], None] = field(default=lambda: None, repr=False)

    def progress(self, done: int, total: int | None = None, stage: str = "") -> None:
        """Say how far it is. Stored by another thread, at most once a second of the office's time: call it as often as you like."""
        now, known = self.office.now(), self._progress
        known.done, known.total, known.stage, known.at, known.stale = done, total, stage, now, True
        if known.shown_at is None or abs(now - known.shown_at) >= _EVERY:
            known.shown_at = now
            self._poke()

    def reading(self, reader: GroupReader) -> GroupReader:
        """Return the reader, which then tells how many members it has read as this run's progress."""
        return ToldReader(reader, self.progress)

    def steps(self, also: Callable[[int], None] = lambda _amount: None) -> Steps:
        """Return what counts the changes of an apply as this run's progress; `also` is called with each step too."""
        return Steps(self.progress, also)

    def end(self, code: ExitCode, summary: str, counts: Mapping[str, int]) -> None:
        """Say how it ended; without this, an ordinary end is DONE. `summary` names nobody."""
        self.ending = Ending(code, summary, dict(counts))


@contextmanager
def running(
    office: Office,
    group: str,
    verb: Verb,
    *,
    lease_seconds: float = LEASE_SECONDS,
    request_seconds: float = REQUEST_SECONDS,
    watch: Watch | None = None,
) -> Iterator[Run]:
    """Hold `group` for a run, to the end of the block, and keep the run's row.

    `lease_seconds` is how long a sign of life counts, and never less than one and a half times `request_seconds`, the
    longest that one request to the platform may take. Raises BusyError (exit code 75), which says who holds the group,
    doing what, since when. An error that ends the block is told in the row by its exit code and message.
    """
    watch, place = watch or Watch(), here()
    run_id, owner = office.new_id(), office.new_id()
    seconds = max(lease_seconds, _LEAST * request_seconds)
    claim = Claim(group, owner, office.actor, place.host, place.pid, place.process, verb.value, run_id, seconds)
    taken = take(office, claim, watch)
    known = _Progress()
    tenure = Tenure(
        office.database,
        taken.lease,
        taken.lock,
        now=office.now,
        asked_at=taken.asked_at,
        request_seconds=request_seconds,
        clock=watch.clock,
        on_beat=lambda: _store_progress(office, run_id, known),
    )
    run = Run(run_id, group, verb, _fenced(office, tenure), _progress=known, _poke=tenure.poke)
    tenure.start()
    try:
        yield run
    except BaseException as error:
        run.ending = _ending(error)
        raise
    finally:
        tenure.stop()
        _finish(office, run, taken)


def _fenced(office: Office, tenure: Tenure) -> Office:
    database = office.database.fenced(tenure.fence)
    return replace(office, database=database, log=office.log.through(database), may_send=tenure.may_send)


def _ending(error: BaseException) -> Ending:
    if isinstance(error, SyncError):
        return Ending(error.exit_code, error.message)
    if isinstance(error, KeyboardInterrupt):
        return Ending(ExitCode.INTERRUPTED, "Interrupted.")
    return Ending(ExitCode.ERROR, f"Something went wrong that should not ({type(error).__name__}).")


def _store_progress(office: Office, run_id: str, known: _Progress) -> None:
    if not known.stale or known.at is None:
        return
    known.stale = False
    try:
        with office.database.write() as connection:
            runs.progress(connection, run_id, known.at, done=known.done, total=known.total, stage=known.stage)
    except (StoreError, BusyError):
        known.stale = True  # the next one, or the end, stores it


def _finish(office: Office, run: Run, taken: Taken) -> None:
    """Store how the run ended and let go of the group; where that cannot be done, the lease runs out by itself."""
    _store_progress(office, run.id, run._progress)  # noqa: SLF001 - of this module
    taken.lock.drop()
    ending = run.ending
    try:
        with office.database.write() as connection:
            at = office.now()
            runs.end(connection, run.id, at, exit_code=int(ending.code), summary=ending.summary, counts=ending.counts)
            leases.release(connection, taken.lease)
    except (StoreError, BusyError):
        _log.warning("The end of the run for %s could not be stored; its lease runs out by itself.", run.group)
