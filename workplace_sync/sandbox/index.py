"""Rows in the order of their arrival, found by key and read in pages without a scan.

Each row gets a number when it arrives, and numbers are never used again, so a cursor (the number of the last row
seen) stays good while other rows come and go.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")
Keep = Callable[[T], bool]

_TIDY_ABOVE = 64  # gaps left by removed rows that are not worth closing


class ArrivalIndex(Generic[T]):
    """Rows by key, and in order of arrival. Adding, removing and finding a page take logarithmic time."""

    __slots__ = ("_gaps", "_next", "_number", "_numbers", "_rows")

    def __init__(self) -> None:
        self._number: dict[str, int] = {}
        self._numbers: list[int] = []
        self._rows: list[T | None] = []
        self._gaps = 0
        self._next = 1

    def add(self, key: str, row: T) -> bool:
        """Append the row, and say whether its key was new; a known key changes nothing."""
        if key in self._number:
            return False
        self._number[key] = self._next
        self._numbers.append(self._next)
        self._rows.append(row)
        self._next += 1
        return True

    def remove(self, key: str) -> bool:
        """Take the row out, and say whether it was there."""
        number = self._number.pop(key, None)
        if number is None:
            return False
        self._rows[bisect_left(self._numbers, number)] = None
        self._gaps += 1
        if self._gaps > _TIDY_ABOVE and self._gaps > len(self._rows) // 2:
            self._close_gaps()
        return True

    def _close_gaps(self) -> None:
        kept = [(number, row) for number, row in zip(self._numbers, self._rows, strict=True) if row is not None]
        self._numbers = [number for number, _ in kept]
        self._rows = [row for _, row in kept]
        self._gaps = 0

    def get(self, key: str) -> T | None:
        """Return the row of that key, None where there is none."""
        number = self._number.get(key)
        return None if number is None else self._rows[bisect_left(self._numbers, number)]

    def after(self, number: int, limit: int, keep: Keep[T] | None = None) -> list[tuple[int, T]]:
        """Return at most `limit` numbered rows that arrived after `number`, oldest first."""
        places = range(bisect_right(self._numbers, number), len(self._rows))
        return self._take(iter(places), limit, keep)

    def before(self, number: int, limit: int, keep: Keep[T] | None = None) -> list[tuple[int, T]]:
        """Return at most `limit` numbered rows that arrived before `number`, newest first."""
        places = range(bisect_left(self._numbers, number) - 1, -1, -1)
        return self._take(iter(places), limit, keep)

    def _take(self, places: Iterator[int], limit: int, keep: Keep[T] | None) -> list[tuple[int, T]]:
        found = (
            (self._numbers[place], row)
            for place in places
            if (row := self._rows[place]) is not None and (keep is None or keep(row))
        )
        return list(islice(found, limit))

    def holds(self, number: int) -> bool:
        """Say whether the row of that number is still there."""
        place = bisect_left(self._numbers, number)
        return place < len(self._numbers) and self._numbers[place] == number and self._rows[place] is not None

    @property
    def end(self) -> int:
        """A number above every row's."""
        return self._next

    def __contains__(self, key: object) -> bool:
        return key in self._number

    def __len__(self) -> int:
        return len(self._number)

    def __iter__(self) -> Iterator[T]:
        return (row for row in self._rows if row is not None)
