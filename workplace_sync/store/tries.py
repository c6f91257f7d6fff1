"""How often something was tried, under keyed hashes that name nobody."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, case, delete
from sqlalchemy.dialects import postgresql, sqlite

from workplace_sync.store.console_tables import TryRow

_TRY = TryRow.__table__  # type: ignore[attr-defined]


def count(connection: Connection, bucket: str, at: datetime, within: timedelta) -> tuple[int, datetime]:
    """Count a try, and return how many there were in this span of time and when it ends.

    One statement counts and tells, so that tries at the same moment are all counted.
    """
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    over = _TRY.c.expires_at <= at
    query = make(_TRY).values(bucket=bucket, tries=1, expires_at=at + within)
    query = query.on_conflict_do_update(
        index_elements=[_TRY.c.bucket],
        set_={
            "tries": case((over, 1), else_=_TRY.c.tries + 1),
            "expires_at": case((over, query.excluded.expires_at), else_=_TRY.c.expires_at),
        },
    )
    row = connection.execute(query.returning(_TRY.c.tries, _TRY.c.expires_at)).one()
    return int(row.tries), row.expires_at


def forget(connection: Connection, bucket: str) -> None:
    """Begin to count anew."""
    connection.execute(delete(_TRY).where(_TRY.c.bucket == bucket))


def sweep(connection: Connection, at: datetime) -> None:
    """Forget what is past its time."""
    connection.execute(delete(_TRY).where(_TRY.c.expires_at <= at))
