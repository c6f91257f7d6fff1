"""`workplace-sync roster ...`: look at roster files before they are used."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from workplace_sync.cli.invocation import Invocation, invocation
from workplace_sync.cli.output import one_line
from workplace_sync.cli.spreadsheet import new_private_file
from workplace_sync.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from workplace_sync.roster.columns import ColumnMapping
    from workplace_sync.roster.report import RosterReport
    from workplace_sync.roster.row import Item

KEPT_FAULTS = 10_000

app = typer.Typer(rich_markup_mode=None)


@app.callback()
def roster() -> None:
    """Check roster files before they are used."""


@app.command()
def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The roster, as CSV or as an Excel workbook.")],
    group: Annotated[str, typer.Option(metavar="NAME", help="Read it as this group's file says.")] = "",
    good: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the good rows, cleaned, to this new CSV file.")
    ] = None,
) -> int:
    """List everything that is wrong with a roster, row by row, and count what is good; 1 if anything is wrong.

    Nothing is stored, and no person is shown: a fault names its place, never what stands there.

    Example: workplace-sync roster check rosters/bt.csv --good rosters/bt-good.csv
    """
    from workplace_sync.roster.report import summarise, write_good_rows  # noqa: PLC0415 - `--help` needs none of it

    call = invocation(context)
    mapping = _mapping(call, group, file) if group else None
    now = datetime.now(UTC)
    with _opened(file) as stream:
        report = summarise(_items(stream, file, mapping, now), keep=KEPT_FAULTS)
        written = str(good) if good and report.good else ""
        if written:
            with new_private_file(Path(written)) as target:
                target.writelines(write_good_rows(_items(stream, file, mapping, now)))
    call.output.show(
        "roster-check/1", _data(file, report, written), lambda: _text(report, written), news=not report.usable
    )
    return ExitCode.DONE if report.usable else ExitCode.ERROR


def _mapping(call: Invocation, group: str, file: Path) -> "ColumnMapping":
    """Return the columns that the group's file gives for this roster file, or for its only roster file."""
    from workplace_sync.groups import FileSource, load_group  # noqa: PLC0415

    settings = call.settings
    found = [source for source in load_group(settings.config_dir, group).sources if isinstance(source, FileSource)]
    same = [source for source in found if (settings.home / source.path).resolve() == file.resolve()]
    if len(same or found) != 1:
        raise UsageError(
            f"The group {group} does not say how {file} is read.",
            hint="Check one of its own roster files, or leave --group out to find the columns by their usual names.",
        )
    return (same or found)[0].columns


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    try:
        stream = file.open("rb")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", hint="Check the name and its rights.") from None
    with stream:
        yield stream


def _items(stream: BinaryIO, file: Path, mapping: "ColumnMapping | None", now: datetime) -> "Iterator[Item]":
    from workplace_sync.roster.readers import read_roster  # noqa: PLC0415

    return read_roster(stream, name=str(file), mapping=mapping, now=now)


def _data(file: Path, report: "RosterReport", good: str) -> Mapping[str, object]:
    return {"file": str(file), "usable": report.usable, **asdict(report), "good_rows_file": good}


def _text(report: "RosterReport", good: str) -> Iterator[str]:
    yield from map(one_line, report.faults)
    if report.fault_count > len(report.faults):
        yield f"and {report.fault_count - len(report.faults)} more"
    if report.fault_count:
        fields = (f"{name or 'the file itself'} {count}" for name, count in report.by_field.items())
        yield f"Faults by field: {', '.join(fields)}."
    yield (
        f"{report.rows} rows, {report.good} good: {report.opted_in} opted in, {report.withdrawn} withdrew, "
        f"{report.silent} say nothing of consent."
    )
    if report.late_withdrawals:
        yield f"{report.late_withdrawals} repeated rows withdraw consent, which counts although they are faults."
    if good:
        yield f"The good rows are in {good}."
