"""Single changes of a plan are rejected, leaving the rest; and what was rejected may be asked again."""

from collections.abc import Sequence

from workplace_sync.errors import ReviewError, UsageError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.carry_out import Journal
from workplace_sync.jobs.consent import key_of
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.recheck import Cause, Rechecked
from workplace_sync.jobs.review import PARTLY_REJECTED, keep, open_reviews
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.plan import POSSIBLE, PlannedChange
from workplace_sync.membership.rejection import Rejection
from workplace_sync.store import plans as store
from workplace_sync.store import reviews

_POSSIBLE = tuple(effect.value for effect in POSSIBLE)


def reject_changes(
    office: Office, group: ManagedGroup, plan: store.PlanRecord, addresses: Sequence[str], *, reason: str
) -> int:
    """Reject the changes of `plan` about these people, and return how many; the rest of the plan stays as it is.

    The plan's digest is not touched: the changes end as skipped, with the reason, and so does the very same change in
    any later plan. Raises what `changes_to_reject` raises; then nothing is rejected. Hold the group meanwhile: a change
    that is just being carried out cannot be rejected any more.
    """
    found = changes_to_reject(office, plan, addresses, reason)
    now = office.now()
    no = Rejection("", office.actor, now, reason)
    review = store.Review(plan.id, plan.digest, PARTLY_REJECTED, office.actor, now, plan.expires_at, reason)
    with office.log.transaction() as transaction:
        reviews.add(transaction.connection, plan.group, plan.id, found, no)
        keep(transaction, plan, review, len(found))
    # Should this be where we are killed: applying decides again, and skips them for the same reason.
    Journal(office, group, plan, "").skip([Rechecked(change, no.sentence, Cause.REJECTED) for change in found])
    return len(found)


def changes_to_reject(
    office: Office, plan: store.PlanRecord, addresses: Sequence[str], reason: str
) -> list[PlannedChange]:
    """Return the changes of `plan` about these people, which were neither begun nor ended.

    Raises ReviewError without a reason or where the plan was rejected, StaleError where it has expired, UsageError where
    an address has no change that could still be carried out.
    """
    if not reason.strip():
        raise ReviewError("A rejection needs a reason.", hint='Say why: --reason "...".')
    open_reviews(office, plan)
    keys = list(dict.fromkeys(map(key_of, addresses)))
    with office.database.connect() as connection:
        found = list(store.waiting(connection, plan.id, _POSSIBLE, keys))
    if missing := len(set(keys) - {change.key for change in found}):
        raise UsageError(
            f"Of {missing} of these people the plan has no change that could still be carried out.",
            hint=f"`workplace-sync plans show {plan.digest[:12]} --people` lists whom it is about.",
        )
    return found


def take_back(office: Office, plan: store.PlanRecord, addresses: Sequence[str] = (), *, reason: str) -> int:
    """Let what was rejected in `plan`, about these people or all, be asked again in the next plan; returns how many changes.

    Raises ReviewError where there is nothing to take back.
    """
    keys = [key_of(address) for address in addresses]
    with office.log.transaction() as transaction:
        number = reviews.take_back(transaction.connection, plan.id, keys)
        if not number:
            raise ReviewError("Nothing that was rejected in this plan still stands.", hint="Make a new plan.")
        transaction.log(
            Record(
                kind=Kind.PLAN_REJECTION_LIFTED,
                at=office.now(),
                group=plan.group,
                actor=office.actor,
                outcome="lifted",
                data={"changes": number, "digest": plan.digest, "plan": plan.id, "reason": reason},
            )
        )
    return number
