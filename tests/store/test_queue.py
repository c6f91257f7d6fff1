"""The queue of jobs: in with its cause or not at all, once for a group, and never stuck with a worker who is gone."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from alembic import command
from procrastinate import App, PsycopgConnector
from sqlalchemy import Connection, text

import workplace_sync.store as package
from workplace_sync.errors import UsageError
from workplace_sync.store import queue
from workplace_sync.store.database import Database, _alembic
from workplace_sync.store.queue import Job, Task

BT = Job(Task.RECONCILE, "prospect-bt", by="ada")


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    opened = Database(postgres_url)
    opened.upgrade()
    yield opened
    opened.close()


def begin(connection: Connection, worker: int | None = None) -> int:
    """Begin the first job that may be begun, as that worker or as a new one; returns its number, 0 for none."""
    if worker is None:
        worker = connection.execute(text("SELECT procrastinate_register_worker_v1()")).scalar()
    query = text("SELECT id FROM procrastinate_fetch_job_v2(NULL, :worker)")
    return connection.execute(query, {"worker": worker}).scalar() or 0


def test_a_job_goes_in_with_the_transaction_that_is_its_cause(postgres: Database) -> None:
    with postgres.write() as connection:
        assert queue.enqueue(connection, BT)
    with postgres.connect() as connection:
        [waiting] = queue.jobs(connection)
    assert (waiting.task, waiting.group, waiting.state) == ("reconcile", "prospect-bt", "todo")


def test_a_transaction_that_fails_leaves_no_job(postgres: Database) -> None:
    def fail_half_way() -> None:
        with postgres.write() as connection:
            assert queue.enqueue(connection, BT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    with postgres.connect() as connection:
        assert queue.jobs(connection) == []


def test_the_same_job_waits_once_and_refusing_it_spoils_nothing(postgres: Database) -> None:
    other = Job(Task.RECONCILE, "prospect-openreach")
    with postgres.write() as connection:
        assert queue.enqueue(connection, BT)
        assert queue.enqueue(connection, BT) is None
        assert queue.enqueue(connection, other)
    with postgres.connect() as connection:
        assert [each.group for each in queue.jobs(connection)] == ["prospect-openreach", "prospect-bt"]
        assert [each.group for each in queue.jobs(connection, "prospect-bt")] == ["prospect-bt"]
        assert [each.group for each in queue.jobs(connection, among=["prospect-bt"], limit=1)] == ["prospect-bt"]
        assert queue.jobs(connection, among=[]) == []


def test_plans_of_one_group_wait_beside_each_other(postgres: Database) -> None:
    with postgres.write() as connection:
        assert queue.enqueue(connection, Job(Task.APPLY, "prospect-bt", plan="a" * 64))
        assert queue.enqueue(connection, Job(Task.APPLY, "prospect-bt", plan="b" * 64))
        assert queue.enqueue(connection, Job(Task.APPLY, "prospect-bt", plan="b" * 64)) is None


def test_a_group_is_worked_on_by_one_at_a_time(postgres: Database) -> None:
    with postgres.write() as connection:
        queue.enqueue(connection, BT)
        queue.enqueue(connection, Job(Task.OBSERVE, "prospect-bt"))
        assert begin(connection)
        assert begin(connection) == 0


def test_a_job_of_a_worker_who_is_gone_goes_back_and_that_of_a_live_one_does_not(postgres: Database) -> None:
    with postgres.write() as connection:
        queue.enqueue(connection, BT)
        number = begin(connection)
        assert queue.rescue(connection, stale_seconds=30) == []
        connection.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'"))
        assert queue.rescue(connection, stale_seconds=30) == [number]
        assert queue.rescue(connection, stale_seconds=30) == []
        assert [(each.state, each.attempts) for each in queue.jobs(connection)] == [("todo", 1)]


def test_a_job_goes_back_although_the_same_one_was_put_in_meanwhile(postgres: Database) -> None:
    with postgres.write() as connection:
        queue.enqueue(connection, BT)
        begin(connection)
        assert queue.enqueue(connection, BT), "the first one is being done and waits no more"
        assert queue.waits(connection, BT)
        connection.execute(text("DELETE FROM procrastinate_workers"))
        assert len(queue.rescue(connection, stale_seconds=30)) == 1
        assert [each.state for each in queue.jobs(connection)] == ["todo", "todo"]


def test_a_job_that_waits_can_be_taken_back_and_one_that_is_being_done_cannot(postgres: Database) -> None:
    with postgres.write() as connection:
        first = queue.enqueue(connection, BT)
        assert first
        assert queue.cancel(connection, first)
        assert not queue.cancel(connection, first)
        assert queue.enqueue(connection, BT)
        assert not queue.cancel(connection, begin(connection))


def test_what_failed_is_kept_for_a_while(postgres: Database) -> None:
    with postgres.write() as connection:
        queue.enqueue(connection, BT)
        number = begin(connection)
        connection.execute(text("SELECT procrastinate_finish_job_v1(:id, 'failed', false)"), {"id": number})
        queue.forget(connection)
        assert [each.state for each in queue.jobs(connection)] == ["failed"]
        connection.execute(text("UPDATE procrastinate_events SET at = now() - interval '31 days'"))
        queue.forget(connection)
        assert queue.jobs(connection) == []


def test_sqlite_has_no_queue_and_says_what_to_use(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        assert not queue.has_queue(connection)
        for ask in (lambda: queue.enqueue(connection, BT), lambda: queue.jobs(connection)):
            with pytest.raises(UsageError, match="PostgreSQL") as caught:
                ask()
    assert "cron" in caught.value.hint


def test_what_the_migration_makes_is_what_the_installed_engine_has() -> None:
    ours = Path(package.__file__).parent / "migrations" / "queue.sql"
    theirs = resources.files("procrastinate.sql").joinpath("schema.sql").read_text(encoding="utf-8")
    assert ours.read_text(encoding="utf-8").endswith(theirs), "the engine has moved on: it needs a migration"


def test_a_part_of_the_queue_that_is_missing_is_told(postgres: Database) -> None:
    assert postgres.differences() == []
    with postgres.write() as connection:
        connection.execute(text("DROP TRIGGER procrastinate_trigger_delete_jobs_v1 ON procrastinate_jobs"))
        connection.execute(text("DROP TABLE procrastinate_events CASCADE"))
    found = postgres.differences()
    assert "the queue of jobs lacks TABLE procrastinate_events" in found
    assert "the queue of jobs lacks TRIGGER procrastinate_trigger_delete_jobs_v1" in found


def test_the_queue_and_the_buckets_of_the_pace_are_no_differences(postgres: Database) -> None:
    with postgres.write() as connection:
        connection.execute(text("CREATE TABLE pace_0123456789abcdef01234567 (name varchar, weight smallint)"))
        connection.execute(text("CREATE TABLE somebody_elses (name varchar)"))
    assert postgres.differences() == ["remove_table somebody_elses"]


def test_going_back_before_the_queue_leaves_nothing_of_it(postgres: Database) -> None:
    with postgres.engine.connect() as connection:
        command.downgrade(_alembic(connection), "0004")
    with postgres.connect() as connection:
        for catalogue, column in (("pg_class", "relname"), ("pg_proc", "proname"), ("pg_type", "typname")):
            query = text(f"SELECT count(*) FROM {catalogue} WHERE {column} LIKE 'procrastinate%'")  # noqa: S608 - our own names
            assert connection.execute(query).scalar() == 0
    postgres.upgrade()
    assert postgres.differences() == []


def test_the_engine_finds_its_tables(postgres: Database) -> None:
    url = postgres.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with App(connector=PsycopgConnector(conninfo=url)).open() as app:
        assert app.check_connection()
