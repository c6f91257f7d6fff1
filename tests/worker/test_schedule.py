"""What the groups' files want done regularly is put in by the clock, once however many workers there are."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from procrastinate.periodic import PeriodicDeferrer

from workplace_sync.store import queue
from workplace_sync.store.database import Database
from workplace_sync.store.queue import Job, Task
from workplace_sync.store.queue_engine import make_engine

SCHEDULES = {
    Job(Task.RECONCILE, "prospect-bt"): "*/15 * * * *",
    Job(Task.OBSERVE, "prospect-bt"): "5 * * * *",
    Job(Task.RECONCILE, "other"): "30 6 * * *",
}


@pytest.fixture
def books(postgres_url: str) -> Iterator[Database]:
    opened = Database(postgres_url)
    opened.upgrade()
    yield opened
    opened.close()


def put_in(books: Database, *times: str) -> list[tuple[str, str]]:
    """Let a new worker's clock show these times of a day; return task and group of what waits then, oldest first."""

    async def tick() -> None:
        engine = make_engine(books, lambda *_: None, SCHEDULES, concurrency=1)
        deferrer = PeriodicDeferrer(registry=engine.periodic_registry, **engine.periodic_defaults)
        async with engine.open_async():
            for time in times:
                at = datetime.fromisoformat(f"2026-11-21T{time}:01").replace(tzinfo=UTC).timestamp()
                await deferrer.defer_jobs(deferrer.get_previous_tasks(at=at))

    with ThreadPoolExecutor(1) as apart:  # a browser that other tests drive may have a loop in this thread
        apart.submit(asyncio.run, tick()).result()
    with books.connect() as connection:
        return [(job.task, job.group) for job in queue.jobs(connection)[::-1]]


def test_a_job_is_put_in_when_it_is_due(books: Database) -> None:
    assert put_in(books, "09:00") == [("reconcile", "prospect-bt")]
    assert put_in(books, "09:05") == [("reconcile", "prospect-bt"), ("observe", "prospect-bt")]


def test_the_times_are_in_utc(books: Database) -> None:
    assert ("reconcile", "other") not in put_in(books, "07:30")
    assert ("reconcile", "other") in put_in(books, "06:30")


def test_several_workers_put_a_job_in_once(books: Database) -> None:
    put_in(books, "09:00")
    assert len(put_in(books, "09:00")) == 1


def test_what_still_waits_is_not_put_in_again(books: Database) -> None:
    reconcile = ("reconcile", "prospect-bt")
    assert put_in(books, "09:00", "09:10", "09:15", "09:30") == [reconcile, ("observe", "prospect-bt")]


def test_what_was_due_long_before_the_worker_started_is_left_out(books: Database) -> None:
    assert put_in(books, "09:59") == []
