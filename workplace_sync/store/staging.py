"""Temporary tables that are filled fast, on a connection of their own: seen by nobody else, and gone with it.

What is read for minutes is staged here without holding the write lock, and put in place in one short transaction.
Rows go in by position and by the driver alone: naming parameters takes two thirds of the time of writing a million.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table

from workplace_sync.store.tables import Instant

_MARKS = {"sqlite": "?", "postgresql": "%s"}


class Staging:
    """A temporary table on a connection."""

    def __init__(self, connection: Connection, table: Table) -> None:
        engine = connection.dialect.name
        marks = ", ".join([_MARKS[engine]] * len(table.columns))
        self.connection = connection
        self._insert = f"INSERT INTO {table.name} ({', '.join(table.columns.keys())}) VALUES ({marks})"  # noqa: S608 - our own names
        times = [place for place, column in enumerate(table.columns) if isinstance(column.type, Instant)]
        self._times = times if engine == "sqlite" else []

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows: a value for each of the table's columns, in their order; times are UTC-aware."""
        if rows:
            self.connection.exec_driver_sql(
                self._insert, [self._plain(row) for row in rows] if self._times else list(rows)
            )
            self.connection.commit()  # ends the reading transaction; temporary rows stay

    def _plain(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the row with its times as the `Instant` type writes them on SQLite, which has no type for times."""
        plain = list(row)
        for place in self._times:
            if plain[place] is not None:
                plain[place] = _text(plain[place])
        return tuple(plain)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


@contextmanager
def staging(connection: Connection, table: Table) -> Iterator[Staging]:
    """Lend the temporary table on `connection`; it is gone afterwards, whatever happened, and even if we are killed."""
    table.create(connection)
    connection.commit()
    try:
        yield Staging(connection, table)
    finally:
        connection.rollback()
        table.drop(connection)
        connection.commit()
