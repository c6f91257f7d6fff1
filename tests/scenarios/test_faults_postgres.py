"""PostgreSQL itself is killed under a run and started again: the run says so or goes on, and nobody is added twice."""

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.sandbox_server import SandboxHandle
from tests.scenarios.folder import GROUP, HASTY, Folder, make_folder
from tests.scenarios.killing import requests_so_far
from tests.scenarios.postgres import OwnServer, own_server
from tests.worker.processes import Workers, until

PEOPLE = 150
GUARD = "params: {guard-additions: {max_growth_percent: 400}}"
SLOW = {"THREADS": "1", "READ_TIMEOUT": "8", "LEASE_SECONDS": "5"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    """A server that may be crashed."""
    with own_server() as made:
        yield made


@pytest.fixture
def folder(server: OwnServer, sandbox: SandboxHandle, tmp_path: Path) -> Folder:
    """A folder with people to add, whose database is new on that server."""
    server.start()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    settings = HASTY | SLOW | {"DATABASE_URL": server.url}
    made = make_folder(tmp_path / "union", sandbox, settings=settings, group_lines=(GUARD,))
    made.write_roster([*made.former, *wanted(made)])
    sandbox.fault("latency", ms=4_000, on="write", skip=1, calls=1)  # time to act between the first batch and the last
    return made


def wanted(folder: Folder) -> list[str]:
    """Return whom the roster adds, whoever of them is in by now."""
    inside = {address.casefold() for address in folder.former}
    everybody = folder.sandbox.people("bt", limit=100_000)
    found = [str(one["email"]) for one in everybody if one["active"] and ".example.org" in one["email"]]
    return [address for address in found if address.casefold() not in inside][:PEOPLE]


def assert_each_was_added_once(folder: Folder) -> None:
    people = {address.casefold() for address in wanted(folder)}
    assert folder.added() == Counter(people)
    assert folder.really_in() == people | {address.casefold() for address in folder.former}
    verified = folder.apart("evidence", "verify")
    assert verified.code == 0, verified


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGQUIT], ids=lambda one: one.name)
def test_a_run_whose_database_is_killed_says_so_and_the_next_one_adds_the_others(
    folder: Folder, server: OwnServer, how: signal.Signals
) -> None:
    process = folder.start("reconcile", GROUP)
    until(lambda: len(folder.added()) >= 50 or process.poll() is not None, "the first batch took effect")
    server.crash(how)
    ended = folder.finish(process)
    assert ended.code == 1, ended
    assert "database server cannot be reached" in ended.err
    folder.assert_discreet(ended)
    assert len(folder.added()) < PEOPLE
    without = folder.apart("reconcile", GROUP)
    assert (without.code, without.out) == (1, "")
    assert "database server cannot be reached" in without.err
    server.start()
    folder.sandbox.control("DELETE", "faults")
    again = folder.apart("reconcile", GROUP)
    assert again.code == 0, again
    assert_each_was_added_once(folder)


def test_a_worker_whose_database_is_killed_waits_for_it_and_finishes(folder: Folder, server: OwnServer) -> None:
    with Workers(folder) as workers:
        assert folder.apart("enqueue", GROUP).code == 0
        worker = workers.start()
        until(lambda: len(folder.added()) >= 50, "the first batch took effect")
        server.crash(signal.SIGKILL)
        server.start()
        folder.sandbox.control("DELETE", "faults")
        until(lambda: len(folder.added()) == PEOPLE, "the job was taken up again", within=180)
        code, told = workers.end(worker)
    assert code == 0, told
    assert "Traceback" not in told
    assert_each_was_added_once(folder)


def test_workers_killed_one_after_the_other_leave_the_job_to_the_next(folder: Folder, server: OwnServer) -> None:
    with Workers(folder) as workers:
        assert folder.apart("enqueue", GROUP).code == 0
        for requests in (2, 5, 8):  # while it reads, and in its batches
            before = requests_so_far(folder)
            worker = workers.start()
            until(lambda: requests_so_far(folder) - before >= requests, "the job was taken up")  # noqa: B023
            worker.kill()
            worker.wait()
            with psycopg.connect(server.url) as connection:
                assert connection.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() == (1,)
        folder.sandbox.control("DELETE", "faults")
        last = workers.start()
        until(lambda: len(folder.added()) == PEOPLE, "the job was taken up again", within=180)
        code, told = workers.end(last)
    assert code == 0, told
    assert folder.apart("reconcile", GROUP).code == 0  # what the last worker was still at when told to end
    assert_each_was_added_once(folder)
