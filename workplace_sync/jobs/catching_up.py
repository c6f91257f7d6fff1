"""Catch a group up with its roster, once it was read: what people approved, then what the policies allow by themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from workplace_sync.errors import ExitCode, GuardError, ReviewError, StaleError
from workplace_sync.jobs.apply import ApplyOptions, ApplyReport, apply_plan, settle_unknown
from workplace_sync.jobs.carry_out import Platform
from workplace_sync.jobs.plan import Rules, drafted
from workplace_sync.jobs.progress import Steps
from workplace_sync.jobs.reconciled import Reconciled, worst
from workplace_sync.jobs.renewal import approved_plans, still_says_it
from workplace_sync.jobs.stopping import Stoppable
from workplace_sync.membership.change import Action
from workplace_sync.membership.group import ManagedGroup, RemovalRules
from workplace_sync.membership.plan import POSSIBLE
from workplace_sync.policy.decision import GOES, Effect
from workplace_sync.store import operations, plans, snapshots
from workplace_sync.store.plans import PlanRecord
from workplace_sync.store.snapshots import SnapshotRecord

_SHOWN = 12  # digits of a digest
_GUARD_HINT = "Nothing was written. Change the roster or the policy; no approval can lift it."


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


@dataclass(frozen=True, slots=True)
class _Stand:
    """The plan that says what is to be done, made in this run or kept from before."""

    plan: PlanRecord
    denied: int
    failed: int = 0
    new: bool = False
    rejected: bool = False


class CatchUp:
    """One run's changes to one group."""

    def __init__(
        self,
        run: Stoppable,
        group: ManagedGroup,
        rules: Callable[[], Rules],
        sides: Platform,
        options: ReconcileOptions,
    ) -> None:
        self.run = run
        self.office = run.office()
        self.group = replace(group, removals=RemovalRules()) if options.add_only else group
        self.rules = rules
        self.sides = sides
        self.options = options
        self.began_at = self.office.now()

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
