"""Connections for what must not write: the database itself sees to it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from workplace_sync.store.database import Database


@contextmanager
def reading(database: Database) -> Iterator[Connection]:
    """Lend a connection on which the database refuses every write."""
    with database.connect() as connection:
        if not database.is_sqlite:
            yield connection.execution_options(postgresql_readonly=True)
            return
        connection.exec_driver_sql("PRAGMA query_only=ON")
        try:
            yield connection
        finally:
            connection.rollback()
            connection.exec_driver_sql("PRAGMA query_only=OFF")
