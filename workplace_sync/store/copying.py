"""Copies everything from one database to an empty one of either engine, in one transaction, with the log's proofs intact.

Writers of the source wait meanwhile, so that the copy is of one moment, and nothing is written that it lacks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Row, Table, func, insert, select, text
from sqlalchemy.exc import OperationalError

from workplace_sync.errors import BusyError, EvidenceError, StoreError
from workplace_sync.evidence.merkle import Edge, leaf_hash
from workplace_sync.store import evidence_rows, leases
from workplace_sync.store.database import Database
from workplace_sync.store.tables import EvidenceEntryRow, metadata

_ENTRY = EvidenceEntryRow.__table__  # type: ignore[attr-defined]
_AT_ONCE = 5_000
_SHOWN = 3
_WAIT_FOR_LOCKS = "SET LOCAL lock_timeout = '10s'"
_TAKE_TIME = "SET LOCAL idle_in_transaction_session_timeout = 0"  # each side waits while the other is read or checked


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: the rows of each table, and the size and root hash of the evidence log in the copy."""

    rows: Mapping[str, int]
    entries: int
    root: bytes


def copy_database(source: Database, target: Database, on_rows: Callable[[int], None] = lambda _rows: None) -> Copied:
    """Copy all rows, and return what the target holds then; `on_rows` is told how many more were copied.

    Nothing is kept in the target unless everything arrived: as many rows in each table, and entries from which the
    log's root hash is computed again. Raises StoreError when the schemas are not the newest or the target is not empty,
    BusyError while a run holds a group, EvidenceError when the log arrived other than it was.
    """
    source.require_current()
    target.require_current()
    with target.connect() as connection:
        _require_empty(connection)
    with source.write() as old, target.write() as new:
        _lock(old, "SHARE")
        _require_idle(old)
        _lock(new, "EXCLUSIVE")
        _require_empty(new)
        rows = {table.name: _copy(old, new, table, on_rows) for table in metadata.sorted_tables}
        for table in metadata.sorted_tables:
            _require_all(new, table, rows[table.name])
            _set_sequence(new, table)
        edge = _require_same_log(old, new)
    return Copied(rows, edge.size, edge.root)


def _lock(connection: Connection, mode: str) -> None:
    """Keep writers waiting. SQLite does so since the transaction has begun."""
    if connection.dialect.name != "postgresql":
        return
    quote = connection.dialect.identifier_preparer.quote
    tables = ", ".join(quote(table.name) for table in metadata.sorted_tables)
    connection.exec_driver_sql(_TAKE_TIME)
    connection.exec_driver_sql(_WAIT_FOR_LOCKS)
    try:
        connection.exec_driver_sql(f"LOCK TABLE {tables} IN {mode} MODE")
    except OperationalError as error:
        if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise
        raise BusyError(
            "Somebody else is writing to the database.", hint="Stop cron, the workers and the console, then try again."
        ) from None


def _require_idle(connection: Connection) -> None:
    for lease in leases.held(connection):
        raise BusyError(
            f"A run of {lease.claim.verb} holds the group {lease.claim.group}.",
            hint="Stop cron and the workers, and wait for the run to end. If it was killed, run its command once more.",
        )


def _require_empty(connection: Connection) -> None:
    full = [table.name for table in metadata.sorted_tables if connection.execute(select(table).limit(1)).first()]
    if full:
        more = " and others" * (len(full) > _SHOWN)
        raise StoreError(
            f"The database to copy to is not empty: there are rows in {', '.join(full[:_SHOWN])}{more}.",
            hint="Copy to a new database. Two databases cannot be put together.",
        )


def _copy(old: Connection, new: Connection, table: Table, on_rows: Callable[[int], None]) -> int:
    write = _copy_in if new.dialect.name == "postgresql" else _insert
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_AT_ONCE)
    copied = 0
    for part in old.execute(query).partitions():
        write(new, table, part)
        copied += len(part)
        on_rows(len(part))
    return copied


def _insert(connection: Connection, table: Table, rows: Sequence[Row[tuple[object, ...]]]) -> None:
    connection.execute(insert(table), [dict(row._mapping) for row in rows])  # noqa: SLF001 - its documented name


def _copy_in(connection: Connection, table: Table, rows: Sequence[Row[tuple[object, ...]]]) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns.keys()))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
    raw = connection.connection.driver_connection
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[union-attr]
            for row in rows:
                copy.write_row(row)
    except psycopg.DataError as error:  # a zero byte in a text, or a number that is too large: SQLite minds neither
        raise StoreError(
            f"A row of the table {table.name} holds a value that PostgreSQL cannot hold ({type(error).__name__}).",
            hint="Nothing was copied. Keep using the database as it is, and have this looked at.",
        ) from None


def _require_all(connection: Connection, table: Table, rows: int) -> None:
    there = connection.execute(select(func.count()).select_from(table)).scalar()
    if there != rows:
        raise StoreError(
            f"Of {rows} rows of the table {table.name} {there} arrived.",
            hint="Nothing was kept of the copy: try again.",
        )


def _set_sequence(connection: Connection, table: Table) -> None:
    """Let the next row that numbers itself get a new number; SQLite sees to that without being told."""
    column = table.autoincrement_column
    if connection.dialect.name != "postgresql" or column is None:
        return
    highest = connection.execute(select(func.max(column))).scalar()
    if highest is not None:
        name = connection.dialect.identifier_preparer.quote(table.name)
        statement = text("SELECT setval(pg_get_serial_sequence(:name, :column), :highest)")
        connection.execute(statement, {"name": name, "column": column.name, "highest": highest})


def _require_same_log(old: Connection, new: Connection) -> Edge:
    """Compute the root from the entries as they lie in the copy, and return the edge when all of it agrees."""
    before, after = evidence_rows.read_head(old), evidence_rows.read_head(new)
    query = select(_ENTRY.c.body).order_by(_ENTRY.c.seq).execution_options(yield_per=_AT_ONCE)
    computed = Edge().extended(leaf_hash(body) for body in new.execute(query).scalars())
    if not before == after == computed:
        raise EvidenceError(
            "The evidence log in the copy is not the one that was copied.",
            hint="Nothing was kept of the copy. Run `workplace-sync evidence verify` on the database that you copy.",
        )
    return after
