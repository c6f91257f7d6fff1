"""Who of the committee read what is held about whom. A person may ask for it, and it goes when they are erased."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from workplace_sync.store.console_tables import AccessReadRow

_READ = AccessReadRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class AccessRead:
    """One reading: `kind` says of what, `key` about whom ('' for a list of nobody in particular)."""

    number: int
    read_at: datetime
    reader: str
    kind: str
    group: str
    key: str


def add(connection: Connection, at: datetime, reader: str, kind: str, group: str, keys: Sequence[str]) -> None:
    """Keep that somebody read something about these people."""
    rows = [
        {"read_at": at, "reader": reader, "kind": kind, "group_name": group, "key": key} for key in dict.fromkeys(keys)
    ]
    if rows:
        connection.execute(insert(_READ), rows)


def listed(
    connection: Connection,
    *,
    key: str | None = None,
    reader: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[AccessRead]:
    """Return the newest readings, about one person or by one reader if asked, and with numbers below `before`."""
    query = select(_READ).order_by(_READ.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_READ.c.id < before)
    if key is not None:
        query = query.where(_READ.c.key == key)
    if reader is not None:
        query = query.where(_READ.c.reader == reader)
    return [
        AccessRead(row.id, row.read_at, row.reader, row.kind, row.group_name, row.key)
        for row in connection.execute(query)
    ]
