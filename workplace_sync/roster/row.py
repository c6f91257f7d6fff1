"""One row of cells to a person or to its faults: quickly where the row is as most rows are, else with care."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import itemgetter
from typing import TypeVar

from workplace_sync.errors import Fault
from workplace_sync.roster.columns import CONSENT_WORDS, ColumnMapping, Layout
from workplace_sync.roster.dates import parse_date
from workplace_sync.roster.person import (
    ConsentClaim,
    Profile,
    RosterPerson,
    new_person,
    person_key,
    plain_key,
    platform_address,
)
from workplace_sync.roster.values import MAX_TEXT, MAX_WORD, BadValueError, as_word, clean_cell, parse_roles

Item = RosterPerson | Fault

MAX_REMEMBERED = 10_000  # texts whose reading is kept, so that a file of a million dates stays in bounds

# An int of 60 bits takes 32 bytes where the key itself takes 80 and more: about 100 MB for a million rows, line
# numbers included. Two different addresses of a million share a number with a chance of 1 : 2,000,000; the later one
# is then refused as a duplicate, never taken for the other.
KEY_BITS = (1 << 60) - 1

_VARIED = ("email", "name", "first_name", "last_name", "external_id", "consent_at")
_SHARED = ("tenant", "status", "roles", "consent", "consent_basis", "consent_source")
_LIMITS = dict.fromkeys(("email", "roles", "consent_basis", "consent_source"), MAX_TEXT)

K = TypeVar("K")
T = TypeVar("T")


def duplicate_fault(file: str, line: int, column: int, first: int) -> Fault:
    """Return the fault of a row whose address the line `first` holds already."""
    return Fault(file, line, column, "email", f"is the same address as on line {first}", "remove one of the two")


@dataclass(slots=True)
class _Row:
    """A row being read with care: it gathers every fault instead of stopping at the first."""

    cells: Sequence[str]
    line: int
    layout: Layout
    file: str
    faults: list[Fault] = field(default_factory=list)

    def read(self, name: str, convert: Callable[[str], T], otherwise: T) -> T:
        """Return the field's cell, cleaned and converted; `otherwise` when it is wrong, which is noted."""
        try:
            return convert(clean_cell(self.cells[self.layout.places[name]], _LIMITS.get(name, MAX_WORD)))
        except BadValueError as wrong:
            column = self.layout.column(name)
            self.faults.append(Fault(self.file, self.line, column, name, wrong.message, wrong.advice))
            return otherwise


class RowParser:
    """Turns the rows of one file into persons and faults. It remembers the keys met, so it serves one file only.

    `empty` tells whether no row but blank ones was met.
    """

    def __init__(self, layout: Layout, mapping: ColumnMapping, *, file: str, now: datetime) -> None:
        self.empty = True
        self._file = file
        self._layout = layout
        self._now = now
        self._formats = mapping.date_formats
        self._claims = {as_word(w): ConsentClaim(c) for w, c in (mapping.consent_values or CONSENT_WORDS).items()}
        self._statuses = {as_word(word): status.lower() for word, status in mapping.status_values.items()}
        self._width = layout.width
        self._tail = list(layout.tail)
        self._varied = itemgetter(*(layout.places[name] for name in _VARIED))
        self._shared = itemgetter(*(layout.places[name] for name in _SHARED))
        self._profiles: dict[tuple[str, ...], Profile] = {}
        self._dates: dict[str, datetime | None] = {}
        self._lines: dict[int, int] = {}

    def parse(self, cells: list[str], line: int) -> RosterPerson | Sequence[Item]:
        """Return the row's person, or what it comes to instead: nothing for a blank row, else its faults.

        A person after a fault is a duplicate that withdraws consent (see RosterPerson). `cells` is used up.
        """
        if len(cells) != self._width:
            return self._ragged(cells, line)
        cells += self._tail
        address, name, first, last, external_id, date = self._varied(cells)
        key = plain_key(address)
        if not key or (external_id and not external_id.isalnum()):
            return self._careful(cells, line)
        if (first or last) and not name:
            # One of them may begin like a formula and hide behind the other.
            name = f"{first} {last}" if first.isalpha() and last.isalpha() else " "
        if name and not (name[0].isalpha() and name[-1] != " " and name.isprintable()):
            return self._careful(cells, line)
        shared = self._profiles.get(self._shared(cells))
        if shared is None or date not in self._dates or len(name) > MAX_WORD or len(external_id) > MAX_WORD:
            return self._careful(cells, line)
        if self._lines.setdefault(hash(key) & KEY_BITS, line) != line:
            return self._careful(cells, line)
        return new_person(key, address, line, name, external_id, self._dates[date], shared)

    def _ragged(self, cells: Sequence[str], line: int) -> Sequence[Fault]:
        if not any(cell.strip() for cell in cells):
            return ()
        self.empty = False
        message = f"the row has {len(cells)} cells, the header has {self._width}"
        return [Fault(self._file, line, 0, "row", message, "check for a missing or an unquoted separator")]

    def _careful(self, cells: Sequence[str], line: int) -> Sequence[Item]:
        if not any(cell.strip() for cell in cells[: self._width]):
            return ()
        self.empty = False
        row = _Row(cells, line, self._layout, self._file)
        address, key = row.read("email", _address_and_key, ("", ""))
        name = row.read("name", str, "")
        in_parts = f"{row.read('first_name', str, '')} {row.read('last_name', str, '')}".strip()
        external_id = row.read("external_id", str, "")
        consent_at = row.read("consent_at", self._date, None)
        shared = self._profile(row)
        wrong = bool(row.faults)
        if not wrong:
            _remember(self._profiles, self._shared(cells), shared)
            _remember(self._dates, cells[self._layout.places["consent_at"]], consent_at)
        person = new_person(key, address, line, name or in_parts, external_id, consent_at, shared)
        first = self._lines.setdefault(hash(key) & KEY_BITS, line) if key else line
        if first != line:
            row.faults.append(duplicate_fault(self._file, line, self._layout.column("email"), first))
        row.faults.sort(key=_column)
        if wrong or (row.faults and person.consent is not ConsentClaim.WITHDRAWN):
            return row.faults
        return [*row.faults, replace(person, duplicate_of=0 if first == line else first)]

    def _profile(self, row: _Row) -> Profile:
        return (
            row.read("tenant", str.lower, ""),
            row.read("status", self._status, ""),
            row.read("roles", parse_roles, ()),
            row.read("consent", self._claim, ConsentClaim.UNKNOWN),
            row.read("consent_basis", str, ""),
            row.read("consent_source", str, ""),
        )

    def _date(self, text: str) -> datetime | None:
        return parse_date(text, now=self._now, formats=self._formats) if text else None

    def _claim(self, text: str) -> ConsentClaim:
        return _looked_up(text, self._claims, "consent") if text else ConsentClaim.UNKNOWN

    def _status(self, text: str) -> str:
        return _looked_up(text, self._statuses, "status") if text and self._statuses else text.lower()


def _address_and_key(text: str) -> tuple[str, str]:
    address = platform_address(text)
    return address, person_key(address)


def _looked_up(text: str, words: Mapping[str, T], name: str) -> T:
    try:
        return words[as_word(text)]
    except KeyError:
        known = ", ".join(words)
        raise BadValueError(f"is not a word for the {name}", f"use one of: {known}; or set {name}_values") from None


def _remember(memory: dict[K, T], text: K, value: T) -> None:
    if len(memory) >= MAX_REMEMBERED:
        memory.clear()
    memory[text] = value


def _column(fault: Fault) -> int:
    return fault.column
