"""The log when its surroundings fail it: a full disk, and a clock that jumps. Nothing acknowledged is lost."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from tests.store.logs import START, add, make_log
from workplace_sync.errors import StoreError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.store.database import Database


def test_a_full_disk_is_told_and_what_was_acknowledged_verifies(sqlite_database: Database, tmp_path: Path) -> None:
    log = make_log(sqlite_database, tmp_path / "checkpoint")
    add(log, 300, batch=50)
    signed = log.latest()

    def fill(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")  # SQLite then answers as on a full disk

    event.listen(sqlite_database.engine, "begin", fill)
    with pytest.raises(StoreError, match="disk is full"):
        add(log, 5_000, batch=5_000)
    event.remove(sqlite_database.engine, "begin", fill)
    assert log.latest() == signed
    assert log.audit().ok
    with sqlite_database.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")
    again = make_log(sqlite_database, tmp_path / "checkpoint", seed=2)
    again.check_start()


def test_a_clock_that_jumps_back_and_forward_breaks_no_proof(database: Database, tmp_path: Path) -> None:
    log = make_log(database, tmp_path / "checkpoint")
    for number, jump in enumerate((0, -400, 9000, -1, 0)):
        with log.transaction() as transaction:
            at = START + timedelta(days=jump)
            transaction.log(Record(Kind.OPERATION_OUTCOME, at, "g", "", "cron", "done", {"number": number}))
    assert log.audit().ok
    log.check_start()
    assert [log.entry(seq).split(b'"')[3][:10] for seq in range(5)] == [
        b"2020-03-01",
        b"2019-01-26",
        b"2044-10-21",
        b"2020-02-29",
        b"2020-03-01",
    ]
