"""A writer that is killed anywhere leaves a log that verifies and goes on, with the whole batch or nothing of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.evidence_crash import BATCH
from tests.store.logs import add, make_log
from workplace_sync.store.database import Database


@pytest.mark.slow
@pytest.mark.parametrize("before", [0, 250])
def test_a_writer_killed_at_any_step_loses_nothing_that_was_acknowledged(
    database: Database, tmp_path: Path, before: int
) -> None:
    outside = tmp_path / "checkpoint"
    log = make_log(database, outside)
    if before:
        add(log, before)
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.store.evidence_crash", url, str(outside)]
    killed = 0
    expected = {before, before + BATCH}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        for line in writer.stdout:
            step, fate = line.split()
            size = log.size
            assert fate in {"killed", "done"}, f"step {step} {fate}"
            assert size in expected, f"step {step} left {size} entries"
            make_log(database, outside).check_start()
            report = make_log(database, outside).audit()
            assert report.ok, f"step {step}: {report.differences}"
            expected = {size, size + BATCH}
            if fate == "done":
                break
            killed += 1
            writer.stdin.write("\n")
            writer.stdin.flush()
        writer.stdin.close()
    assert writer.returncode == 0
    assert killed > 15
    add(make_log(database, outside), 1)
    assert log.audit().ok
