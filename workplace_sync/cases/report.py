"""The quarterly report as a value: tables, each with a sentence that says what is counted, in two versions.

The same report is the same bytes, as JSON and as CSV; so it can be hashed, logged, and recognised later.
"""

import csv
import io
import json
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from workplace_sync.roster.values import safe_cell

Value = str | int | None
"""What stands in a table: a label, a number, or None for what is withheld."""

WITHHELD = "withheld"
_VERSION = 1


class Version(StrEnum):
    """For whom a report is: the employer's has been through the gate, the committee's has every number."""

    EMPLOYER = "employer"
    COMMITTEE = "committee"


@dataclass(frozen=True, slots=True)
class Table:
    """Figures of one kind. `definition` says what is counted; `key` names it for charts, links and programs.

    Each row begins with its label and has a value for each column. `series` says that rows follow each other in time.
    """

    key: str
    title: str
    definition: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    series: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A report. `k` is the smallest count in it, 1 for the committee's; `notes` are sentences about the whole."""

    quarter: str
    version: Version
    k: int
    title: str
    notes: tuple[str, ...]
    tables: tuple[Table, ...]

    def table(self, key: str) -> Table | None:
        """Return the table of that key, None where there is none."""
        return next((table for table in self.tables if table.key == key), None)

    def as_json(self) -> bytes:
        """Return its canonical bytes, which the evidence log has the hash of."""
        plain = {
            "k": self.k,
            "notes": self.notes,
            "quarter": self.quarter,
            "tables": [_plain(table) for table in self.tables],
            "title": self.title,
            "v": _VERSION,
            "version": self.version.value,
        }
        return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"

    @property
    def digest(self) -> str:
        """The SHA-256 of `as_json`, in hex."""
        return sha256(self.as_json()).hexdigest()

    def as_csv(self) -> bytes:
        """Return all tables as one CSV file, UTF-8 with CRLF, one figure a row, for any spreadsheet."""
        stream = io.StringIO(newline="")
        writer = csv.writer(stream)
        writer.writerow(("report", "version", "table", "row", "column", "value", "definition"))
        for table in self.tables:
            for label, *values in table.rows:
                for column, value in zip(table.columns[1:], values, strict=True):
                    cells = (table.title, label, column, WITHHELD if value is None else value, table.definition)
                    writer.writerow((self.quarter, self.version.value, *map(safe_cell, cells)))
        return stream.getvalue().encode()


def _plain(table: Table) -> dict[str, object]:
    return {
        "columns": table.columns,
        "definition": table.definition,
        "key": table.key,
        "rows": table.rows,
        "series": table.series,
        "title": table.title,
    }
