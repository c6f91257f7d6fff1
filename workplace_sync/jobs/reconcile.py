"""Bring a group in step with its roster, unattended: watch, decide, do what is allowed, leave the rest to people.

With nothing to do that is one reading of the group, and one entry in the evidence log that says so: a roster that says
what it said before is not read in again, and a plan that says what the newest one says is not kept.
"""

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol, TypeVar

from workplace_sync.errors import ExitCode, InputError, PlatformError, SettingsError, SyncError, may_pass
from workplace_sync.jobs.catching_up import CatchUp, ReconcileOptions
from workplace_sync.jobs.observe import Observation, observe
from workplace_sync.jobs.plan import Rules
from workplace_sync.jobs.progress import ToldReader
from workplace_sync.jobs.reconciled import Reconciled
from workplace_sync.jobs.rosters import RosterSource, import_rosters
from workplace_sync.jobs.running import Run, Verb
from workplace_sync.jobs.stopping import Stoppable
from workplace_sync.logs import bound
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.platforms.workplace.platform import WorkplaceGroup
from workplace_sync.store import blind as periods
from workplace_sync.store.snapshots import SnapshotRecord

__all__ = ["Configured", "ReconcileOptions", "Reconciled", "Surroundings", "reconcile", "told"]

_BLIND_HINT = (
    "Nothing was concluded from it, and nothing was written. `workplace-sync doctor` shows what the token may see."
)


class Configured(Protocol):
    """A group's file, as far as a reconcile needs it."""

    @property
    def managed(self) -> ManagedGroup:
        """What the jobs need to know of the group."""


G = TypeVar("G", bound=Configured)
G_contra = TypeVar("G_contra", bound=Configured, contravariant=True)


class Surroundings(Protocol[G_contra]):
    """What a reconcile needs around it; the Application is one."""

    @property
    def rules(self) -> Rules:
        """The policies in use; raises InputError with every fault."""

    def running(self, group: str, verb: Verb) -> AbstractContextManager[Run]:
        """Hold the group for a run; raises BusyError."""

    def platform(self, group: G_contra, /) -> AbstractContextManager[WorkplaceGroup]:
        """Open the group on its platform."""

    def sources(self, group: G_contra, platform: WorkplaceGroup, /) -> AbstractContextManager[list[RosterSource]]:
        """Open the sources of the group's roster."""


def reconcile(app: Surroundings[G], group: G, options: ReconcileOptions) -> Reconciled:
    """Reconcile one group under its lease, and say what became of it; safe to be called from several threads.

    Whatever is told as a SyncError ends up in the result: a group that is busy, blind or wrongly configured says so by
    its code. Other exceptions, which are mistakes of the program, pass.
    """
    name = group.managed.name
    try:
        with app.running(name, Verb.RECONCILE) as run, bound(group=name, run_id=run.id):
            try:
                found = _reconcile(app, group, options, run)
            except SyncError as error:
                found = told(name, error)
            run.end(found.code, found.summary, found.counts)
            return found
    except SyncError as error:  # of the lease itself
        return told(name, error)


def told(group: str, error: SyncError) -> Reconciled:
    """Return what a group's error comes to. That another run is at work is no news: that one tells."""
    return _with_error(Reconciled(group), error)


def _with_error(found: Reconciled, error: SyncError) -> Reconciled:
    faults = error.faults if isinstance(error, InputError) else ()
    news = found.news or error.exit_code is not ExitCode.BUSY
    return replace(
        found,
        code=error.exit_code,
        trouble=error.message,
        hint=error.hint,
        faults=faults,
        lasting=not may_pass(error),
        news=news,
    )


def _reconcile(app: Surroundings[G], group: G, options: ReconcileOptions, run: Run) -> Reconciled:
    stoppable = Stoppable(run, options.stop)
    with app.platform(group) as platform:
        sides = (ToldReader(platform.reader(), stoppable.progress), platform.writer())
        work = CatchUp(stoppable, group.managed, lambda: app.rules, sides, options)
        trouble = None if options.observe_only else _prepare(app, group, work, platform)
        stoppable.check()
        found, snapshot = _watch(work)  # whatever is wrong with roster or policies: who is gone must be seen
        if options.observe_only or snapshot is None:
            return found
        if trouble is not None:
            return _with_error(found, trouble)
        return work.change(found, snapshot)


def _prepare(app: Surroundings[G], group: G, work: CatchUp, platform: WorkplaceGroup) -> SyncError | None:
    """Read the roster in and the policies; returns what is wrong with them."""
    work.run.progress(0, None, "reading the roster")
    try:
        with app.sources(group, platform) as sources:
            import_rosters(work.office, work.group, sources, only_news=True)
        work.rules()
    except (InputError, SettingsError, PlatformError) as error:
        return error
    return None


def _watch(work: CatchUp) -> tuple[Reconciled, SnapshotRecord | None]:
    """Read the group; the snapshot is None where nothing may be concluded from it."""
    seen = observe(work.office, work.group, work.sides[0])
    if not seen.snapshot.complete:
        return _blind(work, seen.snapshot.completeness.shortfall), None
    found = _seen(work.group.name, seen)
    if seen.unconfirmed:
        sentence = f"The reading that should confirm who is missing failed: {seen.unconfirmed.rstrip('.')}."
        return replace(found, code=ExitCode.BLIND, trouble=sentence, hint=_BLIND_HINT, news=True), None
    return found, seen.snapshot


def _blind(work: CatchUp, shortfall: str) -> Reconciled:
    with work.office.database.connect() as connection:
        lasting = periods.current(connection, work.group.name)
    new = lasting is None or lasting.blind.began_at >= work.began_at
    sentence = f"The group could not be read completely: {shortfall.rstrip('.')}."
    return Reconciled(work.group.name, ExitCode.BLIND, trouble=sentence, hint=_BLIND_HINT, news=new)


def _seen(group: str, seen: Observation) -> Reconciled:
    episode = seen.episode
    return Reconciled(
        group,
        members=seen.snapshot.members,
        come=seen.come,
        gone=seen.gone,
        departed=len(seen.departures),
        suspected=seen.suspected,
        incident=episode.incident.id if episode else "",
        news=bool(seen.first or seen.come or seen.gone or seen.suspected),
    )
