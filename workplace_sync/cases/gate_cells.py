"""Counts over two dimensions at once: which cells may be published beside the totals of their rows and columns.

A cell that is withheld is safe when the published figures also fit a table in which it has k or more. Such a table is
looked for exactly, by moving people along circles of withheld cells so that every row and column keeps its total: that
is the classic flow through a table, in whole numbers, and it finds the most that a cell can have.
"""

from collections.abc import Collection, Iterator, Sequence

Place = tuple[int, int]


def publishable(table: Sequence[Sequence[int]], k: int) -> frozenset[Place]:
    """Return the cells that may be published, the largest first for as long as every smaller one stays safe.

    The totals of all rows and columns, which are nought or at least k, are known to the reader. Cells of nought are not
    published: with them, what is left of a row or column could be counted.
    """
    cells = {(row, column): count for row, counts in enumerate(table) for column, count in enumerate(counts)}
    small = [place for place, count in cells.items() if 0 < count < k]
    shown: frozenset[Place] = frozenset()
    for place in sorted((place for place in cells if cells[place] >= k), key=lambda place: (-cells[place], place)):
        wider = shown | {place}
        if all(can_reach(table, one, wider, k) for one in small):
            shown = wider
    return shown


def can_reach(table: Sequence[Sequence[int]], cell: Place, shown: Collection[Place], most: int) -> bool:
    """Return whether a withheld cell can have `most` or more in some table with the same totals and shown cells."""
    now = [list(counts) for counts in table]
    while now[cell[0]][cell[1]] < most:
        circle = _circle(now, cell, shown)
        if not circle:
            return False
        for number, (row, column) in enumerate(circle):
            now[row][column] += -1 if number % 2 else 1
    return True


def _circle(table: Sequence[Sequence[int]], start: Place, shown: Collection[Place]) -> list[Place]:
    """Return withheld cells, from `start` on, that gain and lose one by turns; none where there is no such circle.

    A shortest one is looked for, breadth first: the last cell of a way is one that loses, in the column of the one before.
    """
    ways = [[start, place] for place in _losing(table, start[1], shown) if place != start]
    seen_rows = {place[0] for _, place in ways}
    for way in ways:  # grows while it is walked
        row = way[-1][0]
        if row == start[0]:
            return way
        for column in _open(table, row, shown):
            if (row, column) not in way:
                for place in _losing(table, column, shown):
                    if place != start and place[0] not in seen_rows:
                        seen_rows.add(place[0])
                        ways.append([*way, (row, column), place])
    return []


def _losing(table: Sequence[Sequence[int]], column: int, shown: Collection[Place]) -> Iterator[Place]:
    return ((row, column) for row, counts in enumerate(table) if counts[column] and (row, column) not in shown)


def _open(table: Sequence[Sequence[int]], row: int, shown: Collection[Place]) -> Iterator[int]:
    return (column for column in range(len(table[row])) if (row, column) not in shown)
