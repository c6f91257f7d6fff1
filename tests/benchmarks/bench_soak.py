"""Many groups, several workers, churn on both sides and faults at random: everything converges, nothing happens twice.

SOAK_SECONDS, SOAK_GROUPS and SOAK_PEOPLE make it shorter for a try.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby, pairwise
from operator import attrgetter
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.benchmarks.report import record
from tests.benchmarks.soaking import Branch, Group, make_branch
from tests.sandbox_server import running_sandbox
from tests.worker.processes import Process, Workers
from workplace_sync.app import Application
from workplace_sync.settings import load_settings
from workplace_sync.store import queue
from workplace_sync.store.database import Database
from workplace_sync.store.queue import Job, Task

SECONDS = float(os.environ.get("SOAK_SECONDS", "300"))
GROUPS = int(os.environ.get("SOAK_GROUPS", "200"))
PEOPLE = int(os.environ.get("SOAK_PEOPLE", "500"))
WORKERS = 3
LATENCY = 0.05
SEED = 2020
KILL_EVERY = 15.0  # seconds
STRIKES = 0.4  # of the steps, of which there is about one a second

_WITHIN = 1_800.0
_LOOK_EVERY = 0.2


@contextmanager
def working(workers: Workers, number: int) -> Iterator[list[Process]]:
    """Let so many workers work meanwhile."""
    started = [workers.start() for _ in range(number)]
    try:
        yield started
    finally:
        for process in started:
            workers.end(process)


def enqueue(books: Database, groups: list[Group]) -> None:
    with books.write() as connection:
        for group in groups:
            queue.enqueue(connection, Job(Task.RECONCILE, group.name))


def open_jobs(books: Database) -> int:
    with books.connect() as connection:
        return sum(job.state in {"todo", "doing"} for job in queue.jobs(connection, limit=100_000))


def wait_until_idle(books: Database) -> None:
    give_up = time.monotonic() + _WITHIN
    while open_jobs(books):
        assert time.monotonic() < give_up, "the queue does not empty"
        time.sleep(_LOOK_EVERY)


def timed(books: Database, groups: list[Group], begin: Callable[[], None]) -> float:
    """Return the seconds that a round through all groups takes, once `begin` has begun the work."""
    enqueue(books, groups)
    begin()
    begun = time.perf_counter()
    wait_until_idle(books)
    return time.perf_counter() - begun


@pytest.fixture
def branch(tmp_path: Path, postgres_url: str) -> Iterator[Branch]:
    with running_sandbox(people=f"bt={PEOPLE * 3}", seed=SEED, latency_ms=LATENCY * 1000) as sandbox:
        yield make_branch(tmp_path / "branch", sandbox, postgres_url, GROUPS, PEOPLE, SEED)


def test_a_long_rough_time_ends_in_order(branch: Branch, postgres_url: str) -> None:
    books = Database(postgres_url)
    with Workers(branch.folder) as workers:
        filled = _fill(branch, books, workers)
        kills = _soak(branch, books, workers)
        passes = _converge(branch, books, workers)
        quiet = {number: _quiet_round(branch, books, workers, number) for number in (1, WORKERS)}
    with books.connect() as connection:
        done = connection.execute(text("SELECT count(*) FROM operation WHERE state = 'done'")).scalar_one()
        runs = connection.execute(text("SELECT count(*) FROM run")).scalar_one()
    note = f"{GROUPS} groups of {PEOPLE}, {WORKERS} workers, {LATENCY * 1000:.0f} ms latency"
    record("soak: people added at the start", GROUPS * (PEOPLE - 1) / filled, "a second", note)
    record(
        "soak: wall time of churn and faults",
        SECONDS,
        "s",
        f"{kills} workers killed with SIGKILL; {runs:,} runs in all",
    )
    record("soak: operations done, none of them twice", done, "changes", "by the platform's own journal")
    record("soak: rounds until every group was as its roster", passes, "rounds", f"seed {SEED}")
    for number, seconds in quiet.items():
        record(f"soak: groups with nothing to do, {number} worker(s)", GROUPS / seconds, "a second", "")
    record(
        "soak: from 1 worker to 3",
        quiet[1] / quiet[WORKERS],
        "times",
        f"{os.cpu_count()} cores for everything, the platform too",
    )
    _assert_in_order(branch, books)
    books.close()


def _fill(branch: Branch, books: Database, workers: Workers) -> float:
    with working(workers, WORKERS):
        return timed(books, branch.groups, lambda: None)


def _soak(branch: Branch, books: Database, workers: Workers) -> int:
    chance, kills = random.Random(SEED), 0
    end, next_kill = time.monotonic() + SECONDS, time.monotonic() + KILL_EVERY
    with working(workers, WORKERS) as started:
        while time.monotonic() < end:
            touched = chance.sample(branch.groups, min(3, len(branch.groups)))
            branch.churn_roster(touched[0])
            branch.churn_platform(touched[-1])
            if chance.random() < STRIKES:
                branch.strike()
            enqueue(books, touched)
            if time.monotonic() > next_kill:
                victim = started.pop(chance.randrange(len(started)))
                victim.kill()
                victim.communicate()
                started.append(workers.start())
                kills, next_kill = kills + 1, next_kill + KILL_EVERY
            time.sleep(chance.random())
    branch.sandbox.control("DELETE", "faults")
    return kills


def _converge(branch: Branch, books: Database, workers: Workers) -> int:
    """Reconcile until every group is as its roster, and return how many rounds that took."""
    with working(workers, WORKERS):
        for number in range(1, 6):
            enqueue(books, branch.groups)
            wait_until_idle(books)
            apart = [group.name for group in branch.groups if branch.inside(group) != group.wanted]
            if not apart:
                return number
            print(f"\nround {number}: {len(apart)} groups are not as their rosters: {apart[:5]}")
    raise AssertionError(f"{len(apart)} groups never became as their rosters")


def _quiet_round(branch: Branch, books: Database, workers: Workers, number: int) -> float:
    with working(workers, number):
        enqueue(books, branch.groups[:1])
        wait_until_idle(books)  # by then they have started
        return timed(books, branch.groups, lambda: None)


def _assert_in_order(branch: Branch, books: Database) -> None:
    with books.connect() as connection:
        runs = connection.execute(
            text("SELECT group_name, began_at, ended_at, state FROM run ORDER BY group_name, began_at")
        ).all()
        rows = connection.execute(
            text(
                "SELECT group_name, key, action, count(*) AS times FROM operation WHERE state = 'done' GROUP BY 1, 2, 3"
            )
        ).all()
        unknown = connection.execute(text("SELECT count(*) FROM operation WHERE state = 'intended'")).scalar_one()
    for name, found in groupby(runs, attrgetter("group_name")):
        overlaps = [two.began_at for one, two in pairwise(found) if one.ended_at is None or one.ended_at > two.began_at]
        assert overlaps == [], name
    done = {(row.group_name, row.key, row.action): row.times for row in rows}
    for group in branch.groups:
        for verb, action in (("added", "add"), ("removed", "remove")):
            # One of which no answer came, and whom the employer took out before we looked, is rightly added once more.
            undone = branch.effects(group, "removed", by="employer") if verb == "added" else {}
            more = {
                who
                for who, times in branch.effects(group, verb).items()
                if times > done.get((group.name, who, action), 0) + undone.get(who, 0)
            }
            assert not more, f"{len(more)} were {verb} in {group.name} more often than was decided"
    assert unknown == 0
    with Application(load_settings(branch.folder.home)) as app:
        assert app.log.audit().ok
