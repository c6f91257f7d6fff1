"""Which column of a roster holds which field: as configured, or found by the header's usual names."""

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from workplace_sync.errors import Fault
from workplace_sync.roster.person import BadAddressError, ConsentClaim, person_key
from workplace_sync.roster.values import as_word

FIELDS = (
    "email",
    "name",
    "first_name",
    "last_name",
    "tenant",
    "status",
    "roles",
    "external_id",
    "consent",
    "consent_at",
    "consent_basis",
    "consent_source",
)

# Header names that are looked for where the mapping names none, compared by `as_word`.
ALIASES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "email": frozenset(
            ["email", "e mail", "email address", "e mail address", "work email", "work e mail", "work email address"]
        ),
        "name": frozenset(["name", "full name", "member name"]),
        "first_name": frozenset(["first name", "forename", "given name"]),
        "last_name": frozenset(["last name", "surname", "family name"]),
        "tenant": frozenset(["tenant", "employer", "company"]),
        "status": frozenset(["status", "membership status", "member status"]),
        "roles": frozenset(["roles", "role", "union roles", "union role"]),
        "external_id": frozenset(["external id", "membership number", "member number", "membership no", "member id"]),
        "consent": frozenset(["consent", "opted in", "opt in"]),
        "consent_at": frozenset(["consent at", "consent date", "date of consent"]),
        "consent_basis": frozenset(["consent basis", "basis"]),
        "consent_source": frozenset(["consent source"]),
    }
)

CONSENT_WORDS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(["yes", "y", "true", "1", "opted in", "given"], ConsentClaim.OPTED_IN.value)
    | dict.fromkeys(["no", "n", "false", "0", "opted out", "withdrawn"], ConsentClaim.WITHDRAWN.value)
)


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """How a roster file is read. Every field may be left out.

    A field's value is the header of its column, compared trimmed and without regard to case; where it is empty, the
    column is found under one of the `ALIASES`. `name` takes precedence over `first_name` and `last_name`.

    `constants` give every row the same text for a field instead of a column. `consent_values` replaces the
    `CONSENT_WORDS`: word of the file -> `opted_in` or `withdrawn`; an empty cell always says nothing.
    `status_values`: word of the file -> status; where given, it must name every word that occurs. `date_formats` are
    strptime formats tried after ISO 8601, see `dates.parse_date`. `sheet` names a sheet of a workbook, else the first.

    Raises ValueError when the mapping contradicts itself.
    """

    email: str = ""
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    tenant: str = ""
    status: str = ""
    roles: str = ""
    external_id: str = ""
    consent: str = ""
    consent_at: str = ""
    consent_basis: str = ""
    consent_source: str = ""
    sheet: str = ""
    constants: Mapping[str, str] = field(default_factory=dict)
    consent_values: Mapping[str, str] = field(default_factory=dict)
    status_values: Mapping[str, str] = field(default_factory=dict)
    date_formats: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.constants) - set(FIELDS[1:])):
            raise ValueError(f"no constant can be given for: {', '.join(unknown)}")
        if twice := [name for name in FIELDS if name in self.constants and self.header(name)]:
            raise ValueError(f"both a column and a constant are given for: {', '.join(twice)}")
        claims = {ConsentClaim.OPTED_IN.value, ConsentClaim.WITHDRAWN.value}
        if not claims.issuperset(self.consent_values.values()):
            raise ValueError("a consent value stands for opted_in or withdrawn, nothing else")
        for layout in self.date_formats:
            _check_format(layout)

    def header(self, name: str) -> str:
        """Return the header that the mapping names for one of the FIELDS; empty where it names none."""
        return str(getattr(self, name))


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the fields of a row are: `places[field]` indexes the row's `width` cells with `tail` appended to them.

    The tail holds the constants, and an empty text for every field that the file does not have, so each field of
    each row has a text. `shift` is the number of empty columns left of the first cell.
    """

    width: int
    places: Mapping[str, int]
    tail: tuple[str, ...]
    shift: int = 0

    def column(self, name: str) -> int:
        """Return the 1-based column of a field in the file, 0 when it has none there."""
        place = self.places[name]
        return place + 1 + self.shift if place < self.width else 0


def find_columns(
    header: Sequence[str], mapping: ColumnMapping, *, file: str, line: int, shift: int = 0
) -> Layout | list[Fault]:
    """Return where each field is, or everything that is wrong with the header row (faults of the field `header`)."""
    if any(_is_address(cell) for cell in header):
        message = "the first row holds an address, so the column headers are missing"
        return [Fault(file, line, 0, "header", message, "put a row with the columns' names on top, such as email")]
    search = _Search(header, mapping, file, line, shift)
    places: dict[str, int] = {}
    tail: list[str] = []
    for name in FIELDS:
        found = search.place(name)
        places[name] = len(header) + len(tail) if found is None else found
        if found is None:
            tail.append(mapping.constants.get(name, ""))
    return search.faults or Layout(len(header), MappingProxyType(places), tuple(tail), shift)


def _check_format(layout: str) -> None:
    try:
        datetime.strptime(datetime(2020, 4, 3, tzinfo=UTC).strftime(layout), layout)  # noqa: DTZ007 - only tried out
    except (ValueError, re.error):  # a directive that occurs twice fails inside strptime's own pattern
        raise ValueError("a date format is not one that strptime knows, such as %d/%m/%Y") from None


def _is_address(text: str) -> bool:
    try:
        person_key(text)
    except BadAddressError:
        return False
    return True


class _Search:
    """Finds fields in one header row and gathers what is wrong with it."""

    def __init__(self, header: Sequence[str], mapping: ColumnMapping, file: str, line: int, shift: int) -> None:
        self.faults: list[Fault] = []
        self._mapping = mapping
        self._exact = [_trimmed(cell) for cell in header]
        self._words = [as_word(cell) for cell in header]
        self._shown = [_shown(cell) for cell in header]
        self._place = (file, line)
        self._shift = shift

    def place(self, name: str) -> int | None:
        """Return the index of the field's column, None where it has none (a fault is noted if that is wrong)."""
        if name in self._mapping.constants or (name == "name" and self._name_in_parts()):
            return None
        wanted = self._mapping.header(name)
        if wanted:
            found = [index for index, cell in enumerate(self._exact) if cell == _trimmed(wanted)]
        else:
            found = [index for index, cell in enumerate(self._words) if cell in ALIASES[name]]
        if len(found) > 1:
            self._ambiguous(name, found)
        elif not found and (wanted or name == "email"):
            self._missing(name, wanted)
        return found[0] if found else None

    def _name_in_parts(self) -> bool:
        return not self._mapping.name and bool(self._mapping.first_name or self._mapping.last_name)

    def _ambiguous(self, name: str, found: Sequence[int]) -> None:
        columns = " and ".join(str(index + 1 + self._shift) for index in found)
        names = Counter(self._exact[index] for index in found)
        advice = (
            "rename or remove all but one of them"
            if max(names.values()) > 1
            else f"name the one to read in the column mapping of {name}"
        )
        self._fault(found[1] + 1 + self._shift, f"the columns {columns} could all hold the field {name}", advice)

    def _missing(self, name: str, wanted: str) -> None:
        targets = [_trimmed(wanted)] if wanted else sorted(ALIASES[name])
        near = [cell for target in targets for cell in difflib.get_close_matches(target, self._exact, n=1)]
        advice = "name its header in the column mapping"
        if near:
            advice = f'did you mean "{self._shown[self._exact.index(near[0])]}"? Else {advice}'
        looked_for = f'"{wanted}"' if wanted else " or ".join(f'"{alias}"' for alias in targets)
        self._fault(0, f"there is no column {looked_for} for the field {name}", advice)

    def _fault(self, column: int, message: str, advice: str) -> None:
        file, line = self._place
        self.faults.append(Fault(file, line, column, "header", message, advice))


def _trimmed(text: str) -> str:
    return " ".join(text.split()).casefold()


def _shown(text: str) -> str:
    return "".join(char for char in text.strip() if char.isprintable())[:40]
