"""Half a million entries, which are a million rows, copied from SQLite to PostgreSQL."""

import time
from pathlib import Path

from tests.benchmarks.report import record
from tests.store.logs import add, make_log
from workplace_sync.store.copying import copy_database
from workplace_sync.store.database import Database

ENTRIES = 500_000


def test_a_million_rows_move_to_postgresql(tmp_path: Path, postgres_url: str) -> None:
    source, target = Database(f"sqlite:///{tmp_path / 'sync.db'}"), Database(postgres_url)
    source.upgrade()
    target.upgrade()
    add(make_log(source, tmp_path / "checkpoint"), ENTRIES, batch=20_000)
    begun = time.perf_counter()
    copied = copy_database(source, target)
    seconds = time.perf_counter() - begun
    rows = sum(copied.rows.values())
    record(
        f"copy: {rows:,} rows from SQLite to PostgreSQL",
        seconds,
        "s",
        f"the root computed again from {ENTRIES:,} entries",
    )
    source.close()
    target.close()
    assert copied.entries == ENTRIES
    assert seconds < 120
