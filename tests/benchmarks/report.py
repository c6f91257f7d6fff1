"""Gathers what the measurements find, and makes one Markdown table of it, for the end of `make bench` and the README.

A measurement calls `record` once for each number worth keeping; what it prints while it runs is its own affair.
"""

import os
import platform
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path

START, END = "<!-- bench:start -->", "<!-- bench:end -->"
_CPU = re.compile(r"^model name\s*:\s*(.+)$", re.MULTILINE)
_MEMORY = re.compile(r"^MemTotal:\s*(\d+) kB$", re.MULTILINE)
_WHOLE_FROM = 100  # from here on a measure is shown without a fraction


@dataclass(frozen=True, slots=True)
class Row:
    """One number that was measured: what of, how much, in which unit, and what one has to know to read it."""

    name: str
    value: float
    unit: str
    note: str = ""

    @property
    def cells(self) -> tuple[str, str, str]:
        """The row as the table shows it."""
        return self.name, f"{_shown(self.value)} {self.unit}".strip(), self.note


ROWS: list[Row] = []


def record(name: str, value: float, unit: str, note: str = "") -> None:
    """Keep a number for the table: `record("roster: 1,000,000 rows of CSV", 4.1, "s", "103 MiB more memory")`.

    Names begin with their subject and a colon, so that the table reads in groups. Record before asserting: a
    measurement that misses its bound is the one to be seen.
    """
    ROWS.append(Row(name, value, unit, note))


def table(rows: list[Row], machine: str) -> str:
    """Return the Markdown table of the rows, in the order in which they came, below a sentence about the machine."""
    lines = [f"Measured on {machine}.", "", "| what | result | remark |", "|---|--:|---|"]
    lines += [f"| {' | '.join(cell.replace('|', '/') for cell in row.cells)} |" for row in rows]
    return "\n".join(lines)


def machine() -> str:
    """Return what the numbers were measured on: processor, cores, memory, Python and SQLite."""
    cpu = _found(_CPU, "/proc/cpuinfo") or platform.processor() or platform.machine()
    memory = _found(_MEMORY, "/proc/meminfo")
    return ", ".join(
        [
            f"{cpu} with {os.cpu_count()} cores",
            *([f"{round(int(memory) / (1 << 20))} GiB"] if memory else []),
            platform.system(),
            f"Python {platform.python_version()}",
            f"SQLite {sqlite3.sqlite_version}",
        ]
    )


def put_into(file: Path, text: str) -> None:
    """Replace what stands between the two marks of a file by the text. Raises ValueError where the marks are not there."""
    before, start, rest = file.read_text("utf-8").partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"{file} has no {START} with {END} after it")
    file.write_text(f"{before}{START}\n{text}\n{END}{after}", "utf-8")


def _shown(value: float) -> str:
    """Return a count in full, and a measure with three digits that matter."""
    whole = isinstance(value, int) or value >= _WHOLE_FROM
    return f"{value:,.0f}" if whole else f"{value:#.3g}"


def _found(pattern: re.Pattern[str], file: str) -> str:
    try:
        found = pattern.search(Path(file).read_text("utf-8"))
    except OSError:
        return ""
    return " ".join(found[1].split()) if found else ""
