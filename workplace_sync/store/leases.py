"""Leases: which run holds a group (promise P10). Every function here is one step of a transaction of the caller's.

The row is the authority. `fence` grows each time the group changes hands, and every writing transaction of a run asks
for its own number first: who lost the group writes nothing any more, however late they wake up.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, and_, select, update
from sqlalchemy import Row as Found
from sqlalchemy.dialects import postgresql, sqlite

from workplace_sync.store.run_tables import LeaseRow

_LEASE = LeaseRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks for a group: `owner` is an id never used before, `holder` a person, `seconds` how long a beat counts."""

    group: str
    owner: str
    holder: str
    host: str
    pid: int
    process: str
    verb: str
    run_id: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Lease:
    """A group held. `beats` counts its signs of life, `fence` how often the group has changed hands."""

    claim: Claim
    acquired_at: datetime
    heartbeat_at: datetime
    expires_at: datetime
    beats: int
    fence: int

    def same_beat(self, other: "Lease | None") -> bool:
        """Whether nothing was heard of the holder between these two readings of the row."""
        return other is not None and (self.fence, self.beats) == (other.fence, other.beats)


def current(connection: Connection, group: str) -> Lease | None:
    """Return the lease of a group, run out or not; None when nobody holds it."""
    row = connection.execute(select(_LEASE).where(_LEASE.c.group_name == group, _LEASE.c.owner != "")).first()
    return None if row is None else _lease(row)


def held(connection: Connection) -> list[Lease]:
    """Return the leases of all groups that are held, by group."""
    rows = connection.execute(select(_LEASE).where(_LEASE.c.owner != "").order_by(_LEASE.c.group_name))
    return [_lease(row) for row in rows]


def take(connection: Connection, claim: Claim, now: datetime, over: Lease | None) -> Lease | None:
    """Give the group to `claim`, where it is free or still as it was in `over`; return the lease, None where neither.

    Waits until the holder's writing transaction has ended, if one is under way.
    """
    _make_row(connection, claim, now)
    row = connection.execute(_row(claim.group).with_for_update()).one()
    found = _lease(row) if row.owner else None
    if found is not None and not found.same_beat(over):
        return None
    lease = Lease(claim, now, now, now + timedelta(seconds=claim.seconds), 0, row.fence + 1)
    connection.execute(update(_LEASE).where(_LEASE.c.group_name == claim.group).values(_values(lease)))
    return lease


def renew(connection: Connection, lease: Lease, now: datetime) -> bool:
    """Give a sign of life; false when the group is another's by now."""
    values = {
        "heartbeat_at": now,
        "expires_at": now + timedelta(seconds=lease.claim.seconds),
        "beats": _LEASE.c.beats + 1,
    }
    return connection.execute(update(_LEASE).where(_ours(lease)).values(values)).rowcount == 1


def release(connection: Connection, lease: Lease) -> bool:
    """Let go of the group; false when it is another's by now."""
    return connection.execute(update(_LEASE).where(_ours(lease)).values(owner="")).rowcount == 1


def is_ours(connection: Connection, lease: Lease) -> bool:
    """Whether the group is still held under this lease; it then is to the end of the caller's writing transaction.

    On PostgreSQL the row is locked against `take`, and not against `renew`: beats go on during a long transaction
    (https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-ROWS).
    """
    query = select(_LEASE.c.fence).where(_ours(lease)).with_for_update(read=True, key_share=True)
    return connection.execute(query).first() is not None


def _ours(lease: Lease) -> ColumnElement[bool]:
    return and_(
        _LEASE.c.group_name == lease.claim.group,
        _LEASE.c.fence == lease.fence,
        _LEASE.c.owner == lease.claim.owner,
    )


def _row(group: str) -> Select[tuple[object, ...]]:
    return select(_LEASE).where(_LEASE.c.group_name == group)


def _make_row(connection: Connection, claim: Claim, now: datetime) -> None:
    """Make sure that there is a row to lock; two who make the first one at the same time do not fail."""
    if connection.execute(_row(claim.group)).first() is None:
        nobody = Lease(claim, now, now, now, 0, 0)
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        new = dialect.insert(_LEASE).values({"group_name": claim.group} | _values(nobody) | {"owner": ""})
        connection.execute(new.on_conflict_do_nothing(index_elements=["group_name"]))


def _values(lease: Lease) -> dict[str, object]:
    claim = lease.claim
    return {
        "owner": claim.owner,
        "holder": claim.holder,
        "host": claim.host,
        "pid": claim.pid,
        "process": claim.process,
        "verb": claim.verb,
        "run_id": claim.run_id,
        "seconds": claim.seconds,
        "acquired_at": lease.acquired_at,
        "heartbeat_at": lease.heartbeat_at,
        "expires_at": lease.expires_at,
        "beats": lease.beats,
        "fence": lease.fence,
    }


def _lease(row: Found[tuple[object, ...]]) -> Lease:
    claim = Claim(
        row.group_name, row.owner, row.holder, row.host, row.pid, row.process, row.verb, row.run_id, row.seconds
    )
    return Lease(claim, row.acquired_at, row.heartbeat_at, row.expires_at, row.beats, row.fence)
