"""`workplace-sync worker`: a process that does the jobs of a queue, as one of several on any number of machines."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.invocation import invocation
from workplace_sync.errors import ExitCode, SyncError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from workplace_sync.settings import Settings


def worker(
    context: typer.Context,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, max=32, help="How many groups to work on at once.")
    ] = 1,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            "--metrics-port", min=0, max=65535, help="Serve figures for Prometheus at 127.0.0.1:PORT/metrics."
        ),
    ] = None,
    drain: Annotated[bool, typer.Option("--drain", help="End once nothing waits any more.")] = False,
) -> int:
    """Do what the queue holds, and what the groups' schedules say, until told to stop. It needs PostgreSQL.

    Run as many as you like, on as many machines: a group is worked on by one at a time. On SIGTERM it ends after the
    batch that is on its way, and another worker goes on from there.

    Example: workplace-sync worker --metrics-port 9180
    """
    call = invocation(context)
    from workplace_sync.store.database import Database  # noqa: PLC0415 - takes most of a second
    from workplace_sync.store.queue import no_queue  # noqa: PLC0415

    database = Database(call.settings.database_url.get_secret_value())
    if database.is_sqlite:
        raise no_queue()
    from workplace_sync.worker.figures import serving_figures  # noqa: PLC0415
    from workplace_sync.worker.service import Worker  # noqa: PLC0415

    with ExitStack() as stack:
        stack.callback(database.close)
        if metrics_port is not None:
            port = _served(stack, serving_figures(call.settings, metrics_port))
            call.output.note(f"Figures are at http://127.0.0.1:{port}/metrics.")
        Worker(call.settings, database, concurrency, drain=drain, after_job=_teller(call.settings)).run()
    return ExitCode.DONE


def _served(stack: ExitStack, serving: "AbstractContextManager[int]") -> int:
    try:
        return stack.enter_context(serving)
    except OSError as error:
        raise UsageError(
            f"The port for the figures cannot be used: {error.strerror}.", hint="Choose another one."
        ) from None


def _teller(settings: "Settings") -> "Callable[[str], None]":
    """Return what tells the committee, after a job, what is new about its group."""
    import logging  # noqa: PLC0415

    from workplace_sync.app import Application  # noqa: PLC0415

    def tell(group: str) -> None:
        try:
            with Application(settings) as app:
                app.notifier().tell([group])
        except SyncError as error:
            logging.getLogger(__name__).warning("The committee could not be told: %s", error.message)

    return tell
