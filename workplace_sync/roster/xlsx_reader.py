"""A roster in an Excel workbook (.xlsx, also as LibreOffice and Google Sheets write it), read by calamine."""

import io
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, load_workbook

from workplace_sync.errors import Fault
from workplace_sync.roster.columns import ColumnMapping, find_columns
from workplace_sync.roster.person import RosterPerson
from workplace_sync.roster.row import Item, RowParser
from workplace_sync.roster.values import BadValueError
from workplace_sync.roster.workbook_guard import check_workbook

MAX_FILE = 100 << 20  # bytes

Cell = int | float | str | bool | time | date | datetime | timedelta

_EXACT = 2**53  # beyond it a float is no longer the whole number that was typed
_ERROR = "#N/A"  # whatever the error was: it is refused by this name
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")  # how a workbook writes characters that XML cannot hold


def read_xlsx(stream: BinaryIO, mapping: ColumnMapping, *, file: str, now: datetime) -> Iterator[Item]:
    """Yield the persons and faults of a workbook's sheet (`mapping.sheet`, else the first) in the sheet's order.

    Formulas count with the value they last had; numbers lose an empty fraction (12345.0 is "12345"); dates are dates.
    The header is the first row that is not blank; lines and columns are the sheet's.
    """
    try:
        rows, errors = _open(stream, mapping.sheet)
    except BadValueError as wrong:
        yield Fault(file, 0, 0, "", wrong.message, wrong.advice)
        return
    above, header = next(((index, row) for index, row in enumerate(rows) if any(row)), (0, None))
    if header is None:
        yield Fault(file, 0, 0, "", "the sheet is empty", "put the roster on the first sheet, or name its sheet")
        return
    layout = find_columns(list(map(_as_text, header)), mapping, file=file, line=above + 1, shift=rows.shift)
    if isinstance(layout, list):
        yield from layout
        return
    parser = RowParser(layout, mapping, file=file, now=now)
    for line, row in enumerate(rows, above + 2):
        item = parser.parse(_texts(row, errors.get(line), rows.shift), line)
        if isinstance(item, RosterPerson):
            yield item
        else:
            yield from item
    if parser.empty:
        yield Fault(file, 0, 0, "", "the sheet has a header and no rows", "export the roster again")


class _Rows(Iterator[list[Cell]]):
    """A sheet's rows from its first one on; their cells begin right of `shift` empty columns."""

    def __init__(self, sheet: CalamineSheet) -> None:
        self.shift = sheet.start[1] if sheet.start else 0
        self._rows = sheet.iter_rows()

    def __next__(self) -> list[Cell]:
        return next(self._rows)


def _open(stream: BinaryIO, wanted: str) -> tuple[_Rows, dict[int, set[int]]]:
    """Return the rows of a sheet, and for each line that has cells with an error value, these cells' columns from 0."""
    stream.seek(0)
    content = stream.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise BadValueError(f"the file is larger than {MAX_FILE >> 20} MB", "export the roster as CSV UTF-8")
    checks = check_workbook(io.BytesIO(content))
    try:
        workbook = load_workbook(io.BytesIO(content))
        if not checks or len(checks) != len(workbook.sheet_names):
            raise BadValueError("the file is damaged: its list of sheets cannot be read", "save it again as .xlsx")
        index = _sheet_index(workbook.sheet_names, wanted)
        if checks[index].refusal:
            raise BadValueError(
                checks[index].refusal, "delete the rows and columns around the list, or save it as CSV UTF-8"
            )
        rows = _Rows(workbook.get_sheet_by_index(index))
    except CalamineError:
        raise BadValueError("the file is damaged: it cannot be read as a workbook", "save it again as .xlsx") from None
    errors: dict[int, set[int]] = {}
    for row, column in checks[index].errors:
        errors.setdefault(row + 1, set()).add(column)
    return rows, errors


def _sheet_index(names: Sequence[str], wanted: str) -> int:
    if not wanted:
        return 0
    for index, name in enumerate(names):
        if name.strip().casefold() == wanted.strip().casefold():
            return index
    raise BadValueError(f'there is no sheet "{wanted}"', "check the sheet in the column mapping")


def _texts(row: Sequence[Cell], errors: set[int] | None, shift: int) -> list[str]:
    texts = [cell if cell.__class__ is str and "_x" not in cell else _as_text(cell) for cell in row]
    for column in errors or ():
        if 0 <= column - shift < len(texts):
            texts[column - shift] = _ERROR
    return texts


def _as_text(cell: Cell) -> str:
    match cell:
        case str():
            return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), cell)
        case bool():
            return str(cell).lower()
        case float() if cell.is_integer() and abs(cell) < _EXACT:
            return str(int(cell))
        case date() | time():
            return cell.isoformat()
        case _:
            return str(cell)
