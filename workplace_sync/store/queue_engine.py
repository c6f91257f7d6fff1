"""The engine that hands jobs to a worker, with what it needs to be told of frozen workers and of times gone by."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from procrastinate import App, JobContext, PsycopgConnector, jobs
from procrastinate.manager import JobManager
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from workplace_sync.store.database import Database
from workplace_sync.store.queue import Job, Task, quieten

_SPARE_CONNECTIONS = 3  # for heartbeats, the schedule, and what fetches jobs
_STILL_OURS = "SELECT id FROM procrastinate_jobs WHERE id = %(id)s AND status = 'doing' AND attempts = %(attempts)s"

Perform = Callable[[Job, int, int], None]
"""Does a job, given its number and how often it was tried before; raises TryAgainError to have it done later."""


class TryAgainError(Exception):
    """The job is to go back into the queue, and to be begun again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__("The job goes back into the queue.")
        self.seconds = seconds


class JobFailedError(Exception):
    """The job has failed, and what it is about was told already."""


def make_engine(
    database: Database, perform: Perform, schedules: Mapping[Job, str], *, concurrency: int, max_delay: float = 600
) -> App:
    """Return the engine for a worker that does `concurrency` jobs at once, and puts jobs in by the clock.

    `schedules` gives the cron line, in UTC, of each job that is to be put in regularly; one that is due for longer
    than `max_delay` seconds when a worker starts is left out.
    """
    quieten()
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connector = PsycopgConnector(conninfo=url, min_size=1, max_size=concurrency + _SPARE_CONNECTIONS)
    engine = App(connector=connector, periodic_defaults={"max_delay": max_delay})
    engine.job_manager = _OwnJobs(connector)
    tasks = {
        task: engine.task(name=task.value, pass_context=True, retry=_Decided())(_runner(task, perform)) for task in Task
    }
    for job, cron in schedules.items():
        engine.periodic(
            cron=cron,
            periodic_id=job.queueing_lock,
            lock=job.group,
            queueing_lock=job.queueing_lock,
            task_kwargs=dict(job.arguments),
        )(tasks[job.task])
    return engine


def _runner(task: Task, perform: Perform) -> Callable[..., None]:
    def run(context: JobContext, group: str, by: str = "", plan: str = "", timestamp: int = 0) -> None:  # noqa: ARG001 - when it was due
        perform(Job(task, group, by, plan), context.job.id or 0, context.job.attempts)

    return run


class _Decided(BaseRetryStrategy):
    """Lets the job itself decide whether it is tried again, and when."""

    def get_retry_decision(self, *, exception: BaseException, job: jobs.Job) -> RetryDecision | None:  # noqa: ARG002 - the base class's signature
        """Return when to try again; None when that is not asked for."""
        if isinstance(exception, TryAgainError):
            return RetryDecision(retry_in={"seconds": round(exception.seconds)})
        return None


class _OwnJobs(JobManager):
    """Ends only jobs that are still this worker's.

    A worker that was frozen for so long that its job was given to another one must not, once it wakes up, say how the
    job ended: the engine goes by the number of the job alone.
    """

    async def finish_job(self, job: jobs.Job, status: jobs.Status, delete_job: bool) -> None:  # noqa: FBT001 - the base class's signature
        """Say how a job ended."""
        if await self._is_ours(job):
            await super().finish_job(job, status, delete_job)

    async def retry_job(
        self,
        job: jobs.Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Put a job back into the queue."""
        if await self._is_ours(job):
            await super().retry_job(job, retry_at, priority, queue, lock)

    async def _is_ours(self, job: jobs.Job) -> bool:
        arguments: dict[str, Any] = {"id": job.id, "attempts": job.attempts}
        return bool(await self.connector.execute_query_all_async(_STILL_OURS, **arguments))
