"""The queue of jobs, which only PostgreSQL has: what is put in goes in with the transaction that is its cause.

The engine is Procrastinate. A job's `lock` is its group, so that the jobs of a group come one after the other; its
`queueing_lock` keeps the same job from waiting twice.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, text

from workplace_sync.errors import UsageError

_LONG_FAILED_DAYS = 30


class Task(StrEnum):
    """What a worker can be asked to do for a group."""

    RECONCILE = "reconcile"
    OBSERVE = "observe"
    APPLY = "apply"


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do for a group. `by` is who asks, "" for the worker itself; `plan` is the digest, for APPLY alone."""

    task: Task
    group: str
    by: str = ""
    plan: str = ""

    @property
    def queueing_lock(self) -> str:
        """What two jobs share of which only one may wait."""
        return f"{self.task.value}/{self.plan or self.group}"

    @property
    def arguments(self) -> dict[str, str]:
        """What the worker's task is called with."""
        return {"group": self.group, "by": self.by, "plan": self.plan}


@dataclass(frozen=True, slots=True)
class Queued:
    """A job as the queue has it. `state` is todo, doing, failed, cancelled or aborted; those that ended well are gone.

    `at` is when it got into that state, `due` the time before which it is not begun, None for at once.
    """

    id: int
    task: str
    group: str
    plan: str
    state: str
    attempts: int
    at: datetime
    due: datetime | None


def has_queue(connection: Connection) -> bool:
    """Whether this database has a queue."""
    return connection.dialect.name == "postgresql"


def quieten() -> None:
    """Keep the engine's own lines about jobs out of the log: they hold a job's arguments, who asked for it among them."""
    for name in ("jobs", "worker", "worker.worker", "manager", "periodic"):
        logging.getLogger(f"procrastinate.{name}").addFilter(_is_about_no_job)
    logging.getLogger("procrastinate.utils").addFilter(_in_a_line)


def _is_about_no_job(record: logging.LogRecord) -> bool:
    return not any(hasattr(record, about) for about in ("job", "jobs", "kwargs"))


def _in_a_line(record: logging.LogRecord) -> bool:
    """Leave the traceback out of what the engine's side tasks ended with: a database that went away is no mistake of ours."""
    if record.exc_info and record.exc_info[0] and record.exc_info[0].__module__.startswith("procrastinate."):
        record.exc_info = record.exc_text = None
    return True


def enqueue(connection: Connection, job: Job) -> int | None:
    """Put a job in, within the transaction of `connection`; returns its number, None when the same one waits already.

    Raises UsageError on SQLite, which has no queue.
    """
    if not has_queue(connection):
        raise no_queue()
    from procrastinate import App, SyncPsycopgConnector  # noqa: PLC0415 - most installations have no queue
    from procrastinate.exceptions import AlreadyEnqueued  # noqa: PLC0415

    quieten()
    deferrer = App(connector=SyncPsycopgConnector()).configure_task(
        job.task.value,
        lock=job.group,
        queueing_lock=job.queueing_lock,
        connection=connection.connection.driver_connection,
    )
    try:
        with connection.begin_nested():  # a refused insert would end the whole transaction
            return deferrer.defer(**job.arguments)
    except AlreadyEnqueued:
        return None


def no_queue() -> UsageError:
    """Return the error of asking for a queue where there is none."""
    return UsageError(
        "A queue of jobs needs PostgreSQL, and the database is SQLite.",
        hint="On one machine let cron run `workplace-sync reconcile --all`; docs/machines.md tells how to move to PostgreSQL.",
    )


_LIST = text(
    """
    SELECT job.id, job.task_name, job.lock, job.args ->> 'plan' AS plan, job.status::text AS state, job.attempts,
           (SELECT max(at) FROM procrastinate_events event WHERE event.job_id = job.id AND event.type <> 'scheduled') AS at,
           CASE WHEN job.scheduled_at > now() THEN job.scheduled_at END AS due
    FROM procrastinate_jobs job
    WHERE job.status <> 'succeeded' AND (CAST(:group_names AS text[]) IS NULL OR job.lock = ANY(CAST(:group_names AS text[])))
    ORDER BY job.id DESC LIMIT :most
    """
)
_CANCEL = text("SELECT procrastinate_cancel_job_v1(:id, false, false)")
_RESCUE = text(
    """
    UPDATE procrastinate_jobs SET status = 'todo', attempts = attempts + 1, queueing_lock = NULL,
           abort_requested = false, scheduled_at = NULL
    WHERE status = 'doing' AND NOT EXISTS (
        SELECT FROM procrastinate_workers worker
        WHERE worker.id = worker_id AND worker.last_heartbeat >= now() - make_interval(secs => :stale_seconds))
    RETURNING id
    """
)
_UNLOCK = text(
    "UPDATE procrastinate_jobs SET queueing_lock = NULL WHERE id = :id AND status = 'doing' AND attempts = :attempts"
)
_TWIN = text("SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock = :queueing_lock)")
_FORGET = text(
    """
    DELETE FROM procrastinate_jobs WHERE status IN ('failed', 'cancelled', 'aborted') AND NOT EXISTS (
        SELECT FROM procrastinate_events event
        WHERE event.job_id = procrastinate_jobs.id AND event.at >= now() - make_interval(days => :days))
    """
)


def jobs(
    connection: Connection, group: str | None = None, *, among: Collection[str] | None = None, limit: int = 200
) -> list[Queued]:
    """Return what waits, runs, or ended without success, newest first: for a group, some groups, or all there are.

    Raises UsageError on SQLite.
    """
    if not has_queue(connection):
        raise no_queue()
    names = [group] if group is not None else None if among is None else list(among)
    rows = connection.execute(_LIST, {"group_names": names, "most": limit})
    return [
        Queued(row.id, row.task_name, row.lock or "", row.plan or "", row.state, row.attempts, row.at, row.due)
        for row in rows
    ]


def cancel(connection: Connection, number: int) -> bool:
    """Take back a job that waits; returns whether it did. Raises UsageError on SQLite."""
    if not has_queue(connection):
        raise no_queue()
    return connection.execute(_CANCEL, {"id": number}).scalar() is not None


def rescue(connection: Connection, stale_seconds: float) -> Sequence[int]:
    """Put back what was begun by workers who have not been heard of for so long; returns the numbers of the jobs.

    One statement, so that two rescuers never put back a job twice. Such a job loses its queueing lock, for the same one
    may wait by now: then there are two for a moment, of which the second finds nothing to do.
    """
    return connection.execute(_RESCUE, {"stale_seconds": stale_seconds}).scalars().all()


def unlock(connection: Connection, number: int, attempts: int) -> None:
    """Let a job that is being done go back into the queue beside the same one that waits."""
    connection.execute(_UNLOCK, {"id": number, "attempts": attempts})


def waits(connection: Connection, job: Job) -> bool:
    """Whether the same job is waiting."""
    return bool(connection.execute(_TWIN, {"queueing_lock": job.queueing_lock}).scalar())


def forget(connection: Connection, days: int = _LONG_FAILED_DAYS) -> None:
    """Drop what ended without success that many days ago."""
    connection.execute(_FORGET, {"days": days})
