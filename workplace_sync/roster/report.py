"""What a check of a roster found, in numbers; and its good rows, cleaned, as a new CSV file."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from workplace_sync.errors import Fault
from workplace_sync.roster.person import ConsentClaim, RosterPerson
from workplace_sync.roster.row import Item
from workplace_sync.roster.values import safe_cell

KEPT_FAULTS = 1_000

_HEADER = (
    "email",
    "name",
    "tenant",
    "status",
    "roles",
    "external_id",
    "consent",
    "consent_at",
    "consent_basis",
    "consent_source",
)


@dataclass(frozen=True, slots=True)
class RosterReport:
    """A roster in numbers.

    `rows` are the rows with anything in them, `good` those that give a person. `opted_in`, `withdrawn` and `silent`
    count what the good rows say of consent; `late_withdrawals` are duplicate rows that withdraw it. `faults` are the
    first of `fault_count`, and `by_field` counts them all by field, the most frequent first: `header` for the header
    row, `row` for a row as a whole, "" for the file.
    """

    rows: int
    good: int
    opted_in: int
    withdrawn: int
    silent: int
    late_withdrawals: int
    fault_count: int
    faults: tuple[Fault, ...]
    by_field: Mapping[str, int]

    @property
    def usable(self) -> bool:
        """Whether there is a good row and nothing is wrong."""
        return self.good > 0 and not self.fault_count


def summarise(items: Iterable[Item], *, keep: int = KEPT_FAULTS) -> RosterReport:
    """Count what a reader yields, in one pass and in little memory: the first `keep` faults are kept."""
    faults: list[Fault] = []
    by_field: Counter[str] = Counter()
    claims: Counter[ConsentClaim] = Counter()
    rows = late = last_line = 0
    for item in items:
        if isinstance(item, Fault):
            by_field[item.field] += 1
            if len(faults) < keep:
                faults.append(item)
        elif item.duplicate_of:
            late += 1
        else:
            claims[item.consent] += 1
        if item.line > last_line and not (isinstance(item, Fault) and item.field == "header"):
            rows += 1
            last_line = item.line
    return RosterReport(
        rows=rows,
        good=claims.total(),
        opted_in=claims[ConsentClaim.OPTED_IN],
        withdrawn=claims[ConsentClaim.WITHDRAWN],
        silent=claims[ConsentClaim.UNKNOWN],
        late_withdrawals=late,
        fault_count=by_field.total(),
        faults=tuple(faults),
        by_field=dict(by_field.most_common()),
    )


def write_good_rows(items: Iterable[Item]) -> Iterator[str]:
    """Yield the lines of a CSV file (UTF-8, comma, CRLF) with the good rows, which `read_roster` reads without a mapping.

    Faults are left out. A duplicate that withdraws consent is kept as a row of its own, so the new file still tells of
    it, as the old one did. No cell begins like a formula: where a value does, an apostrophe is set before it.
    """
    yield _line(_HEADER)
    for item in items:
        if isinstance(item, RosterPerson):
            yield _line(map(safe_cell, _cells(item)))


def _line(cells: Iterable[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _cells(person: RosterPerson) -> tuple[str, ...]:
    return (
        person.address,
        person.name,
        person.tenant,
        person.status,
        "|".join(person.roles),
        person.external_id,
        person.consent.value,
        person.consent_at.isoformat() if person.consent_at else "",
        person.consent_basis,
        person.consent_source,
    )
