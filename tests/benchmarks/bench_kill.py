"""5,000 people added by an apply that is killed twenty times at chosen moments: what it costs, and that nobody is lost."""

import random
import time
from pathlib import Path

from tests.benchmarks.report import record
from tests.sandbox_server import running_sandbox
from tests.scenarios.folder import HASTY, make_folder
from tests.scenarios.killing import (
    assert_evidence_verifies,
    assert_nothing_lost_nothing_twice,
    kill_again_and_again,
    prepared,
)

PEOPLE = 5_000
KILLS = 20
THREADS = 4
LATENCY = 0.05
SEED = 2020


def test_twenty_kills_in_five_thousand_additions(tmp_path: Path) -> None:
    with running_sandbox(people=f"bt={PEOPLE + 600}", latency_ms=LATENCY * 1000) as sandbox:
        folder = make_folder(
            tmp_path / "union", sandbox, settings=HASTY | {"READ_TIMEOUT": "30", "THREADS": str(THREADS)}
        )
        digest, wanted = prepared(folder, PEOPLE)
        begun = time.perf_counter()
        found = kill_again_and_again(folder, digest, PEOPLE, KILLS, random.Random(SEED), LATENCY)
        seconds = time.perf_counter() - begun
        assert found.last.code == 0, found.last.err
        assert_nothing_lost_nothing_twice(folder, wanted)
        assert_evidence_verifies(folder)
    note = f"left {found.took_effect:,} operations unknown that had taken effect, and {found.had_none:,} that had not; seed {SEED}"
    print(f"\nkilled {len(found.after)} times, after requests {found.after}")
    record(f"kill: {PEOPLE:,} additions, killed with SIGKILL", len(found.after), "times", note)
    record("kill: people added exactly once, by the platform's own journal", len(wanted), "people", f"of {PEOPLE:,}")
    record(
        "kill: all runs together",
        seconds,
        "s",
        f"{len(found.after) + 1} starts of the program, {LATENCY * 1000:.0f} ms latency",
    )
    assert len(found.after) == KILLS
