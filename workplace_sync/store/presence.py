"""Who was in a group when, as far as snapshots and operations show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, or_, select, text

from workplace_sync.store.tables import DepartureRow, Instant, OperationRow, PresenceRow

_TABLE = PresenceRow.__table__  # type: ignore[attr-defined]
_OPERATION = OperationRow.__table__  # type: ignore[attr-defined]
_DEPARTURE = DepartureRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Presence:
    """An interval in which someone was seen; `gone_at` is None while the last complete snapshot still shows them."""

    group: str
    key: str
    administrator: bool
    first_seen_at: datetime
    last_seen_at: datetime | None
    gone_at: datetime | None


@dataclass(frozen=True, slots=True)
class MemberAt:
    """Someone who was a member at a time. `basis` says what shows it: "seen" or "added, not yet seen"."""

    key: str
    basis: str
    since: datetime


_SEEN = text("""
SELECT p.key, p.first_seen_at FROM presence p
LEFT JOIN snapshot f ON f.id = p.first_snapshot LEFT JOIN snapshot g ON g.id = p.gone_snapshot
WHERE p.group_name = :group_name AND p.first_seen_at <= :at AND coalesce(f.finished_at, p.first_seen_at) <= :known_at
  AND (p.gone_at IS NULL OR p.gone_at > :at OR coalesce(g.finished_at, p.gone_at) > :known_at)
ORDER BY p.key
""").bindparams(bindparam("at", type_=Instant()), bindparam("known_at", type_=Instant()))


def seen_at(connection: Connection, group: str, at: datetime, known_at: datetime | None = None) -> Iterator[MemberAt]:
    """Yield those whom the complete snapshots up to `at` show, by key, as far as was known at `known_at` (now when None).

    A start is known from the end of the reading that saw them first, an end from that of the reading that confirmed it.
    """
    if known_at is None:
        query = select(_TABLE.c.key, _TABLE.c.first_seen_at).where(
            _TABLE.c.group_name == group,
            _TABLE.c.first_seen_at <= at,
            or_(_TABLE.c.gone_at.is_(None), _TABLE.c.gone_at > at),
        )
        rows = connection.execute(query.order_by(_TABLE.c.key))
    else:
        known = {"group_name": group, "at": at, "known_at": known_at}
        rows = connection.execute(_SEEN.columns(_TABLE.c.key, _TABLE.c.first_seen_at), known)
    for row in rows:
        yield MemberAt(row.key, "seen", row.first_seen_at)


_ADDED = text("""
SELECT o.key, o.finished_at FROM operation o
WHERE o.group_name = :group_name AND o.action = 'add' AND o.state = 'done' AND o.finished_at <= :at AND o.finished_at > :since
  AND NOT EXISTS (SELECT 1 FROM presence p WHERE p.group_name = o.group_name AND p.key = o.key
                  AND p.first_seen_at <= :at AND (p.gone_at IS NULL OR p.gone_at > :at))
ORDER BY o.key
""").bindparams(bindparam("at", type_=Instant()), bindparam("since", type_=Instant()))


def added_between(connection: Connection, group: str, since: datetime, at: datetime) -> Iterator[MemberAt]:
    """Yield those we added after `since` and not after `at`, whom no snapshot up to then shows."""
    query = _ADDED.columns(_OPERATION.c.key, _OPERATION.c.finished_at)
    for row in connection.execute(query, {"group_name": group, "at": at, "since": since}):
        yield MemberAt(row.key, "added, not yet seen", row.finished_at)


def intervals_of(connection: Connection, key: str, group: str | None = None) -> list[Presence]:
    """Return the intervals in which one person was seen, oldest first."""
    query = select(_TABLE).where(_TABLE.c.key == key)
    if group is not None:
        query = query.where(_TABLE.c.group_name == group)
    return _presences(connection, query)


def intervals_in(connection: Connection, key: str, groups: Sequence[str]) -> list[Presence]:
    """Return the intervals in which one person was seen in some groups, oldest first; an index leads to them."""
    return _presences(connection, select(_TABLE).where(_TABLE.c.group_name.in_(groups), _TABLE.c.key == key))


def _presences(connection: Connection, query: Select[Any]) -> list[Presence]:
    rows = connection.execute(query.order_by(_TABLE.c.first_seen_at))
    return [
        Presence(row.group_name, row.key, row.administrator, row.first_seen_at, row.last_seen_at, row.gone_at)
        for row in rows
    ]


def departed_keys(connection: Connection, group: str) -> list[str]:
    """Return the keys of those who went without our doing and are not back, by key."""
    back = select(_TABLE.c.key).where(_TABLE.c.group_name == group, _TABLE.c.gone_at.is_(None))
    query = select(_DEPARTURE.c.key).where(_DEPARTURE.c.group_name == group, _DEPARTURE.c.key.not_in(back))
    return [row.key for row in connection.execute(query.order_by(_DEPARTURE.c.key))]


def size(connection: Connection, group: str) -> tuple[int, int]:
    """Return how many members the last complete snapshot shows, and how many of them are administrators."""
    present = select(func.count(), func.count().filter(_TABLE.c.administrator.is_(True))).where(
        _TABLE.c.group_name == group, _TABLE.c.gone_at.is_(None)
    )
    row = connection.execute(present).one()
    return int(row[0]), int(row[1])
