"""Planning at 10,000, 100,000 and 1,000,000 people: time, memory, growth."""

import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.sandbox_server import ROOT

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def measured(people: int, folder: Path) -> dict[str, float]:
    """Plan in a process of its own, so that its peak of memory is its own; half of the roster is in the group already."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_plan", str(people), str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )
    names = ("import", "observe", "plan", "changes", "peak_mb")
    return dict(zip(names, map(float, done.stdout.split()[-5:]), strict=True))


@pytest.mark.bench
@pytest.mark.parametrize("people", [10_000, 100_000, 1_000_000])
def test_planning(people: int, tmp_path: Path) -> None:
    found = measured(people, tmp_path)
    print(f"\nplan {people:>9,} x {people:,}: import {found['import']:.1f} s, observe {found['observe']:.1f} s, plan {found['plan']:.1f} s "
          f"({found['changes']:,.0f} changes), peak {found['peak_mb']:.0f} MB")
    assert found["changes"] == people  # half of the roster to add, half of the members to remove


def main(people: int, folder: Path) -> None:
    """Import a roster of `people`, see a group of `people`, plan with ten rules; print seconds and peak memory."""
    from collections.abc import Callable, Iterator, Sequence

    from tests.world import Clock, open_log, rules_of
    from workplace_sync.jobs.observe import observe
    from workplace_sync.jobs.office import Office
    from workplace_sync.jobs.plan import make_plan
    from workplace_sync.jobs.rosters import RosterSource, import_rosters
    from workplace_sync.membership.group import ManagedGroup, RemovalRules
    from workplace_sync.membership.snapshot import Completeness, Member
    from workplace_sync.platforms.base import CallError, GroupDescription, GroupReader
    from workplace_sync.roster.person import ConsentClaim, Method, RosterPerson
    from workplace_sync.store.database import Database

    rules = b"""
kind: MembershipPolicy
metadata: {id: ten, version: 1, title: Ten rules, owner: bench, source: {title: bench}, effective_from: 2020-03-01T00:00:00Z}
params: {most: {type: int, value: 10000000}, cool: {type: duration, value: 720h}}
rules:
""" + b"".join(
        f"  - {{id: r{n}, title: t, effect: deny, message: m, conditions: [{{name: c, expression: \"{text}\"}}]}}\n".encode()
        for n, text in enumerate([
            "action.kind == 'remove' || subject.consent == 'opted_in'",
            "action.kind == 'remove' || subject.status == 'active'",
            "action.kind == 'remove' || subject.tenant == group.tenant",
            "!subject.protected",
            "action.kind == 'remove' || !subject.departed || subject.consent_at > subject.departed_at",
            "action.kind == 'remove' || now - subject.consent_at > params.cool || subject.consent == 'opted_in'",
            "subject.email_domain.endsWith('.example.org')",
            "size(subject.roles) < 10",
            "action.method in ['roster_file', 'command_line', 'group_copy', '']",
            "!(subject.administrator && action.kind == 'remove')",
        ])
    )

    class Imagined(GroupReader):
        """A reader whose pages cost nothing, so that what is timed is ours."""

        failure: CallError | None = None

        def describe(self) -> GroupDescription:
            return GroupDescription("7001", "Prospect", "5001", archived=False)

        def read_members(self, on_page: Callable[[Sequence[Member]], None], on_restart: Callable[[], None] | None = None) -> Completeness:
            start = people // 2
            for first in range(start, start + people, 1000):
                on_page([Member(str(n), f"p{n * 7919 % 9999991}.{n}@bt.example.org") for n in range(first, min(first + 1000, start + people))])
            return Completeness(pages=people // 1000, rows=people, expected=people, ended=True)

        def granted_permissions(self) -> tuple[str, ...] | None:
            return None

        def server_time_skew(self) -> float | None:
            return None

    def roster() -> Iterator[RosterPerson]:
        given = NOW - timedelta(days=90)
        for n in range(people):
            key = f"p{n * 7919 % 9999991}.{n}@bt.example.org"
            yield RosterPerson(key, key, n + 2, status="active", consent=ConsentClaim.OPTED_IN, consent_at=given)

    clock = Clock()
    database = Database(f"sqlite:///{folder / 'bench.db'}")
    database.upgrade()
    numbers = iter(range(10**9))
    office = Office(database, open_log(database, folder, clock), clock, lambda: f"id{next(numbers)}", "ada")
    group = ManagedGroup("prospect-bt", "Prospect", "bt", "7001", removals=RemovalRules(not_eligible=True))
    started = time.perf_counter()
    import_rosters(office, group, [RosterSource(Method.ROSTER_FILE, "roster.csv", roster(), tenant="bt")])
    imported = time.perf_counter()
    snapshot = observe(office, group, Imagined()).require_complete()
    observed = time.perf_counter()
    plan = make_plan(office, group, rules_of(rules), snapshot, valid=timedelta(hours=1)).record
    planned = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(imported - started, observed - imported, planned - observed, plan.counts["changes"], peak)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
