"""`workplace-sync statement`: how people were added, under which rules, and whether it would be allowed today."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.invocation import Invocation, invocation
from workplace_sync.cli.people import Group, parse_time, read_address
from workplace_sync.errors import UsageError

if TYPE_CHECKING:
    from workplace_sync.app import Application
    from workplace_sync.cases.statement import Statement


class Kind(StrEnum):
    """How a statement is written."""

    TEXT = "txt"
    HTML = "html"
    PDF = "pdf"


def statement(
    context: typer.Context,
    group: Group,
    person: Annotated[
        list[str] | None,
        typer.Option("--person", metavar="ADDRESS", help="About this person; - reads addresses, one a line."),
    ] = None,
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="PLAN", help="About everybody whom this plan added.")
    ] = None,
    departed: Annotated[
        bool, typer.Option("--departed", help="About everybody who is gone without our doing.")
    ] = False,
    day: Annotated[
        str | None, typer.Option("--day", metavar="TIME", help="When it happened (UTC): additions before it count.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="A new file: .txt, .html or .pdf; the screen otherwise."),
    ] = None,
) -> None:
    """State of a set of people how each was added, by whom, under which published rules, with which consent on record.

    It says too whether the rules of today would allow the same addition. Nothing is written to the log.

    Example: workplace-sync statement prospect-bt --departed --out statement.html
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs.statement import make_statement  # noqa: PLC0415

    form = _form(out)
    with Application(call.settings) as app:
        managed = app.group(group).managed
        at = parse_time(day) if day else app.now()
        keys, about = _people(app, group, person or [], plan, departed=departed)
        made = make_statement(app.office, managed, app.rules, keys, about=about, day=at)
    _show(call, made, form, out, at)


def _people(
    app: "Application", group: str, person: list[str], plan: str | None, *, departed: bool
) -> tuple[list[str], str]:
    from workplace_sync.jobs.consent import key_of  # noqa: PLC0415
    from workplace_sync.jobs.plan import find_plan  # noqa: PLC0415
    from workplace_sync.store import operations, presence  # noqa: PLC0415

    if sum((bool(person), plan is not None, departed)) != 1:
        raise UsageError("Say about whom.", hint="Give one of --person, --plan and --departed.")
    if person:
        keys = [key_of(address) for given in person for address in read_addresses(given)]
        return keys, "one person" if len(keys) == 1 else f"{len(keys):,} people"
    with app.office.database.connect() as connection:
        if plan is not None:
            found = find_plan(app.office, plan)
            keys = operations.added_by(connection, found.id)
            return keys, f"the {len(keys):,} people whom plan {found.digest[:12]} added"
        keys = presence.departed_keys(connection, group)
    return keys, f"the {len(keys):,} people who are gone from the group without an operation of the union"


def read_addresses(given: str) -> list[str]:
    """Return the address, or all those on standard input when `-` is given."""
    if given != "-":
        return [read_address(given)]
    import sys  # noqa: PLC0415 - only here

    return [line.strip() for line in sys.stdin if line.strip()]


def _form(out: Path | None) -> Kind:
    if out is None:
        return Kind.TEXT
    try:
        return Kind(out.suffix.removeprefix(".").lower())
    except ValueError:
        raise UsageError(
            "The file's name does not say how to write it.", hint="End it with .txt, .html or .pdf."
        ) from None


def _show(call: Invocation, made: "Statement", form: Kind, out: Path | None, day: datetime) -> None:
    from workplace_sync.cli.spreadsheet import new_private_file  # noqa: PLC0415
    from workplace_sync.papers import statement as paper  # noqa: PLC0415

    data = {
        "about": made.about,
        "group": made.group,
        "day": day,
        "figures": dict(made.figures),
        "methods": dict(made.methods),
        "platform_texts": [{"owner": t.owner, "title": t.title, "version": t.version} for t in made.platform_texts],
        "file": str(out) if out else None,
    }
    if out is None:
        call.output.show("statement/1", data, lambda: paper.statement_text(made).rstrip("\n"))
        return
    if form is Kind.PDF:
        content = paper.statement_pdf(made)
        new_private_file(out).close()
        out.write_bytes(content)
    else:
        write = paper.statement_html if form is Kind.HTML else paper.statement_text
        with new_private_file(out) as stream:
            stream.write(write(made))
    lines = [f"{out} holds the statement.", *(f"{number:>9,}  {what}" for what, number in made.figures)]
    call.output.show("statement/1", data, lines)
