"""The database itself: schema, transactions, plain errors, copies."""

import os
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from workplace_sync.errors import BusyError, StoreError, UsageError
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


def test_of_a_copy_that_fails_nothing_is_left(tmp_path: Path) -> None:
    source, copy = tmp_path / "letter.db", tmp_path / "copy.db"
    source.write_bytes(b"Dear committee, " * 100)
    with pytest.raises(StoreError, match="not a database"):
        Database(f"sqlite:///{source}").backup(copy)
    assert not copy.exists()


def test_a_copy_that_has_no_place_is_told(sqlite_database: Database, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot be written to .*copy\.db"):
        sqlite_database.backup(tmp_path / "file" / "copy.db")


@pytest.fixture
def pg_dump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in place of pg_dump: tells what it was given, and fails where it finds a file `fail` beside it."""
    program = tmp_path / "bin" / "pg_dump"
    program.parent.mkdir()
    told = tmp_path / "told"
    program.write_text(
        f'#!/bin/sh\numask 0\nenv > {told}\nstat -c "mode=%a" "${{2#--file=}}" >> {told}\n'
        f'echo half > "${{2#--file=}}"\n[ ! -e {program.parent}/fail ]\n'
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    return told


def test_pg_dump_is_told_how_to_reach_the_server_and_no_secret_of_ours(
    tmp_path: Path, pg_dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("PGSSLROOTCERT", "/etc/root.pem")
    monkeypatch.setenv("WORKPLACE_TOKEN_BT", "secret")
    copy = tmp_path / "copies" / "one.dump"
    Database("postgresql://ada:word@127.0.0.1/sync").backup(copy)
    told = dict(line.partition("=")[::2] for line in pg_dump.read_text().splitlines())
    assert (told["HOME"], told["PGSSLROOTCERT"], told["PGPASSWORD"]) == ("/home/somebody", "/etc/root.pem", "word")
    assert "PATH" in told
    assert "WORKPLACE_TOKEN_BT" not in told
    assert told["mode"] == "600", "before anything is in it"
    assert copy.stat().st_mode & 0o777 == 0o600


def test_of_a_dump_that_fails_nothing_is_left(tmp_path: Path, pg_dump: Path) -> None:
    (tmp_path / "bin" / "fail").touch()
    with pytest.raises(StoreError, match="pg_dump could not write"):
        Database("postgresql://ada@127.0.0.1/sync").backup(tmp_path / "one.dump")
    assert pg_dump.exists()
    assert not (tmp_path / "one.dump").exists()


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


def test_a_nul_that_postgresql_cannot_keep_is_told_as_such(postgres_url: str) -> None:
    with (
        closing(Database(postgres_url)) as books,
        pytest.raises(UsageError, match="holds a NUL character"),
        books.write() as connection,
    ):
        connection.execute(text("SELECT :word"), {"word": "a\0b"})
