"""Dates of consent as people write them: ISO 8601 first, then day/month/year, and never a guess."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from workplace_sync.roster.values import BadValueError

EARLIEST_YEAR = 1900  # before it stands a typing error such as 0202, not a consent

_SLASHED = re.compile(r"(\d{1,2})([/.])(\d{1,2})\2(\d{4})", re.ASCII)


def parse_date(text: str, *, now: datetime, formats: Sequence[str] = ()) -> datetime:
    """Return the UTC-aware time that a date or timestamp stands for; without a time midnight, without a zone UTC.

    ISO 8601 is always read. `formats` are strptime formats, tried in their order; without any, day/month/year is
    read where it cannot be month/day/year as well. Raises BadValueError for anything else, for a date that can be
    read in two ways, and for one that lies after `now` or before 1900.
    """
    when = _read(text, formats)
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else _in_utc(when)
    if when.year < EARLIEST_YEAR:
        raise BadValueError(f"is a date before {EARLIEST_YEAR}", "check the year")
    if when > now:
        raise BadValueError("is a date in the future", "check the date: consent counts from the day it was given")
    return when


def _read(text: str, formats: Sequence[str]) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for layout in formats:
        try:
            return datetime.strptime(text, layout)  # noqa: DTZ007 - the caller sets UTC where the format has no zone
        except ValueError:
            continue
    if formats:
        raise BadValueError("is not a date in a format that is set", f"write 2020-04-03, or {' or '.join(formats)}")
    return _day_first(text)


def _day_first(text: str) -> datetime:
    match = _SLASHED.fullmatch(text)
    if not match:
        raise BadValueError("is not a date", "write 2020-04-03, or set date_formats")
    day, month, year = int(match[1]), int(match[3]), int(match[4])
    if day <= 12 and month <= 12 and day != month:  # noqa: PLR2004 - months of a year
        raise BadValueError(
            "is a date that can be read as day/month or month/day",
            "write 2020-04-03, or set date_formats to %d/%m/%Y or %m/%d/%Y",
        )
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        raise BadValueError("is not a date as day/month/year", "write 2020-04-03, or set date_formats") from None


def _in_utc(when: datetime) -> datetime:
    try:
        return when.astimezone(UTC)
    except OverflowError:
        raise BadValueError("is not a date", "write 2020-04-03") from None
