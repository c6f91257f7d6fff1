"""The worker: a process that does jobs until it is told to stop, however often the database goes away meanwhile."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from procrastinate import App
from procrastinate.exceptions import ConnectorException
from psycopg import Error as DriverError
from psycopg_pool import PoolTimeout

from workplace_sync.app import Application
from workplace_sync.errors import BusyError, StoreError
from workplace_sync.groups import GroupFile
from workplace_sync.logs import bound
from workplace_sync.settings import Settings
from workplace_sync.store import queue
from workplace_sync.store.database import Database
from workplace_sync.store.queue import Job, Task
from workplace_sync.store.queue_engine import JobFailedError, TryAgainError, make_engine
from workplace_sync.worker.performing import Done, perform
from workplace_sync.worker.retrying import WEAK_SECONDS, again_after, has_failed

_log = logging.getLogger(__name__)

_LOST = (ConnectorException, DriverError, PoolTimeout, StoreError, BusyError, OSError)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a worker does what, in seconds: look for jobs, give a sign of life, rescue what others left, reconnect.

    `stale` is after how long without a sign of life a worker counts as gone, `end_within` how long a job under way may
    take to end when the worker is told to stop, `retry` after how long a job is first tried again.
    """

    look: float = 0.5
    beat: float = 10.0
    rescue: float = 60.0
    stale: float = 30.0
    end_within: float = 120.0
    reconnect: float = 2.0
    retry: float = WEAK_SECONDS


@dataclass(slots=True)
class Worker:
    """One worker. With `drain` it ends once nothing waits; `after_job` is called with each group that something was done for."""

    settings: Settings
    database: Database
    concurrency: int = 1
    drain: bool = False
    rhythm: Rhythm = Rhythm()
    after_job: Callable[[str], None] = lambda _group: None
    _stop: threading.Event = field(default_factory=threading.Event)
    _wake: Callable[[], object] = lambda: None

    def stop(self) -> None:
        """Begin nothing more, end what is under way after the page or batch it is at, and then end. From any thread."""
        if not self._stop.is_set():
            self._stop.set()
            _log.info("The worker ends as soon as what is under way can be left.")
            self._wake()

    def run(self) -> None:
        """Do jobs until told to stop, or until nothing waits. Raises StoreError, UsageError or InputError at the start."""
        self.database.require_current()
        with self.database.connect() as connection:
            if not queue.has_queue(connection):
                raise queue.no_queue()
        schedules = schedules_of(Application(self.settings).groups())
        asyncio.run(self._run(schedules))

    async def _run(self, schedules: dict[Job, str]) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(self.concurrency + 2, thread_name_prefix="job"))
        stopped = asyncio.Event()
        self._wake = partial(loop.call_soon_threadsafe, stopped.set)
        if self._stop.is_set():
            stopped.set()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._told_to_stop)
        while not self._stop.is_set():
            engine = make_engine(self.database, self._perform, schedules, concurrency=self.concurrency)
            try:
                await self._work(engine, stopped)
            except _LOST as error:
                _log.warning("The database is not there (%s); the worker tries again.", type(error).__name__)
            else:
                if self.drain:
                    return
            if not self._stop.is_set():
                await _either(stopped.wait(), asyncio.sleep(self.rhythm.reconnect))

    def _told_to_stop(self) -> None:
        self.stop()
        # A job that cannot end is left: its lease runs out, and what was sent is settled by reading the group.
        deadline = threading.Timer(self.rhythm.end_within, os._exit, [1])
        deadline.daemon = True
        deadline.start()

    async def _work(self, engine: App, stopped: asyncio.Event) -> None:
        async with engine.open_async():
            await asyncio.to_thread(self._rescue)
            rescuing = asyncio.create_task(self._keep_rescuing())
            working = asyncio.create_task(
                engine.run_worker_async(
                    concurrency=self.concurrency,
                    wait=not self.drain,
                    fetch_job_polling_interval=self.rhythm.look,
                    update_heartbeat_interval=self.rhythm.beat,
                    stalled_worker_timeout=self.rhythm.stale,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                )
            )
            try:
                await _either(asyncio.shield(working), stopped.wait())
                if not working.done():
                    working.cancel()  # which ends it in order: jobs under way are waited for
                await asyncio.gather(working, return_exceptions=True)
            finally:
                rescuing.cancel()
            if not working.cancelled() and (error := working.exception()) is not None:
                raise error

    async def _keep_rescuing(self) -> None:
        while True:
            await asyncio.sleep(self.rhythm.rescue)
            try:
                await asyncio.to_thread(self._rescue)
            except _LOST as error:
                _log.warning("What others left could not be looked for (%s).", type(error).__name__)

    def _rescue(self) -> None:
        with self.database.write() as connection:
            left = queue.rescue(connection, self.rhythm.stale)
            queue.forget(connection)
        if left:
            _log.warning("%d jobs were left by workers that are gone; they are begun again.", len(left))

    def _perform(self, job: Job, number: int, attempts: int) -> None:
        with bound(group=job.group, task=job.task.value):
            done = self._done(job)
            self.after_job(job.group)
            seconds = again_after(done.code, attempts, self.rhythm.retry, lasting=done.lasting)
            if seconds is not None:
                self._put_back(job, number, attempts, done, seconds)
            elif has_failed(done.code):
                _log.error("The job failed: %s", done.summary)
                raise JobFailedError
            else:
                _log.info("The job is done: %s", done.summary)

    def _done(self, job: Job) -> Done:
        try:
            return perform(self.settings, job, self._stop.is_set)
        except Exception:  # noqa: BLE001 - a mistake of the program, told with its traceback, redacted like every line
            _log.exception("Something went wrong that should not.")
            raise JobFailedError from None

    def _put_back(self, job: Job, number: int, attempts: int, done: Done, seconds: float) -> None:
        """Have the job done later, unless the same one waits already; raises TryAgainError."""
        try:
            with self.database.write() as connection:
                if queue.waits(connection, job):
                    _log.info("The job is left to the same one that waits: %s", done.summary)
                    return
                queue.unlock(connection, number, attempts)
        except _LOST as error:
            _log.warning("The job goes back as it is (%s).", type(error).__name__)
        _log.info("The job is tried again in %d seconds: %s", seconds, done.summary)
        raise TryAgainError(seconds)


def schedules_of(groups: dict[str, GroupFile]) -> dict[Job, str]:
    """Return the cron line of each job that the groups' files want done regularly."""
    wanted = (
        (Job(task, name), getattr(group.schedule, task.value))
        for name, group in groups.items()
        for task in (Task.RECONCILE, Task.OBSERVE)
    )
    return {job: cron for job, cron in wanted if cron is not None}


async def _either(*awaited: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(each) for each in awaited]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
