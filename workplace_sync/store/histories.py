"""How large a group was over time: one size a day, however often it was read."""

from datetime import datetime

from sqlalchemy import Connection, Table, func, select

from workplace_sync.store.privacy_tables import ErasureRow
from workplace_sync.store.tables import RosterImportRow, SnapshotRow

_SNAPSHOT: Table = SnapshotRow.__table__  # type: ignore[attr-defined]
_IMPORT: Table = RosterImportRow.__table__  # type: ignore[attr-defined]
_ERASURE: Table = ErasureRow.__table__  # type: ignore[attr-defined]


def sizes_by_day(connection: Connection, group: str, since: datetime) -> list[tuple[datetime, int]]:
    """Return the last complete reading of each day since a time, with the members it showed, oldest first."""
    wanted = (_SNAPSHOT.c.group_name == group) & _SNAPSHOT.c.complete & (_SNAPSHOT.c.taken_at >= since)
    last = select(func.max(_SNAPSHOT.c.taken_at)).where(wanted).group_by(func.date(_SNAPSHOT.c.taken_at))
    days = [at for (at,) in connection.execute(last)]  # a join would be planned over every reading of every group
    query = select(_SNAPSHOT.c.taken_at, _SNAPSHOT.c.members).where(wanted, _SNAPSHOT.c.taken_at.in_(days))
    return [(row.taken_at, row.members) for row in connection.execute(query.order_by(_SNAPSHOT.c.taken_at))]


def roster_state(connection: Connection) -> tuple[object, ...]:
    """Return what is another value after a roster was read in or somebody was erased, and the same until then."""
    imports = connection.execute(select(func.count(), func.max(_IMPORT.c.imported_at))).one()
    return (*imports, connection.execute(select(func.count()).select_from(_ERASURE)).scalar_one())
