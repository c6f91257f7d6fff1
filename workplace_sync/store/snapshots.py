"""Snapshots, kept as intervals of presence instead of copies: a year of quiet days adds one row a day."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Boolean, Column, Connection, MetaData, String, Table, bindparam, func, insert, select, text

from workplace_sync.membership.snapshot import Completeness, Member
from workplace_sync.store.staging import Staging, staging
from workplace_sync.store.tables import Instant, PresenceRow, SnapshotRow

_SNAPSHOT = SnapshotRow.__table__  # type: ignore[attr-defined]
_PRESENCE = PresenceRow.__table__  # type: ignore[attr-defined]

_STAGED = Table(
    "staged_member",
    MetaData(),
    Column("key", String),
    Column("platform_id", String),
    Column("administrator", Boolean),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """A snapshot as it is kept."""

    id: str
    group: str
    taken_at: datetime
    finished_at: datetime
    complete: bool
    members: int
    administrators: int
    completeness: Completeness


@dataclass(frozen=True, slots=True)
class Departure:
    """Someone seen in one complete snapshot and missing from the next, without an operation of ours."""

    key: str
    platform_id: str
    last_seen_at: datetime
    gone_at: datetime


_INDEX_IDS = "CREATE INDEX IF NOT EXISTS staged_member_platform_id ON staged_member (platform_id)"

_NAME_HIDDEN = text("""
UPDATE staged_member SET key = p.key FROM presence p
WHERE staged_member.key = 'id:' || staged_member.platform_id AND p.platform_id = staged_member.platform_id
  AND p.group_name = :group_name AND p.gone_at IS NULL
""")


class StagedMembers:
    """Members read so far."""

    def __init__(self, area: Staging) -> None:
        self._area = area
        self.connection = area.connection

    def add(self, page: Sequence[Member]) -> None:
        """Stage one page."""
        self._area.add([(member.key, member.platform_id, member.administrator) for member in page])

    def clear(self) -> None:
        """Forget what was read: the reading starts anew."""
        self.connection.execute(_STAGED.delete())
        self.connection.commit()

    def name_hidden(self, group: str) -> None:
        """Give those whose address the platform hides now the key that they were seen under before."""
        self.connection.execute(text(_INDEX_IDS))
        self.connection.execute(_NAME_HIDDEN, {"group_name": group})
        self.connection.commit()

    def close_reading(self) -> None:
        """Sort what was read by key, once, so that every comparison afterwards walks an index."""
        self.connection.execute(text("CREATE INDEX staged_member_key ON staged_member (key)"))
        self.connection.commit()


@contextmanager
def staged(connection: Connection) -> Iterator[StagedMembers]:
    """Lend a staging area for members on `connection`."""
    with staging(connection, _STAGED) as area:
        yield StagedMembers(area)


def latest(
    connection: Connection, group: str, *, complete: bool | None = None, until: datetime | None = None
) -> SnapshotRecord | None:
    """Return the newest snapshot of a group; of the complete (or incomplete) ones, and not after `until`, if asked."""
    query = select(_SNAPSHOT).where(_SNAPSHOT.c.group_name == group)
    if complete is not None:
        query = query.where(_SNAPSHOT.c.complete == complete)
    if until is not None:
        query = query.where(_SNAPSHOT.c.taken_at <= until)
    row = connection.execute(query.order_by(_SNAPSHOT.c.taken_at.desc()).limit(1)).first()
    if row is None:
        return None
    return SnapshotRecord(
        id=row.id,
        group=row.group_name,
        taken_at=row.taken_at,
        finished_at=row.finished_at,
        complete=row.complete,
        members=row.members,
        administrators=row.administrators,
        completeness=Completeness(**json.loads(row.completeness)),
    )


def record(connection: Connection, snapshot: SnapshotRecord) -> None:
    """Keep the record of a reading, complete or not."""
    connection.execute(
        insert(_SNAPSHOT).values(
            id=snapshot.id,
            group_name=snapshot.group,
            taken_at=snapshot.taken_at,
            finished_at=snapshot.finished_at,
            complete=snapshot.complete,
            members=snapshot.members,
            administrators=snapshot.administrators,
            completeness=json.dumps(asdict(snapshot.completeness)),
        )
    )


def count_staged(connection: Connection) -> tuple[int, int]:
    """Return how many distinct members are staged, and how many of them are administrators."""
    rows = connection.execute(text("SELECT count(DISTINCT key) FROM staged_member")).scalar_one()
    administrators = connection.execute(
        select(func.count(func.distinct(_STAGED.c.key))).where(_STAGED.c.administrator.is_(True))
    ).scalar_one()
    return int(rows), int(administrators)


_GONE = text("""
UPDATE presence SET gone_snapshot = :snapshot, gone_at = :at, last_seen_at = :last_seen
WHERE group_name = :group_name AND gone_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM staged_member s WHERE s.key = presence.key)
""").bindparams(bindparam("at", type_=Instant()), bindparam("last_seen", type_=Instant()))

_COME = text("""
INSERT INTO presence (group_name, key, platform_id, administrator, first_snapshot, first_seen_at)
SELECT CAST(:group_name AS VARCHAR), s.key, max(s.platform_id), max(CASE WHEN s.administrator THEN 1 ELSE 0 END) = 1, CAST(:snapshot AS VARCHAR), :at
FROM staged_member s
WHERE NOT EXISTS (SELECT 1 FROM presence p WHERE p.group_name = :group_name AND p.key = s.key AND p.gone_at IS NULL)
GROUP BY s.key ORDER BY s.key
""").bindparams(bindparam("at", type_=Instant()))

_ROLES = text("""
UPDATE presence SET administrator = NOT administrator
WHERE group_name = :group_name AND gone_at IS NULL
  AND EXISTS (SELECT 1 FROM staged_member s WHERE s.key = presence.key AND s.administrator <> presence.administrator)
""")


def merge(connection: Connection, snapshot: SnapshotRecord, *, last_seen: datetime | None) -> tuple[int, int]:
    """Bring the intervals up to a complete snapshot, inside the caller's transaction: who came, who is gone.

    `last_seen` is when the complete snapshot before this one was taken. Returns the numbers of those come and gone.
    """
    values = {"group_name": snapshot.group, "snapshot": snapshot.id, "at": snapshot.taken_at}
    gone = connection.execute(_GONE, values | {"last_seen": last_seen}).rowcount
    come = connection.execute(_COME, values).rowcount
    connection.execute(_ROLES, {"group_name": snapshot.group})
    return come, gone


_REVEALED = text("""
UPDATE presence SET key = s.key FROM staged_member s
WHERE presence.group_name = :group_name AND presence.gone_at IS NULL
  AND presence.key = 'id:' || presence.platform_id AND s.platform_id = presence.platform_id AND s.key <> presence.key
""")


def reveal(connection: Connection, group: str) -> None:
    """Give those present without an address the key that the staged reading shows them under; call it before `merge`."""
    connection.execute(text(_INDEX_IDS))
    connection.execute(_REVEALED, {"group_name": group})


# Gone without an operation of ours that explains it since they were last seen. Who is there under another address is
# not gone: people marry, companies rename themselves.
_DEPARTED = text("""
SELECT p.key, p.platform_id, p.last_seen_at, p.gone_at FROM presence p
WHERE p.group_name = :group_name AND p.gone_snapshot = :snapshot
  AND NOT EXISTS (SELECT 1 FROM operation o WHERE o.group_name = p.group_name AND o.key = p.key
                  AND o.action = 'remove' AND o.state IN ('done', 'intended') AND o.intended_at >= p.first_seen_at)
  AND NOT EXISTS (SELECT 1 FROM staged_member s WHERE s.platform_id = p.platform_id)
ORDER BY p.key
""").columns(_PRESENCE.c.key, _PRESENCE.c.platform_id, _PRESENCE.c.last_seen_at, _PRESENCE.c.gone_at)

_REMEMBER = text("""
INSERT INTO departure (group_name, key, platform_id, last_seen_at, gone_at, snapshot_id, cause)
VALUES (:group_name, :key, :platform_id, :last_seen_at, :gone_at, :snapshot_id, :cause)
ON CONFLICT (group_name, key) DO UPDATE SET platform_id = excluded.platform_id, last_seen_at = excluded.last_seen_at,
  gone_at = excluded.gone_at, snapshot_id = excluded.snapshot_id, cause = excluded.cause
""").bindparams(bindparam("last_seen_at", type_=Instant()), bindparam("gone_at", type_=Instant()))


def departures(connection: Connection, snapshot: SnapshotRecord) -> list[Departure]:
    """Return those whom a merged snapshot, still staged on `connection`, shows gone without our doing."""
    connection.execute(text(_INDEX_IDS))
    rows = connection.execute(_DEPARTED, {"group_name": snapshot.group, "snapshot": snapshot.id})
    return [Departure(row.key, row.platform_id, row.last_seen_at, row.gone_at) for row in rows]


def remember_departures(
    connection: Connection, snapshot: SnapshotRecord, gone: Sequence[Departure], cause: str
) -> None:
    """Keep the last departure of each person, which policies ask about."""
    if gone:
        connection.execute(
            _REMEMBER,
            [
                {
                    "group_name": snapshot.group,
                    "key": one.key,
                    "platform_id": one.platform_id,
                    "last_seen_at": one.last_seen_at,
                    "gone_at": one.gone_at,
                    "snapshot_id": snapshot.id,
                    "cause": cause,
                }
                for one in gone
            ],
        )
