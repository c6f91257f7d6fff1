"""The newest plans and runs of the groups that somebody may see, a page at a time: by the last one seen, not by numbers."""

import heapq
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy import Connection

from workplace_sync.store import plans, runs
from workplace_sync.store.database import Database
from workplace_sync.store.plans import PlanRecord
from workplace_sync.store.runs import RunRecord

T = TypeVar("T")
Place = tuple[datetime, str]
"""Where a page ends: the time and the id of its last row."""


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """A page of a list, newest first; `older` is the place to go on from, None where nothing is older."""

    rows: Sequence[T]
    older: Place | None = None


def newest_plans(
    database: Database,
    groups: Collection[str] | None,
    *,
    limit: int,
    before: Place | None = None,
    open_at: datetime | None = None,
) -> Listed[PlanRecord]:
    """Return a page of the plans of these groups, or of all; with `open_at` of those that have not expired by then."""

    def newest(connection: Connection, group: str | None) -> list[PlanRecord]:
        return plans.recent(connection, group, limit=limit + 1, before=before, open_at=open_at)

    with database.connect() as connection:
        found = _merged(connection, groups, newest, lambda plan: (plan.created_at, plan.id))
    return _page(found, limit, lambda plan: (plan.created_at, plan.id))


def newest_runs(
    database: Database, groups: Collection[str] | None, *, limit: int, before: Place | None = None
) -> Listed[RunRecord]:
    """Return a page of the runs for these groups, or for all."""

    def newest(connection: Connection, group: str | None) -> list[RunRecord]:
        return runs.recent(connection, group, limit + 1, before)

    with database.connect() as connection:
        found = _merged(connection, groups, newest, lambda run: (run.began_at, run.id))
    return _page(found, limit, lambda run: (run.began_at, run.id))


def _merged(
    connection: Connection,
    groups: Collection[str] | None,
    newest: Callable[[Connection, str | None], list[T]],
    place: Callable[[T], Place],
) -> list[T]:
    """Ask group by group, each by its index: one question about several would sort all that they ever had."""
    if groups is None:
        return newest(connection, None)
    return list(heapq.merge(*(newest(connection, group) for group in groups), key=place, reverse=True))


def _page(found: list[T], limit: int, place: Callable[[T], Place]) -> Listed[T]:
    rows = found[:limit]
    return Listed(rows, place(rows[-1]) if len(found) > limit else None)
