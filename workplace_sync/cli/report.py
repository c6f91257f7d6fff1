"""`workplace-sync report ...`: the quarterly report, what goes with it, and the word back to members."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import Column
from workplace_sync.cli.report_text import app as text_app
from workplace_sync.errors import InputError

app = typer.Typer(rich_markup_mode=None)
app.add_typer(text_app, name="text", help="Check a text, and approve it to leave with a report.")

QuarterName = Annotated[str, typer.Argument(metavar="QUARTER", help="The quarter, such as 2026-Q3.")]
Out = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where to write; made where it is missing.")]


class Reader(StrEnum):
    """For whom a report is."""

    EMPLOYER = "employer"
    COMMITTEE = "committee"


@app.command()
def quarterly(
    context: typer.Context,
    quarter: QuarterName,
    reader: Annotated[
        Reader, typer.Option("--for", help="The employer's has no small number in it; the committee's has all.")
    ] = Reader.EMPLOYER,
    out: Out = Path(),
    pdf: Annotated[bool, typer.Option("--pdf/--no-pdf", help="With a PDF, which needs the extra `pdf`.")] = True,
    by: By = None,
) -> None:
    """Write a quarter's report as HTML, PDF, CSV and JSON, and log their hashes.

    The employer's version of a quarter is published once, when it is over; asked for again, it is written as it was.

    Example: workplace-sync report quarterly 2026-Q3 --for employer --out reports
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.cases.quarter import Quarter  # noqa: PLC0415
    from workplace_sync.cases.report import Version  # noqa: PLC0415
    from workplace_sync.jobs.quarterly import publish_report  # noqa: PLC0415

    wanted, version = Quarter.parse(quarter), Version(reader.value)
    with Application(call.settings, actor=by) as opened:
        desk = opened.case_desk()
        desk.require_sight()
        groups = [one.managed for _, one in sorted(opened.groups().items())]
        made = publish_report(desk, wanted, version, groups, opened.rules, pdf=pdf)
    written = _write(out, {f"quarterly-{wanted}-{reader.value}.{form}": one for form, one in made.files.items()})
    data = {
        "quarter": str(wanted),
        "version": reader.value,
        "sha256": made.report.digest,
        "entry": made.entry,
        "new": made.new,
        "files": written,
    }
    when = "published now" if made.new else "published before, and written again"
    text = [f"The report of {wanted} for the {reader.value}, {when} (entry {made.entry} of the log):"]
    text += [f"  {file}" for file in written]
    text += [f"  {note}" for note in made.report.notes]
    call.output.show("report-quarterly/1", data, text)


@app.command("word-back")
def word_back(context: typer.Context, quarter: QuarterName, out: Out = Path(), by: By = None) -> None:
    """Write drafts for members: a post for the group, and an e-mail; they hold what the employer's version holds.

    Example: workplace-sync report word-back 2026-Q3 --out reports
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.cases.quarter import Quarter  # noqa: PLC0415
    from workplace_sync.jobs.quarterly import word_back as drafts_of  # noqa: PLC0415

    wanted = Quarter.parse(quarter)
    with Application(call.settings, actor=by) as opened:
        drafts = drafts_of(opened.case_desk(), wanted)
    written = _write(out, {name: text.encode() for name, text in drafts.items()})
    text = ["Drafts, to be read before they go out:", *(f"  {file}" for file in written)]
    call.output.show("report-word-back/1", {"quarter": str(wanted), "files": written}, text)


@app.command("list")
def list_(context: typer.Context, by: By = None) -> None:
    """List the reports that were published, newest quarter first.

    Example: workplace-sync report list
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.quarterly import list_reports  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        found = list_reports(opened.case_desk())
    columns = [Column(title, title) for title in ("quarter", "version", "published", "by", "sha256")]
    rows = (
        (one.quarter, one.version, f"{one.published_at:%Y-%m-%d %H:%M}", one.published_by, one.digest) for one in found
    )
    call.output.table("report-list/1", columns, rows)


@app.command()
def verify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A report's file: HTML, PDF, CSV or JSON.")],
) -> None:
    """Say whether a file is a report that was logged, byte for byte; ends with exit code 7 when it is not.

    Example: workplace-sync report verify quarterly-2026-Q3-employer.pdf
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.quarterly import verify_report  # noqa: PLC0415

    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}).", hint="Name a report's file.") from None
    with Application(call.settings) as opened:
        found = verify_report(opened.office, content)
    data = {
        "file": str(file),
        "quarter": found.quarter,
        "version": found.version,
        "form": found.form,
        "at": found.at,
        "by": found.by,
        "sha256": found.digest,
        "entry": found.entry,
    }
    text = (
        f"{file} is the report of {found.quarter} for the {found.version}, as it was logged on"
        f" {found.at:%Y-%m-%d %H:%M} UTC by {found.by} (entry {found.entry})."
    )
    call.output.show("report-verify/1", data, text)


def _write(folder: Path, contents: Mapping[str, bytes]) -> list[str]:
    """Write files; raises InputError, before any is written, where one exists and holds something else."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in contents.items():
            if (folder / name).exists() and (folder / name).read_bytes() != content:
                raise InputError(f"{folder / name} exists, and holds something else.", hint="Name another folder.")
        for name, content in contents.items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_bytes(content)
    except OSError as error:
        raise InputError(f"{folder} cannot be written to ({error.strerror}).", hint="Name another folder.") from None
    return [str(folder / name) for name in contents]
