"""`workplace-sync report text ...`: check a text for what gives people away, and approve it to leave with a report."""

from pathlib import Path
from typing import Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import Column, Format, counted
from workplace_sync.errors import ExitCode, InputError

app = typer.Typer(rich_markup_mode=None)

TextFile = Annotated[Path, typer.Argument(metavar="FILE", help="The text, as UTF-8.")]


@app.command()
def check(context: typer.Context, file: TextFile, by: By = None) -> int:
    """Show what in a text could give somebody away, with its line; ends with exit code 1 where there is anything.

    Names, addresses and numbers are looked for, and everybody on a roster. A story that only one person can tell has no
    such mark: read the text with that in mind.

    Example: workplace-sync report text check networks.txt
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs.report_texts import check_text  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        found = check_text(opened.case_desk(), _read(file))
    columns = [Column("line", "line", number=True), Column("column", "column", number=True)]
    columns += [Column("mark", "what"), Column("never", "may leave")]
    rows = (
        (
            one.line,
            one.column,
            one.finding.mark.value.replace("_", " "),
            "never" if one.finding.never else "with --despite",
        )
        for one in found
    )
    if found or call.format is not Format.TEXT:
        call.output.table("report-text-check/1", columns, rows, about={"number": len(found)})
    else:
        call.output.note("Nothing was found. An officer reads it and approves it, all the same.")
    return ExitCode.ERROR if found else ExitCode.DONE


@app.command()
def approve(
    context: typer.Context,
    file: TextFile,
    quarter: Annotated[str, typer.Option("--quarter", metavar="QUARTER", help="With whose report it leaves.")],
    despite: Annotated[
        bool, typer.Option("--despite", help="It may leave with what was found; addresses and numbers never do.")
    ] = False,
    by: By = None,
) -> None:
    """Approve a text to leave with a quarter's report, as it is; changed by a letter, it is another one.

    An incident's outcome leaves in the same way: approve a file that holds exactly that.

    Example: workplace-sync report text approve networks.txt --quarter 2026-Q3 --by bryn
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.cases.quarter import Quarter  # noqa: PLC0415
    from workplace_sync.jobs.report_texts import approve_text  # noqa: PLC0415

    wanted = Quarter.parse(quarter)
    with Application(call.settings, actor=by) as opened:
        approved = approve_text(opened.case_desk(), wanted, _read(file), despite=despite)
    data = {"quarter": str(wanted), "sha256": approved.digest, "by": approved.by, "despite": approved.despite}
    marks = f", despite {counted(approved.despite, 'mark')}" if approved.despite else ""
    call.output.show("report-text-approved/1", data, f"Approved to leave with the report of {wanted}{marks}.")


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}).", hint="Name a text file.") from None
    except UnicodeDecodeError:
        raise InputError(f"{file} is not text in UTF-8.", hint="Save it as plain text.") from None
