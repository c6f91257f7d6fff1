"""`workplace-sync account ...`: who may log in to the console."""

from typing import Annotated

import typer

from workplace_sync.cli import account_token
from workplace_sync.cli.apply import By
from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import Column, counted

app = typer.Typer(rich_markup_mode=None)
app.command()(account_token.token)
app.command()(account_token.tokens)
app.command("revoke-token")(account_token.revoke_token)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name, as in the people file.")]


@app.command()
def invite(
    context: typer.Context,
    name: Name,
    port: Annotated[
        int,
        typer.Option(
            min=1, max=65535, help="The port that `serve` was told, where no WORKPLACE_SYNC_CONSOLE_URL is set."
        ),
    ] = 8080,
    by: By = None,
) -> None:
    """Make an account, or a new link for one; the link sets its password, once, within a day.

    The first one is the console's owner, until a people file says who is. Send the link over a way that you trust.

    Example: workplace-sync account invite grace
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs import accounts  # noqa: PLC0415
    from workplace_sync.people import load_people  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        people = load_people(call.settings.config_dir)
        made = accounts.invite(opened.office, name)
    person = people.find(name) if people else None
    link = f"{call.settings.console_url or f'http://127.0.0.1:{port}'}/setup/{made.secret}"
    roles = sorted(person.roles) if person else ["owner"] if made.founder and people is None else []
    data = {"account": made.name, "link": link, "until": made.until, "roles": roles}
    told = [f"{made.name} can set a password here, once, until {made.until:%Y-%m-%d %H:%M} UTC:", f"  {link}"]
    if roles:
        told.append(f"Roles: {', '.join(roles)}.")
    else:
        told.append(
            f"{made.name} has no role yet, so will see nothing: name them in {call.settings.config_dir}/people.yaml."
        )
    call.output.show("account-invite/1", data, told)


@app.command("list")
def list_(context: typer.Context) -> None:
    """List the accounts, and whether they can be used.

    Example: workplace-sync account list
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs import accounts  # noqa: PLC0415
    from workplace_sync.people import load_people  # noqa: PLC0415

    with Application(call.settings) as opened:
        people = load_people(call.settings.config_dir)
        found = accounts.overview(opened.office)
    rows = []
    for account, state, sessions in found:
        person = people.find(account.name) if people else None
        roles = sorted(person.roles) if person else ["owner"] if account.founder and people is None else []
        rows.append((account.name, state, ", ".join(roles), sessions, f"{account.created_at:%Y-%m-%d %H:%M}"))
    columns = [
        *(Column(name, name) for name in ("account", "state", "roles")),
        Column("sessions", "sessions", number=True),
        Column("created", "created"),
    ]
    call.output.table("account-list/1", columns, rows)


@app.command()
def disable(context: typer.Context, name: Name, by: By = None) -> None:
    """Let an account in no more: its sessions end and its tokens are revoked at once. A new invitation lets it in again.

    Example: workplace-sync account disable grace
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs import accounts  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        ended = accounts.disable(opened.office, name)
    data = {"account": name, "sessions_ended": ended}
    call.output.show("account-disable/1", data, f"{name} cannot log in any more; {counted(ended, 'session')} ended.")


@app.command()
def sessions(
    context: typer.Context,
    name: Name,
    revoke: Annotated[bool, typer.Option("--revoke", help="End them all.")] = False,
) -> None:
    """List where an account is logged in; with --revoke, log it out everywhere.

    Example: workplace-sync account sessions grace --revoke
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs import accounts  # noqa: PLC0415

    with Application(call.settings) as opened:
        found = accounts.sessions_of(opened.office, name)
        ended = accounts.end_sessions(opened.office, name) if revoke else 0
    columns = [Column(key, key.replace("_", " ")) for key in ("began", "last_used", "ends")]
    rows = [tuple(f"{at:%Y-%m-%d %H:%M}" for at in (one.created_at, one.last_used_at, one.expires_at)) for one in found]
    call.output.table("account-sessions/1", columns, rows, about={"account": name, "ended": ended})
    if revoke:
        call.output.note(f"{counted(ended, 'session')} ended.")
