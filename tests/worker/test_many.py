"""Several workers as processes: one group at a time, a pace they share, and a death that loses and doubles nothing."""

import signal
import time
from collections import Counter
from itertools import pairwise

import pytest
from sqlalchemy import text

from tests.scenarios.folder import GROUP, Folder
from tests.worker.processes import Workers, until
from workplace_sync.store import queue
from workplace_sync.store.database import Database
from workplace_sync.store.queue import Job, Task

PEOPLE = 200


def prepared(union: Folder, number: int = PEOPLE) -> tuple[str, list[str]]:
    """Put so many people on the roster, plan and approve; return the plan's digest and who is to be in."""
    wanted = [str(person["email"]) for person in union.sandbox.addable()][:number]
    assert len(wanted) == number
    union.write_roster([*union.former, *wanted])
    digest = union.plan()
    union.approve(digest)
    return digest, [address.casefold() for address in wanted]


def idle(books: Database) -> bool:
    with books.connect() as connection:
        return queue.jobs(connection) == []


def states(books: Database) -> list[str]:
    with books.connect() as connection:
        return [job.state for job in queue.jobs(connection)]


def held_up(union: Folder) -> int:
    """Let the second of the batches, which go one after the other, take eight seconds; return the fault that does it."""
    union.configure(THREADS="1", READ_TIMEOUT="30")
    return union.sandbox.fault("latency", ms=8_000, on="write", skip=1, calls=1)


def struck(union: Folder, fault: int) -> bool:
    """Whether that fault has met a call."""
    shown = union.sandbox.control("GET", "faults")["faults"]
    return any(each["struck"] for each in shown if each["id"] == fault)


def assert_each_was_added_once(union: Folder, wanted: list[str]) -> None:
    assert union.added() == Counter(wanted)
    assert union.really_in() == {*wanted, *(address.casefold() for address in union.former)}
    assert union.apart("evidence", "verify").code == 0


@pytest.mark.slow
def test_the_job_of_a_killed_worker_is_finished_by_another_and_nobody_is_added_twice(
    union: Folder, workers: Workers, books: Database
) -> None:
    digest, wanted = prepared(union)
    union.configure(THREADS="1", READ_TIMEOUT="30")
    hangs = union.sandbox.fault("timeout_before_effect", on="write", skip=1)
    assert union.run("enqueue", "--apply", digest).code == 0
    first = workers.start()
    until(lambda: struck(union, hangs), "the second batch was on its way")
    first.kill()
    assert len(union.added()) == 50
    workers.start()
    until(lambda: idle(books), "the job was done")
    assert_each_was_added_once(union, wanted)


@pytest.mark.slow
def test_a_worker_that_froze_writes_nothing_over_the_one_that_took_over(
    union: Folder, workers: Workers, books: Database
) -> None:
    digest, wanted = prepared(union)
    union.configure(THREADS="1", READ_TIMEOUT="5")
    hangs = union.sandbox.fault("timeout_before_effect", on="write", skip=1)
    assert union.run("enqueue", "--apply", digest).code == 0
    frozen = workers.start()
    until(lambda: struck(union, hangs), "the second batch was on its way")
    frozen.send_signal(signal.SIGSTOP)
    assert len(union.added()) == 50
    workers.start()
    until(lambda: len(union.added()) == PEOPLE, "another worker took over")
    frozen.send_signal(signal.SIGCONT)
    until(lambda: idle(books), "the job was done")
    code, told = workers.end(frozen)
    assert code == 0, told
    assert "Traceback" not in told
    assert_each_was_added_once(union, wanted)


@pytest.mark.slow
def test_a_worker_told_to_stop_ends_after_its_batch_and_the_job_waits_for_the_next(
    union: Folder, workers: Workers, books: Database
) -> None:
    digest, wanted = prepared(union)
    hangs = held_up(union)
    assert union.run("enqueue", "--apply", digest).code == 0
    first = workers.start()
    until(lambda: struck(union, hangs), "the second batch was on its way")
    code, told = workers.end(first)
    assert code == 0, told
    assert len(union.added()) == 100
    assert states(books) == ["todo"]
    with books.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM operation WHERE state = 'intended'")).scalar() == 0
        assert connection.execute(text("SELECT count(*) FROM lease WHERE owner <> ''")).scalar() == 0
    workers.start()
    until(lambda: idle(books), "the job was done")
    assert_each_was_added_once(union, wanted)


@pytest.mark.slow
def test_two_workers_never_run_for_one_group_at_once(union: Folder, workers: Workers, books: Database) -> None:
    union.write_roster([*union.former, *[str(person["email"]) for person in union.sandbox.addable()][:20]])
    union.sandbox.fault("latency", ms=50, on="read")
    started = [workers.start(concurrency=2) for _ in range(2)]
    for _ in range(4):
        with books.write() as connection:
            queue.enqueue(connection, Job(Task.RECONCILE, GROUP))
            queue.enqueue(connection, Job(Task.OBSERVE, GROUP))
        until(lambda: "todo" not in states(books), "the jobs were begun")
    until(lambda: idle(books), "the jobs were done")
    with books.connect() as connection:
        spans = connection.execute(text("SELECT began_at, ended_at FROM run ORDER BY began_at")).all()
    assert len(spans) == 8
    assert all(one.ended_at <= two.began_at for one, two in pairwise(spans))
    assert [workers.end(each)[0] for each in started] == [0, 0]


@pytest.mark.slow
def test_a_group_held_by_a_command_is_waited_for(union: Folder, workers: Workers, books: Database) -> None:
    digest, wanted = prepared(union)
    hangs = held_up(union)
    worker = workers.start()
    with books.write() as connection:
        queue.enqueue(connection, Job(Task.OBSERVE, GROUP))
    until(lambda: idle(books), "the worker is there")
    command = union.start("apply", digest, "--by", "ada")
    until(lambda: struck(union, hangs), "the command is at work")
    with books.write() as connection:
        queue.enqueue(connection, Job(Task.OBSERVE, GROUP))
    until(lambda: idle(books), "the job was done")
    assert union.finish(command).code == 0
    code, told = workers.end(worker)
    assert code == 0
    assert "is tried again" in told
    assert_each_was_added_once(union, wanted)


@pytest.mark.slow
def test_workers_share_one_pace_for_a_token(union: Folder, workers: Workers, books: Database) -> None:
    per_second = 10
    union.configure(PACE_PER_SECOND=str(per_second), PATIENCE_SECONDS="60")
    file = union.home / "config" / "groups" / f"{GROUP}.yaml"
    second = union.sandbox.tenant().groups
    others = [group for role, group in second.items() if role not in {"prospect", "child_community"}][:1]
    for number, group in enumerate(others):
        copy = file.read_text().replace(f"name: {GROUP}", f"name: other-{number}").replace(union.group_id, group)
        (file.parent / f"other-{number}.yaml").write_text(copy)
    names = [GROUP, *(f"other-{number}" for number in range(len(others)))]
    assert len(names) > 1
    union.sandbox.control("POST", "counts/reset")
    started = [workers.start() for _ in names]
    begun = time.monotonic()
    for _ in range(3):
        with books.write() as connection:
            for name in names:
                queue.enqueue(connection, Job(Task.OBSERVE, name))
        until(lambda: idle(books), "the groups were read")
    seconds = time.monotonic() - begun
    sent = int(union.sandbox.control("GET", "counts")["http_requests"])
    assert sent > 2 * per_second, "otherwise the pace has nothing to hold back"
    assert sent <= per_second * (seconds + 1), "together they were faster than one may be"
    assert [workers.end(each)[0] for each in started] == [0] * len(names)


@pytest.mark.slow
def test_a_worker_lives_on_when_the_database_throws_it_out(union: Folder, workers: Workers, books: Database) -> None:
    union.write_roster(union.former)
    worker = workers.start()
    with books.write() as connection:
        queue.enqueue(connection, Job(Task.OBSERVE, GROUP))
    until(lambda: idle(books), "the first job was done")
    with books.write() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        assert connection.execute(text(others)).all()
    with books.write() as connection:
        queue.enqueue(connection, Job(Task.RECONCILE, GROUP))
    until(lambda: idle(books), "the second job was done")
    code, told = workers.end(worker)
    assert code == 0, told


@pytest.mark.slow
def test_the_figures_are_served_on_this_machine_alone(union: Folder) -> None:
    process = union.start("worker", "--metrics-port", "0")
    assert process.stderr is not None
    line = process.stderr.readline()
    address = line.split()[-1].rstrip(".")
    assert address.startswith("http://127.0.0.1:")
    with union.sandbox.session.get(address, timeout=60) as answer:
        body = answer.text
    process.terminate()
    ended = union.finish(process)
    assert ended.code == 0, ended.err
    assert f'workplace_sync_group_held_changes{{group="{GROUP}"}} 0.0' in body
    assert "example.org" not in body
