"""People say yes or no to what a plan holds: the one who asked for it never, and two of them where much is at stake (promise P9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workplace_sync.errors import GuardError, ReviewError, StaleError
from workplace_sync.evidence.entry import JsonValue, Kind, Record
from workplace_sync.jobs.office import NORMAL_STAKES, Office, Stakes
from workplace_sync.membership.plan import POSSIBLE
from workplace_sync.membership.rejection import Rejection
from workplace_sync.policy.decision import Effect
from workplace_sync.store import activations, operations, privacy, queue
from workplace_sync.store import plans as store
from workplace_sync.store import reviews as rejections
from workplace_sync.store.database import Database
from workplace_sync.store.evidence import Transaction
from workplace_sync.store.queue import Job, Task

APPROVED, REJECTED, VOIDED = "approved", "rejected", "voided"
PARTLY_REJECTED = "partly rejected"

_HELD = (Effect.HOLD.value,)
_POSSIBLE = tuple(effect.value for effect in POSSIBLE)


@dataclass(frozen=True, slots=True)
class Approvals:
    """The approvals of a plan that count now, each by somebody else, and how many it needs."""

    given: tuple[store.Review, ...]
    needed: int

    @property
    def enough(self) -> bool:
        """Whether what is held may go."""
        return len(self.given) >= self.needed

    @property
    def names(self) -> str:
        """Who approved, in the order in which they did."""
        return ", ".join(review.reviewed_by for review in self.given)

    @property
    def until(self) -> datetime | None:
        """When the first of them ends; None where there is none."""
        return min((review.expires_at for review in self.given), default=None)


def held_whole(plan: store.PlanRecord) -> bool:
    """Whether a rule over the whole plan holds it, so that each of its changes waits."""
    return plan.header.effect is Effect.HOLD


def waiting_effects(plan: store.PlanRecord) -> tuple[str, ...]:
    """Return with which effects the plan's changes wait for an approval."""
    return _POSSIBLE if held_whole(plan) else _HELD


def has_holds(plan: store.PlanRecord) -> bool:
    """Whether anything of the plan was held when it was made."""
    return held_whole(plan) or plan.counts["held"] > 0


def approvals_needed(plan: store.PlanRecord, stakes: Stakes) -> int:
    """Return how many different people have to approve what `plan` holds: 0 where it holds nothing, else 1 or 2.

    What counts is what waits for them: all that may go where the whole is held, else the single changes that are held.
    """
    if not has_holds(plan):
        return 0
    whole, counts = held_whole(plan), plan.counts
    waiting = counts["held"] + (counts["added"] + counts["removed"] if whole else 0)
    much = 0 < stakes.second_from <= waiting
    return 2 if much or (whole and stakes.for_guards) else 1


def counting_approvals(
    reviews: Sequence[store.Review], plan: store.PlanRecord, now: datetime
) -> tuple[store.Review, ...]:
    """Return the approvals that count now, one a person: of this digest, not expired, not ended by drift, nothing rejected."""
    counting: dict[str, store.Review] = {}
    for review in reviews:
        if review.verdict == REJECTED:
            return ()
        if review.verdict == VOIDED:
            counting.clear()
        if review.verdict == APPROVED and review.digest == plan.digest and now < review.expires_at:
            counting[_same(review.reviewed_by)] = review
    counting.pop(_same(plan.header.requested_by), None)
    return tuple(counting.values())


def standing_approval(
    reviews: Sequence[store.Review], plan: store.PlanRecord, now: datetime, stakes: Stakes
) -> Approvals | None:
    """Return the approvals where they are enough now; None where they are not."""
    approvals = Approvals(counting_approvals(reviews, plan, now), max(1, approvals_needed(plan, stakes)))
    return approvals if approvals.enough else None


def approvers_of(reviews: Sequence[store.Review]) -> str:
    """Return who approved a plan, whether or not that counts any more: for what was sent while it did."""
    named = {_same(one.reviewed_by): one.reviewed_by for one in reviews if one.verdict == APPROVED}
    return ", ".join(named.values())


def approvals_of(database: Database, plan: store.PlanRecord, now: datetime, stakes: Stakes) -> Approvals:
    """Return the approvals of a plan that count now, and how many it needs."""
    with database.connect() as connection:
        reviews = store.reviews(connection, plan.id)
    return Approvals(counting_approvals(reviews, plan, now), approvals_needed(plan, stakes))


def approve(
    office: Office, plan: store.PlanRecord, *, approvers: Sequence[str], reason: str, valid: timedelta
) -> store.Review:
    """Approve what `plan` holds, as `office.actor`, until the approval expires.

    With `office.enqueue_approved` the last approval that it needs puts the plan into the queue, with the same transaction.
    Raises ReviewError when that person may not approve it, has done so, or nothing waits, StaleError when the plan has
    expired or its policies have changed, GuardError when a guard forbids the plan, which nobody can approve.
    """
    header = plan.header
    if header.effect is Effect.DENY:
        raise GuardError(
            f"A guard forbids this plan: {' '.join(header.why)}",
            hint="No approval can lift it. Change the roster or the policy, and plan again.",
        )
    _may_approve(office, plan, approvers)
    before = open_reviews(office, plan)
    if any(_same(one.reviewed_by) == _same(office.actor) for one in counting_approvals(before, plan, office.now())):
        raise ReviewError(
            f"{office.actor} has approved this plan already.", hint="Another person gives the next approval."
        )
    review = _verdict(office, plan, APPROVED, reason, valid)
    with office.log.transaction() as transaction:
        transaction.place()  # so that of two who approve at once the second sees what the first has given
        keep(transaction, plan, review)
        if office.enqueue_approved and queue.has_queue(transaction.connection):
            given = store.reviews(transaction.connection, plan.id)
            approvals = counting_approvals(given, plan, review.reviewed_at)
            if len(approvals) >= approvals_needed(plan, office.stakes):
                queue.enqueue(transaction.connection, Job(Task.APPLY, plan.group, office.actor, plan.digest))
    return review


def _may_approve(office: Office, plan: store.PlanRecord, approvers: Sequence[str]) -> None:
    with office.database.connect() as connection:
        waiting = store.count_waiting(connection, plan.id, waiting_effects(plan))
        erased = privacy.erased_changes(connection, plan.id)
        active = activations.current(connection)
    if not has_holds(plan) or not waiting:
        raise ReviewError("Nothing in this plan waits for an approval.", hint="Apply it as it is.")
    if erased:
        raise StaleError("People in this plan were erased, so it cannot be carried out.", hint="Make a new plan.")
    if active is not None and active.revision != plan.header.policy_revision:
        raise StaleError(
            "The policies have changed since the plan was made.", hint="Make a new plan and review that one."
        )
    if _same(office.actor) == _same(plan.header.requested_by):
        raise ReviewError(
            f"{office.actor} asked for this plan and cannot approve it.",
            hint="A second person of the committee approves it: workplace-sync approve PLAN --by NAME.",
        )
    if approvers and office.actor not in approvers:
        raise ReviewError(
            f"{office.actor} is not among the group's approvers.", hint="The group's file names them under `approvers`."
        )


def reject(office: Office, plan: store.PlanRecord, *, reason: str, valid: timedelta) -> store.Review:
    """Reject `plan` for good, and each change of it that waits until its content changes; the requester may, too.

    Raises ReviewError without a reason, or where the plan was rejected or carried out, StaleError where it has expired.
    """
    if not reason.strip():
        raise ReviewError("A rejection needs a reason.", hint='Say why: --reason "...".')
    if state_of(office.database, plan, office.now()) == "applied":
        raise ReviewError("The plan was carried out already.", hint="A new plan says what would be done now.")
    open_reviews(office, plan)
    review = _verdict(office, plan, REJECTED, reason, valid)
    with office.database.connect() as streaming, office.log.transaction() as transaction:
        waiting = store.waiting(streaming, plan.id, waiting_effects(plan))
        no = Rejection("", review.reviewed_by, review.reviewed_at, reason)
        number = rejections.add(transaction.connection, plan.group, plan.id, waiting, no)
        keep(transaction, plan, review, number)
    return review


def void_approvals(office: Office, plan: store.PlanRecord, why: str) -> bool:
    """End the approvals of a plan that count now, for what moved since, and log it; false where there are none to end.

    `why` is a sentence that names nobody.
    """
    with office.database.connect() as connection:
        counting = counting_approvals(store.reviews(connection, plan.id), plan, office.now())
    if not counting:
        return False
    with office.log.transaction() as transaction:
        keep(transaction, plan, _verdict(office, plan, VOIDED, why, timedelta()))
    return True


def open_reviews(office: Office, plan: store.PlanRecord) -> list[store.Review]:
    """Return the reviews of a plan that can still be reviewed; raises StaleError or ReviewError for another."""
    if office.now() >= plan.expires_at:
        raise StaleError("The plan has expired.", hint="Make a new plan and review that one.")
    with office.database.connect() as connection:
        before = store.reviews(connection, plan.id)
    if any(review.verdict == REJECTED for review in before):
        raise ReviewError("The plan was rejected already.", hint="Make a new plan.")
    return before


def _verdict(office: Office, plan: store.PlanRecord, verdict: str, reason: str, valid: timedelta) -> store.Review:
    now = office.now()
    return store.Review(plan.id, plan.digest, verdict, office.actor, now, min(now + valid, plan.expires_at), reason)


def keep(transaction: Transaction, plan: store.PlanRecord, review: store.Review, changes: int | None = None) -> None:
    """Store a review and log it, with what it is bound to; `changes` is how many single changes it rejects."""
    store.add_review(transaction.connection, review)
    header = plan.header
    data: dict[str, JsonValue] = {
        "digest": plan.digest,
        "expires_at": review.expires_at.isoformat(),
        "plan": plan.id,
        "policy_revision": header.policy_revision,
        "reason": review.reason,
        "requested_by": header.requested_by,
        "snapshot": header.snapshot,
    }
    transaction.log(
        Record(
            kind=_KINDS[review.verdict],
            at=review.reviewed_at,
            group=plan.group,
            actor=review.reviewed_by,
            outcome=review.verdict,
            data=data if changes is None else {**data, "changes": changes},
        )
    )


_KINDS = {
    APPROVED: Kind.PLAN_APPROVED,
    REJECTED: Kind.PLAN_REJECTED,
    PARTLY_REJECTED: Kind.PLAN_REJECTED,
    VOIDED: Kind.PLAN_APPROVAL_VOIDED,
}


def state_of(database: Database, plan: store.PlanRecord, now: datetime, stakes: Stakes = NORMAL_STAKES) -> str:
    """Return in a few words how a plan stands.

    It is applied, nothing to do, rejected, void (people in it were erased), expired, outdated (the policies changed),
    approved, held, forbidden or open; with how many approvals it has, and whether it was begun.
    """
    with database.connect() as connection:
        reviews = store.reviews(connection, plan.id)
        effects = store.count_effects(connection, plan.id)
        states = operations.count_states(connection, plan.id)
        erased = privacy.erased_changes(connection, plan.id)
        active = activations.current(connection)
        waiting = store.count_waiting(connection, plan.id, waiting_effects(plan)) if has_holds(plan) else 0
    possible = sum(effects.get(effect.value, 0) for effect in POSSIBLE)
    ended = sum(number for (_, state), number in states.items() if state in operations.FINISHED)
    sent = any(state is not operations.State.SKIPPED for _, state in states)
    verdicts = {review.verdict for review in reviews}
    ways = (
        (plan.header.effect is Effect.DENY, "forbidden"),
        (not possible, "nothing to do"),
        (ended >= possible and not sent and PARTLY_REJECTED in verdicts, REJECTED),
        (ended >= possible, "applied"),
        (REJECTED in verdicts, REJECTED),
        (erased > 0, "void"),
        (now >= plan.expires_at, "expired"),
        (active is not None and active.revision != plan.header.policy_revision, "outdated"),
    )
    over = next((word for holds, word in ways if holds), "")
    if over:
        return over
    word = _held_or_approved(Approvals(counting_approvals(reviews, plan, now), approvals_needed(plan, stakes)))
    return (word if waiting else "open") + (", begun" if sent else "")


def _held_or_approved(approvals: Approvals) -> str:
    if approvals.enough:
        return "approved"
    return f"held, {len(approvals.given)} of {approvals.needed} approved" if approvals.given else "held"


def _same(name: str) -> str:
    """Return what two ways of writing one name have in common: nobody is a second person by a capital letter."""
    return " ".join(name.split()).casefold()
