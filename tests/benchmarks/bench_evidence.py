"""How fast the log takes entries, verifies a million of them, and proves one."""

import os
import time
from pathlib import Path

import pytest

from tests.benchmarks.report import record
from tests.store.logs import SIGNER, make_log, make_record
from workplace_sync.evidence.proof import parse_consistency, parse_inclusion
from workplace_sync.jobs.verify import verify_evidence
from workplace_sync.store.database import Database
from workplace_sync.store.evidence import EvidenceLog

MILLION = int(os.environ.get("WORKPLACE_SYNC_BENCH_ENTRIES", "1000000"))
PROOF_MS = 5


def _record(log: EvidenceLog, count: int, batch: int) -> float:
    """Return the seconds for recording `count` things in transactions of `batch`."""
    started = time.perf_counter()
    for start in range(0, count, batch):
        with log.transaction() as transaction:
            for number in range(start, start + batch):
                transaction.log(make_record(number))
    return time.perf_counter() - started


@pytest.mark.bench
@pytest.mark.parametrize(("batch", "count", "least"), [(1, 1_000, 100), (50, 20_000, 5_000), (1000, 50_000, 8_000)])
def test_entries_a_second(sqlite_database: Database, tmp_path: Path, batch: int, count: int, least: int) -> None:
    log = make_log(sqlite_database, tmp_path / "checkpoint")
    rate = count / _record(log, count, batch)
    print(f"\nbatches of {batch:>5,}: {rate:>9,.0f} entries/s, {1000 * batch / rate:.2f} ms a transaction")
    record(
        f"evidence: recording in transactions of {batch:,}",
        rate,
        "entries/s",
        f"{1000 * batch / rate:.2f} ms a transaction",
    )
    assert rate > least


@pytest.mark.bench
def test_a_million_entries_are_verified_in_seconds_and_proved_in_milliseconds(
    sqlite_database: Database, tmp_path: Path
) -> None:
    log = make_log(sqlite_database, tmp_path / "checkpoint")
    written = _record(log, MILLION, 1000)
    print(f"\n{MILLION:,} entries written in {written:.1f} s ({MILLION / written:,.0f}/s)")
    record(f"evidence: {MILLION:,} entries recorded", written, "s", "transactions of 1,000")
    for openings in (False, True):
        started = time.perf_counter()
        assert verify_evidence(log, openings=openings).ok
        took = time.perf_counter() - started
        print(f"full audit {'with' if openings else 'without'} openings: {took:.2f} s")
        record(
            f"evidence: {MILLION:,} entries verified", took, "s", "with their content" if openings else "hashes alone"
        )
    started = time.perf_counter()
    make_log(sqlite_database, tmp_path / "checkpoint").check_start()
    took = 1000 * (time.perf_counter() - started)
    print(f"start check: {took:.1f} ms")
    record("evidence: check at the start", took, "ms", f"log of {MILLION:,} entries")
    started = time.perf_counter()
    for at in range(100):
        log.inclusion_proof(at * (MILLION // 100))
    took = 10 * (time.perf_counter() - started)
    print(f"inclusion proof: {took:.2f} ms")
    record("evidence: an inclusion proof", took, "ms", f"log of {MILLION:,} entries")
    assert took < PROOF_MS
    started = time.perf_counter()
    for at in range(1, 101):
        log.consistency_proof(at * (MILLION // 1000))
    took = 10 * (time.perf_counter() - started)
    print(f"consistency proof: {took:.2f} ms")
    record("evidence: a consistency proof", took, "ms", f"log of {MILLION:,} entries")
    assert took < PROOF_MS
    seq = MILLION // 3
    parse_inclusion(log.inclusion_proof(seq)).verify(log.entry(seq), SIGNER.verifier)
    assert parse_consistency(log.consistency_proof(seq)).old_size == seq
