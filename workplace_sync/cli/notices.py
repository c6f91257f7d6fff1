"""`workplace-sync notices`: what the committee was told of unattended runs, and a test of the ways to it."""

from typing import Annotated

import typer

from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import Column, counted
from workplace_sync.errors import ExitCode

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, help="What the committee is told, and a test of the ways to it."
)


@app.command("test")
def try_out(
    context: typer.Context,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="CHANNEL", help="Only email, webhook or apprise; all that are set if not given."),
    ] = None,
) -> int:
    """Send a test message through every channel that is set, or through one. Ends with 1 when one could not be used.

    Example: workplace-sync notices test --to email
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs.notices import lines  # noqa: PLC0415

    with Application(call.settings) as opened:
        report = opened.notifier().test(to)
    data = {
        "sent": [channel for channel, _ in report.told],
        "failed": [{"channel": one.channel, "reason": one.reason, "hint": one.hint} for one in report.failures],
    }
    call.output.show("notices-test/1", data, lambda: list(lines(report)))
    return ExitCode.ERROR if report.failures else ExitCode.DONE


@app.command("list")
def list_(
    context: typer.Context,
    group: Annotated[str | None, typer.Argument(metavar="[GROUP]", help="Only what is about this group.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many, newest first.")] = 50,
) -> None:
    """List what was told through which channel, newest first, and what could not be told yet.

    Example: workplace-sync notices list prospect-bt
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.store import notices as store  # noqa: PLC0415

    with Application(call.settings) as opened:
        opened.database.require_current()
        with opened.database.connect() as connection:
            found = store.newest(connection, group, limit=limit)
    names = ("time", "channel", "about", "group", "phase", "since", "state", "trouble")
    rows = (
        (
            f"{one.sent_at or one.first_tried_at:%Y-%m-%d %H:%M}",
            *(one.channel, one.matter.value, one.group or "all", one.phase.value),
            f"{one.since:%Y-%m-%d %H:%M}",
            "sent" if one.sent_at else f"not sent, tried {counted(one.attempts, 'time')}",
            one.trouble,
        )
        for one in found
    )
    call.output.table("notices-list/1", [Column(name, name) for name in names], rows)
