"""Which groups have changes that wait for a second person, how many, and since when."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from workplace_sync.jobs.office import NORMAL_STAKES, Stakes
from workplace_sync.jobs.review import has_holds, state_of, waiting_effects
from workplace_sync.store import figures, plans
from workplace_sync.store.database import Database


@dataclass(frozen=True, slots=True)
class Waiting:
    """Changes of a group that wait: how many, in which plan, and with which plan nobody answered the waiting began."""

    group: str
    changes: int
    digest: str
    first_plan: str
    since: datetime


def waiting(
    database: Database, now: datetime, groups: Collection[str] | None = None, stakes: Stakes = NORMAL_STAKES
) -> dict[str, Waiting]:
    """Return the groups, of those named or of all, whose newest plan is held; an expired or rejected one asks nobody."""
    with database.connect() as connection:
        newest = figures.newest_plans(connection)
        found = [
            plan
            for group, name in newest.items()
            if groups is None or group in groups
            for plan in plans.find(connection, name)
            if plan.id == name and has_holds(plan)
        ]
    asking = [_waiting(database, plan) for plan in found if state_of(database, plan, now, stakes).startswith("held")]
    return {one.group: one for one in asking}


def _waiting(database: Database, plan: plans.PlanRecord) -> Waiting:
    with database.connect() as connection:
        first, since = figures.unanswered(connection, plan.group, plan.id) or (plan.id, plan.created_at)
        changes = plans.count_waiting(connection, plan.id, waiting_effects(plan))
    return Waiting(plan.group, changes, plan.digest, first, since)
