"""Applying a plan of 5,000 additions end to end: read, decide again, journal, send, evidence, read back."""

import time
from pathlib import Path

import pytest

from tests.benchmarks.report import record
from tests.sandbox_server import running_sandbox
from tests.world import CONSENT, built, rules_of
from workplace_sync.platforms.workplace.platform import open_workplace
from workplace_sync.store.database import Database

PEOPLE = 5_000


@pytest.mark.bench
@pytest.mark.parametrize("latency_ms", [0, 100])
def test_applying_five_thousand(latency_ms: int, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'bench.db'}")
    database.upgrade()
    with running_sandbox(f"bt={PEOPLE + 600},openreach=60") as sandbox, built(database, tmp_path, sandbox) as world:
        world.rules = rules_of(CONSENT)
        plan = world.plan(world.people(PEOPLE)).record
        if latency_ms:
            sandbox.fault("latency", ms=latency_ms)
        tenant = sandbox.tenant("bt")
        with open_workplace(base_url=sandbox.url, group_id=tenant.prospect_group, token=tenant.token) as platform:
            world.platform = platform
            started = time.perf_counter()
            report = world.apply(plan)
            seconds = time.perf_counter() - started
            requests = platform.requests_sent
    print(f"\napply {PEOPLE:,} at {latency_ms} ms: {seconds:.2f} s, {requests} requests")
    note = f"with journal, evidence and two readings of the group; {requests} requests"
    record(f"apply: {PEOPLE:,} additions at {latency_ms} ms latency", seconds, "s", note)
    assert report.seen == PEOPLE
