"""Counts over one dimension, such that none is below k: what is too small is counted together with something else.

A line is safe when, of all that fits what is published, one can have the whole line be any one of its values. With
`m` values in it that are known not to be nought, that is its count less `m - 1`: this must be k or more. Nought is shown
as nought: it says of nobody what they did, and a report that hid it would hide most of its good news.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from workplace_sync.cases.release import Line


def merged(counts: Mapping[str, int], k: int) -> tuple[Line, ...]:
    """Return safe lines over all values of a dimension, in their order, whose total is nought or at least k.

    Raises ValueError for a total between: such a total must not be published at all. Where no lines are safe but the
    whole, it is the only one, and then it is not told which of its values are nought.
    """
    total = sum(counts.values())
    if 0 < total < k:
        raise ValueError("a total below k has no lines")
    together = [value for value in _smallest_first(counts) if 0 < counts[value] < k]
    others = [value for value in _smallest_first(counts) if counts[value] >= k]
    while together and not _safe(sum(counts[value] for value in together), len(together), k):
        if not others:
            return (Line(tuple(counts), total),)
        together.append(others.pop(0))
    return _in_order(counts, together)


def merged_within(counts: Mapping[str, int], k: int, part_of: Callable[[str], str]) -> tuple[Line, ...]:
    """Return safe lines that do not mix the parts, where each part's total is nought or at least k; else as `merged`."""
    totals: Counter[str] = Counter()
    for value, count in counts.items():
        totals[part_of(value)] += count
    if any(0 < total < k for total in totals.values()):
        return merged(counts, k)
    return tuple(
        line
        for part in totals
        for line in merged({value: count for value, count in counts.items() if part_of(value) == part}, k)
    )


def refined(pairs: Sequence[tuple[Hashable, str]], values: Iterable[str], k: int) -> tuple[Line, ...]:
    """Return safe lines over values, where it is known already how many are in each group.

    `pairs` has a group and a value for each one who is counted; they are k or more, or none. No line has between nought
    and k of a group, as what came before would tell them apart.
    """
    counts = Counter(value for _, value in pairs)
    lines = merged({value: counts[value] for value in values}, k)
    while len(lines) > 1 and (bad := _telling(pairs, lines, k)) is not None:
        rest = [line for line in lines if line is not bad and line.count]
        if not rest:
            return (Line(tuple(value for line in lines for value in line.values), bad.count),)
        partner = min(rest, key=lambda line: line.count)
        lines = _joined(lines, bad, partner)
    return lines


def group_of(lines: Sequence[Line], value: str) -> int:
    """Return the place of the line that counts a value; -1 where none does."""
    return next((place for place, line in enumerate(lines) if value in line.values), -1)


def _safe(count: int, values: int, k: int) -> bool:
    return count - (values - 1) >= k


def _smallest_first(counts: Mapping[str, int]) -> list[str]:
    return sorted(counts, key=lambda value: counts[value])  # stable: what is equal stays in the order of the values


def _in_order(counts: Mapping[str, int], together: Sequence[str]) -> tuple[Line, ...]:
    lines: list[Line] = []
    for value, count in counts.items():
        if value not in together:
            lines.append(Line((value,), count))
        elif not any(value in line.values for line in lines):
            those = tuple(each for each in counts if each in together)
            lines.append(Line(those, sum(counts[each] for each in those)))
    return tuple(lines)


def _telling(pairs: Sequence[tuple[Hashable, str]], lines: Sequence[Line], k: int) -> Line | None:
    """Return the first line of which some group has too few."""
    for line in lines:
        inside = Counter(group for group, value in pairs if value in line.values)
        if any(not _safe(count, len(line.values), k) for count in inside.values()):
            return line
    return None


def _joined(lines: Sequence[Line], first: Line, second: Line) -> tuple[Line, ...]:
    """Return the lines with two of them made one, in the place of the earlier."""
    both = [line for line in lines if line in (first, second)]
    one = Line(tuple(value for line in both for value in line.values), first.count + second.count)
    return tuple(one if line is both[0] else line for line in lines if line is not both[1])
