"""Copying a database to another one of either engine: all of it or nothing, and the log stays what was signed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from tests.sandbox_server import SandboxHandle
from tests.store.logs import add, make_log
from tests.store.tampering import lift_guards
from tests.world import built, open_log
from workplace_sync.errors import BusyError, EvidenceError, StoreError
from workplace_sync.roster.person import ConsentClaim
from workplace_sync.store.copying import copy_database
from workplace_sync.store.database import Database
from workplace_sync.store.run_tables import LeaseRow
from workplace_sync.store.tables import metadata


@pytest.fixture
def empty(database: Database, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of the other engine."""
    url = request.getfixturevalue("postgres_url") if database.is_sqlite else f"sqlite:///{tmp_path / 'other.db'}"
    opened = Database(url)
    opened.upgrade()
    yield opened
    opened.close()


def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of all tables, as values that both engines have."""
    with database.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def write_impatiently(database: Database) -> None:
    limit = "PRAGMA busy_timeout=1" if database.is_sqlite else "SET statement_timeout = '50ms'"
    with database.connect() as connection:
        connection.exec_driver_sql(limit)
        connection.commit()
        with database.write(connection):
            lift_guards(connection)
            connection.execute(text("DELETE FROM evidence_checkpoint"))


def lived_in(database: Database, folder: Path, sandbox: SandboxHandle) -> None:
    """Let a group be planned, approved and applied, with people who come and go."""
    with built(database, folder, sandbox) as world:
        people = world.people(30)
        people[3:6] = world.people(6, consent=ConsentClaim.WITHDRAWN)[3:6]
        people[7:9] = world.people(9, status="lapsed")[7:9]
        made = world.plan(people)
        world.approve(made.record)
        world.apply(made.record)
        gone = [person.address for person in people[10:13]]
        sandbox.control("POST", "employer/remove", {"group": world.group.platform_id, "emails": gone})
        world.observe()


def test_everything_arrives_and_the_log_stays_what_was_signed(
    database: Database, empty: Database, tmp_path: Path, sandbox: SandboxHandle
) -> None:
    lived_in(database, tmp_path, sandbox)
    seen: list[int] = []
    copied = copy_database(database, empty, seen.append)
    before = everything(database)
    assert everything(empty) == before
    assert dict(copied.rows) == {name: len(rows) for name, rows in before.items()}
    assert sum(seen) == sum(copied.rows.values()) > 100
    assert empty.differences() == []
    log = open_log(empty, tmp_path, lambda: datetime.now(UTC))
    log.check_start()
    assert log.audit().ok
    assert (log.size, log.latest()) == (copied.entries, open_log(database, tmp_path, log.now).latest())


def test_work_goes_on_in_the_copy(database: Database, empty: Database, tmp_path: Path, sandbox: SandboxHandle) -> None:
    lived_in(database, tmp_path, sandbox)
    copied = copy_database(database, empty)
    with built(empty, tmp_path, sandbox) as world:
        world.clock.advance(timedelta(days=1))
        world.observe()
        assert world.office.log.size > copied.entries
        assert world.office.log.audit().ok


def test_after_the_copy_the_old_database_is_known_to_be_behind(
    database: Database, empty: Database, tmp_path: Path
) -> None:
    add(make_log(database, tmp_path / "checkpoint"), 3)
    copy_database(database, empty)
    add(make_log(empty, tmp_path / "checkpoint", seed=2), 1)
    with pytest.raises(EvidenceError, match="rolled back"):
        make_log(database, tmp_path / "checkpoint").check_start()


def test_a_database_that_is_not_empty_is_left_as_it_is(database: Database, empty: Database, tmp_path: Path) -> None:
    add(make_log(database, tmp_path / "one"), 3)
    add(make_log(empty, tmp_path / "two"), 1)
    before = everything(empty)
    with pytest.raises(StoreError, match="not empty"):
        copy_database(database, empty)
    assert everything(empty) == before


def test_nothing_is_copied_while_a_run_holds_a_group(database: Database, empty: Database) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    values = dict.fromkeys(("owner", "holder", "host", "process", "run_id"), "x")
    held = values | {"group_name": "prospect-bt", "verb": "apply", "pid": 1, "seconds": 60, "beats": 1, "fence": 1}
    held |= dict.fromkeys(("acquired_at", "heartbeat_at", "expires_at"), now)
    with database.write() as connection:
        connection.execute(insert(metadata.tables[LeaseRow.__tablename__]).values(held))
    with pytest.raises(BusyError, match="prospect-bt"):
        copy_database(database, empty)
    assert not any(everything(empty).values())


def test_writers_wait_until_the_copy_is_made(database: Database, empty: Database, tmp_path: Path) -> None:
    add(make_log(database, tmp_path / "checkpoint"), 3)
    refused: list[str] = []

    def write_meanwhile(_rows: int) -> None:
        if refused:
            return
        other = Database(database.url.render_as_string(hide_password=False))
        with pytest.raises((BusyError, StoreError)) as caught:
            write_impatiently(other)
        refused.append(str(caught.value))
        other.close()

    copy_database(database, empty, write_meanwhile)
    assert refused


def test_a_log_that_does_not_compute_is_not_copied(database: Database, empty: Database, tmp_path: Path) -> None:
    add(make_log(database, tmp_path / "checkpoint"), 3)
    with database.write() as connection:
        lift_guards(connection)
        connection.execute(
            text("UPDATE evidence_entry SET body = (SELECT body FROM evidence_entry WHERE seq = 1) WHERE seq = 0")
        )
    with pytest.raises(EvidenceError, match="not the one"):
        copy_database(database, empty)
    assert not any(everything(empty).values())


def test_what_is_lost_on_the_way_keeps_the_whole_copy_from_being_made(
    database: Database, empty: Database, tmp_path: Path
) -> None:
    add(make_log(database, tmp_path / "checkpoint"), 3)
    swallow = {
        "sqlite": "CREATE TRIGGER swallow BEFORE INSERT ON opening BEGIN SELECT RAISE(IGNORE); END",
        "postgresql": "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER swallow BEFORE INSERT ON opening FOR EACH ROW EXECUTE FUNCTION swallow()",
    }
    with empty.write() as connection:
        connection.execute(text(swallow[connection.dialect.name]))
    with pytest.raises(StoreError, match="3 rows of the table opening 0 arrived"):
        copy_database(database, empty)
    assert not any(everything(empty).values())


def test_a_value_that_postgresql_cannot_hold_is_told_by_its_table_alone(
    sqlite_database: Database, postgres_url: str
) -> None:
    with sqlite_database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO publication (size, note, place, published_at, published_by) VALUES (1, :note, 'x', '2026-01-01 00:00:00', 'x')"
            ),
            {"note": "Amina\0Quill"},
        )
    target = Database(postgres_url)
    target.upgrade()
    with pytest.raises(StoreError, match="publication") as caught:
        copy_database(sqlite_database, target)
    assert "Amina" not in caught.value.message
    assert not any(everything(target).values())
    target.close()


def test_new_rows_of_the_copy_get_numbers_of_their_own(sqlite_database: Database, postgres_url: str) -> None:
    publish = text(
        "INSERT INTO publication (size, note, place, published_at, published_by) VALUES (1, 'x', 'x', '2026-01-01 00:00:00', 'x')"
    )
    with sqlite_database.write() as connection:
        for _ in range(3):
            connection.execute(publish)
    target = Database(postgres_url)
    target.upgrade()
    copy_database(sqlite_database, target)
    with target.write() as connection:
        connection.execute(publish)
        assert connection.execute(text("SELECT max(id) FROM publication")).scalar() == 4
    target.close()


def test_a_database_of_an_older_schema_is_not_copied(sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(StoreError, match="has schema 0001"):
        copy_database(sqlite_database, Database(f"sqlite:///{tmp_path / 'other.db'}"))
