"""How many decisions (person x rule) a second one process makes, and what memory it takes over the data."""

import random
import resource
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat

import pytest

from tests.benchmarks.report import record
from workplace_sync.policy.decision import Effect
from workplace_sync.policy.engine import Engine
from workplace_sync.policy.shelf import load_policies

pytestmark = pytest.mark.bench

NOW = datetime(2024, 3, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PEOPLE = 100_000
CONDITIONS = (
    "subject.status == 'active'",
    "subject.tenant == group.tenant",
    "subject.consent == 'opted_in'",
    "subject.in_roster",
    "!subject.departed || subject.consent_at > subject.departed_at",
    "!subject.departed || subject.departed_cause == 'left'",
    "!subject.departed || subject.departed_at + params.cool_off < now",
    "now - subject.consent_at < params.max_age",
    "action.method == 'roster_file'",
)


def _policy() -> bytes:
    rules = "".join(
        f'  - {{id: r{i}, title: T, conditions: [{{name: c, expression: "{text}"}}], effect: deny, message: M}}\n'
        for i, text in enumerate(CONDITIONS)
    )
    return f"""kind: MembershipPolicy
metadata: {{id: bench, version: 1, title: T, owner: O, source: {{title: S}}, effective_from: 2020-03-01T00:00:00Z}}
match: {{actions: [add]}}
params:
  cool_off: {{type: duration, value: 720h}}
  max_age: {{type: duration, value: 17520h}}
rules:
{rules}""".encode()


def _rows(count: int, failing: float) -> Iterator[dict[str, object]]:
    rnd = random.Random(7)
    for _ in range(count):
        bad = rnd.random() < failing
        yield {
            "subject.status": "lapsed" if bad else "active",
            "subject.tenant": "bt",
            "subject.consent": "opted_in",
            "subject.in_roster": True,
            "subject.opted_out": bad and rnd.random() < 0.5,
            "subject.departed": bad,
            "subject.departed_cause": "left" if bad else "",
            "subject.departed_at": NOW - timedelta(days=5) if bad else EPOCH,
            "subject.consent_at": NOW - timedelta(minutes=rnd.randrange(500_000)),
            "action.method": "roster_file",
        }


def _measure(engine: Engine, rows: list[dict[str, object]]) -> float:
    started = time.perf_counter()
    Counter(decision.effect for decision in engine.decide("add", rows, shared={"group.tenant": "bt"}))
    return len(rows) * (len(CONDITIONS) + 1) / (time.perf_counter() - started)


def test_a_process_makes_six_hundred_thousand_decisions_a_second_in_flat_memory() -> None:
    engine = Engine(load_policies({"bench.yaml": _policy()}), group="example", now=NOW)
    assert len([d for d in engine.deciders() if "add" in d.decides]) == len(CONDITIONS) + 1
    print("\n| rows that fail | decisions/s |\n|---|---|")
    speeds = {}
    for share in (0.0, 0.01, 0.5):
        rows = list(_rows(PEOPLE, share))
        speeds[share] = max(_measure(engine, rows) for _ in range(3))
        print(f"| {share:.0%} | {speeds[share] / 1e6:.2f} M |")
        rules = len(CONDITIONS) + 1
        record(
            f"policy: decisions, {share:.0%} of people fail",
            speeds[share] / 1e6,
            "M/s",
            f"{PEOPLE:,} people x {rules} rules",
        )
    tracemalloc.start()
    for _ in engine.decide("add", _rows(20_000, 0.1), shared={"group.tenant": "bt"}):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"| peak memory over 20,000 rows | {peak / 1e6:.1f} MB |")
    record("policy: peak memory over 20,000 people", peak / 1e3, "kB")
    assert speeds[0.01] > 600_000
    assert peak < 2_000_000


def test_a_million_people_are_decided_by_ten_rules_in_fifteen_seconds_and_flat_memory() -> None:
    engine = Engine(load_policies({"bench.yaml": _policy()}), group="example", now=NOW)
    rows = list(_rows(20_000, 0.001))
    million = chain.from_iterable(repeat(rows, 50))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    counted = Counter(decision.effect for decision in engine.decide("add", million, shared={"group.tenant": "bt"}))
    took = time.perf_counter() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"| 1,000,000 people x {len(CONDITIONS) + 1} rules | {took:.1f} s, memory +{grown:.0f} MB |")
    record(f"policy: 1,000,000 people x {len(CONDITIONS) + 1} rules, one process", took, "s", f"memory +{grown:.0f} MB")
    assert counted.total() == 1_000_000
    assert counted[Effect.DENY] == sum(row["subject.status"] == "lapsed" for row in rows) * 50
    assert took < 15
    assert grown < 20
