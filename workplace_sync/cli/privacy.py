"""`workplace-sync privacy ...`: erase a person, give access, keep for the law, and let go of what is past its time."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.invocation import Invocation, invocation
from workplace_sync.cli.options import LAST_NUMBER
from workplace_sync.cli.output import STILL_READ, Column, counted
from workplace_sync.cli.people import Address, read_address
from workplace_sync.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from workplace_sync.jobs.leftovers import Leftovers
    from workplace_sync.jobs.privacy import ErasureReport, Found

app = typer.Typer(rich_markup_mode=None)
hold_app = typer.Typer(rich_markup_mode=None)
_HOLD = "Keep everything about a person, or everybody, while a claim may need it."
app.add_typer(hold_app, name="hold", help=_HOLD, short_help=_HOLD)

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, without anybody's name or address.")]


@app.command()
def erase(
    context: typer.Context,
    address: Address,
    authorised_by: Annotated[str, typer.Option("--authorised-by", metavar="NAME", help="Who decided it.")],
    basis: Annotated[
        str, typer.Option("--basis", metavar="TEXT", help="On what basis, such as 'her request of 3 May'. It is kept.")
    ],
    also: Annotated[
        list[int] | None,
        typer.Option("--also", metavar="ENTRY", help="An entry that names others too, to be erased all the same."),
    ] = None,
    yes: Yes = False,
    by: By = None,
) -> int:
    """Erase a person; every proof goes on to verify. Ends with 3 when something still names them, with 5 under a hold.

    The contents of all entries about them are destroyed, with the salts. They are not read in again from any roster,
    unless they consent anew. Files of yours that name them are listed, and left to you.

    Example: workplace-sync privacy erase amina@bt.example.org --authorised-by "Grace Marrow" --basis "request of 3 May"
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs import privacy  # noqa: PLC0415
    from workplace_sync.jobs.leftovers import files_naming  # noqa: PLC0415

    if address == "-" and not yes:
        raise UsageError("Standard input gives the address, so it cannot answer a question.", hint="Add --yes.")
    given = read_address(address)
    with Application(call.settings, actor=by) as opened:
        office = opened.office
        if not yes:
            _ask(privacy.look_up(office, given))
        report = privacy.erase(office, given, authorised_by=authorised_by, basis=basis, also=also or ())
        own = [Path(f"{opened.database.file}{end}") for end in ("", "-wal", "-shm")] if opened.database.file else []
        left = files_naming(call.settings.home, report.addresses, leave_out=own)
    data = {
        "entry": report.entry,
        "entries": report.entries,
        "rows": report.rows,
        "clean": report.clean,
        "still_in_tables": report.residue.rows,
        "still_in_entries": report.residue.entries,
        "files_naming": left.naming,
        "files_not_looked_into": left.closed,
    }
    call.output.show("privacy-erase/1", data, lambda: list(_told(report, left)))
    return ExitCode.DONE if report.complete else ExitCode.PARTIAL


def _ask(found: "Found") -> None:
    entries = found.rows.get("opening", 0)
    rows = sum(found.rows.values()) - entries
    typer.echo(
        f"On record: {counted(entries, 'entry', 'entries')} and {counted(rows, 'row')} in other tables.", err=True
    )
    typer.confirm("Erase all of it for good?", abort=True, err=True)


def _told(report: "ErasureReport", left: "Leftovers") -> Iterator[str]:
    if report.entry is None:
        yield "Nothing is on record about this person, who was erased before."
    else:
        rows = sum(report.rows.values())
        yield (
            f"Erased: the contents of {counted(len(report.entries), 'entry', 'entries')},"
            f" and {counted(rows, 'row')} in other tables. Entry {report.entry} of the log says so."
        )
        yield "Not to be read in again: only `workplace-sync consent give`, for a new consent, lifts that."
    if not report.clean:
        yield "The database is being read by another run, so its files still hold what was erased."
        yield "  Run `workplace-sync privacy replay` when that run has ended."
    for table, number in report.residue.rows.items():
        yield f"Still named in {counted(number, 'row')} of the table {table}, as one who acted or in somebody's text."
    if report.residue.entries:
        yield f"Still named in entries about others, or as one who acted: {', '.join(map(str, report.residue.entries))}"
        yield "  Look at them with `workplace-sync audit show`; --also ENTRY erases one of them with what it says of others."
    for file in left.naming:
        yield f"Yours to mend, as it names the person: {file}"
    for file in left.closed:
        yield f"Cannot be looked into: {file}"


@app.command()
def export(
    context: typer.Context,
    address: Address,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="A new folder.")],
    recipient: Annotated[
        str, typer.Option("--recipient", metavar="TEXT", help="Who gets it; it is recorded.")
    ] = "the person",
    by: By = None,
) -> None:
    """Write everything held on a person into a new folder, as JSON and as text, readable for its owner alone.

    Example: workplace-sync privacy export amina@bt.example.org --out access-2026-11
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.access import give_access  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        report = give_access(opened.office, read_address(address), out, recipient=recipient)
    rows = sum(report.rows.values())
    call.output.show(
        "privacy-export/1",
        {"files": report.files, "entries": report.entries, "rows": report.rows},
        [
            f"{counted(report.entries, 'entry', 'entries')} and {counted(rows, 'row')} are in {out}:",
            *(f"  {file}" for file in report.files),
        ],
    )


@app.command()
def retention(
    context: typer.Context,
    apply: Annotated[bool, typer.Option("--apply", help="Erase it; otherwise it is only counted.")] = False,
    by: By = None,
) -> int:
    """Tell which contents are older than WORKPLACE_SYNC_RETENTION keeps them, and erase them if asked. A hold comes first.

    Ends with 3 when the database's files may still hold what was erased, because another run is reading them.

    Example: workplace-sync privacy retention --apply
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.retention import apply_retention, past_their_time  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        due = past_their_time(opened.office, call.settings.retention)
        erased, clean = apply_retention(opened.office, due) if apply else (0, True)
    columns = [
        Column("kind", "kind"),
        Column("days", "kept for days", number=True),
        Column("number", "past that", number=True),
        Column("oldest", "oldest"),
    ]
    rows = [(d.kind, d.days, d.number, f"{d.oldest:%Y-%m-%d}" if d.oldest else "") for d in due]
    call.output.table("privacy-retention/1", columns, rows, about={"erased": erased, "clean": clean})
    if not due:
        call.output.note("Every kind is kept without end; WORKPLACE_SYNC_RETENTION sets times.")
    elif apply:
        call.output.note(f"Erased: the contents of {counted(erased, 'entry', 'entries')}. The entries stay, and prove.")
    if not clean:
        call.output.note(STILL_READ)
    return ExitCode.DONE if clean else ExitCode.PARTIAL


@app.command()
def replay(context: typer.Context, by: By = None) -> int:
    """Erase again whatever a copy of the database has brought back; every start does the most of it by itself.

    Example: workplace-sync privacy replay
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs import replay as job  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        report = job.replay(opened.office)
    rows = sum(report.rows.values())
    text = (
        f"{counted(report.erasures, 'erasure')} carried out again: the contents of"
        f" {counted(report.entries, 'entry', 'entries')}, and {counted(rows, 'row')} in other tables."
        if report.erasures
        else "Nothing has come back."
    )
    call.output.show(
        "privacy-replay/1",
        {"erasures": report.erasures, "entries": report.entries, "rows": report.rows, "clean": report.clean},
        text if report.clean else [text, STILL_READ],
        news=bool(report.erasures) or not report.clean,
    )
    return ExitCode.DONE if report.clean else ExitCode.PARTIAL


@hold_app.command("add")
def add(
    context: typer.Context,
    reason: Reason,
    address: Annotated[
        str | None, typer.Argument(metavar="[ADDRESS]", help="The person; - reads the address from standard input.")
    ] = None,
    everybody: Annotated[bool, typer.Option("--everybody", help="Keep everything about everybody.")] = False,
    by: By = None,
) -> None:
    """Place a legal hold: until it is lifted nothing about the person goes, and each attempt is recorded.

    Example: workplace-sync privacy hold add --everybody --reason "claim 12/2026 is pending"
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.consent import key_of  # noqa: PLC0415
    from workplace_sync.jobs.holds import place_hold  # noqa: PLC0415
    from workplace_sync.store.holds import EVERYBODY  # noqa: PLC0415

    if (address is None) is not everybody:
        raise UsageError("Give an address or --everybody, and not both.", hint="A hold is on one person, or on all.")
    key = key_of(read_address(address)) if address is not None else EVERYBODY
    with Application(call.settings, actor=by) as opened:
        hold = place_hold(opened.office, key, reason=reason)
    call.output.show("privacy-hold/1", {"hold": hold.id, "everybody": everybody}, f"Legal hold {hold.id} is in force.")


@hold_app.command("list")
def list_(context: typer.Context) -> None:
    """List legal holds, those in force and those lifted.

    Example: workplace-sync privacy hold list
    """
    call = invocation(context)
    _show_holds(call)


@hold_app.command("lift")
def lift(
    context: typer.Context,
    number: Annotated[
        int, typer.Argument(metavar="HOLD", min=1, max=LAST_NUMBER, help="The hold's number; `hold list` shows it.")
    ],
    reason: Reason,
    by: By = None,
) -> None:
    """Lift a legal hold.

    Example: workplace-sync privacy hold lift 1 --reason "claim 12/2026 is settled"
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.holds import lift_hold  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        lifted = lift_hold(opened.office, number, reason=reason)
    call.output.show("privacy-hold/1", {"hold": lifted.id, "lifted": True}, f"Legal hold {lifted.id} is lifted.")


def _show_holds(call: Invocation) -> None:
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.holds import list_holds  # noqa: PLC0415
    from workplace_sync.store.holds import EVERYBODY  # noqa: PLC0415

    with Application(call.settings) as opened:
        holds = list_holds(opened.office)
    titles = ("hold", "on", "reason", "since", "by", "lifted", "because")
    rows = (
        (
            hold.id,
            "everybody" if hold.key == EVERYBODY else hold.key,
            hold.reason,
            f"{hold.placed_at:%Y-%m-%d}",
            hold.placed_by,
            f"{hold.lifted_at:%Y-%m-%d}" if hold.lifted_at else "",
            hold.lifted_because,
        )
        for hold in holds
    )
    call.output.table("privacy-holds/1", [Column(title, title, number=title == "hold") for title in titles], rows)
