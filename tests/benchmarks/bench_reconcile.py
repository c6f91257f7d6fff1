"""Reconciling a large group with nothing to do: seconds and requests beside the bare reading of its pages."""

import time
from pathlib import Path

from tests.benchmarks.bench_observe import PEOPLE, fill
from tests.benchmarks.report import record
from tests.sandbox_server import running_sandbox
from tests.scenarios.folder import GROUP, make_folder
from workplace_sync.app import Application
from workplace_sync.errors import ExitCode
from workplace_sync.jobs.reconcile import ReconcileOptions, reconcile
from workplace_sync.settings import load_settings

TIMES = 9


def test_a_large_group_with_nothing_to_do(tmp_path: Path) -> None:
    ratios = {}
    with running_sandbox(people=f"bt={PEOPLE + 8_000}") as sandbox:
        fill(sandbox, PEOPLE - 40)
        folder = make_folder(tmp_path / "union", sandbox, settings={"PACE_PER_SECOND": "off"})
        folder.write_roster(member["email"] for member in sandbox.members(folder.group_id))
        with Application(load_settings(folder.home), actor="cron") as app:
            begun = time.perf_counter()
            first = reconcile(app, app.group(GROUP), ReconcileOptions())
            record(f"reconcile: {PEOPLE:,} members, the first time", time.perf_counter() - begun, "s")
            assert (first.code, first.members) == (ExitCode.DONE, PEOPLE)
            for latency in (0, 20):  # on one machine, and as near as a platform on the internet can be
                sandbox.control("DELETE", "faults")
                if latency:
                    sandbox.fault("latency", ms=latency, calls=None)
                bare, quiet, requests = _beside(app, folder.sandbox.control)
                ratios[latency] = quiet / bare
                note = f"{requests} requests; {ratios[latency]:.2f} times the bare reading of the pages ({bare:.2f} s)"
                record(f"reconcile: {PEOPLE:,} members, nothing to do, {latency} ms a call", quiet, "s", note)
    assert max(ratios.values()) <= 1.3


def _beside(app: Application, control: object) -> tuple[float, float, int]:
    """Return the seconds of the bare reading and of a reconcile that finds nothing to do, and the requests of the latter."""
    group = app.group(GROUP)
    bare, quiet, requests = [], [], 0
    for _ in range(TIMES):
        with app.platform(group) as platform:
            begun = time.perf_counter()
            platform.reader().describe()
            platform.reader().read_members(lambda _page: None)
            bare.append(time.perf_counter() - begun)
        before = _requests(control)
        begun = time.perf_counter()
        found = reconcile(app, group, ReconcileOptions())
        quiet.append(time.perf_counter() - begun)
        requests = _requests(control) - before
        assert (found.code, found.news) == (ExitCode.DONE, False)
    return min(bare), min(quiet), requests


def _requests(control: object) -> int:
    assert callable(control)
    return int(control("GET", "counts")["http_requests"])
