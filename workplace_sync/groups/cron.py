"""Cron lines, as crontab(5) has them: five fields of numbers, names, lists, ranges and steps."""

import re

_PART = re.compile(r"(?:\*|(?P<first>[a-z0-9]+)(?:-(?P<last>[a-z0-9]+))?)(?:/(?P<step>[0-9]{1,2}))?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("day of the week", 0, 7, {name: number for number, name in enumerate(_DAYS)}),
)


def cron_line(text: str) -> str:
    """Return the line with single spaces and in lower case; raises ValueError saying which field is wrong, and how."""
    fields = text.lower().split()
    if len(fields) != len(_FIELDS):
        raise ValueError('must have five fields: minute, hour, day, month, day of the week, as in "*/15 * * * *"')
    for field, (title, lowest, highest, names) in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            if not _fits(part, lowest, highest, names):
                raise ValueError(f"has a {title} that cannot be: it goes from {lowest} to {highest}")
    return " ".join(fields)


def _fits(part: str, lowest: int, highest: int, names: dict[str, int]) -> bool:
    found = _PART.fullmatch(part)
    if found is None:
        return False
    first, last, step = found["first"], found["last"], found["step"]
    if step is not None and ((first is not None and last is None) or not 0 < int(step) <= highest):
        return False
    ends = [names.get(end, int(end) if end.isdigit() else -1) for end in (first, last) if end is not None]
    return all(lowest <= end <= highest for end in ends) and ends == sorted(ends)
