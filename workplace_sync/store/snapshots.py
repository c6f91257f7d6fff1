"""Snapshots, kept as intervals of presence instead of copies: a year of quiet days adds one row a day."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from tempfile import TemporaryFile
from typing import IO

from sqlalchemy import Boolean, Column, Connection, MetaData, String, Table, bindparam, func, insert, select, text

from workplace_sync.errors import StoreError
from workplace_sync.membership.snapshot import Completeness, Member
from workplace_sync.store import marks
from workplace_sync.store.marks import Mark
from workplace_sync.store.staging import Staging, staging
from workplace_sync.store.suppression import Hide
from workplace_sync.store.tables import Instant, SnapshotRow
from workplace_sync.store.watch_tables import SuspectRow

_SNAPSHOT = SnapshotRow.__table__  # type: ignore[attr-defined]
_SUSPECT = SuspectRow.__table__  # type: ignore[attr-defined]

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


_TOGETHER = 5_000  # rows
INDEX_IDS = "CREATE INDEX IF NOT EXISTS staged_member_platform_id ON staged_member (platform_id)"

_NAME_HIDDEN = text("""
UPDATE staged_member SET key = p.key FROM presence p
WHERE staged_member.key = 'id:' || staged_member.platform_id AND p.platform_id = staged_member.platform_id
  AND p.group_name = :group_name AND p.gone_at IS NULL
""")


class StagedMembers:
    """Members read so far: in a file that has no name, and in a table once they have to be compared with anybody."""

    def __init__(self, area: Staging, hide: Hide, file: IO[bytes], mark: Mark | None) -> None:
        self._area = area
        self._hide = hide
        self._file = file
        self._before = mark
        self._tally = marks.Tally(mark.salt if mark else marks.new_salt())
        self.connection = area.connection

    def add(self, page: Sequence[Member]) -> None:
        """Stage one page. Raises StoreError when the disk is full."""
        lines = [f"{one.key}\t{one.platform_id}\t{one.administrator:d}\n".encode() for one in self._hide(page)]
        self._tally.add(lines)
        try:
            self._file.write(b"".join(lines))
        except OSError as error:
            raise StoreError(
                f"The members that were read could not be put aside: {error.strerror}.",
                hint="Make room for temporary files; nothing was concluded from this reading.",
            ) from None

    def clear(self) -> None:
        """Forget what was read: the reading starts anew."""
        self._tally = marks.Tally(self._tally.salt)
        self._file.seek(0)
        self._file.truncate()

    @property
    def as_before(self) -> bool:
        """Whether the rows are those of the reading whose mark was given."""
        return self._before is not None and self._tally.digest == self._before.digest

    def mark(self, group: str, members: int, administrators: int) -> Mark:
        """Return the mark of what was read."""
        return Mark(group, self._tally.salt, self._tally.digest, members, administrators)

    def _fill(self) -> None:
        """Put what was read into the table, once."""
        self._file.seek(0)
        while lines := list(islice(self._file, _TOGETHER)):
            rows = [line.decode().rstrip("\n").rsplit("\t", 2) for line in lines]
            self._area.add([(key, platform_id, administrator == "1") for key, platform_id, administrator in rows])
        self._file.seek(0)
        self._file.truncate()

    def name_hidden(self, group: str) -> None:
        """Give those whose address the platform hides now the key that they were seen under before."""
        self._fill()
        self.connection.execute(text(INDEX_IDS))
        self.connection.execute(_NAME_HIDDEN, {"group_name": group})
        self.connection.commit()

    def close_reading(self) -> None:
        """Put what was read into the table, sorted by key once, so that every comparison afterwards walks an index."""
        self._fill()
        self.connection.execute(text("CREATE INDEX staged_member_key ON staged_member (key, administrator)"))
        self.connection.commit()


@contextmanager
def staged(connection: Connection, hide: Hide = lambda page: page, mark: Mark | None = None) -> Iterator[StagedMembers]:
    """Lend a staging area for members on `connection`; they go in as `hide` leaves them, without those erased.

    `mark` is that of the reading to compare with.
    """
    with staging(connection, _STAGED) as area, TemporaryFile() as file:
        yield StagedMembers(area, hide, file, mark)


def sizes(connection: Connection, group: str) -> list[tuple[datetime, int]]:
    """Return when each complete reading of a group was taken and how many members it showed, oldest first."""
    query = select(_SNAPSHOT.c.taken_at, _SNAPSHOT.c.members).where(
        _SNAPSHOT.c.group_name == group, _SNAPSHOT.c.complete.is_(True)
    )
    return [(row.taken_at, row.members) for row in connection.execute(query.order_by(_SNAPSHOT.c.taken_at))]


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


def first_complete(connection: Connection, group: str) -> datetime | None:
    """Return when the group was read completely for the first time."""
    query = select(func.min(_SNAPSHOT.c.taken_at)).where(_SNAPSHOT.c.group_name == group, _SNAPSHOT.c.complete)
    at: datetime | None = connection.execute(query).scalar_one()
    return at


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


_COUNT = text("""
SELECT count(*), coalesce(sum(administrator), 0) FROM (
  SELECT max(CASE WHEN administrator THEN 1 ELSE 0 END) AS administrator FROM staged_member GROUP BY key) AS members
""")


def count_staged(connection: Connection) -> tuple[int, int]:
    """Return how many distinct members are staged, and how many of them are administrators."""
    row = connection.execute(_COUNT).one()
    return int(row[0]), int(row[1])


_BACK = text("""
DELETE FROM suspect WHERE group_name = :group_name
  AND EXISTS (SELECT 1 FROM presence p JOIN staged_member s ON s.key = p.key WHERE p.id = suspect.presence_id)
""")

_MISSED = text("""
INSERT INTO suspect (presence_id, group_name, missing_at, last_seen_at, readings)
SELECT p.id, p.group_name, :at, :last_seen, 1 FROM presence p
WHERE p.group_name = :group_name AND p.gone_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM staged_member s WHERE s.key = p.key)
ON CONFLICT (presence_id) DO UPDATE SET readings = suspect.readings + 1
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


# A quiet day takes one comparison instead of four.
_SAME = text("""
SELECT count(*), coalesce(sum(CASE WHEN EXISTS (
  SELECT 1 FROM staged_member s WHERE s.key = p.key AND s.administrator = p.administrator) THEN 1 ELSE 0 END), 0)
FROM presence p WHERE p.group_name = :group_name AND p.gone_at IS NULL
""")


def _unchanged(connection: Connection, snapshot: SnapshotRecord) -> bool:
    """Whether those present are exactly those staged, in the same roles, and nobody of them is a suspect."""
    suspected = select(func.count()).where(_SUSPECT.c.group_name == snapshot.group)
    if connection.execute(suspected).scalar_one():
        return False
    present, same = connection.execute(_SAME, {"group_name": snapshot.group}).one()
    return bool(present == same == snapshot.members)


def merge(connection: Connection, snapshot: SnapshotRecord, *, last_seen: datetime | None) -> tuple[int, int]:
    """Bring the intervals up to a complete snapshot, inside the caller's transaction.

    Who is missing from it becomes a suspect, and is gone only when `departures` closes their interval; a suspect who
    is there again is none any more. `last_seen` is when the complete snapshot before this one was taken. Returns the
    numbers of those who came and of those missing.
    """
    marks.forget(connection, snapshot.group)  # whoever knows that of this reading may put it in its place
    if _unchanged(connection, snapshot):
        return 0, 0
    values = {"group_name": snapshot.group, "at": snapshot.taken_at}
    connection.execute(_BACK, {"group_name": snapshot.group})
    missing = connection.execute(_MISSED, values | {"last_seen": last_seen or snapshot.taken_at}).rowcount
    come = connection.execute(_COME, values | {"snapshot": snapshot.id}).rowcount
    connection.execute(_ROLES, {"group_name": snapshot.group})
    return come, missing


_REVEALED = text("""
UPDATE presence SET key = s.key FROM staged_member s
WHERE presence.group_name = :group_name AND presence.gone_at IS NULL
  AND presence.key = 'id:' || presence.platform_id AND s.platform_id = presence.platform_id AND s.key <> presence.key
""")


def reveal(connection: Connection, group: str) -> None:
    """Give those present without an address the key that the staged reading shows them under; call it before `merge`."""
    connection.execute(text(INDEX_IDS))
    connection.execute(_REVEALED, {"group_name": group})
