"""Quarters of a year, `2026-Q3`, from midnight to midnight UTC."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from workplace_sync.errors import UsageError

_FORM = re.compile(r"([1-9]\d{3})-Q([1-4])")
_ENDLESS = "9999-Q4"  # it ends in a year that no time of this language can be in
_MONTHS = 3
_QUARTERS = 4


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A quarter; `number` is 1 to 4. As text, quarters sort as they follow each other."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the quarter that a text such as `2026-Q3` names; raises UsageError for another form."""
        match = _FORM.fullmatch(text)
        if match is None or text == _ENDLESS:
            raise UsageError("This is no quarter.", hint="Write the year and the quarter, as 2026-Q3.")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, at: datetime) -> Self:
        """Return the quarter of a time; raises ValueError for a time without zone."""
        if at.tzinfo is None:
            raise ValueError("a time without zone is in no quarter")
        there = at.astimezone(UTC)
        return cls(there.year, (there.month - 1) // _MONTHS + 1)

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"

    @property
    def begins_at(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, (self.number - 1) * _MONTHS + 1, 1, tzinfo=UTC)

    @property
    def ends_at(self) -> datetime:
        """The first moment after it."""
        return self.next.begins_at

    @property
    def next(self) -> Self:
        """The quarter after it."""
        year, number = divmod(self.year * _QUARTERS + self.number, _QUARTERS)
        return type(self)(year, number + 1)

    def until(self, last: Self) -> Iterator[Self]:
        """Yield the quarters from this one to `last`, both among them; none when `last` is before it."""
        one = self
        while one <= last:
            yield one
            one = one.next
