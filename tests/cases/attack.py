"""An attacker who has all that ever left the gate, and all the time there is: every table that fits it is written down.

`Attack` knows the published figures, which values are possible, and the rule of the gate itself: that a line of several
values shows noughts elsewhere, so that each of its values is more than nought. It enumerates tables of whole numbers,
and looks at every set of cells: which counts can it have?
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import product

from workplace_sync.cases.release import Line, Release

Atom = tuple[str, ...]
Equation = tuple[tuple[int, ...], int]


def tables(total: int, cells: int) -> Iterator[tuple[int, ...]]:
    """Yield every way to spread a total over cells."""
    if cells == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in tables(total - first, cells - 1):
            yield (first, *rest)


def equations(atoms: Sequence[Atom], lines: Sequence[Line], value_of: Callable[[Atom], str | None]) -> list[Equation]:
    """Return what lines say of atoms: which are counted, and how many they are."""
    return [(tuple(int(value_of(atom) in line.values) for atom in atoms), line.count) for line in lines]


def told(release: Release, atoms: Sequence[Atom], names: Sequence[str]) -> list[Equation]:
    """Return all equations of a release. An atom has a value for each name; a name with @ is progress at a period."""
    found: list[Equation] = []
    place = {name: number for number, name in enumerate(names)}
    for cohort in release.cohorts:

        def inside(atom: Atom, periods: tuple[str, ...] = cohort.periods) -> bool:
            return atom[place["period"]] in periods

        found.append((tuple(int(inside(atom)) for atom in atoms), cohort.total))
        named = [(margin.dimension, margin.lines) for margin in cohort.margins]
        named += [(f"@{one.at}", one.lines) for one in cohort.progress]
        for name, lines in named:
            if name not in place:  # all have the same value there
                continue
            at = place[name]
            found += equations(atoms, lines, lambda atom, at=at, inside=inside: atom[at] if inside(atom) else None)  # type: ignore[misc]
        for cell in cohort.cells:
            row, column = (place[margin.dimension] for margin in cohort.margins[:2])
            mask = tuple(int(inside(atom) and atom[row] in cell.row and atom[column] in cell.column) for atom in atoms)
            found.append((mask, cell.count))
    return found


def inhabited(release: Release, atoms: Sequence[Atom], names: Sequence[str]) -> list[tuple[int, ...]]:
    """Return the sets of atoms that cannot be nought, as a nought would have had a line of its own."""
    found = []
    for cohort in release.cohorts:
        named = [(margin.dimension, margin.lines) for margin in cohort.margins]
        named += [(f"@{one.at}", one.lines) for one in cohort.progress]
        for name, lines in ((name, lines) for name, lines in named if name in names and len(lines) > 1):
            at, period = list(names).index(name), list(names).index("period")
            found += [
                tuple(int(atom[period] in cohort.periods and atom[at] == value) for atom in atoms)
                for line in lines
                if len(line.values) > 1
                for value in line.values
            ]
    return found


def consistent(
    given: Sequence[Equation], never: Sequence[Sequence[int]], cells: int, totals: Iterable[int]
) -> list[tuple[int, ...]]:
    """Return every table that fits all equations, and has nought in none of the sets that cannot be nought."""
    return [
        table
        for total in totals
        for table in tables(total, cells)
        if all(_sum(mask, table) == count for mask, count in given) and all(_sum(mask, table) for mask in never)
    ]


def _sum(mask: Sequence[int], table: Sequence[int]) -> int:
    return sum(count for inside, count in zip(mask, table, strict=True) if inside)


def pinned(truth: Sequence[int], fitting: Sequence[Sequence[int]], k: int) -> list[tuple[int, ...]]:
    """Return every set of cells that truly has more than nought and fewer than k, and is known to have fewer than k."""
    return [
        mask
        for mask in product((0, 1), repeat=len(truth))
        if 0 < _sum(mask, truth) < k and max(_sum(mask, table) for table in fitting) < k
    ]


def computed(given: Sequence[Equation], truth: Sequence[int], k: int) -> list[tuple[int, ...]]:
    """Return every set of cells below k whose count is a sum of published counts with whatever factors."""
    rows = _echelon([[Fraction(bit) for bit in mask] for mask, _ in given])
    return [
        mask
        for mask in product((0, 1), repeat=len(truth))
        if 0 < _sum(mask, truth) < k and not any(_rest(rows, [Fraction(bit) for bit in mask]))
    ]


def _echelon(rows: Sequence[list[Fraction]]) -> list[list[Fraction]]:
    done: list[list[Fraction]] = []
    for row in rows:
        left = _rest(done, row)
        if any(left):
            lead = next(value for value in left if value)
            done.append([value / lead for value in left])
    return done


def _rest(rows: Sequence[list[Fraction]], wanted: list[Fraction]) -> list[Fraction]:
    left = wanted
    for row in rows:
        factor = left[next(place for place, value in enumerate(row) if value)]
        left = [value - factor * of for value, of in zip(left, row, strict=True)]
    return left
