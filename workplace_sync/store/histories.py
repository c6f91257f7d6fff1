"""How large a group was over time: one size a day, however often it was read."""

from datetime import datetime

from sqlalchemy import Connection, Table, func, select

from workplace_sync.store.tables import SnapshotRow

_SNAPSHOT: Table = SnapshotRow.__table__  # type: ignore[attr-defined]


def sizes_by_day(connection: Connection, group: str, since: datetime) -> list[tuple[datetime, int]]:
    """Return the last complete reading of each day since a time, with the members it showed, oldest first."""
    wanted = (_SNAPSHOT.c.group_name == group) & _SNAPSHOT.c.complete & (_SNAPSHOT.c.taken_at >= since)
    last = select(func.max(_SNAPSHOT.c.taken_at).label("at")).where(wanted)
    last_of_days = last.group_by(func.date(_SNAPSHOT.c.taken_at)).subquery()
    query = select(_SNAPSHOT.c.taken_at, _SNAPSHOT.c.members).join(
        last_of_days, _SNAPSHOT.c.taken_at == last_of_days.c.at
    )
    rows = connection.execute(query.where(wanted).order_by(_SNAPSHOT.c.taken_at))
    return [(row.taken_at, row.members) for row in rows]
