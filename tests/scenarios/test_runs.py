"""Two runs for one group in real processes: one of them has it; killed, frozen or alive, nobody is added twice."""

import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from filelock import FileLock, Timeout

from tests.sandbox_server import SandboxHandle, running_sandbox
from tests.scenarios.folder import GROUP, HASTY, Ended, Folder, make_folder
from tests.scenarios.killing import (
    assert_evidence_verifies,
    assert_nothing_lost_nothing_twice,
    prepared,
    rows,
)

PEOPLE = 300
SLOW = 0.25
QUICK = {"READ_TIMEOUT": "5", "CONNECT_TIMEOUT": "0.5", "THREADS": "1", "LEASE_SECONDS": "1"}  # a lease of 8.25 s
LEISURE = {"READ_TIMEOUT": "20", "LEASE_SECONDS": "300"}  # where no lease has to run out

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def town() -> Iterator[SandboxHandle]:
    """A platform that takes its time to answer."""
    with running_sandbox(people=f"bt={PEOPLE + 200}", latency_ms=SLOW * 1000) as handle:
        yield handle


@pytest.fixture
def folder(town: SandboxHandle, tmp_path: Path) -> Folder:
    town.reset()
    return make_folder(tmp_path / "union", town, settings=HASTY | QUICK)


def until(condition: Callable[[], bool], within: float = 60) -> None:
    give_up = time.monotonic() + within
    while not condition():
        assert time.monotonic() < give_up, "it did not come about"
        time.sleep(0.01)


def struck(folder: Folder, fault: int) -> bool:
    """Whether that fault has met a call."""
    return any(each["struck"] for each in folder.sandbox.control("GET", "faults")["faults"] if each["id"] == fault)


@contextmanager
def in_its_batches(folder: Folder, digest: str) -> Iterator["subprocess.Popen[str]"]:
    """Start an apply, and lend it once its first batch has changed the group; nothing is left of it whatever comes.

    Its second batch never takes effect and is left without an answer, so that it is at it until it gives that one up.
    """
    hangs = folder.sandbox.fault("timeout_before_effect", on="write", skip=1, calls=1, hold_ms=10_000)
    process = folder.start("apply", digest, "--by", "ada", "-o", "json")
    try:
        until(lambda: struck(folder, hangs))
        assert process.poll() is None
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.communicate()


def frozen_outside_a_transaction(folder: Folder, process: "subprocess.Popen[str]") -> None:
    """Freeze a process at a moment at which it does not hold the whole database, or the checkpoint's file."""
    for _ in range(200):
        process.send_signal(signal.SIGSTOP)
        with closing(sqlite3.connect(folder.database, timeout=0.5, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
                with FileLock(folder.home / "var" / "checkpoint.txt.lock", timeout=0.5):
                    assert process.poll() is None
                    return
            except (sqlite3.OperationalError, Timeout):
                process.send_signal(signal.SIGCONT)
                time.sleep(0.05)  # or it stands where it stood
    pytest.fail("it could not be frozen outside a transaction")


def frozen_idle(postgres_url: str, folder: Folder, process: "subprocess.Popen[str]") -> None:
    """Freeze a process at a moment at which no transaction of its is under way, nor the writing of the file."""
    busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for _ in range(200):
            process.send_signal(signal.SIGSTOP)
            try:
                with FileLock(folder.home / "var" / "checkpoint.txt.lock", timeout=0.5):
                    if connection.execute(busy).fetchone() == (0,):
                        assert process.poll() is None
                        return
            except Timeout:
                pass
            process.send_signal(signal.SIGCONT)
            time.sleep(0.05)
    pytest.fail("it could not be frozen outside a transaction")


def until_it_goes(folder: Folder, digest: str) -> None:
    """Apply as cron would, until the group is free; and then it ends well."""
    ends: list[Ended] = []

    def goes() -> bool:
        ends.append(folder.apart("apply", digest, "--by", "grace"))
        return ends[-1].code != 75

    until(goes)
    assert ends[-1].code == 0, ends[-1].err


def applies(folder: Folder) -> list[tuple[object, ...]]:
    """Return how the applies on record ended, the first one first."""
    return rows(folder.database, "SELECT state, exit_code FROM run WHERE verb = 'apply' ORDER BY began_at")


def test_of_two_applies_at_once_one_is_told_who_has_the_group(folder: Folder) -> None:
    folder.configure(**LEISURE)
    digest, wanted = prepared(folder, PEOPLE)
    with in_its_batches(folder, digest) as first:
        frozen_outside_a_transaction(folder, first)  # so that it is at it as long as we look; its lease outlasts that
        second = folder.apart("apply", digest, "--by", "grace")
        third = folder.apart("observe", GROUP, "--by", "grace", "-o", "json")
        listed = folder.apart("runs", "list", "--group", GROUP, "-o", "json").json["rows"]
        first.send_signal(signal.SIGCONT)
        ended = folder.finish(first)
    assert (second.code, third.code, ended.code) == (75, 75, 0), second.err + third.err + ended.err
    assert "ada has prospect-bt: `apply` on " in second.err
    assert (listed[0]["verb"], listed[0]["actor"], listed[0]["state"]) == ("apply", "ada", "running")
    assert listed[0]["summary"]
    assert_nothing_lost_nothing_twice(folder, wanted)
    after = folder.apart("runs", "list", "-o", "json").json["rows"]
    assert [(each["verb"], each["state"], each["exit_code"]) for each in after] == [
        ("apply", "ended", 0),
        ("plan", "ended", 0),
    ]
    assert after[0]["counts"]["accepted"] == PEOPLE


def test_a_killed_holders_group_is_taken_at_once_on_the_same_machine(folder: Folder) -> None:
    folder.configure(**LEISURE)
    digest, wanted = prepared(folder, PEOPLE)
    with in_its_batches(folder, digest) as first:
        first.kill()
        first.communicate()
    second = folder.apart("apply", digest, "--by", "grace", "-o", "json")
    assert second.code == 0, second.err
    assert_nothing_lost_nothing_twice(folder, wanted)
    assert applies(folder) == [("abandoned", None), ("ended", 0)]


def test_the_group_of_a_holder_killed_on_another_machine_is_taken_once_its_lease_ran_out(folder: Folder) -> None:
    digest, wanted = prepared(folder, PEOPLE)
    with in_its_batches(folder, digest) as first:
        first.kill()
        first.communicate()
    with closing(sqlite3.connect(folder.database)) as connection, connection:
        connection.execute("UPDATE lease SET process = 'another-machine:1'")
    until_it_goes(folder, digest)
    assert_nothing_lost_nothing_twice(folder, wanted)
    assert applies(folder) == [("abandoned", None), ("ended", 0)]


def test_a_frozen_holder_whose_group_was_taken_writes_nothing_when_it_wakes_up(folder: Folder) -> None:
    digest, wanted = prepared(folder, PEOPLE)
    with in_its_batches(folder, digest) as first:
        frozen_outside_a_transaction(folder, first)
        until_it_goes(folder, digest)
        assert_nothing_lost_nothing_twice(folder, wanted)
        kept = rows(folder.database, "SELECT count(*) FROM evidence_entry")
        first.send_signal(signal.SIGCONT)
        ended = folder.finish(first)
    assert ended.code == 75, ended.out + ended.err
    assert "from this run" in ended.err
    assert rows(folder.database, "SELECT count(*) FROM evidence_entry") == kept
    assert_nothing_lost_nothing_twice(folder, wanted)
    assert applies(folder) == [("abandoned", None), ("ended", 0)]
    assert_evidence_verifies(folder)


def test_an_owner_takes_the_group_from_a_frozen_run_on_record(folder: Folder) -> None:
    folder.configure(**LEISURE)
    digest, wanted = prepared(folder, PEOPLE)
    with in_its_batches(folder, digest) as first:
        frozen_outside_a_transaction(folder, first)
        freed = folder.apart("runs", "release", GROUP, "--reason", "it hangs", "--by", "grace")
        assert freed.code == 0, freed.err
        assert "prospect-bt is free. It was held by ada" in freed.out
        assert folder.apart("apply", digest, "--by", "grace").code == 0
        first.send_signal(signal.SIGCONT)
        assert folder.finish(first).code == 75
    assert folder.apart("runs", "release", GROUP, "--reason", "once more").code == 64
    told = folder.apart("audit", "list", "--kind", "lease.released").out
    assert "from a run (apply) of ada" in told
    assert "it hangs" in told
    assert_nothing_lost_nothing_twice(folder, wanted)
    assert_evidence_verifies(folder)


def test_on_postgresql_too_a_frozen_holder_loses_the_group_and_writes_nothing(
    town: SandboxHandle, tmp_path: Path, postgres_url: str
) -> None:
    town.reset()
    settings = HASTY | QUICK | {"DATABASE_URL": postgres_url}
    folder = make_folder(tmp_path / "union", town, settings=settings)
    digest, wanted = prepared(folder, PEOPLE)
    with in_its_batches(folder, digest) as first:
        frozen_idle(postgres_url, folder, first)
        until_it_goes(folder, digest)  # its session still has the lock of the group, and is ended for it
        first.send_signal(signal.SIGCONT)
        ended = folder.finish(first)
    assert ended.code == 75, ended.out + ended.err
    assert folder.added() == {address.casefold(): 1 for address in wanted}
    listed = folder.apart("runs", "list", "-o", "json").json["rows"]
    assert [(run["verb"], run["state"]) for run in listed] == [
        ("apply", "ended"),
        ("apply", "abandoned"),
        ("plan", "ended"),
    ]
    assert_evidence_verifies(folder)
