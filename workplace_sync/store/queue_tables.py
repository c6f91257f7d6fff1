"""The tables that go with the queue of jobs: its engine's own, on PostgreSQL, which are no part of our metadata.

They are made by a migration (migrations/queue.sql), told apart by their names, and spoken to in `queue` alone.
"""

import re
from functools import cache
from importlib import resources

from sqlalchemy import Connection, text

PREFIX = "procrastinate_"
PACE_PREFIX = "pace_"  # the buckets of platforms.pace, one for each token, made when they are first needed

_MADE = re.compile(r"^CREATE (TYPE|TABLE|FUNCTION|TRIGGER|(?:UNIQUE )?INDEX) (\w+)", re.MULTILINE)
_WHERE = {
    "TYPE": "SELECT typname FROM pg_type WHERE typnamespace = current_schema()::regnamespace",
    "TABLE": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
    "FUNCTION": "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace",
    "TRIGGER": "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
    "WHERE relnamespace = current_schema()::regnamespace",
    "INDEX": "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()",
}


def is_foreign(table: str) -> bool:
    """Whether a table of that name belongs to a library and is no part of our schema."""
    return table.startswith((PREFIX, PACE_PREFIX))


def missing(connection: Connection) -> list[str]:
    """Return what the installed engine needs in the database and does not find, as "FUNCTION name"; none on SQLite."""
    if connection.dialect.name != "postgresql":
        return []
    found = {kind: set(connection.execute(text(query)).scalars()) for kind, query in _WHERE.items()}
    return [f"{kind} {name}" for kind, name in needed() if name not in found[kind]]


@cache
def needed() -> tuple[tuple[str, str], ...]:
    """Return kind and name of everything that the installed engine has in the database."""
    schema = resources.files("procrastinate.sql").joinpath("schema.sql").read_text(encoding="utf-8")
    return tuple((kind.removeprefix("UNIQUE "), name) for kind, name in _MADE.findall(schema))
