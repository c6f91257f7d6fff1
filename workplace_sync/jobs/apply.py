"""Apply a plan: check that it still holds, carry out what still decides the same, read back, report."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workplace_sync.errors import ExitCode, GuardError, ReviewError, StaleError
from workplace_sync.jobs import carry_out as carrying
from workplace_sync.jobs.carry_out import Course, Journal
from workplace_sync.jobs.drift import drift_in
from workplace_sync.jobs.judging import Question
from workplace_sync.jobs.observe import observe
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.plan import Rules, check_digest, history_of, rejections_in
from workplace_sync.jobs.recheck import Standing, recheck, standing
from workplace_sync.jobs.review import REJECTED, approvers_of, standing_approval, void_approvals
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.plan import POSSIBLE, History, plan_facts
from workplace_sync.platforms.base import CallError
from workplace_sync.policy.decision import Effect
from workplace_sync.store import operations, plans
from workplace_sync.store.operations import State
from workplace_sync.store.snapshots import SnapshotRecord


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """What an apply did. The counts of this run come first, then how the plan stands after it.

    `seen` counts the changes of the plan that the last reading of the group shows in effect; `unseen` names those
    accepted but not seen; `unsettled` counts those without a known outcome, `left` those that were not begun;
    `failures` says of whom the platform refused the change or never answered; `blind` is the sentence why the group could not be read back.
    """

    plan_id: str
    digest: str
    asked: int
    accepted: int
    refused: int
    skipped: int
    done: int
    seen: int
    left: int
    waiting: int
    unsettled: int
    failures: tuple[tuple[str, str], ...] = ()
    unseen: tuple[str, ...] = ()
    stopped: CallError | None = None
    blind: str = ""

    @property
    def nothing_done(self) -> bool:
        """Whether this run found nothing to do."""
        return not (self.asked or self.skipped or self.left)

    @property
    def exit_code(self) -> ExitCode:
        """How the command ends."""
        if self.blind:
            return ExitCode.BLIND
        if self.refused or self.unsettled or self.unseen or self.stopped is not None:
            return ExitCode.PARTIAL
        return ExitCode.HELD if self.waiting else ExitCode.DONE


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """`limit` is the most changes to carry out, `drift_percent` the share of changes that may have become moot.

    `seen` is a complete reading that the same run has just made, under the same lease: then the group is not read once
    more before the first change.
    """

    limit: int | None = None
    drift_percent: int = 10
    on_start: Callable[[int], None] = lambda _total: None
    on_progress: Callable[[int], None] = lambda _done: None
    seen: SnapshotRecord | None = None


def apply_plan(
    office: Office,
    group: ManagedGroup,
    rules: Rules,
    plan: plans.PlanRecord,
    platform: carrying.Platform,
    options: ApplyOptions,
) -> ApplyReport:
    """Carry out what `plan` allows and an approval covers, and report what was asked, accepted and seen.

    Raises StaleError, ReviewError, GuardError or BlindError before anything is written, when the plan, its approval,
    a guard over the whole or the reading of the group forbid it. Run again after a crash it goes on where it was.
    """
    reader, _ = platform
    _check(office, group, rules, plan)
    reviews = _reviews(office, plan)
    if not _unfinished(office, plan):
        return _report(office, plan, Course(), Standing())
    snapshot = options.seen or observe(office, group, reader).require_complete()
    approval = standing_approval(reviews, plan, office.now(), office.stakes)
    approved_by = approval.names if approval else ""
    books = Journal(office, group, plan, approved_by)
    settle_unknown(office, group)
    now = office.now()
    question = Question(group, rules.engine(group, now), now, snapshot.members, rejections_in(office, group))
    approved = approval is not None
    stands = standing(office, question, plan, approved=approved)
    _check_drift(office, plan, stands, options.drift_percent)
    if not _whole_goes(office, question, plan, stands, snapshot, approved=approved):
        return _report(office, plan, Course(), stands)
    total = stands.going if options.limit is None else min(stands.going, options.limit)
    options.on_start(total)
    course = Course(on_progress=options.on_progress)
    failed_before = len(_failures(office, plan))
    rechecked = recheck(office, question, plan, approved=approved)
    carrying.carry_out(books, platform, rechecked, course, limit=options.limit)
    blind = _read_back(books, platform, course) if course.asked else ""
    left = stands.going - course.asked + course.not_sent
    if left and options.limit is None and course.stopped is None:
        course.stopped = course.silent  # the writer gave up on a platform that no longer answers
    return _report(office, plan, course, stands, left=left, blind=blind, failed_before=failed_before)


def settle_unknown(office: Office, group: ManagedGroup) -> None:
    """Settle what an earlier run left unknown, of any plan: done where the group shows it, else to be decided again.

    Call it only right after a complete reading.
    """
    carrying.take_back(office, carrying.settle(office, group, lambda other: _approver(office, other)))


def _check(office: Office, group: ManagedGroup, rules: Rules, plan: plans.PlanRecord) -> None:
    check_digest(office, plan)
    header = plan.header
    if header.effect is Effect.DENY:
        raise GuardError(
            f"A guard forbids this plan: {' '.join(header.why)}",
            hint="Nothing was written. Change the roster or the policy, and plan again.",
        )
    if office.now() >= plan.expires_at:
        raise StaleError("The plan has expired.", hint="Make a new plan.")
    if header.policy_revision != rules.policies.revision:
        void_approvals(office, plan, "The policies have changed since the plan was made.")
        raise StaleError(
            "The policies have changed since the plan was made.", hint="Make a new plan under the policies in force."
        )
    if header.platform_id != group.platform_id:
        raise StaleError("The group's file names another group than when the plan was made.", hint="Make a new plan.")


def _reviews(office: Office, plan: plans.PlanRecord) -> list[plans.Review]:
    with office.database.connect() as connection:
        reviews = plans.reviews(connection, plan.id)
    for review in reviews:
        if review.verdict == REJECTED:
            raise ReviewError(
                f"{review.reviewed_by} rejected this plan: {review.reason}",
                hint="Nothing was written. Make a new plan when the reason is settled.",
            )
    return reviews


def _unfinished(office: Office, plan: plans.PlanRecord) -> bool:
    with office.database.connect() as connection:
        effects = plans.count_effects(connection, plan.id)
        states = operations.count_states(connection, plan.id)
    possible = sum(effects.get(effect.value, 0) for effect in POSSIBLE)
    return possible > sum(number for (_, state), number in states.items() if state in operations.FINISHED)


def _approver(office: Office, plan: plans.PlanRecord) -> str:
    with office.database.connect() as connection:
        return approvers_of(plans.reviews(connection, plan.id))


def _check_drift(office: Office, plan: plans.PlanRecord, stands: Standing, percent: int) -> None:
    drift = drift_in(stands)
    if drift.beyond(percent):
        why = f"{drift.moved:,} of {drift.remaining:,} changes no longer stand as planned, more than {percent} %: {'; '.join(drift.reasons())}."
        void_approvals(office, plan, why)
        raise StaleError(
            why,
            hint=f"Nothing was written. Make a new plan. `workplace-sync plans show {plan.digest[:12]}` tells whom it is about.",
        )


def _whole_goes(
    office: Office,
    question: Question,
    plan: plans.PlanRecord,
    stands: Standing,
    snapshot: SnapshotRecord,
    *,
    approved: bool,
) -> bool:
    """Ask the plan rules again about what is left to do; false when it waits for an approval as a whole."""
    if not stands.going:
        return True
    header = plan.header
    history: History = history_of(office, question.group, snapshot, question.now)
    facts = plan_facts(stands.tally, history) | {
        name: header.facts[name]
        for name in ("plan.changes", "plan.denied", "plan.errors", "plan.excepted", "plan.held")
        if name in header.facts
    }
    decision = question.engine.decide_plan(question.group_facts() | facts)
    new = [
        finding
        for finding in decision.findings
        if finding.cite not in header.rules and finding.effect is not Effect.WARN
    ]
    if new:
        raise GuardError(
            f"A guard trips that did not when the plan was made: {' '.join(finding.message for finding in new)}",
            hint="Nothing was written. Make a new plan; if it is held, have it approved.",
        )
    if header.effect is Effect.HOLD and not approved:
        stands.waiting += stands.going
        return False
    return True


def _read_back(books: Journal, platform: carrying.Platform, course: Course) -> str:
    """Read the group again, settle what is unknown, send again what had no effect; returns why it is blind, if it is.

    What still had none after three attempts is left unknown: the next run settles it, and begins anew.
    """
    for _ in range(carrying.MAX_ATTEMPTS):
        observation = observe(books.office, books.group, platform[0])
        if not observation.snapshot.complete:
            return observation.snapshot.completeness.shortfall
        again = carrying.settle(books.office, books.group, lambda other: _approver(books.office, other))
        seqs = [one.seq for plan, one in again if plan.id == books.plan.id and one.attempts < carrying.MAX_ATTEMPTS]
        if not seqs or course.stopped is not None:
            return ""
        carrying.send_again(books, platform, seqs, course)
    return ""


def _failures(office: Office, plan: plans.PlanRecord) -> tuple[tuple[str, str], ...]:
    with office.database.connect() as connection:
        return tuple(operations.failures(connection, plan.id))


def _unanswered(office: Office, plan: plans.PlanRecord) -> Iterator[tuple[str, str]]:
    with office.database.connect() as connection:
        unsettled = operations.unsettled(connection, plan.group, office.now())
    for one, _ in unsettled:
        if one.plan_id == plan.id and one.attempts >= carrying.MAX_ATTEMPTS:
            yield (
                one.key,
                f"no answer to {one.attempts} attempts, and the group shows no effect; the next apply tries again",
            )


def _report(
    office: Office,
    plan: plans.PlanRecord,
    course: Course,
    stands: Standing,
    *,
    left: int = 0,
    blind: str = "",
    failed_before: int | None = None,
) -> ApplyReport:
    with office.database.connect() as connection:
        states = operations.count_states(connection, plan.id)
        unseen = tuple(operations.unseen(connection, plan.id)) if course.asked and not blind else ()
    failures = _failures(office, plan)
    done = sum(number for (_, state), number in states.items() if state is State.DONE)
    return ApplyReport(
        plan_id=plan.id,
        digest=plan.digest,
        asked=course.asked,
        accepted=course.accepted,
        refused=0 if failed_before is None else len(failures) - failed_before,
        skipped=course.skipped,
        done=done,
        seen=0 if blind else done - len(unseen),
        left=left if stands.going else 0,
        waiting=stands.waiting,
        unsettled=sum(number for (_, state), number in states.items() if state is State.INTENDED),
        failures=failures if blind else (*failures, *_unanswered(office, plan)),
        unseen=unseen,
        stopped=course.stopped,
        blind=blind,
    )
