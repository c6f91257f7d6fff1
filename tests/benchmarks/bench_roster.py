"""How fast a roster is read, and in how much memory: each size in a process of its own, so peaks do not mix."""

import io
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
import xlsxwriter

from tests.benchmarks.report import record
from workplace_sync.errors import Fault
from workplace_sync.roster.person import RosterPerson
from workplace_sync.roster.readers import read_roster

pytestmark = pytest.mark.bench

NOW = datetime(2021, 6, 1, tzinfo=UTC)
HEADER = ("email", "name", "tenant", "status", "roles", "external id", "consent", "consent at", "basis")


class Measured(NamedTuple):
    """One reading: persons, faults, seconds on the clock and on the processor, and MiB above what was in use before."""

    people: int
    faults: int
    wall: float
    cpu: float
    megabytes: float


def _cells(number: int) -> tuple[str, ...]:
    address = f"Anna.Example{number}@bt.example.org"
    day = f"2021-03-{number % 28 + 1:02d}"
    return (address, "Anna Example", "bt", "active", "rep;steward", f"{number:07d}", "yes", day, "form 7")


def _csv(rows: int) -> bytes:
    return "".join(",".join(cells) + "\r\n" for cells in (HEADER, *map(_cells, range(rows)))).encode()


def _csv_twice(rows: int) -> bytes:
    once = _csv(rows // 2)
    return once + once.partition(b"\r\n")[2]


def _csv_named_in_parts(rows: int) -> bytes:
    return _csv(rows).replace(b"name,", b"first name,last name,", 1).replace(b"Anna Example,", b"Anna,M\xc3\xbcller,")


def _xlsx(rows: int) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    page = book.add_worksheet()
    for row, cells in enumerate((HEADER, *map(_cells, range(rows)))):
        page.write_row(row, 0, cells)
    book.close()
    return buffer.getvalue()


def _peak() -> float:
    """Return this process's own peak in MiB: getrusage would count the parent's from before the exec, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _measure(path: Path, answers: "multiprocessing.Queue[Measured]") -> None:
    from workplace_sync.roster import xlsx_reader  # noqa: F401, PLC0415 - imported before memory is measured

    before = _peak()
    wall, cpu = time.perf_counter(), time.process_time()
    with path.open("rb") as stream:
        kinds = Counter(map(type, read_roster(stream, name="people", now=NOW)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    answers.put(Measured(kinds[RosterPerson], kinds[Fault], wall, cpu, _peak() - before))


@pytest.mark.parametrize(
    ("shape", "make", "rows"),
    [
        ("csv", _csv, 100_000),
        ("csv", _csv, 1_000_000),
        ("csv, names in two columns", _csv_named_in_parts, 100_000),
        ("csv, every row twice", _csv_twice, 100_000),
        ("xlsx", _xlsx, 100_000),
    ],
)
def test_reading_a_roster(shape: str, make: Callable[[int], bytes], rows: int, tmp_path: Path) -> None:
    path = tmp_path / "people"
    path.write_bytes(make(rows))
    spawn = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[Measured] = spawn.Queue()
    process = spawn.Process(target=_measure, args=(path, answers))
    process.start()
    found = answers.get(timeout=300)
    process.join()
    rates = f"{rows / found.wall:>9,.0f} rows/s  {rows / found.cpu:>9,.0f} rows per CPU second"
    print(
        f"\n{shape:26} {rows:>9,} rows {path.stat().st_size >> 20:>4} MiB {rates}  +{found.megabytes:.0f} MiB", end=" "
    )
    note = f"{rows / found.wall:,.0f} rows/s, {found.megabytes:.0f} MiB of memory"
    record(f"roster: {rows:,} rows, {shape}", found.wall, "s", note)
    assert found.people + found.faults == rows
    assert found.megabytes < 40 + rows * 120 / 1e6 or shape == "xlsx"
