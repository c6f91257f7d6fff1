"""What a workbook would cost to open, learnt before it is opened.

calamine lays a sheet out as a full rectangle and copies each shared text into every cell that shows it. One stray cell
in the last corner of a sheet (XFD1048576) is a rectangle of 550 GB and ends the process with SIGABRT, which no
`except` sees; a file of 100 kB can hold 640 MB of cells. So the parts are read once before, piece by piece, and
counted. A part's size as the archive states it is not believed.
"""

import re
import struct
import zipfile
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from workplace_sync.roster.values import BadValueError

MAX_UNPACKED = 1 << 29  # bytes of all parts together; a million rows of ten columns have about 440 MB
MAX_RECTANGLE = 26 << 20  # cells of the rectangle: every row of Excel, up to column Z
MAX_SHOWN = 1 << 28  # bytes of shared text in all cells of a sheet

_PIECE = 1 << 20
_LONGEST_TEXT = 1 << 20  # bytes without any tag
_SHORT_TEXT = 128  # bytes; where no shared text is longer, copying them cannot get out of hand
_ENCRYPTED = 0x1  # a bit of a part's flags

_ROW = re.compile(rb"""r\s*+=\s*+["'][A-Za-z]*+([0-9]++)""")
_LATE_COLUMN = re.compile(rb"""r\s*=\s*["']([A-Za-z]{2,})\d""")  # behind Z: rare, so cheap to look for
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>\s*(\d+)")
_ITEM = re.compile(rb"<(/?)(?:\w+:)?si\b")
_ERROR_CELL = re.compile(rb"""<(?:\w+:)?c\b(?=[^>]*?\bt=["']e["'])[^>]*?\br=["']([A-Za-z]+)(\d+)""")
_SHEET = re.compile(rb"""<(?:\w+:)?sheet\s[^>]*?\b\w+:id=["']([^"']+)""")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")
_ID = re.compile(rb"""\bId=["']([^"']+)""")
_TARGET = re.compile(rb"""\bTarget=["']([^"']+)""")

Position = tuple[int, int]  # row and column, both from 0


@dataclass(slots=True)
class SheetCheck:
    """What one sheet was found to hold: `errors` are its cells that show an error value.

    calamine reads an error such as #N/A as an empty cell, which must not pass for "says nothing".
    `refusal` says why the sheet cannot be opened; empty when it can.
    """

    errors: set[Position] = field(default_factory=set)
    refusal: str = ""


def check_workbook(stream: BinaryIO) -> list[SheetCheck]:
    """Read every part of an XLSX workbook and return what its sheets hold, in the workbook's order.

    Raises BadValueError when this is not such a workbook, is damaged or encrypted, or too large as a whole.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            return _check_parts(archive)
    except BadValueError:
        raise
    except (zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, OSError, EOFError, ValueError, KeyError):
        raise BadValueError("the file is damaged: it cannot be unpacked", "save it again as .xlsx") from None


def _check_parts(archive: zipfile.ZipFile) -> list[SheetCheck]:
    parts = {part.filename.lower(): part for part in archive.infolist()}
    if "xl/workbook.xml" not in parts:
        raise BadValueError("the file is not an Excel workbook (.xlsx)", "save it as .xlsx or as CSV UTF-8")
    if len(parts) != len(archive.infolist()):
        raise BadValueError("the file holds a part twice", "save it again as .xlsx")
    budget = _Budget(MAX_UNPACKED)
    texts = array("L")
    for name, part in parts.items():
        if not name.startswith("xl/worksheets/"):
            texts.extend(_text_lengths(budget.pieces(archive, part)))
    checked = {
        name: _check_sheet(budget.pieces(archive, part), texts)
        for name, part in parts.items()
        if name.startswith("xl/worksheets/")
    }
    unknown = SheetCheck(refusal="the sheet is not a plain worksheet")
    return [checked.get(name, unknown) for name in _sheet_parts(archive, parts)]


def _sheet_parts(archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo]) -> list[str]:
    relations = archive.read(parts["xl/_rels/workbook.xml.rels"])
    targets: dict[bytes, str] = {}
    for tag in _RELATION.findall(relations):
        ident, target = _ID.search(tag), _TARGET.search(tag)
        if ident and target:
            path = target[1].decode().lower()
            targets[ident[1]] = path[1:] if path.startswith("/") else f"xl/{path}"
    return [targets.get(ident, "") for ident in _SHEET.findall(archive.read(parts["xl/workbook.xml"]))]


class _Budget:
    """Unpacks parts until they have become too large together."""

    def __init__(self, left: int) -> None:
        self._left = left

    def pieces(self, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
        """Yield a part's content in pieces of about a MiB, each ending before a tag."""
        if part.flag_bits & _ENCRYPTED:
            raise BadValueError("the file is encrypted", "save it without a password")
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadValueError("the file is packed in a way that workbooks are not", "save it again as .xlsx")
        # The stated size would end the reading here, but not in calamine; the checksum is compared all the same.
        part.file_size = self._left + 2 * _PIECE
        rest = b""
        with archive.open(part) as content:
            while chunk := content.read(_PIECE):
                self._left -= len(chunk)
                if self._left < 0:
                    raise BadValueError("the file is too large when it is unpacked", "export the roster as CSV UTF-8")
                whole, tag, begun = (rest + chunk).rpartition(b"<")
                if len(begun) > _LONGEST_TEXT:
                    raise BadValueError("the file holds a text of more than a million bytes", "save it as CSV UTF-8")
                rest = tag + begun
                yield whole
        yield rest


def _text_lengths(pieces: Iterator[bytes]) -> Iterator[int]:
    """Yield the size of each shared text, in their order."""
    offset = begun = 0
    for piece in pieces:
        for tag in _ITEM.finditer(piece):
            if tag[1]:
                yield offset + tag.start() - begun
            begun = offset + tag.start()
        offset += len(piece)


def _check_sheet(pieces: Iterator[bytes], texts: "array[int]") -> SheetCheck:
    check = SheetCheck()
    rows, columns, shown = 0, 26, 0
    copies = max(texts, default=0) > _SHORT_TEXT
    for piece in pieces:
        rows = max(rows, max(map(int, set(_ROW.findall(piece))), default=0))
        columns = max(columns, max(map(_column_number, set(_LATE_COLUMN.findall(piece))), default=0))
        if copies:
            shown += sum(texts[index] for index in map(int, _VALUE.findall(piece)) if index < len(texts))
        if b'"e"' in piece or b"'e'" in piece:
            check.errors |= {(int(row) - 1, _column_number(col) - 1) for col, row in _ERROR_CELL.findall(piece)}
    if rows * columns > MAX_RECTANGLE:
        check.refusal = f"the sheet reaches to row {rows} and column {columns}, which is too much"
    elif shown > MAX_SHOWN:
        check.refusal = "the sheet's texts are too long altogether"
    return check


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
