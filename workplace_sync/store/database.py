"""The database: SQLite by default, PostgreSQL by URL; connections, transactions, schema, backup."""

import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from copy import copy
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from workplace_sync.errors import BusyError, StoreError, UsageError
from workplace_sync.store import case_tables as case_tables  # noqa: PLC0414 - its tables are part of the schema
from workplace_sync.store import citing_tables as citing_tables  # noqa: PLC0414 - its tables are part of the schema
from workplace_sync.store import console_tables as console_tables  # noqa: PLC0414 - its tables are part of the schema
from workplace_sync.store import notice_tables as notice_tables  # noqa: PLC0414 - its tables are part of the schema
from workplace_sync.store import privacy_tables as privacy_tables  # noqa: PLC0414 - its tables are part of the schema
from workplace_sync.store import queue_tables as queue_tables  # noqa: PLC0414 - its tables are part of the schema
from workplace_sync.store import review_tables as review_tables  # noqa: PLC0414 - its tables are part of the schema
from workplace_sync.store import run_tables as run_tables  # noqa: PLC0414 - its tables are part of the schema
from workplace_sync.store import watch_tables as watch_tables  # noqa: PLC0414 - its tables are part of the schema
from workplace_sync.store import webhook_tables as webhook_tables  # noqa: PLC0414 - its tables are part of the schema
from workplace_sync.store.tables import metadata

Fence = Callable[[Connection], None]
"""Raises when the transaction of that connection may not write."""

_WRITE = "workplace_sync_write"
_BUSY_MS = 5_000
_IDLE_MS = 60_000


class Database:
    """An open database. Nothing is created before `upgrade`."""

    def __init__(self, url: str) -> None:
        """Open the database at `url`, a SQLAlchemy URL; raises StoreError when the URL cannot be one."""
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError):  # the latter for a port that is no number
            raise StoreError(
                "The database URL cannot be read.", hint="Use sqlite:///path/to/file.db or postgresql://user@host/name."
            ) from None
        if parsed.drivername in {"postgresql", "postgres"}:
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.drivername not in {"sqlite", "postgresql+psycopg"}:
            raise StoreError(
                f"The database kind {parsed.drivername!r} is not supported.", hint="Use SQLite or PostgreSQL."
            )
        self.url = parsed
        self.engine = _engine(parsed.render_as_string(hide_password=False))
        self._fence: Fence | None = None
        self._turn = threading.RLock()

    def fenced(self, fence: Fence) -> "Database":
        """Return the same database, in which every writing transaction asks `fence` first, and ends with what it raises."""
        other = copy(self)
        other._fence = fence  # noqa: SLF001 - our own copy
        return other

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a file on this machine."""
        return self.url.drivername == "sqlite"

    @property
    def file(self) -> Path | None:
        """The SQLite file; None on PostgreSQL and in memory."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Lend a connection for reading and for temporary tables; database errors become StoreErrors."""
        with told_plainly(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self, on: Connection | None = None) -> Iterator[Connection]:
        """Run a writing transaction, on a lent connection where its temporary tables are needed.

        SQLite takes the write lock at once (BEGIN IMMEDIATE), so a transaction never fails half-way for want of it.
        PostgreSQL ends a transaction that stands idle for a minute: a process that is frozen in the middle of one would
        keep what it has locked from all others for ever.
        """
        with told_plainly(), self._in_turn():
            if on is None:
                with self.engine.connect() as connection, _writing(connection, self._fence):
                    yield connection
            else:
                with _writing(on, self._fence):
                    yield on

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Let the threads of this process write to a file one after another.

        SQLite has whoever finds its lock taken sleep, longer each time, and look again: with eight writers one in
        twenty waits ten times as long as all their writing takes. Past the usual time it is left to SQLite to complain.
        """
        mine = self.is_sqlite and self._turn.acquire(timeout=_BUSY_MS / 1000)
        try:
            yield
        finally:
            if mine:
                self._turn.release()

    def upgrade(self) -> None:
        """Bring the schema to the newest revision; does nothing when it is there already."""
        if self.file is not None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        with told_plainly(), self.engine.connect() as connection:
            config = _alembic(connection)
            command.upgrade(config, "head")

    def revision(self) -> tuple[str | None, str]:
        """Return the schema's revision in the database (None when there is no schema) and the newest one."""
        head = ScriptDirectory.from_config(_alembic(None)).get_current_head()
        if self.file is not None and not self.file.exists():
            return None, str(head)
        with self.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision(), str(head)

    def require_current(self) -> None:
        """Raise StoreError unless the schema is the newest."""
        current, head = self.revision()
        if current is None:
            raise StoreError("The database has not been set up.", hint="Run `workplace-sync db upgrade`.")
        if current != head:
            raise StoreError(
                f"The database has schema {current}, this version of workplace-sync needs {head}.",
                hint="Make a copy with `workplace-sync db backup`, then run `workplace-sync db upgrade`.",
            )

    def differences(self) -> list[str]:
        """Return how the schema in the database differs from the tables of this version, one sentence each."""
        with self.connect() as connection:
            options = {"compare_type": True, "target_metadata": metadata, "include_name": _is_ours}
            context = MigrationContext.configure(connection, opts=options)
            found = [
                str(difference[0]) + " " + _what(difference)
                for difference in _flat(compare_metadata(context, metadata))
            ]
            if self.is_sqlite and (answer := connection.exec_driver_sql("PRAGMA quick_check").scalar()) != "ok":
                found.append(f"SQLite reports damage: {answer}")
            found += [f"the queue of jobs lacks {each}" for each in queue_tables.missing(connection)]
            found += _unsound(connection)
        return found

    def backup(self, target: Path) -> None:
        """Write a consistent copy of the database to `target`; raises StoreError when it exists or cannot be made.

        From its first byte the copy can be read by its owner alone, and what could not be finished is not left behind.
        """
        _make_private(target)
        try:
            if self.file is not None:
                with (
                    told_plainly(),
                    closing(sqlite3.connect(self.file)) as source,
                    closing(sqlite3.connect(target)) as copy,
                ):
                    source.backup(copy)
            else:
                self._dump(target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    def _dump(self, target: Path) -> None:
        pg_dump = shutil.which("pg_dump")
        if pg_dump is None:
            raise StoreError("pg_dump is not installed.", hint="Install PostgreSQL's client programs, then try again.")
        url = self.url.set(drivername="postgresql").set(password=None).render_as_string()
        environment = {name: value for name, value in os.environ.items() if _is_for_libpq(name)}
        if self.url.password:
            environment["PGPASSWORD"] = str(self.url.password)
        done = subprocess.run(  # noqa: S603 - a fixed program with our own arguments
            [pg_dump, "--format=custom", f"--file={target}", url],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StoreError(
                "pg_dump could not write the copy.",
                hint="Run `workplace-sync db check`, and see that pg_dump is as new as the server.",
            )

    def scrub(self) -> bool:
        """Write out the database anew without what was deleted; returns whether nothing of that is left in its files.

        SQLite overwrites deleted rows (secure_delete), but moving rows between pages leaves copies behind that it no
        longer knows of, and its write-ahead log (https://sqlite.org/wal.html) holds what pages held before: so the
        file is made anew, and the log emptied, which a reader elsewhere can hold up. On PostgreSQL the space is given
        free to be overwritten; what its own log and its archives still hold is its administrator's to expire.
        """
        if self.file is None:
            with (
                told_plainly(),
                self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
            ):
                connection.exec_driver_sql("VACUUM")
            return True
        with told_plainly(), closing(sqlite3.connect(self.file)) as raw:
            _set_pragmas(raw, None)
            raw.execute("VACUUM")
            busy, *_ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    engine = create_engine(url, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin
    for pragma in (
        f"busy_timeout={_BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",  # an acknowledged entry survives a power cut
        "foreign_keys=ON",
        "secure_delete=ON",  # erased openings are overwritten, not just unlinked
        "temp_store=FILE",  # a million staged rows must not live in memory
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITE) else "BEGIN")


@contextmanager
def _writing(connection: Connection, fence: Fence | None) -> Iterator[None]:
    connection.rollback()  # a lent connection lets go of what it read: SQLite cannot turn an old reading into a writing
    connection.execution_options(**{_WRITE: True})
    try:
        with connection.begin():
            if connection.dialect.name == "postgresql":
                idle = func.set_config("idle_in_transaction_session_timeout", str(_IDLE_MS), True)
                connection.execute(select(idle))
            if fence is not None:
                fence(connection)
            yield
    finally:
        connection.execution_options(**{_WRITE: False})


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what the drivers raise into sentences, without SQL or values in them."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause = getattr(error, "orig", None) or error
        text = str(cause).lower()
        if "locked" in text or "busy" in text:
            raise BusyError(
                "The database is being written by another run.", hint="Wait until it has ended, then try again."
            ) from None
        if "cannot contain nul" in text:
            raise UsageError(
                "A text holds a NUL character, which PostgreSQL keeps in no text.",
                hint="Take it out where the text comes from, then try again.",
            ) from None
        for sign, message, hint in _SIGNS:
            if sign in text:
                raise StoreError(message, hint=hint) from None
        raise StoreError(
            f"The database refused a statement ({type(cause).__name__}).", hint="Run `workplace-sync db check`."
        ) from error


_SIGNS = (
    (
        "readonly",
        "The database is read-only.",
        "Give the user who runs workplace-sync the right to write the file and its folder.",
    ),
    ("disk is full", "The disk is full.", "Make room; what was already acknowledged is safe."),
    (
        "disk i/o error",
        "The disk could not be read or written.",
        "See that it has room and is sound, and that no limit is set for the size of files; what was already acknowledged is safe.",
    ),
    ("no space left", "The disk is full.", "Make room; what was already acknowledged is safe."),
    (
        "unable to open",
        "The database file cannot be opened.",
        "Check the path in WORKPLACE_SYNC_DATABASE_URL and its folder's rights.",
    ),
    ("not a database", "The file is not a database.", "Check the path in WORKPLACE_SYNC_DATABASE_URL."),
    ("malformed", "The database file is damaged.", "Put back the last copy made by `workplace-sync db backup`."),
    ("no such table", "The database has not been set up.", "Run `workplace-sync db upgrade`."),
    (
        "does not exist",
        "The database, or a table in it, does not exist.",
        "Create the database, then run `workplace-sync db upgrade`.",
    ),
    (
        "connection",
        "The database server cannot be reached.",
        "Check WORKPLACE_SYNC_DATABASE_URL and that the server runs.",
    ),
)


def _make_private(target: Path) -> None:
    """Make an empty file that its owner alone can read."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        if target.exists():
            raise StoreError(f"{target} exists already.", hint="Choose a file name that does not exist.") from None
        raise StoreError(
            f"The copy cannot be written to {target} ({error.strerror}).", hint="Check the folder's rights."
        ) from None


def _is_for_libpq(name: str) -> bool:
    """Whether a variable tells pg_dump how to reach the server: it finds password files and certificates by HOME."""
    return name.startswith("PG") or name in {"HOME", "PATH", "LD_LIBRARY_PATH"}


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or name is None or not queue_tables.is_foreign(name)


def _unsound(connection: Connection) -> list[str]:
    """Return what the engine itself knows to be broken: rows that refer to none, indexes that are not whole."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        return [f"rows of {table} refer to what is not there" for table in sorted({str(row[0]) for row in rows})]
    query = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1"
    return [f"the index {name} is not whole" for name in connection.exec_driver_sql(query).scalars()]


def _alembic(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _flat(differences: list[object]) -> Iterator[tuple[object, ...]]:
    for difference in differences:
        if isinstance(difference, list):
            yield from _flat(difference)
        elif isinstance(difference, tuple):
            yield difference


def _what(difference: tuple[object, ...]) -> str:
    names = [getattr(part, "name", part) for part in difference[1:] if isinstance(part, str) or hasattr(part, "name")]
    return " ".join(str(name) for name in names if name)
