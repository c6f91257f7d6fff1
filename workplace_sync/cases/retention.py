"""Which closed cases lose their texts, attachments and the sealed identity at a date; what is counted stays.

A part of a larger issue is kept for as long as the issue. A legal hold keeps everything that it covers.
"""

from calendar import monthrange
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from workplace_sync.cases.escalation import Escalation
from workplace_sync.cases.merging import root_of

_YEAR = 12


@dataclass(frozen=True, slots=True, order=True)
class Expiry:
    """A case whose texts, attachments and identity are to be erased, and since when. `held` says that a hold defers it."""

    at: datetime
    case: str
    held: bool = False


def months_after(at: datetime, months: int) -> datetime:
    """Return the same time of day so many months later; on the last of the month where it has no such day."""
    years, month = divmod(at.month - 1 + months, _YEAR)
    year, month = at.year + years, month + 1
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))


def expired(
    cases: Mapping[str, Escalation], now: datetime, months: int, held: Collection[str] = ()
) -> tuple[Expiry, ...]:
    """Return the cases whose time is over, the oldest first; those under a hold are among them, marked as deferred.

    `held` are ids of cases under a legal hold; one on an issue or on a part of it covers the issue with all its parts.
    Raises CaseError as `merging.root_of` does.
    """
    roots = {case: root_of(case, cases) for case in cases}
    held_roots = {roots[case] for case in held if case in roots}
    found = []
    for case, root in roots.items():
        closed_at = cases[root].closed_at
        if closed_at is not None:
            over = months_after(closed_at, months)
            if over <= now:
                found.append(Expiry(over, case, root in held_roots))
    return tuple(sorted(found))
