"""`workplace-sync db copy`: everything from one database to another, such as from SQLite to PostgreSQL."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.invocation import Invocation, invocation
from workplace_sync.cli.output import counted
from workplace_sync.errors import UsageError

if TYPE_CHECKING:
    from workplace_sync.app import Application
    from workplace_sync.store.copying import Copied

_URL = "A URL, or the name of the variable that holds it, as for a token."


def copy(
    context: typer.Context,
    to: Annotated[str | None, typer.Option("--to", metavar="URL", help=f"The database to copy to. {_URL}")] = None,
    source: Annotated[
        str | None, typer.Option("--from", metavar="URL", help=f"The database to copy from. {_URL}")
    ] = None,
) -> None:
    """Copy all data and the evidence log to an empty database, or from another one; the one in the settings is the other end.

    Nothing may run meanwhile. Everything arrives or nothing does, and every proof stays good.

    Example: workplace-sync db copy --to postgresql://sync@db.example.org/sync
    """
    call = invocation(context)
    if (to is None) == (source is None):
        raise UsageError("It needs --to or --from, and not both.", hint="See `workplace-sync db copy --help`.")
    from workplace_sync.store.copying import copy_database  # noqa: PLC0415 - takes most of a second

    here, there = call.settings.database_url.get_secret_value(), _url(call, to or source or "")
    first, second = (there, here) if source else (here, there)
    with _opened(call, first) as old, _opened(call, second) as new:
        if old.database.url == new.database.url:
            raise UsageError("Both ends are the same database.", hint="Copy to a new one.")
        old.database.require_current()
        old.log.check_start()
        if new.database.revision()[0] is None:
            new.database.upgrade()
        with call.output.progress("Copying") as advance:
            copied = copy_database(old.database, new.database, advance)
        if new.database.file is not None:
            new.database.file.chmod(0o600)
        new.log.check_start()
    data = {"rows": dict(copied.rows), "entries": copied.entries, "root": copied.root.hex()}
    call.output.show("db-copy/1", data, lambda: list(_told(copied, moved=source is None)))


def _opened(call: Invocation, url: str) -> "Application":
    from pydantic import SecretStr  # noqa: PLC0415

    from workplace_sync.app import Application  # noqa: PLC0415

    return Application(call.settings.model_copy(update={"database_url": SecretStr(url)}))


def _told(copied: "Copied", *, moved: bool) -> Iterator[str]:
    tables = {name: rows for name, rows in copied.rows.items() if rows}
    yield f"Copied {counted(sum(tables.values()), 'row')} in {counted(len(tables), 'table')}."
    width = max(map(len, tables), default=0)
    for name, rows in sorted(tables.items()):
        yield f"  {name:<{width}}  {rows:>9,}"
    yield f"The evidence log has its {counted(copied.entries, 'entry', 'entries')} and the same root hash, {copied.root.hex()}."
    if moved:
        yield "Next: set WORKPLACE_SYNC_DATABASE_URL to the new database everywhere, and put the old one away."


def _url(call: Invocation, given: str) -> str:
    """Return the URL, or what the variable of that name holds: a password does not belong on a command line."""
    return given if ":" in given else call.settings.secret(given).get_secret_value()
