"""How long somebody waits who asks what there is."""

import subprocess
import sys
import time

import pytest

from tests.benchmarks.report import record

pytestmark = pytest.mark.bench

TIMES = 9


def test_help() -> None:
    def once() -> float:
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "workplace_sync", "--help"], capture_output=True, check=True)
        return time.perf_counter() - begun

    record("command line: --help", min(once() for _ in range(TIMES)), "s", f"the best of {TIMES}")
