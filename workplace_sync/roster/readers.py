"""Reads rosters: bytes in, persons and faults out. No disk, no clock: the caller opens the file and passes the time."""

import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO

from workplace_sync.errors import Fault
from workplace_sync.roster.columns import ColumnMapping
from workplace_sync.roster.csv_reader import read_csv
from workplace_sync.roster.person import RosterPerson, person_key, platform_address
from workplace_sync.roster.row import Item, duplicate_fault
from workplace_sync.roster.values import MAX_TEXT, BadValueError, clean_cell

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # legacy .xls, and any Office file with a password
_ENCRYPTED_PART = "EncryptedPackage".encode("utf-16-le")
_SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")


class FileKind(StrEnum):
    """The kinds of files that a roster may be in."""

    CSV = "csv"
    XLSX = "xlsx"


def read_roster(
    stream: BinaryIO | bytes,
    *,
    name: str,
    mapping: ColumnMapping | None = None,
    now: datetime,
    kind: FileKind | None = None,
) -> Iterator[Item]:
    """Yield a RosterPerson for every good row and a Fault for everything that is wrong, in the order of the file.

    `name` is what faults call the file. Without a `kind` the content tells it. `now` (UTC-aware) is the time against
    which a date of consent lies in the future. A CSV file is streamed, and read twice: a `stream` that cannot seek is
    read into memory. It stays open.

    A row with a fault yields no person, except one: a row whose address an earlier row holds already, and which says
    that the consent is withdrawn. Its fault comes first, then the person with `duplicate_of` set (see RosterPerson),
    because an opt-out must not be lost to a slip. Faults never repeat a cell. Never raises for what a file holds.
    """
    content = _seekable(stream)
    found = _kind(content, name, kind)
    if isinstance(found, Fault):
        yield found
    elif found is FileKind.CSV:
        yield from read_csv(content, mapping or ColumnMapping(), file=name, now=now)
    else:
        from workplace_sync.roster.xlsx_reader import read_xlsx  # noqa: PLC0415 - calamine is not needed for CSV

        yield from read_xlsx(content, mapping or ColumnMapping(), file=name, now=now)


def read_addresses(addresses: Sequence[str], *, name: str = "command line") -> Iterator[Item]:
    """Yield a RosterPerson for every good address and a Fault for the others; the line is the address's number, from 1.

    An address that occurs twice is a fault the second time.
    """
    lines: dict[str, int] = {}
    for line, text in enumerate(addresses, 1):
        try:
            address = platform_address(clean_cell(text, MAX_TEXT))
            key = person_key(address)
        except BadValueError as wrong:
            yield Fault(name, line, 0, "email", wrong.message, wrong.advice)
            continue
        first = lines.setdefault(key, line)
        yield RosterPerson(key, address, line) if first == line else duplicate_fault(name, line, 0, first)


def _seekable(stream: BinaryIO | bytes) -> BinaryIO:
    if isinstance(stream, bytes):
        return io.BytesIO(stream)
    return stream if stream.seekable() else io.BytesIO(stream.read())


def _kind(stream: BinaryIO, name: str, kind: FileKind | None) -> FileKind | Fault:
    stream.seek(0)
    head = stream.read(1 << 16)
    if head.startswith(_OLE):
        if _ENCRYPTED_PART in head:
            return Fault(name, 0, 0, "", "the file is encrypted", "save it without a password")
        return Fault(name, 0, 0, "", "the file is an old Excel workbook (.xls), or encrypted", "save it as .xlsx")
    packed = head.startswith(_ZIP)
    wants_workbook = kind is FileKind.XLSX or (kind is None and name.lower().endswith(_SPREADSHEETS))
    if wants_workbook and not packed:
        return Fault(
            name, 0, 0, "", "the file is not an Excel workbook (.xlsx), whatever its name says", "export it again"
        )
    if packed and kind is FileKind.CSV:
        return Fault(name, 0, 0, "", "the file is packed, as workbooks are, and not CSV", "read it as .xlsx")
    return FileKind.XLSX if packed else FileKind.CSV
