"""Bring a group in step with its roster, unattended: watch, decide, do what is allowed, leave the rest to people.

With nothing to do that is one reading of the group, and one entry in the evidence log that says so: a roster that says
what it said before is not read in again, and a plan that says what the newest one says is not kept.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol, TypeVar

from workplace_sync.errors import (
    ExitCode,
    GuardError,
    InputError,
    PlatformError,
    ReviewError,
    SettingsError,
    StaleError,
    SyncError,
)
from workplace_sync.jobs.apply import ApplyOptions, ApplyReport, apply_plan, settle_unknown
from workplace_sync.jobs.observe import Observation, observe
from workplace_sync.jobs.plan import Rules, drafted
from workplace_sync.jobs.progress import Steps, ToldReader
from workplace_sync.jobs.reconciled import Reconciled, worst
from workplace_sync.jobs.renewal import approved_plans, still_says_it
from workplace_sync.jobs.rosters import RosterSource, import_rosters
from workplace_sync.jobs.running import Run, Verb
from workplace_sync.jobs.stopping import Stoppable
from workplace_sync.membership.change import Action
from workplace_sync.membership.group import ManagedGroup, RemovalRules
from workplace_sync.membership.plan import GOES, POSSIBLE
from workplace_sync.platforms.workplace.platform import WorkplaceGroup
from workplace_sync.policy.decision import Effect
from workplace_sync.store import blind as periods
from workplace_sync.store import operations, plans, snapshots
from workplace_sync.store.plans import PlanRecord
from workplace_sync.store.snapshots import SnapshotRecord

_SHOWN = 12  # digits of a digest


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

    def platform(self, group: G_contra, /) -> WorkplaceGroup:
        """Return the platform's group."""

    def sources(self, group: G_contra, platform: WorkplaceGroup, /) -> AbstractContextManager[list[RosterSource]]:
        """Open the sources of the group's roster."""


@dataclass(frozen=True, slots=True)
class ReconcileOptions:
    """How to reconcile: `observe_only` to read the group and no more, `add_only` to remove nobody.

    `valid_hours` is how long a new plan can be applied, `drift_percent` the share of an approved plan's changes that
    may have become moot. `stop` says, whenever it is asked, whether the run is to end early.
    """

    add_only: bool = False
    observe_only: bool = False
    valid_hours: int = 72
    drift_percent: int = 10
    stop: Callable[[], bool] = lambda: False


def reconcile(app: Surroundings[G], group: G, options: ReconcileOptions) -> Reconciled:
    """Reconcile one group under its lease, and say what became of it; safe to be called from several threads.

    Whatever is told as a SyncError ends up in the result: a group that is busy, blind or wrongly configured says so by
    its code. Other exceptions, which are mistakes of the program, pass.
    """
    name = group.managed.name
    try:
        with app.running(name, Verb.RECONCILE) as run:
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
    return Reconciled(
        group, error.exit_code, trouble=error.message, hint=error.hint, news=error.exit_code is not ExitCode.BUSY
    )


class _Work:
    """One run for one group."""

    def __init__(
        self,
        run: Run,
        group: ManagedGroup,
        rules: Callable[[], Rules],
        platform: WorkplaceGroup,
        options: ReconcileOptions,
    ) -> None:
        self.run = Stoppable(run, options.stop)
        self.office = self.run.office()
        self.group = replace(group, removals=RemovalRules()) if options.add_only else group
        self.rules = rules
        self.options = options
        self.sides = (ToldReader(platform.reader(), self.run.progress), platform.writer())
        self.began_at = self.office.now()

    def watch(self) -> tuple[Reconciled, SnapshotRecord | None]:
        """Read the group; the snapshot is None where nothing may be concluded from it."""
        self.run.check()
        seen = observe(self.office, self.group, self.sides[0])
        if not seen.snapshot.complete:
            return self._blind(seen.snapshot.completeness.shortfall), None
        found = _seen(self.group.name, seen)
        if seen.unconfirmed:
            sentence = f"The reading that should confirm who is missing failed: {seen.unconfirmed.rstrip('.')}."
            return replace(found, code=ExitCode.BLIND, trouble=sentence, hint=_BLIND_HINT, news=True), None
        return found, seen.snapshot

    def _blind(self, shortfall: str) -> Reconciled:
        with self.office.database.connect() as connection:
            lasting = periods.current(connection, self.group.name)
        new = lasting is None or lasting.blind.began_at >= self.began_at
        sentence = f"The group could not be read completely: {shortfall.rstrip('.')}."
        return Reconciled(self.group.name, ExitCode.BLIND, trouble=sentence, hint=_BLIND_HINT, news=new)

    def change(self, found: Reconciled, snapshot: SnapshotRecord) -> Reconciled:
        """Carry out what people approved, then what the policies allow, and say what waits."""
        settle_unknown(self.office, self.group)
        approved, set_aside = self._approved(snapshot)
        found = replace(found, set_aside=tuple(set_aside))
        if not any(_ends_here(report) for report in approved):
            found, more = self._allowed(found, self._newest(snapshot) if approved else snapshot)
            approved += more
        return self._accounted(found, approved)

    def _approved(self, snapshot: SnapshotRecord) -> tuple[list[ApplyReport], list[str]]:
        reports: list[ApplyReport] = []
        set_aside: list[str] = []
        for plan in approved_plans(self.office, self.group.name):
            if self.options.add_only and self._removes(plan):
                set_aside.append(f"Plan {plan.digest[:_SHOWN]} removes people, and this run only adds.")
                continue
            try:
                reports.append(self._apply(plan, self._newest(snapshot) if reports else snapshot))
            except (StaleError, ReviewError, GuardError) as error:
                set_aside.append(f"Plan {plan.digest[:_SHOWN]} was approved and is not carried out: {error.message}")
                continue
            if _ends_here(reports[-1]):
                break
        return reports, set_aside

    def _allowed(self, found: Reconciled, snapshot: SnapshotRecord) -> tuple[Reconciled, list[ApplyReport]]:
        """Make a plan, or go on with the newest one where that says the same; carry out what needs no approval."""
        self.run.progress(0, None, "deciding")
        stands = self._stand(snapshot)
        if stands is None:
            return found, []
        header = stands.plan.header
        going, held = self._open(stands.plan)
        found = replace(
            found,
            plan=stands.plan.digest[:_SHOWN],
            new_plan=stands.new,
            denied=stands.denied,
            refused=stands.failed,
            news=found.news or stands.new,
        )
        if header.effect is Effect.DENY:
            sentence = f"A guard forbids plan {found.plan}: {' '.join(header.why)}"
            return replace(found, code=ExitCode.GUARD, trouble=sentence, hint=_GUARD_HINT), []
        if stands.rejected:
            return found, []
        whole = header.effect is Effect.HOLD
        found = replace(found, waiting=going + held if whole else held)
        if whole or not going:
            return found, []
        try:
            return found, [self._apply(stands.plan, snapshot)]
        except (StaleError, ReviewError, GuardError) as error:
            return replace(found, code=error.exit_code, trouble=error.message, hint=error.hint, news=True), []

    def _stand(self, snapshot: SnapshotRecord) -> "_Stand | None":
        """Return the plan that says what is to be done now; None when nothing is."""
        with drafted(self.office, self.group, self.rules(), snapshot) as draft:
            counts = draft.header.counts
            if not counts["changes"]:
                return None
            kept = still_says_it(self.office, draft)
            if kept is not None:
                return _Stand(kept.plan, counts["denied"], kept.failed, rejected=kept.rejected)
            made = draft.keep(valid=timedelta(hours=self.options.valid_hours))
            return _Stand(made.record, counts["denied"], new=True)

    def _apply(self, plan: PlanRecord, snapshot: SnapshotRecord) -> ApplyReport:
        steps = Steps(self.run.run.progress)
        options = ApplyOptions(
            drift_percent=self.options.drift_percent, on_start=steps.begin, on_progress=steps.advance, seen=snapshot
        )
        return apply_plan(self.office, self.group, self.rules(), plan, self.sides, options)

    def _open(self, plan: PlanRecord) -> tuple[int, int]:
        """Return how many changes of a plan are still to be done without an approval, and how many with one."""
        with self.office.database.connect() as connection:
            effects = operations.open_effects(connection, plan.id)
        return sum(effects.get(effect.value, 0) for effect in GOES), effects.get(Effect.HOLD.value, 0)

    def _removes(self, plan: PlanRecord) -> bool:
        with self.office.database.connect() as connection:
            changes = plans.changes(connection, plan.id, effects=[effect.value for effect in POSSIBLE])
            return any(change.action is Action.REMOVE for change in changes)

    def _newest(self, snapshot: SnapshotRecord) -> SnapshotRecord:
        """Return the last complete reading: an apply has read the group back since `snapshot`."""
        with self.office.database.connect() as connection:
            return snapshots.latest(connection, self.group.name, complete=True) or snapshot

    def _accounted(self, found: Reconciled, reports: Sequence[ApplyReport]) -> Reconciled:
        with self.office.database.connect() as connection:
            added, removed = (
                operations.done_since(connection, self.group.name, action, self.began_at)
                for action in (Action.ADD, Action.REMOVE)
            )
        refused = sum(report.refused for report in reports)
        found = replace(
            found,
            added=added,
            removed=removed,
            refused=found.refused + refused,
            left=sum(report.left + report.unsettled for report in reports),
            members=self._members(found, reports),
            news=found.news or bool(added or removed or refused),
        )
        found = _troubled(found, reports)
        codes = [found.code, *(report.exit_code for report in reports)]
        codes += [ExitCode.HELD] if found.waiting else []
        codes += [ExitCode.PARTIAL] if found.refused or found.left else []
        return replace(found, code=worst(codes))

    def _members(self, found: Reconciled, reports: Sequence[ApplyReport]) -> int | None:
        if not any(report.asked for report in reports):
            return found.members
        with self.office.database.connect() as connection:
            newest = snapshots.latest(connection, self.group.name, complete=True)
        return found.members if newest is None else newest.members


@dataclass(frozen=True, slots=True)
class _Stand:
    """The plan that says what is to be done, made in this run or kept from before."""

    plan: PlanRecord
    denied: int
    failed: int = 0
    new: bool = False
    rejected: bool = False


_BLIND_HINT = (
    "Nothing was concluded from it, and nothing was written. `workplace-sync doctor` shows what the token may see."
)
_GUARD_HINT = "Nothing was written. Change the roster or the policy; no approval can lift it."


def _reconcile(app: Surroundings[G], group: G, options: ReconcileOptions, run: Run) -> Reconciled:
    with app.platform(group) as platform:
        work = _Work(run, group.managed, lambda: app.rules, platform, options)
        trouble = None if options.observe_only else _prepare(app, group, work, platform)
        found, snapshot = work.watch()  # whatever is wrong with roster or policies: who is gone must be seen
        if options.observe_only or snapshot is None:
            return found
        if trouble is not None:
            return replace(found, code=trouble.exit_code, trouble=trouble.message, hint=trouble.hint, news=True)
        return work.change(found, snapshot)


def _prepare(app: Surroundings[G], group: G, work: _Work, platform: WorkplaceGroup) -> SyncError | None:
    """Read the roster in and the policies; returns what is wrong with them."""
    work.run.progress(0, None, "reading the roster")
    try:
        with app.sources(group, platform) as sources:
            import_rosters(work.office, work.group, sources, only_news=True)
        work.rules()
    except (InputError, SettingsError, PlatformError) as error:
        return error
    return None


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


def _ends_here(report: ApplyReport) -> bool:
    """Whether going on is pointless: the group cannot be read, or the platform takes no more."""
    return bool(report.blind) or report.stopped is not None


def _troubled(found: Reconciled, reports: Sequence[ApplyReport]) -> Reconciled:
    for report in reports:
        if report.blind:
            sentence = f"The group could not be read back: {report.blind.rstrip('.')}."
            return replace(found, trouble=sentence, hint="The next run settles what is unknown.", news=True)
        if report.stopped is not None:
            return replace(found, trouble=report.stopped.message, hint=report.stopped.hint, news=True)
    return found
