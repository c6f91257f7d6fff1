"""`workplace-sync db ...`: set up, check and copy the database."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.database_copy import copy
from workplace_sync.cli.invocation import Invocation, invocation
from workplace_sync.errors import ExitCode, StoreError

if TYPE_CHECKING:
    from workplace_sync.store.database import Database

app = typer.Typer(rich_markup_mode=None)
app.command("copy")(copy)


@app.command()
def upgrade(context: typer.Context) -> None:
    """Set the database up, or bring its schema to the newest; does nothing when it is there already.

    Example: workplace-sync db upgrade
    """
    call = invocation(context)
    with _opened(call) as database:
        before, _ = database.revision()
        database.upgrade()
        after, _ = database.revision()
    text = f"The database has schema {after}" + (" already." if before == after else " now.")
    call.output.show("db-upgrade/1", {"before": before, "after": after}, text, news=before != after)


@app.command()
def check(context: typer.Context) -> int:
    """Compare the database's schema with the one that this version needs, and look for damage; 1 if anything is wrong.

    Example: workplace-sync db check
    """
    call = invocation(context)
    with _opened(call) as database:
        current, newest = database.revision()
        if current is None:
            database.require_current()
        found = database.differences()
    good = current == newest and not found
    first = (
        f"{call.settings.database_shown}: schema {current}, {'the newest' if current == newest else f'not {newest}'}."
    )
    call.output.show(
        "db-check/1",
        {"schema_now": current, "schema_newest": newest, "differences": found, "good": good},
        [first, *(f"  {difference}" for difference in found), *([] if found else ["Nothing differs."])],
        news=not good,
    )
    if current != newest:
        call.output.note("What to do: run `workplace-sync db backup FILE`, then `workplace-sync db upgrade`.")
    return ExitCode.DONE if good else ExitCode.ERROR


@app.command()
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy to make; it must not exist yet.")],
) -> None:
    """Copy the database to a new file while it may be in use. Only its owner can read the copy.

    Example: workplace-sync db backup copies/2026-11-21.db
    """
    call = invocation(context)
    with _opened(call) as database:
        if database.revision()[0] is None:
            raise StoreError("There is no database to copy.", hint="Run `workplace-sync db upgrade` to set one up.")
        database.backup(file)
    size = file.stat().st_size
    call.output.show("db-backup/1", {"file": str(file), "bytes": size}, f"{file} holds a copy, {size:,} bytes.")


def _opened(call: Invocation) -> "closing[Database]":
    from workplace_sync.store.database import Database  # noqa: PLC0415 - takes most of a second

    return closing(Database(call.settings.database_url.get_secret_value()))
