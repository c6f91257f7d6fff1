"""PostgreSQL's own lock of a group, held beside the lease: the server lets go of it the moment its holder's connection ends.

It is an advisory lock of a session (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS), so it
needs a connection of its own, and no pooler in between that shares connections out by transaction. The lease is the
authority: whoever may take a group by its row ends the session that still has the lock.
"""

from contextlib import suppress

from sqlalchemy import Connection, Engine, NullPool, create_engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from workplace_sync.store.database import Database, told_plainly

_CLASS = 0x57505347  # the first half of the lock's number: ours, among whatever else the server locks
_EVICT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid = :class AND objid = (hashtext(:group)::bigint & 4294967295) AND pid <> pg_backend_pid()"
)


class GroupLock:
    """The lock of one group. On SQLite it is always had: there the lease alone does it, as the file is on one machine."""

    def __init__(self, database: Database, group: str) -> None:
        self._database = database
        self._group = group
        self._connection: Connection | None = None

    def take(self) -> bool:
        """Take the lock, or see that it is still had; false when another session has it. Raises StoreError."""
        if self._database.is_sqlite:
            return True
        with told_plainly():
            if self._connection is None:
                self._connection = self._apart().connect()
                had = bool(self._connection.scalar(select(func.pg_try_advisory_lock(*self._key()))))
            else:
                had = self._connection.scalar(select(1)) == 1
        if not had:
            self.drop()
        return had

    def evict(self) -> None:
        """End the session that has the lock: its process is frozen, or lost its group. Raises StoreError."""
        with told_plainly(), self._database.engine.connect() as connection:
            connection.execute(_EVICT, {"class": _CLASS, "group": self._group})
            connection.commit()

    def drop(self) -> None:
        """Let go of the lock and of its connection, whatever state that is in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):  # its session may have been ended by the server
                connection.close()

    def _apart(self) -> Engine:
        """Return an engine for the one connection, which is kept as long as the run: the pool is for those who give back."""
        return create_engine(self._database.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True)

    def _key(self) -> tuple[object, object]:
        return _CLASS, func.hashtext(self._group)
