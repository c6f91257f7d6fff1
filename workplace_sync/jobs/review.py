"""A person says yes or no to what a plan holds (promise P9)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from workplace_sync.errors import GuardError, ReviewError, StaleError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.office import Office
from workplace_sync.membership.plan import POSSIBLE
from workplace_sync.policy.decision import Effect
from workplace_sync.store import operations
from workplace_sync.store import plans as store
from workplace_sync.store.database import Database

APPROVED, REJECTED = "approved", "rejected"


def has_holds(plan: store.PlanRecord) -> bool:
    """Whether anything of the plan waits for an approval."""
    return plan.header.effect is Effect.HOLD or plan.counts["held"] > 0


def approve(
    office: Office, plan: store.PlanRecord, *, approvers: Sequence[str], reason: str, valid: timedelta
) -> store.Review:
    """Approve what `plan` holds, as `office.actor`, until the approval expires.

    Raises ReviewError when that person may not approve it or nothing waits, StaleError when the plan has expired,
    GuardError when a guard forbids the plan, which nobody can approve.
    """
    header = plan.header
    if header.effect is Effect.DENY:
        raise GuardError(
            f"A guard forbids this plan: {' '.join(header.why)}",
            hint="No approval can lift it. Change the roster or the policy, and plan again.",
        )
    if not has_holds(plan):
        raise ReviewError("Nothing in this plan waits for an approval.", hint="Apply it as it is.")
    if office.actor == header.requested_by:
        raise ReviewError(
            f"{office.actor} asked for this plan and cannot approve it.",
            hint="A second person of the committee approves it: workplace-sync approve PLAN --by NAME.",
        )
    if approvers and office.actor not in approvers:
        raise ReviewError(
            f"{office.actor} is not among the group's approvers.", hint="The group's file names them under `approvers`."
        )
    return _review(office, plan, APPROVED, reason, valid)


def reject(office: Office, plan: store.PlanRecord, *, reason: str, valid: timedelta) -> store.Review:
    """Reject what `plan` holds; anybody may, the requester too. Raises ReviewError without a reason."""
    if not reason.strip():
        raise ReviewError("A rejection needs a reason.", hint='Say why: --reason "...".')
    if state_of(office.database, plan, office.now()) == "applied":
        raise ReviewError("The plan was carried out already.", hint="A new plan says what would be done now.")
    return _review(office, plan, REJECTED, reason, valid)


def _review(office: Office, plan: store.PlanRecord, verdict: str, reason: str, valid: timedelta) -> store.Review:
    now = office.now()
    if now >= plan.expires_at:
        raise StaleError("The plan has expired.", hint="Make a new plan and review that one.")
    with office.database.connect() as connection:
        before = store.reviews(connection, plan.id)
    if any(review.verdict == REJECTED for review in before):
        raise ReviewError("The plan was rejected already.", hint="Make a new plan.")
    review = store.Review(plan.id, plan.digest, verdict, office.actor, now, min(now + valid, plan.expires_at), reason)
    with office.log.transaction() as transaction:
        store.add_review(transaction.connection, review)
        transaction.log(
            Record(
                kind=Kind.PLAN_APPROVED if verdict == APPROVED else Kind.PLAN_REJECTED,
                at=now,
                group=plan.group,
                actor=office.actor,
                outcome=verdict,
                data={
                    "digest": plan.digest,
                    "expires_at": review.expires_at.isoformat(),
                    "plan": plan.id,
                    "reason": reason,
                    "requested_by": plan.header.requested_by,
                },
            )
        )
    return review


def standing_approval(reviews: Sequence[store.Review], plan: store.PlanRecord, now: datetime) -> store.Review | None:
    """Return the approval that counts now: of this digest, not expired, and nothing rejected; None when there is none."""
    if any(review.verdict == REJECTED for review in reviews):
        return None
    return next(
        (
            review
            for review in reversed(reviews)
            if review.verdict == APPROVED and review.digest == plan.digest and now < review.expires_at
        ),
        None,
    )


def state_of(database: Database, plan: store.PlanRecord, now: datetime) -> str:
    """Return in a word or two how a plan stands: applied, rejected, expired, approved, held, forbidden or open."""
    with database.connect() as connection:
        reviews = store.reviews(connection, plan.id)
        effects = store.count_effects(connection, plan.id)
        states = operations.count_states(connection, plan.id)
    ended = sum(number for (_, state), number in states.items() if state in operations.FINISHED)
    possible = sum(effects.get(effect.value, 0) for effect in POSSIBLE)
    if plan.header.effect is Effect.DENY:
        return "forbidden"
    if ended >= possible:
        return "applied" if possible else "nothing to do"
    if any(review.verdict == REJECTED for review in reviews):
        return "rejected"
    if now >= plan.expires_at:
        return "expired"
    begun = ", begun" if states else ""
    if not has_holds(plan):
        return "open" + begun
    return ("approved" if standing_approval(reviews, plan, now) else "held") + begun
