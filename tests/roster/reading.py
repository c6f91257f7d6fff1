"""Short ways to read a roster in a test."""

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import starmap

import xlsxwriter

from workplace_sync.errors import Fault
from workplace_sync.roster.columns import ColumnMapping
from workplace_sync.roster.person import RosterPerson
from workplace_sync.roster.readers import FileKind, read_roster
from workplace_sync.roster.row import Item

NOW = datetime(2021, 6, 1, 12, 0, tzinfo=UTC)


def read(
    content: str | bytes,
    mapping: ColumnMapping | None = None,
    *,
    name: str = "people.csv",
    kind: FileKind | None = None,
) -> list[Item]:
    raw = content if isinstance(content, bytes) else content.encode()
    return list(read_roster(raw, name=name, mapping=mapping, now=NOW, kind=kind))


def people(items: Sequence[Item]) -> list[RosterPerson]:
    return [item for item in items if isinstance(item, RosterPerson)]


def faults(items: Sequence[Item]) -> list[Fault]:
    return [item for item in items if isinstance(item, Fault)]


def only_person(items: Sequence[Item]) -> RosterPerson:
    assert not faults(items), faults(items)
    (person,) = people(items)
    return person


def only_fault(items: Sequence[Item]) -> Fault:
    assert not people(items), people(items)
    (fault,) = faults(items)
    return fault


def workbook(*rows: Sequence[object], sheet: str = "People", before: Sequence[str] = ()) -> bytes:
    """A workbook as Excel writes it, its rows starting in A1 of the sheet; `before` are other, empty sheets in front."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for name in before:
        book.add_worksheet(name)
    page = book.add_worksheet(sheet)
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if isinstance(cell, date):
                page.write_datetime(row, column, cell, day)
            elif isinstance(cell, str):
                page.write_string(row, column, cell)
            else:
                page.write(row, column, cell)
    book.close()
    return buffer.getvalue()


def csv_text(*rows: Sequence[str], delimiter: str = ",") -> str:
    return "".join(starmap("{}\r\n".format, ((delimiter.join(row),) for row in rows)))
