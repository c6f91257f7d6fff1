"""Observing a large group, a year of it, and ten thousand who are gone: requests, seconds, bytes."""

import time
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random
from statistics import median

import pytest
from sqlalchemy import Connection

from tests.benchmarks.report import record
from tests.sandbox_server import SandboxHandle, running_sandbox
from tests.world import START, Clock, open_log
from workplace_sync.jobs.observe import observe
from workplace_sync.jobs.office import Confirmation, Office
from workplace_sync.membership.change import Action
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.removals import Account, Observed, classify
from workplace_sync.membership.snapshot import Completeness, Member
from workplace_sync.platforms.base import WantedOperation
from workplace_sync.platforms.workplace.platform import WorkplaceGroup, open_workplace
from workplace_sync.store import departures, snapshots
from workplace_sync.store.database import Database
from workplace_sync.store.departures import Departure

PEOPLE = 100_000
GONE = 10_000
READS = 2
YEAR, DAY = 365, timedelta(days=1)


def opened(sandbox: SandboxHandle) -> WorkplaceGroup:
    tenant = sandbox.tenant()
    return open_workplace(base_url=sandbox.url, group_id=tenant.prospect_group, token=tenant.token)


def office_in(folder: Path) -> tuple[Office, Clock]:
    clock, numbers = Clock(), count()
    database = Database(f"sqlite:///{folder / 'bench.db'}")
    database.upgrade()
    log = open_log(database, folder, clock)
    return Office(database, log, clock, lambda: f"id{next(numbers)}", "ada", Confirmation()), clock


def fill(sandbox: SandboxHandle, number: int) -> list[str]:
    """Put that many people into the group, fifty in a batch; return their ids."""
    people = [str(one["id"]) for one in sandbox.addable()][:number]
    with opened(sandbox) as platform:
        wanted = [WantedOperation(seq, Action.ADD, "", one) for seq, one in enumerate(people)]
        batches = (wanted[start : start + 50] for start in range(0, len(wanted), 50))
        assert sum(len(each) for each in platform.writer().carry_out(batches)) == len(people)
    return people


def test_a_large_group_and_ten_thousand_who_are_gone(tmp_path: Path) -> None:
    with running_sandbox(people=f"bt={PEOPLE + 8_000}") as sandbox, opened(sandbox) as platform:
        people = fill(sandbox, PEOPLE - 40)
        office, _ = office_in(tmp_path)
        group = ManagedGroup("prospect-bt", "Prospect", "bt", sandbox.tenant().prospect_group)
        observe(office, group, platform.reader())
        ratios = {}
        for latency in (0, 20):  # on one machine, and as near as a platform on the internet can be
            sandbox.control("DELETE", "faults")
            if latency:
                sandbox.fault("latency", ms=latency, calls=None)
            bare, quiet, ratio, requests = _beside(office, group, platform)
            ratios[latency] = ratio
            note = f"{requests} requests; {ratios[latency]:.2f} times the bare reading of the pages ({bare:.2f} s)"
            record(f"observe: {PEOPLE:,} members, no change, {latency} ms a call", quiet, "s", note)

        sandbox.control("DELETE", "faults")
        document = {"group": group.platform_id, "ids": people[:GONE]}
        for start in range(0, GONE, 2_000):
            sandbox.control("POST", "employer/remove", document | {"ids": people[start : start + 2_000]})
        sent, begun = platform.requests_sent, time.perf_counter()
        seen = observe(office, group, platform.reader())
        seconds, requests = time.perf_counter() - begun, platform.requests_sent - sent
        record(
            f"observe: {GONE:,} of {PEOPLE:,} gone, confirmed, looked up and on record",
            seconds,
            "s",
            f"{requests} requests",
        )
    assert seen.causes == {"removed_by_other": GONE}
    assert max(ratios.values()) <= 1.3


def _beside(office: Office, group: ManagedGroup, platform: WorkplaceGroup) -> tuple[float, float, float, int]:
    """Return the seconds of the bare reading and of a quiet observation, the ratio, and the requests of the latter.

    They take turns, and medians are compared, so that what else the machine does weighs on both alike.
    """
    bare, quiet, requests = [], [], 0
    for _ in range(9):
        begun = time.perf_counter()
        platform.reader().describe()
        platform.reader().read_members(lambda _page: None)
        bare.append(time.perf_counter() - begun)
        sent, begun = platform.requests_sent, time.perf_counter()
        assert observe(office, group, platform.reader()).gone == 0
        quiet.append(time.perf_counter() - begun)
        requests = platform.requests_sent - sent
    ratio = median(one / other for one, other in zip(quiet, bare, strict=True))
    return median(bare), median(quiet), ratio, requests


def test_ten_thousand_causes() -> None:
    seen = [Observed(readings=2, account=Account.ACTIVE, together=n, size=100_000) for n in range(GONE)]
    begun = time.perf_counter()
    assert len([classify(one) for one in seen]) == GONE
    seconds = time.perf_counter() - begun
    record(f"removals: the causes of {GONE:,}", seconds, "s")
    assert seconds < 1


@pytest.mark.parametrize("people", [2_000])
def test_a_year_of_daily_snapshots_at_one_percent_churn(people: int, tmp_path: Path) -> None:
    office, _ = office_in(tmp_path)
    chance, newest = Random(1), count(people)
    members = [Member(f"1000{n:011d}", f"somebody.{n:06d}@bt.example.org") for n in range(people)]
    begun = time.perf_counter()
    for day in range(YEAR):
        _take(office.database, day, members)
        for place in chance.sample(range(people), people // 100):
            number = next(newest)
            members[place] = Member(f"1000{number:011d}", f"somebody.{number:06d}@bt.example.org")
    seconds = time.perf_counter() - begun
    with office.database.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert office.database.file is not None
    each = office.database.file.stat().st_size / people
    copies = 60 * YEAR  # bytes a member, were each day kept as a copy of key and id
    note = f"{people:,} members, {seconds:.0f} s for {YEAR} snapshots; copies would take {copies / 1024:.0f} KiB"
    record("observe: a year of daily snapshots at 1 % churn a day, a member", each / 1024, "KiB", note)
    assert each < copies / 5


def _take(database: Database, day: int, members: list[Member]) -> None:
    at = START + day * DAY
    with database.connect() as connection, snapshots.staged(connection) as staging:
        staging.add(members)
        staging.close_reading()
        shot = snapshots.SnapshotRecord(f"s{day}", "g", at, at, True, len(members), 0, Completeness(ended=True))
        with database.write(connection):
            snapshots.record(connection, shot)
            snapshots.merge(connection, shot, last_seen=at - DAY)
            _close(connection, shot)


def _close(connection: Connection, shot: snapshots.SnapshotRecord) -> None:
    why = classify(Observed(readings=2, account=Account.ACTIVE))
    confirmed = [one for one in departures.missing(connection, "g") if one.readings >= READS]
    departures.close(connection, shot, [Departure(one, why) for one in confirmed])
