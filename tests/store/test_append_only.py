"""The evidence tables refuse to be changed by accident, and nothing that has to change them is held up."""

from pathlib import Path

import pytest
from sqlalchemy import text

from tests.store.logs import add, make_log
from workplace_sync.errors import StoreError
from workplace_sync.store import privacy
from workplace_sync.store.database import Database
from workplace_sync.store.evidence import EvidenceLog


@pytest.fixture
def log(database: Database, tmp_path: Path) -> EvidenceLog:
    made = make_log(database, tmp_path / "checkpoint")
    add(made, 300)
    return made


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evidence_entry SET body = (SELECT body FROM evidence_entry WHERE seq = 1) WHERE seq = 2",
        "DELETE FROM evidence_entry WHERE seq = 299",
        "DELETE FROM evidence_entry",
        "UPDATE evidence_tile SET data = (SELECT data FROM evidence_tile WHERE level = 1) WHERE level = 0",
        "UPDATE evidence_tile SET idx = 7 WHERE level = 0 AND idx = 0",
        "DELETE FROM evidence_tile WHERE level = 1",
        "UPDATE evidence_checkpoint SET note = 'rubbish'",
        "DELETE FROM evidence_checkpoint",
    ],
)
def test_an_accident_with_the_log_is_refused_and_changes_nothing(log: EvidenceLog, statement: str) -> None:
    with pytest.raises(StoreError), log.database.write() as connection:
        connection.execute(text(statement))
    log.check_start()
    assert not log.audit().differences


def test_a_table_of_the_log_cannot_be_emptied_at_once_on_postgresql(postgres_url: str) -> None:
    database = Database(postgres_url)
    database.upgrade()
    try:
        with pytest.raises(StoreError), database.write() as connection:
            connection.execute(text("TRUNCATE evidence_entry"))
    finally:
        database.close()


def test_tiles_still_grow_batch_by_batch(log: EvidenceLog) -> None:
    for number in (1, 7, 210, 300):
        add(log, number)
    assert log.size == 818
    assert not log.audit().differences


def test_the_contents_of_entries_can_still_be_erased(log: EvidenceLog) -> None:
    with log.database.write() as connection:
        assert privacy.delete_openings(connection, [3, 4]) == 2
    assert log.size == 300
