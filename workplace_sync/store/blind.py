"""Times in which a group could not be seen: one row an episode, however often it was tried meanwhile."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, or_, select, update

from workplace_sync.membership.timeline import Blind, BlindCause
from workplace_sync.store.watch_tables import BlindPeriodRow

_TABLE = BlindPeriodRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Period:
    """A blind period as it is kept: `detail` is the sentence of the first failure, `attempts` how often it was tried."""

    number: int
    group: str
    blind: Blind
    detail: str
    attempts: int
    last_tried_at: datetime


def current(connection: Connection, group: str) -> Period | None:
    """Return the blind period that lasts, None when the group could be seen last."""
    found = periods(connection, group, lasting=True)
    return found[-1] if found else None


def periods(
    connection: Connection, group: str, *, since: datetime | None = None, lasting: bool = False
) -> list[Period]:
    """Return the blind periods of a group, oldest first: all, those that did not end before `since`, or the lasting one."""
    query = select(_TABLE).where(_TABLE.c.group_name == group)
    if lasting:
        query = query.where(_TABLE.c.ended_at.is_(None))
    if since is not None:
        query = query.where(or_(_TABLE.c.ended_at.is_(None), _TABLE.c.ended_at > since))
    return [
        Period(
            row.id,
            row.group_name,
            Blind(BlindCause(row.cause), row.began_at, row.ended_at, row.last_sighted_at),
            row.detail,
            row.attempts,
            row.last_tried_at,
        )
        for row in connection.execute(query.order_by(_TABLE.c.began_at, _TABLE.c.id))
    ]


def begin(connection: Connection, group: str, blind: Blind, detail: str) -> None:
    """Keep that the group cannot be seen from now on."""
    connection.execute(
        insert(_TABLE).values(
            group_name=group,
            cause=blind.cause.value,
            detail=detail,
            began_at=blind.began_at,
            last_sighted_at=blind.last_sighted_at,
            last_tried_at=blind.began_at,
            attempts=1,
        )
    )


def tried(connection: Connection, period: Period, at: datetime) -> None:
    """Keep that it was tried again in vain."""
    connection.execute(
        update(_TABLE).where(_TABLE.c.id == period.number).values(last_tried_at=at, attempts=period.attempts + 1)
    )


def end(connection: Connection, period: Period, at: datetime) -> None:
    """Keep that the period ended: the group was seen again, or cannot be seen for another cause."""
    connection.execute(update(_TABLE).where(_TABLE.c.id == period.number).values(ended_at=at))
