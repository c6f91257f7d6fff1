"""`workplace-sync runs`: what was run for which group, what runs now, and how to free a group from a run that never ends."""

from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import Column
from workplace_sync.cli.people import Group
from workplace_sync.errors import ExitCode

if TYPE_CHECKING:
    from workplace_sync.store.runs import RunRecord

app = typer.Typer(rich_markup_mode=None)

_COLUMNS = [
    Column("id", "run"),
    Column("began_at", "began (UTC)"),
    Column("group", "group"),
    Column("verb", "what"),
    Column("actor", "who"),
    Column("host", "where"),
    Column("state", "state"),
    Column("ended_at", "ended (UTC)"),
    Column("exit_code", "exit", number=True),
    Column("counts", "counts"),
    Column("summary", "how it is, or ended"),
]


@app.command("list")
def list_(
    context: typer.Context,
    group: Annotated[str | None, typer.Option("--group", metavar="GROUP", help="Only runs for this group.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20,
) -> None:
    """List runs, newest first: when, for which group, what, who, how far it is or how it ended, and what it did.

    Example: workplace-sync runs list --group prospect-bt
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.store import runs as store  # noqa: PLC0415

    with Application(call.settings) as opened:
        opened.database.require_current()
        with opened.database.connect() as connection:
            found = store.recent(connection, group, limit)
    wide = call.output.format != "text"
    call.output.table("runs/1", _COLUMNS, ((_full if wide else _short)(run) for run in found))


def _full(run: "RunRecord") -> tuple[object, ...]:
    head = (run.id, run.began_at, run.group, run.verb, run.actor, run.host, run.state.value, run.ended_at)
    return (*head, run.exit_code, run.counts, run.summary or _progress(run))


def _short(run: "RunRecord") -> tuple[object, ...]:
    counts = " ".join(f"{name}={number}" for name, number in run.counts.items() if number)
    ended = f"{run.ended_at:%Y-%m-%d %H:%M}" if run.ended_at else ""
    head = (run.id, f"{run.began_at:%Y-%m-%d %H:%M}", run.group, run.verb, run.actor, run.host, run.state.value, ended)
    return (*head, run.exit_code, counts, run.summary or _progress(run))


def _progress(run: "RunRecord") -> str:
    if not run.stage or run.ended_at:
        return ""
    return f"{run.stage}: {run.done:,}" + (f" of {run.total:,}" if run.total is not None else "")


@app.command()
def release(
    context: typer.Context,
    group: Group,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why the run cannot end, for the record.")],
    by: By = None,
) -> int:
    """Free a group from a run that never ends, such as a frozen one. That run writes nothing more; it goes on record.

    A killed run needs none of it: its group is free at once on the same machine, and on another after LEASE_SECONDS.

    Example: workplace-sync runs release prospect-bt --reason "the old server hangs"
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.release import release as free  # noqa: PLC0415
    from workplace_sync.people import Role  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        if opened.people is not None:
            opened.people.require(opened.actor, Role.OWNER, group, "free a group")
        lease = free(opened.office, group, reason)
    claim = lease.claim
    call.output.show(
        "runs-release/1",
        {
            "group": group,
            "run": claim.run_id,
            "verb": claim.verb,
            "holder": claim.holder,
            "host": claim.host,
            "since": lease.acquired_at,
        },
        f"{group} is free. It was held by {claim.holder} since {lease.acquired_at:%Y-%m-%d %H:%M} UTC, for `{claim.verb}` on {claim.host}.",
    )
    return ExitCode.DONE
