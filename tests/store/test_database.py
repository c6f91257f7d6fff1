"""The database itself: schema, transactions, plain errors, copies."""

from pathlib import Path

import pytest
from sqlalchemy import text

from workplace_sync.errors import BusyError, StoreError
from workplace_sync.store.database import Database


def test_an_upgraded_database_has_the_schema_of_the_tables(database: Database) -> None:
    current, head = database.revision()
    assert current == head
    assert database.differences() == []
    database.require_current()


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    before = database.revision()
    database.upgrade()
    assert database.revision() == before


def test_a_difference_between_schema_and_tables_is_told(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("DROP TABLE invitation"))
    assert any("invitation" in difference for difference in database.differences())


def test_a_database_without_schema_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        Database(f"sqlite:///{tmp_path / 'none.db'}").require_current()
    assert "db upgrade" in caught.value.hint
    assert not (tmp_path / "none.db").exists()


def test_what_a_failed_transaction_wrote_is_gone(database: Database) -> None:
    def fail_half_way() -> None:
        with database.write() as connection:
            connection.execute(
                text("INSERT INTO evidence_checkpoint (size, note, signed_at) VALUES (1, 'x', '2026-01-01 00:00:00')")
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM evidence_checkpoint")).scalar() == 0


def test_a_second_writer_waits_and_is_then_told_that_the_database_is_busy(sqlite_database: Database) -> None:
    with sqlite_database.write(), sqlite_database.engine.connect() as second:
        second.exec_driver_sql("PRAGMA busy_timeout=1")
        second.commit()
        with pytest.raises(BusyError), sqlite_database.write(second):
            pytest.fail("the lock is held by the first writer")


def test_postgresql_ends_a_writer_that_stands_still_and_no_reader(postgres_url: str) -> None:
    database = Database(postgres_url)
    asked = text("SHOW idle_in_transaction_session_timeout")
    with database.write() as connection:
        assert connection.execute(asked).scalar() == "1min"
    with database.connect() as connection:
        assert connection.execute(asked).scalar() == "0"
    database.close()


def test_sqlite_survives_a_power_cut_and_overwrites_what_is_deleted(sqlite_database: Database) -> None:
    with sqlite_database.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}


def test_a_backup_is_a_database_of_its_own_that_only_its_owner_can_read(
    sqlite_database: Database, tmp_path: Path
) -> None:
    copy = tmp_path / "copies" / "one.db"
    sqlite_database.backup(copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert Database(f"sqlite:///{copy}").differences() == []
    with pytest.raises(StoreError, match="exists already"):
        sqlite_database.backup(copy)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("rubbish", "cannot be read"),
        ("mysql://h/db", "not supported"),
        ("postgresql://nobody@127.0.0.1:1/none", "cannot be reached"),
    ],
)
def test_a_url_that_cannot_work_ends_in_a_sentence_not_a_traceback(url: str, sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence), Database(url).connect():
        pytest.fail("there is nothing to connect to")


def test_a_file_that_is_no_database_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_bytes(b"Dear committee, " * 100)
    with pytest.raises(StoreError, match="not a database"), Database(f"sqlite:///{path}").connect():
        pytest.fail("a letter cannot be opened")
