"""Whether a plan that is kept already says what a new one would: then it stays, with its digest and its approvals."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from workplace_sync.jobs.office import Office
from workplace_sync.jobs.plan import Draft, content_of
from workplace_sync.jobs.review import APPROVED, state_of
from workplace_sync.policy.decision import Effect
from workplace_sync.store import operations, plans
from workplace_sync.store.operations import State
from workplace_sync.store.plans import PlanRecord

_LAST_QUARTER = 4  # of its time a plan is made anew, so that nobody is asked about one that is about to expire
_RECENT = 20  # plans; among more than these nobody looks for one to carry out
_QUIET = frozenset({"rejected", "forbidden", "nothing to do"})


@dataclass(frozen=True, slots=True)
class Kept:
    """A plan that still says what is to be done. `failed` of its changes were refused by the platform."""

    plan: PlanRecord
    failed: int
    rejected: bool


def still_says_it(office: Office, draft: Draft) -> Kept | None:
    """Return the group's newest plan where it has the changes and decisions of `draft`; None where that must be kept.

    What took effect since does not count. A plan under which something may yet be done is also made anew when it is in
    the last quarter of its time and nobody has said anything of it, and when it has expired.
    """
    with office.database.connect() as connection:
        newest = plans.recent(connection, draft.header.group, limit=1)
        if not newest or not _alike(newest[0], draft) or content_of(connection, newest[0]) != draft.content:
            return None
        reviewed = bool(plans.reviews(connection, newest[0].id))
        states = operations.count_states(connection, newest[0].id)
    state = state_of(office.database, newest[0], office.now(), office.stakes)
    if _awaited(draft, state) and _too_old(newest[0], office.now(), reviewed=reviewed):
        return None
    failed = sum(number for (_, each), number in states.items() if each is State.FAILED)
    return Kept(newest[0], failed, rejected=state.startswith("rejected"))


def approved_plans(office: Office, group: str) -> Iterator[PlanRecord]:
    """Yield the plans of a group that are approved and not wholly carried out, newest first."""
    with office.database.connect() as connection:
        recent = [
            plan
            for plan in plans.recent(connection, group, limit=_RECENT)
            if any(review.verdict == APPROVED for review in plans.reviews(connection, plan.id))
        ]
    for plan in recent:  # few: how a plan stands is counted from all its changes
        if state_of(office.database, plan, office.now(), office.stakes).startswith("approved"):
            yield plan


def _alike(plan: PlanRecord, draft: Draft) -> bool:
    kept, new = plan.header, draft.header
    return all(
        getattr(kept, name) == getattr(new, name)
        for name in ("effect", "rules", "excepted", "policy_revision", "platform_id")
    )


def _awaited(draft: Draft, state: str) -> bool:
    counts = draft.header.counts
    possible = counts["added"] + counts["removed"] + counts["held"]
    return bool(possible) and draft.header.effect is not Effect.DENY and state not in _QUIET


def _too_old(plan: PlanRecord, now: datetime, *, reviewed: bool) -> bool:
    last = (plan.expires_at - plan.created_at) / _LAST_QUARTER
    return now >= (plan.expires_at if reviewed else plan.expires_at - last)
