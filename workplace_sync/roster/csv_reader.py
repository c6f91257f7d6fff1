"""A roster in a CSV file, read as a stream: from Excel (`;`, Windows-1252), LibreOffice, Google Sheets or a database."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from workplace_sync.errors import Fault
from workplace_sync.roster.columns import ColumnMapping, find_columns
from workplace_sync.roster.person import RosterPerson
from workplace_sync.roster.row import Item, RowParser

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS = ",;\t"

_CHUNK = 1 << 20
_BLANK = DELIMITERS + ' "\r\n'
_ESCAPED = re.compile("[\udc80-\udcff]")  # what a byte that is not text is decoded to (PEP 383)
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?\s*', re.IGNORECASE)  # Excel's own hint on the first line


@dataclass(frozen=True, slots=True)
class TextFormat:
    """How the bytes are to be read: `encoding` from the byte `start` on."""

    encoding: str
    start: int


def read_csv(stream: BinaryIO, mapping: ColumnMapping, *, file: str, now: datetime) -> Iterator[Item]:
    """Yield the persons and faults of a CSV file in the file's order; `stream` must be able to seek, and stays open.

    It is read twice: once to learn its encoding, which is UTF-8 unless the bytes speak against it (see
    `detect_format`), once for the rows. Neither time more than a line of it is held, or one MiB. Cells of columns that hold no
    field are not looked at.
    """
    found = detect_format(stream, file)
    if isinstance(found, Fault):
        yield found
        return
    stream.seek(found.start)
    text = io.TextIOWrapper(stream, encoding=found.encoding, errors="surrogateescape", newline="")
    try:
        yield from _read_text(text, mapping, file, now)
    finally:
        text.detach()  # or the wrapper would close the caller's stream


def detect_format(stream: BinaryIO, file: str) -> TextFormat | Fault:
    """Read the stream to its end and return how to decode it, or the fault for which it cannot be a CSV file.

    Valid UTF-8 is UTF-8. Else it is Windows-1252, as Excel writes it; but where the bytes begin with UTF-8's mark, or
    more characters are valid beyond ASCII than bytes are broken, it is a damaged UTF-8 file, and the broken bytes
    become faults of their cells, not wrong letters in everybody's names.
    """
    stream.seek(0)
    head = stream.read(_CHUNK)
    if refused := _not_text(head, file):
        return refused
    start = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = broken = 0
    for chunk in _chunks(head[start:], stream):
        if len(chunk) == _CHUNK and b"\n" not in chunk and b"\r" not in chunk:
            return Fault(file, 0, 0, "row", "a line is longer than a million bytes", "this is not a roster, or damaged")
        text = decoder.decode(chunk)
        if not text.isascii():
            strange = len(_ESCAPED.findall(text))
            broken += strange
            good += len(text) - len(text.encode("ascii", "ignore")) - strange
    broken += len(decoder.decode(b"", final=True))
    return TextFormat("utf-8" if start or broken <= good else "cp1252", start)


def _chunks(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    yield head
    yield from iter(partial(stream.read, _CHUNK), b"")


def _not_text(head: bytes, file: str) -> Fault | None:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Fault(file, 0, 0, "", "the file is in UTF-16", "save it as CSV UTF-8")
    if b"\0" in head.partition(b"\n")[0]:
        return Fault(file, 0, 0, "", "the file is not a text file, or in UTF-16", "save it as CSV UTF-8")
    return None


def _read_text(text: io.TextIOWrapper, mapping: ColumnMapping, file: str, now: datetime) -> Iterator[Item]:
    above, first, delimiter = _first_line(text)
    if not first:
        yield Fault(file, 0, 0, "", "the file is empty", "export the roster again")
        return
    rows = csv.reader(chain([first], text), delimiter=delimiter or _sniffed(first), strict=True)
    try:
        layout = find_columns(next(rows), mapping, file=file, line=above + 1)
    except csv.Error as error:
        layout = [_broken_row(error, file, above + 1, above + rows.line_num, "header")]
    if isinstance(layout, list):
        yield from layout
        return
    parser = RowParser(layout, mapping, file=file, now=now)
    yield from _read_rows(rows, parser, file, above)
    if parser.empty:
        yield Fault(file, 0, 0, "", "the file has a header and no rows", "export the roster again")


def _read_rows(rows: "Reader", parser: RowParser, file: str, above: int) -> Iterator[Item]:
    """Yield what the rows come to. A row's line is the physical line where it starts: quoted cells may hold breaks."""
    parse = parser.parse
    line = above + rows.line_num
    while True:
        try:
            for cells in rows:
                item = parse(cells, line + 1)
                line = above + rows.line_num
                if isinstance(item, RosterPerson):
                    yield item
                else:
                    yield from item
        except csv.Error as error:
            parser.empty = False
            start, line = line + 1, above + rows.line_num
            yield _broken_row(error, file, start, line, "row")
        else:
            return


def _broken_row(error: csv.Error, file: str, start: int, end: int, field: str) -> Fault:
    message = "the quotation marks do not pair up"
    if "field limit" in str(error):
        message = f"a cell is longer than {csv.field_size_limit()} characters"
    skipped = f"; lines {start} to {end} were not read" if end > start else ""
    return Fault(file, start, 0, field, message + skipped, 'close each ", and write a " inside a cell as ""')


def _first_line(text: io.TextIOWrapper) -> tuple[int, str, str]:
    """Return the number of lines above the header, its first line ("" for none), and the delimiter if one is told."""
    delimiter = ""
    for above, line in enumerate(text):
        if told := _SEPARATOR_LINE.fullmatch(line):
            delimiter = told[1]
        elif line.strip(_BLANK):
            return above, line, delimiter
    return 0, "", ""


def _sniffed(header: str) -> str:
    """Return the delimiter that splits the header into the most cells; a comma when none does."""
    return max(DELIMITERS, key=partial(_cells, header))


def _cells(header: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([header], delimiter=delimiter)))
    except csv.Error:  # split like this, a cell is too long
        return 0
