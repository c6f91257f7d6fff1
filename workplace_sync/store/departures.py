"""Who is missing, who is gone, and why: from the first reading that misses somebody to the departure on record."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, text

from workplace_sync.cases.incident import Removal
from workplace_sync.membership.removals import Finding, is_unexplained, policy_word
from workplace_sync.store.snapshots import INDEX_IDS, SnapshotRecord
from workplace_sync.store.tables import Instant, PresenceRow
from workplace_sync.store.watch_tables import DepartureEventRow, SuspectRow

_PRESENCE = PresenceRow.__table__  # type: ignore[attr-defined]
_SUSPECT = SuspectRow.__table__  # type: ignore[attr-defined]
_EVENT = DepartureEventRow.__table__  # type: ignore[attr-defined]
_RECENT_REMOVALS = 50


@dataclass(frozen=True, slots=True)
class Missing:
    """Somebody whom the last `readings` complete readings miss, without an operation of ours; `number` is our own."""

    number: int
    key: str
    platform_id: str
    administrator: bool
    first_seen_at: datetime
    last_seen_at: datetime
    gone_at: datetime
    readings: int


@dataclass(frozen=True, slots=True)
class Departure:
    """Somebody confirmed to be gone without an operation of ours, and why, as far as was seen."""

    missing: Missing
    finding: Finding

    @property
    def key(self) -> str:
        """Who is gone."""
        return self.missing.key


# Who is there under another address is not gone: people marry, companies rename themselves.
_EXPLAINED = text("""
UPDATE presence SET gone_snapshot = :snapshot, gone_at = s.missing_at, last_seen_at = s.last_seen_at FROM suspect s
WHERE s.presence_id = presence.id AND s.group_name = :group_name AND presence.gone_at IS NULL
  AND (EXISTS (SELECT 1 FROM operation o WHERE o.group_name = presence.group_name AND o.key = presence.key
               AND o.action = 'remove' AND o.state IN ('done', 'intended') AND o.intended_at >= presence.first_seen_at)
       OR EXISTS (SELECT 1 FROM staged_member m WHERE m.platform_id = presence.platform_id))
""")

_NO_SUSPECT = text("""
DELETE FROM suspect WHERE group_name = :group_name
  AND EXISTS (SELECT 1 FROM presence p WHERE p.id = suspect.presence_id AND p.gone_at IS NOT NULL)
""")

_CLOSE = text("""
UPDATE presence SET gone_snapshot = :snapshot, gone_at = s.missing_at, last_seen_at = s.last_seen_at FROM suspect s
WHERE presence.id = :number AND s.presence_id = presence.id
""")

_REMEMBER = text("""
INSERT INTO departure (group_name, key, platform_id, last_seen_at, gone_at, snapshot_id, cause)
VALUES (:group_name, :key, :platform_id, :last_seen_at, :gone_at, :snapshot_id, :word)
ON CONFLICT (group_name, key) DO UPDATE SET platform_id = excluded.platform_id, last_seen_at = excluded.last_seen_at,
  gone_at = excluded.gone_at, snapshot_id = excluded.snapshot_id, cause = excluded.cause
""").bindparams(bindparam("last_seen_at", type_=Instant()), bindparam("gone_at", type_=Instant()))


def close_explained(connection: Connection, snapshot: SnapshotRecord) -> int:
    """End the intervals of those missing whom we removed, or who are there under another address; returns how many.

    The snapshot is merged, and its members are still staged on `connection`.
    """
    connection.execute(text(INDEX_IDS))
    closed = connection.execute(_EXPLAINED, {"group_name": snapshot.group, "snapshot": snapshot.id}).rowcount
    connection.execute(_NO_SUSPECT, {"group_name": snapshot.group})
    return closed


def missing(connection: Connection, group: str) -> list[Missing]:
    """Return all whom the last complete reading misses and who are not confirmed to be gone, by key."""
    query = (
        select(_PRESENCE, _SUSPECT.c.missing_at, _SUSPECT.c.last_seen_at.label("seen_at"), _SUSPECT.c.readings)
        .join(_PRESENCE, _PRESENCE.c.id == _SUSPECT.c.presence_id)
        .where(_SUSPECT.c.group_name == group)
        .order_by(_PRESENCE.c.key)
    )
    return [
        Missing(
            row.id,
            row.key,
            row.platform_id,
            row.administrator,
            row.first_seen_at,
            row.seen_at,
            row.missing_at,
            row.readings,
        )
        for row in connection.execute(query)
    ]


def close(connection: Connection, snapshot: SnapshotRecord, gone: Sequence[Departure]) -> list[Departure]:
    """End the intervals of those confirmed to be gone, and keep why; returns those who were still missing.

    `snapshot` is the reading that confirmed it: from when it ended on, it was known.
    """
    still = set(
        connection.execute(select(_SUSPECT.c.presence_id).where(_SUSPECT.c.group_name == snapshot.group)).scalars()
    )
    those = [one for one in gone if one.missing.number in still]
    if those:
        numbers = [{"number": one.missing.number, "snapshot": snapshot.id} for one in those]
        connection.execute(_CLOSE, numbers)
        connection.execute(delete(_SUSPECT).where(_SUSPECT.c.presence_id == bindparam("number")), numbers)
        rows = [_row(one, snapshot) for one in those]
        connection.execute(insert(_EVENT), rows)
        connection.execute(
            _REMEMBER, [row | {"word": policy_word(one.finding)} for row, one in zip(rows, those, strict=True)]
        )
    return those


def _row(one: Departure, snapshot: SnapshotRecord) -> dict[str, object]:
    missed, finding = one.missing, one.finding
    return {
        "group_name": snapshot.group,
        "key": missed.key,
        "platform_id": missed.platform_id,
        "administrator": missed.administrator,
        "first_seen_at": missed.first_seen_at,
        "last_seen_at": missed.last_seen_at,
        "gone_at": missed.gone_at,
        "snapshot_id": snapshot.id,
        "cause": finding.cause.value,
        "confidence": finding.confidence.value,
        "removed_by": finding.actor,
        "unexplained": is_unexplained(finding),
        "observations": json.dumps(finding.observations),
    }


def removed_by_us(connection: Connection, group: str) -> list[str]:
    """Return the platform ids of those we removed last and who did not come back."""
    query = text("""
        SELECT p.platform_id FROM operation o
        JOIN presence p ON p.group_name = o.group_name AND p.key = o.key AND p.gone_at IS NOT NULL
        WHERE o.group_name = :group_name AND o.action = 'remove' AND o.state = 'done' AND o.intended_at >= p.first_seen_at
          AND NOT EXISTS (SELECT 1 FROM presence b WHERE b.group_name = o.group_name AND b.key = o.key AND b.gone_at IS NULL)
        ORDER BY o.finished_at DESC LIMIT :most""")
    rows = connection.execute(query, {"group_name": group, "most": _RECENT_REMOVALS})
    return list(dict.fromkeys(row.platform_id for row in rows))


def unexplained_since(connection: Connection, group: str, since: datetime, *, free: bool = True) -> list[Removal]:
    """Return the unexplained departures after a time, oldest first; with `free` those that belong to no incident.

    Who has a role in the roster, or was an administrator, is marked.
    """
    query = text(f"""
        SELECT e.id, e.last_seen_at, e.gone_at, e.administrator, coalesce(d.roles, '') AS roles
        FROM departure_event e LEFT JOIN desired d ON d.group_name = e.group_name AND d.key = e.key
        WHERE e.group_name = :group_name AND e.unexplained AND e.gone_at > :since
        {"AND e.incident_id IS NULL" if free else ""} ORDER BY e.gone_at, e.id
    """).bindparams(bindparam("since", type_=Instant()))  # noqa: S608 - our own words
    found = connection.execute(
        query.columns(_EVENT.c.id, _EVENT.c.last_seen_at, _EVENT.c.gone_at, _EVENT.c.administrator),
        {"group_name": group, "since": since},
    )
    return [Removal(row.id, row.last_seen_at, row.gone_at, bool(row.administrator or row[4])) for row in found]


def quiet_times(connection: Connection, group: str, since: datetime, until: datetime) -> list[datetime]:
    """Return when people went unexplained and outside of any incident, from `since` up to `until`."""
    query = select(_EVENT.c.gone_at).where(
        _EVENT.c.group_name == group,
        _EVENT.c.unexplained,
        _EVENT.c.incident_id.is_(None),
        _EVENT.c.gone_at >= since,
        _EVENT.c.gone_at < until,
    )
    return list(connection.execute(query).scalars())


def count_with_role(connection: Connection, group: str) -> int:
    """Return how many members have a role in the roster, or are administrators of the group."""
    query = text("""
        SELECT count(*) FROM presence p LEFT JOIN desired d ON d.group_name = p.group_name AND d.key = p.key
        WHERE p.group_name = :group_name AND p.gone_at IS NULL AND (p.administrator OR coalesce(d.roles, '') <> '')""")
    return int(connection.execute(query, {"group_name": group}).scalar_one())


def assign(connection: Connection, incident: str, numbers: Iterable[int]) -> None:
    """Make departures part of an incident."""
    values = [{"number": number, "incident": incident} for number in numbers]
    if values:
        connection.execute(
            text("UPDATE departure_event SET incident_id = :incident WHERE id = :number AND incident_id IS NULL"),
            values,
        )
