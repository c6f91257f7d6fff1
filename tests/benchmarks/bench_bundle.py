"""How long it takes to hand out thousands of entries, and to verify them with openssl and sha256sum."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.benchmarks.report import record
from tests.foreign.bundles import open_office
from tests.store.logs import add
from workplace_sync.jobs.bundle import export_bundle, make_bundle
from workplace_sync.jobs.office import Office

ENTRIES, OPENINGS = 100_000, 5_000


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    made = open_office(tmp_path_factory.mktemp("office"))
    add(made.log, ENTRIES)
    return made


@pytest.mark.bench
@pytest.mark.parametrize(("what", "step"), [("side by side", 1), ("scattered over the log", ENTRIES // OPENINGS)])
def test_a_bundle_with_five_thousand_openings(office: Office, tmp_path: Path, what: str, step: int) -> None:
    started = time.perf_counter()
    made = make_bundle(
        office, range(0, OPENINGS * step, step), recipient="ACAS", purpose="conciliation", basis="legal claims"
    )
    export_bundle(office, made, tmp_path / "bundle.tar")
    took = time.perf_counter() - started
    record(
        f"evidence: a bundle with {OPENINGS:,} openings, {what}",
        took,
        "s",
        f"{len(made.tar) / 1e6:.0f} MB; at most 15 s",
    )
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    subprocess.run(["/usr/bin/env", "tar", "xf", "../bundle.tar"], cwd=unpacked, check=True)
    fingerprint = office.log.verifier.fingerprint
    for tools, command in (
        ("openssl and sha256sum", ["/bin/sh", "verify.sh"]),
        ("openssl and Python", [sys.executable, "-I", "verify.py"]),
    ):
        started = time.perf_counter()
        subprocess.run([*command, fingerprint], cwd=unpacked, check=True, capture_output=True)
        record(f"evidence: verifying it with {tools}, {what}", time.perf_counter() - started, "s")
    assert took < 15
