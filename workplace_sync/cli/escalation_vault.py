"""Who reported: officers' keys, and opening with them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.escalation_texts import Case, Key, open_key, read_line
from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import Column, counted, one_line
from workplace_sync.errors import UsageError

if TYPE_CHECKING:
    from workplace_sync.jobs.identity import Identity

KEY = "Make an officer's key, and bring the vault up to new keys and officers."
key_app = typer.Typer(rich_markup_mode=None)


def unseal(
    context: typer.Context,
    case: Case,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; it goes into the evidence log. No names.")
    ],
    key: Key,
    second: Annotated[
        str,
        typer.Option("--with", metavar="OFFICER", help="The officer who opens it with you, unless it is a named case."),
    ] = "",
    by: By = None,
) -> None:
    """Open who reported a named case; for any other, ask another officer to open it with you.

    Example: workplace-sync escalation unseal 7KQ2-M9TD --reason "to ask which week" --key officer.key --with grace
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs import vault  # noqa: PLC0415
    from workplace_sync.jobs.escalations import find_case  # noqa: PLC0415

    private = open_key(key)
    with Application(call.settings, actor=by) as opened:
        desk = opened.case_desk()
        desk.require_sight()
        found = find_case(desk, case)
        got = vault.unseal(desk, found, reason, private, second)
    if not isinstance(got, vault.Asked):
        _show(context, found, got)
        return
    data = {"case": found, "second": got.second, "until": got.until}
    told = [
        f"{got.second} was asked, until {got.until:%Y-%m-%d %H:%M} UTC. They see it, once they answer with:",
        f"  workplace-sync escalation confirm {found} --key FILE",
    ]
    call.output.show("escalation-unseal-asked/1", data, told)


def confirm(context: typer.Context, case: Case, key: Key, by: By = None) -> None:
    """Open who reported, as the second officer; it is shown to you, and is on record.

    Example: workplace-sync escalation confirm 7KQ2-M9TD --key officer.key --by grace
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs import vault  # noqa: PLC0415
    from workplace_sync.jobs.escalations import find_case  # noqa: PLC0415

    private = open_key(key)
    with Application(call.settings, actor=by) as opened:
        desk = opened.case_desk()
        desk.require_sight()
        found = find_case(desk, case)
        identity = vault.confirm(desk, found, private)
    _show(context, found, identity)


def requests(context: typer.Context, by: By = None) -> None:
    """List what other officers ask you to open with them, and why.

    Example: workplace-sync escalation requests --by grace
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs import vault  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        desk = opened.case_desk()
        found = [(one, vault.reason_of(desk, one)) for one in vault.list_requests(desk)]
    columns = [Column(name, name) for name in ("case", "asked_by", "until", "reason")]
    rows = ((one.case, one.asked_by, f"{one.expires_at:%Y-%m-%d %H:%M}", reason) for one, reason in found)
    call.output.table("escalation-requests/1", columns, rows, about={"number": len(found)})


@key_app.command()
def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The officer's name, as in config/people.yaml.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write the private key: a new file.")],
) -> None:
    """Make a key on your own machine; its passphrase is asked for, and the public part printed.

    Example: workplace-sync escalation key new grace --out officer.key
    """
    call = invocation(context)
    from workplace_sync.jobs.officer_keys import make_officer_key  # noqa: PLC0415

    passphrase = read_line("A passphrase for the key, at least 12 characters")
    if read_line("The same again") != passphrase:
        raise UsageError("The two passphrases are not the same.", hint="Try again.")
    public = make_officer_key(out, name, passphrase)
    told = [
        f"The private key is in {out}. Keep it, and a copy in a safe place: without it you open nothing that is sealed to you.",
        "Send this line to whoever keeps config/escalations.yaml; it goes under `officers:`.",
        f'  - {{name: {name}, public_key: "{public}"}}',
    ]
    call.output.show("escalation-key/1", {"name": name, "file": str(out), "public_key": public}, told)


@key_app.command()
def reseal(
    context: typer.Context,
    keys: Annotated[
        list[str],
        typer.Option(
            "--key", metavar="NAME=FILE", help="An officer and the file of their key, an old one too; repeat it."
        ),
    ],
    by: By = None,
) -> None:
    """Bring the vault up to today's officers and keys. A new key takes the old one; officers who came or left take two.

    Example: workplace-sync escalation key reseal --key grace=old.key --by grace
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs import vault  # noqa: PLC0415

    privates = {}
    for each in keys:
        name, equals, file = each.partition("=")
        if not equals:
            raise UsageError("--key takes a name and a file.", hint="As in --key grace=officer.key.")
        privates[name] = open_key(Path(file))
    with Application(call.settings, actor=by) as opened:
        done = vault.reseal(opened.case_desk(), privates)
    told = [
        f"Moved to new keys: {counted(len(done.moved), 'case')}. Shared out anew: {counted(len(done.shared), 'case')}."
    ]
    if done.waiting:
        told.append(
            f"{counted(len(done.waiting), 'case waits', 'cases wait')} for the key of another officer: officers who came"
            " have no share of them yet, and those who left still have theirs."
        )
    data = {"moved": done.moved, "shared": done.shared, "waiting": done.waiting}
    call.output.show("escalation-reseal/1", data, told)


def _show(context: typer.Context, case: str, identity: "Identity") -> None:
    data = {"case": case, "name": identity.name, "contact": identity.contact}
    told = (
        [f"Who reported case {case} said nothing of themselves."]
        if identity.empty
        else [
            f"Case {case} was reported by: {one_line(identity.name)}",
            f"  to be reached: {one_line(identity.contact)}",
        ]
    )
    invocation(context).output.show("escalation-unsealed/1", data, told)
