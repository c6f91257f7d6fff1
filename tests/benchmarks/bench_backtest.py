"""A draft tried on stored decisions: time and memory, and that ten times as many take ten times as long and no more memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.report import record
from tests.sandbox_server import ROOT

pytestmark = pytest.mark.bench


def _run(module: str, *arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_hundred_thousand_stored_decisions_are_replayed_in_under_ten_seconds(tmp_path: Path) -> None:
    found = {}
    for number in (10_000, 100_000):
        folder = tmp_path / str(number)
        folder.mkdir()
        _run("planning", str(number), str(folder))
        found[number] = _run("replaying", str(folder))
        note = f"3 rules; {found[number]['stopped']:,} stopped; peak {found[number]['mb']:.0f} MB"
        print(f"\nbacktest {number:,}: {found[number]['seconds']:.1f} s ({note})")
        record(f"policy: backtest of {number:,} stored decisions", found[number]["seconds"], "s", note)
    small, large = found[10_000], found[100_000]
    assert (small["decisions"], large["decisions"]) == (10_000, 100_000)
    assert large["seconds"] < 10
    assert large["seconds"] < 15 * small["seconds"]
    assert large["mb"] < small["mb"] + 20
