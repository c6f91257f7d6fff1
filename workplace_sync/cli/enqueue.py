"""`workplace-sync enqueue` and `jobs`: put jobs into the queue for the workers, and see what becomes of them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.invocation import Invocation, invocation
from workplace_sync.cli.options import LAST_NUMBER
from workplace_sync.cli.output import Column
from workplace_sync.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from workplace_sync.app import Application
    from workplace_sync.store.database import Database
    from workplace_sync.store.queue import Job

app = typer.Typer(rich_markup_mode=None)

_COLUMNS = (
    Column("id", "job", number=True),
    Column("task", "task"),
    Column("group", "group"),
    Column("plan", "plan"),
    Column("state", "state"),
    Column("attempts", "tries before", number=True),
    Column("at", "since"),
    Column("due", "not before"),
)
_STATES = {"todo": "waits", "doing": "runs"}


def enqueue(
    context: typer.Context,
    groups: Annotated[list[str] | None, typer.Argument(metavar="[GROUP]...", help="The groups.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every group that has a file.")] = False,
    observe: Annotated[
        bool, typer.Option("--observe", help="Read the groups only, instead of reconciling them.")
    ] = False,
    plan: Annotated[
        str | None, typer.Option("--apply", metavar="PLAN", help="Carry out this plan, by its digest, instead.")
    ] = None,
    by: By = None,
) -> int:
    """Put jobs into the queue, which the next free worker does. It needs PostgreSQL.

    A job that waits already is not put in twice. One that runs is: then it is done once more.

    Example: workplace-sync enqueue prospect-bt
    """
    call = invocation(context)
    if sum([bool(groups), every, plan is not None]) != 1 or (observe and plan is not None):
        raise UsageError(
            "It needs one of: groups, --all, --apply PLAN.", hint="`workplace-sync enqueue --all` takes every group."
        )
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it

    with Application(call.settings, actor=by) as application:
        _put_in(call, application, list(_jobs(application, groups or [], observe=observe, plan=plan)))
    return ExitCode.DONE


@app.command("list")
def list_jobs(
    context: typer.Context,
    group: Annotated[str | None, typer.Option("--group", metavar="GROUP", help="Only those of this group.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="The newest so many.")] = 200,
) -> None:
    """List the jobs that wait, run, or ended without success, newest first. What ended well is in `runs list`.

    Example: workplace-sync jobs list
    """
    call = invocation(context)
    from workplace_sync.store import queue  # noqa: PLC0415 - takes most of a second

    with _current(call) as database, database.connect() as connection:
        found = queue.jobs(connection, group, limit=limit)
    rows = (
        (
            job.id,
            job.task,
            job.group,
            job.plan[:12],
            _STATES.get(job.state, job.state),
            job.attempts,
            f"{job.at:%Y-%m-%d %H:%M:%S}",
            f"{job.due:%H:%M:%S}" if job.due else "",
        )
        for job in found
    )
    call.output.table("jobs/1", _COLUMNS, rows)


@app.command()
def cancel(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="JOB", min=1, max=LAST_NUMBER, help="Its number in the list.")],
) -> None:
    """Take back a job that waits. One that runs goes on.

    Example: workplace-sync jobs cancel 17
    """
    call = invocation(context)
    from workplace_sync.store import queue  # noqa: PLC0415

    with _current(call) as database, database.write() as connection:
        done = queue.cancel(connection, number)
    if not done:
        raise UsageError(
            f"No job {number} waits.", hint="`workplace-sync jobs list` shows the jobs; one that runs goes on."
        )
    call.output.show("job-cancelled/1", {"job": number}, f"Job {number} is taken back.")


@contextmanager
def _current(call: Invocation) -> "Iterator[Database]":
    from workplace_sync.store.database import Database  # noqa: PLC0415

    with closing(Database(call.settings.database_url.get_secret_value())) as database:
        database.require_current()
        yield database


def _jobs(application: "Application", groups: list[str], *, observe: bool, plan: str | None) -> "Iterator[Job]":
    from workplace_sync.jobs.plan import find_plan  # noqa: PLC0415
    from workplace_sync.store.queue import Job, Task, has_queue, no_queue  # noqa: PLC0415

    with application.database.connect() as connection:
        if not has_queue(connection):
            raise no_queue()
    if plan is not None:
        found = find_plan(application.office, plan)
        application.require_role(found.group, "apply a plan")
        yield Job(Task.APPLY, found.group, application.actor, found.digest)
        return
    for name in dict.fromkeys(groups) or application.groups():
        application.group(name)
        yield Job(Task.OBSERVE if observe else Task.RECONCILE, name, application.actor)


def _put_in(call: Invocation, application: "Application", jobs: "list[Job]") -> None:
    from workplace_sync.store import queue  # noqa: PLC0415

    application.database.require_current()
    with application.database.write() as connection:
        numbers = [queue.enqueue(connection, job) for job in jobs]
    rows = [
        {"task": job.task.value, "group": job.group, "plan": job.plan, "job": number}
        for job, number in zip(jobs, numbers, strict=True)
    ]
    lines = [
        f"{job.task.value} {job.group}: " + ("waits already." if number is None else f"job {number}.")
        for job, number in zip(jobs, numbers, strict=True)
    ]
    call.output.show("enqueue/1", {"jobs": rows}, lines, news=any(number is not None for number in numbers))
