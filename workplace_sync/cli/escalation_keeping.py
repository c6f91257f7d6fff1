"""What officers look after over all cases: what is late, what is kept how long, incidents that become issues."""

from pathlib import Path
from typing import Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.escalation_texts import Case, TextFile, read_bytes, read_text
from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import STILL_READ, Column, counted
from workplace_sync.errors import ExitCode, UsageError


def overdue(context: typer.Context, by: By = None) -> None:
    """List what should have been done by now, the longest due first.

    Example: workplace-sync escalation overdue
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs.escalations import list_overdue  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        found = list_overdue(opened.case_desk())
    columns = [Column("case", "case"), Column("duty", "to do"), Column("since", "due since")]
    rows = ((due.case, due.duty.value.replace("_", " "), f"{due.at:%Y-%m-%d}") for due in found)
    call.output.table("escalation-overdue/1", columns, rows, about={"number": len(found)})


def raise_incident(
    context: typer.Context,
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id, or the beginning of it.")],
    bundle: Annotated[Path, typer.Option("--bundle", metavar="FILE", help="The bundle with its evidence.")],
    area: Annotated[str, typer.Option("--area", metavar="ID", help="The part of the business.")] = "",
    text_file: TextFile = None,
    by: By = None,
) -> None:
    """Make a systemic issue of an incident, linked to it and to the SHA-256 of its bundle.

    Example: workplace-sync escalation raise-incident 5f1c --bundle incident.tar --area networks
    """
    call = invocation(context)
    from hashlib import sha256  # noqa: PLC0415 - `--help` needs none of it

    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.incidents import find_incident  # noqa: PLC0415
    from workplace_sync.jobs.raise_incident import raise_incident as make_issue  # noqa: PLC0415

    digest = sha256(read_bytes(bundle)).hexdigest()
    words = read_text(text_file, optional=True)
    with Application(call.settings, actor=by) as opened:
        found = find_incident(opened.office, incident)
        case = make_issue(opened.case_desk(), found, digest, words, area=area)
    data = {"case": case, "incident": found.id, "bundle_sha256": digest}
    call.output.show(
        "escalation-incident/1", data, f"Incident {found.id} is case {case} now, with its bundle {digest[:12]}."
    )


def hold(
    context: typer.Context,
    case: Case,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it has to be kept, without names.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Take it off the hold.")] = False,
    by: By = None,
) -> None:
    """Put a case on legal hold, so that nothing of it is erased; or take it off.

    Example: workplace-sync escalation hold 7KQ2-M9TD --reason "a claim is pending"
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.case_keeping import lift_hold, place_hold  # noqa: PLC0415
    from workplace_sync.jobs.escalations import find_case  # noqa: PLC0415

    if lift == bool(reason):
        raise UsageError("Give either --reason or --lift.", hint="See `workplace-sync escalation hold --help`.")
    with Application(call.settings, actor=by) as opened:
        desk = opened.case_desk()
        desk.require_sight()
        found = find_case(desk, case)
        lift_hold(desk, found) if lift else place_hold(desk, found, reason)
    state = "off" if lift else "on"
    call.output.show("escalation-hold/1", {"case": found, "held": not lift}, f"Case {found} is {state} legal hold.")


def retention(
    context: typer.Context,
    really: Annotated[bool, typer.Option("--apply", help="Erase them; without it they are only listed.")] = False,
    by: By = None,
) -> int:
    """Erase words, files, receipts and identities of cases whose time is over; what is counted stays.

    Ends with 3 when the database's files may still hold them, because another run is reading it.

    Example: workplace-sync escalation retention --apply
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.case_keeping import apply_retention, due_for_erasure  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        desk = opened.case_desk()
        kept = apply_retention(desk) if really else due_for_erasure(desk)
    did = "Erased" if really else "To be erased, with --apply"
    told = [f"{did}: {counted(len(kept.erased), 'case')}. Kept by a hold: {counted(len(kept.held), 'case')}."]
    if not kept.clean:
        told.append(STILL_READ)
    data = {"erased": kept.erased, "held": kept.held, "applied": really, "clean": kept.clean}
    call.output.show("escalation-retention/1", data, told, news=bool(kept.erased) or not kept.clean)
    return ExitCode.DONE if kept.clean else ExitCode.PARTIAL
