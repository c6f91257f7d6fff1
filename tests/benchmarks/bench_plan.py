"""Planning at 10,000, 100,000 and 1,000,000 people, half of them in the group already: time, memory, growth."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.report import record
from tests.sandbox_server import ROOT


@pytest.mark.bench
@pytest.mark.parametrize("people", [10_000, 100_000, 1_000_000])
def test_planning(people: int, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.planning", str(people), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    steps = ", ".join(f"{name} {found[name]:.1f} s" for name in ("import", "observe", "plan"))
    note = f"{steps}; {found['changes']:,} changes x 10 rules; peak {found['mb']:.0f} MB, a worker {found['worker_mb']:.0f} MB"
    total = found["import"] + found["observe"] + found["plan"]
    print(f"\nplan {people:,} x {people:,}: {total:.1f} s ({note})")
    record(f"plan: roster of {people:,} against a group of {people:,}", total, "s", note)
    assert found["changes"] == people  # half of the roster to add, half of the members to remove
    assert total < max(5.0, 60 * people / 1_000_000)
    assert found["mb"] < 600
