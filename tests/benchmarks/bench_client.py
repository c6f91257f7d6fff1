"""5,000 additions through the client, against a loop of one request per person: `make bench`."""

import time
from collections.abc import Sequence

import pytest
import requests
from rich.console import Console
from rich.table import Table

from tests.benchmarks.report import record
from tests.sandbox_server import SandboxHandle, running_sandbox
from workplace_sync.membership.change import Action
from workplace_sync.membership.snapshot import Member
from workplace_sync.platforms.base import Result, WantedOperation
from workplace_sync.platforms.workplace.platform import WorkplaceGroup, open_workplace

PEOPLE = 5_000
SLICE = 200  # one by one at 100 ms, all of them would take nine minutes


def opened(sandbox: SandboxHandle, threads: int) -> WorkplaceGroup:
    tenant = sandbox.tenant()
    return open_workplace(
        base_url=sandbox.url,
        group_id=tenant.prospect_group,
        token=tenant.token,
        app_secret=tenant.app_secret,
        threads=threads,
    )


def by_client(sandbox: SandboxHandle, addresses: Sequence[str], threads: int) -> tuple[float, int]:
    wanted = [WantedOperation(seq, Action.ADD, address) for seq, address in enumerate(addresses)]
    with opened(sandbox, threads) as group:
        begun = time.perf_counter()
        batches = (wanted[first : first + 50] for first in range(0, len(wanted), 50))
        accepted = sum(each.result is Result.ACCEPTED for out in group.writer().carry_out(batches) for each in out)
        took = time.perf_counter() - begun
        assert accepted == len(addresses)
        return took, group.requests_sent


def by_loop(sandbox: SandboxHandle, addresses: Sequence[str]) -> tuple[float, int]:
    tenant = sandbox.tenant()
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {tenant.token}"
        begun = time.perf_counter()
        for address in addresses:
            edge = f"{sandbox.url}/{tenant.prospect_group}/members"
            answer = session.post(edge, data={"email": address}, timeout=(3, 30))
            assert answer.json()["success"]
        return time.perf_counter() - begun, len(addresses)


def by_reading(sandbox: SandboxHandle) -> tuple[float, int]:
    members: list[Member] = []
    with opened(sandbox, 1) as group:
        begun = time.perf_counter()
        assert group.reader().read_members(members.extend).complete
        return time.perf_counter() - begun, len(members)


@pytest.mark.bench
def test_five_thousand_additions_by_batches_and_one_by_one() -> None:
    table = Table(title=f"Adding {PEOPLE:,} people to a group of the sandbox, on this machine")
    for heading in ("way", "latency", "people", "requests", "seconds", "people/s", "all would take"):
        table.add_column(heading, justify="left" if heading == "way" else "right")

    def note(way: str, latency: int, people: int, took: float, sent: int) -> None:
        whole = f"{took * PEOPLE / people:.1f} s" + (" (from a slice)" if people < PEOPLE else "")
        table.add_row(way, f"{latency} ms", f"{people:,}", f"{sent:,}", f"{took:.2f}", f"{people / took:,.0f}", whole)
        slice_of = f", reckoned from {people:,}" if people < PEOPLE else f", {sent:,} requests"
        record(
            f"adding {PEOPLE:,} people: {way}, {latency} ms latency",
            took * PEOPLE / people,
            "s",
            f"{people / took:,.0f}/s{slice_of}",
        )

    with running_sandbox(people=f"bt={PEOPLE * 2},openreach=1") as sandbox:
        addresses = [person["email"] for person in sandbox.addable()][:PEOPLE]
        assert len(addresses) == PEOPLE
        for latency in (0, 100):
            for way, threads in (("client, 8 threads", 8), ("client, 1 thread", 1)):
                _restart(sandbox, latency)
                took, sent = by_client(sandbox, addresses, threads)
                note(way, latency, PEOPLE, took, sent)
                if (threads, latency) == (8, 100):
                    assert took < 4, f"{PEOPLE} additions at {latency} ms took {took:.1f} s"
            _restart(sandbox, latency)
            people = SLICE if latency else PEOPLE
            note("loop, one request per person", latency, people, *by_loop(sandbox, addresses[:people]))
        _restart(sandbox, 0)
        by_client(sandbox, addresses, 8)
        took, read = by_reading(sandbox)
        record(f"reading {read:,} members: pages of 1,000", took, "s", "counted before and after")
        table.caption = f"Reading {read:,} members back in pages of 1,000, counted before and after: {took:.2f} s"
    Console(width=120).print(table)


def _restart(sandbox: SandboxHandle, latency: int) -> None:
    sandbox.reset()
    if latency:
        sandbox.fault("latency", ms=latency)
