"""`workplace-sync invite` and `consent ...`: mind what people want."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.invocation import Invocation, invocation
from workplace_sync.cli.output import Column, counted
from workplace_sync.errors import UsageError

if TYPE_CHECKING:
    from workplace_sync.roster.consent import Consent, ConsentKind

Group = Annotated[str, typer.Argument(metavar="GROUP", help="The group, as its file in config/groups is named.")]
Address = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="The person's address; - reads it from standard input.")
]
Scope = Annotated[
    str | None, typer.Option("--group", metavar="GROUP", help="For this group only; every group otherwise.")
]
Source = Annotated[str, typer.Option("--source", metavar="TEXT", help="How we know, such as 'phone call'.")]
Day = Annotated[
    str | None, typer.Option("--at", metavar="DATE", help="When they said so, such as 2026-11-21; now otherwise.")
]

consent_app = typer.Typer(rich_markup_mode=None)


def invite(
    context: typer.Context,
    group: Group,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="A new folder for the list and the text.")],
    by: By = None,
) -> None:
    """Write the list of people to invite with the group's link, and the text to send them. Nobody is listed twice.

    They are those whom the newest plan would not add, but offers to invite. Who opted out is never among them.

    Example: workplace-sync invite prospect-bt --out invitations-2026-11
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.cli.spreadsheet import new_private_file, write_csv  # noqa: PLC0415
    from workplace_sync.jobs.invite import invitations_for, record_invitations  # noqa: PLC0415

    with Application(call.settings, actor=by) as app:
        managed = app.group(group).managed
        made = invitations_for(app.office, managed)
        if made.invitees:
            _new_folder(out)
            write_csv(
                out / "people.csv",
                ("address", "name", "why not added"),
                [(i.address, i.name, i.why) for i in made.invitees],
            )
            with new_private_file(out / "message.txt") as stream:
                stream.write(made.message)
            record_invitations(app.office, managed, made)
    number = len(made.invitees)
    text = (
        f"{counted(number, 'person', 'people')} to invite: {out / 'people.csv'}, with the text in {out / 'message.txt'}."
        if number
        else "Nobody is left to invite."
    )
    before = f" {made.before:,} were invited before." if made.before else ""
    call.output.show(
        "invite/1",
        {"group": group, "invited": number, "before": made.before, "folder": str(out) if number else None},
        text + before,
        news=bool(number),
    )


def _new_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise UsageError(f"{folder} exists already.", hint="Choose a name that does not exist.") from None
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}.", hint="Check the rights.") from None


@consent_app.command()
def give(
    context: typer.Context,
    address: Address,
    source: Source,
    group: Scope = None,
    at: Day = None,
    wording: Annotated[str, typer.Option("--wording", metavar="TEXT", help="What they agreed to, in its words.")] = "",
    basis: Annotated[
        str, typer.Option("--basis", metavar="TEXT", help="On what it rests, such as 'joining form'.")
    ] = "",
    months: Annotated[
        int | None, typer.Option("--months", min=1, max=120, help="For how long it counts; no end otherwise.")
    ] = None,
    by: By = None,
) -> None:
    """Record that someone agrees to be added. Only this lifts an opt-out that was recorded with `withdraw`.

    Example: workplace-sync consent give amina@bt.example.org --source "joining form" --at 2026-11-20
    """
    from workplace_sync.roster.consent import ConsentKind  # noqa: PLC0415

    call = invocation(context)
    given_at = _time(at)
    ends = _end(given_at or datetime.now(UTC), months) if months else None
    details = {"wording": wording, "basis": basis, "source": source}
    _record(call, address, ConsentKind.GIVEN, group, by, at=given_at, expires_at=ends, **details)


@consent_app.command()
def withdraw(
    context: typer.Context, address: Address, source: Source = "", group: Scope = None, at: Day = None, by: By = None
) -> None:
    """Record that someone does not want to be added. This wins over every roster file, rule and admin.

    Example: workplace-sync consent withdraw amina@bt.example.org --source "phone call"
    """
    from workplace_sync.roster.consent import ConsentKind  # noqa: PLC0415

    _record(invocation(context), address, ConsentKind.WITHDRAWN, group, by, at=_time(at), source=source)


@consent_app.command()
def show(context: typer.Context, address: Address, group: Scope = None) -> None:
    """Show what is on record of someone's consent, and how it stands now.

    Example: workplace-sync consent show amina@bt.example.org
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs import consent  # noqa: PLC0415

    with Application(call.settings) as app:
        key = consent.key_of(read_address(address))
        events = consent.history_of(app.office, key, group)
        stands = consent.consent_of(app.office, key, group)
    columns = [
        Column(name, title)
        for name, title in (
            ("at", "when"),
            ("kind", "what"),
            ("scope", "for"),
            ("origin", "from"),
            ("source", "source"),
            ("recorded_by", "recorded by"),
        )
    ]
    rows = [(f"{e.at:%Y-%m-%d %H:%M}", e.kind.value, e.scope, e.origin.value, e.source, e.recorded_by) for e in events]
    call.output.table("consent/1", columns, rows, about={"state": stands.state.value})
    call.output.note(_stands(stands))


def _record(
    call: Invocation, address: str, kind: "ConsentKind", group: str | None, by: str | None, **details: object
) -> None:
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.consent import record_consent  # noqa: PLC0415
    from workplace_sync.roster.consent import EVERY_GROUP  # noqa: PLC0415

    with Application(call.settings, actor=by) as app:
        if group is not None:
            app.group(group)
        stands = record_consent(app.office, read_address(address), kind, scope=group or EVERY_GROUP, **details)  # type: ignore[arg-type]
    call.output.show(
        "consent-recorded/1",
        {"kind": kind.value, "scope": group or EVERY_GROUP, "state": stands.state.value},
        f"Recorded. {_stands(stands)}",
    )


def _stands(consent: "Consent") -> str:
    state = {
        "opted_in": "agrees to be added",
        "withdrawn": "does not want to be added",
        "expired": "agreed once; that has expired",
        "none": "has said nothing yet",
    }
    return f"As it stands, this person {state[consent.state.value]}."


def read_address(given: str) -> str:
    """Return the address, from standard input when `-` is given: there no shell history keeps it."""
    if given != "-":
        return given
    import sys  # noqa: PLC0415 - only here

    return sys.stdin.readline().strip()


def _end(given_at: datetime, months: int) -> datetime:
    try:
        return given_at + timedelta(days=round(months * 30.4375))
    except OverflowError:
        raise UsageError("That consent would never end.", hint="Check --at, and leave --months out if so.") from None


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse_time(text)


def parse_time(text: str) -> datetime:
    """Return a time given as ISO 8601, in UTC where it names no zone; raises UsageError for anything else."""
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError("That is not a time.", hint="Write it like 2026-11-21 or 2026-11-21T14:30, in UTC.") from None
