"""The tables about a group: growth, additions, removals, incidents, blind periods, policies that came into force.

In the employer's version no number of people is above nought and below k, nor is one left when others are taken away:
additions and removals are both shown or both withheld, as the sizes tell their difference; and how many an incident is
about is shown only when what is left of the removals beside it is nought or at least k.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from workplace_sync.cases.gate_lines import merged
from workplace_sync.cases.release import Line
from workplace_sync.cases.report import Table, Value

_DAY_AND_MINUTE = "%Y-%m-%d %H:%M UTC"


@dataclass(frozen=True, slots=True)
class IncidentFigure:
    """An incident that was opened in the quarter: how many are gone, and how it ended (empty while it is open)."""

    id: str
    opened_at: datetime
    people: int
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class BlindFigure:
    """A time in which the group could not be seen; `ended_at` is None while it lasts."""

    cause: str
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class PolicyFigure:
    """A policy that came into force in the quarter."""

    cite: str
    title: str
    owner: str
    from_at: datetime


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """A group in a quarter. Sizes are those of the first and last complete reading, None where there was none.

    The keys of the mappings are words for people (`roster file`, `left by themselves`). Every addition has one method;
    `policies` counts it under the policy that decided, and may leave some out.
    """

    name: str
    title: str
    size_first: int | None = None
    size_last: int | None = None
    methods: Mapping[str, int] = field(default_factory=dict)
    policies: Mapping[str, int] = field(default_factory=dict)
    causes: Mapping[str, int] = field(default_factory=dict)
    incidents: tuple[IncidentFigure, ...] = ()
    blind: tuple[BlindFigure, ...] = ()
    in_force: tuple[PolicyFigure, ...] = ()


def group_tables(group: GroupFigures, k: int) -> Iterator[Table]:
    """Yield the tables of a group; with `k` of 1 every number is in them."""
    additions, removals = sum(group.methods.values()), sum(group.causes.values())
    shown = _fit(additions, k) and _fit(removals, k)
    sized = group.size_first is not None and group.size_last is not None
    sizes = (group.size_first, group.size_last) if sized else (None, None)
    if any(size is not None and not _fit(size, k) for size in sizes):
        sizes = (None, None)
    rows: list[tuple[Value, ...]] = [
        ("members at the first reading", sizes[0]),
        ("additions", additions if shown else None),
        ("removals and departures", removals if shown else None),
        ("members at the last reading", sizes[1]),
    ]
    yield Table(
        f"{group.name}.growth",
        f"{group.title}: growth",
        "Members at the first and the last complete reading of the quarter, and who came and went in between.",
        ("", "people"),
        tuple(rows),
    )
    yield from _people(group, k, shown=shown)
    yield from _events(group, k, shown=shown)


def _people(group: GroupFigures, k: int, *, shown: bool) -> Iterator[Table]:
    yield Table(
        f"{group.name}.methods",
        f"{group.title}: additions by method",
        "People who came into the group in the quarter, by the way they came.",
        ("method", "people"),
        _rows(group.methods, k, shown=shown),
    )
    whole = sum(group.policies.values()) in {0, sum(group.methods.values())} or k <= 1
    yield Table(
        f"{group.name}.policies",
        f"{group.title}: additions by policy",
        "Additions by the union in the quarter, by the policy under which each was decided.",
        ("policy", "people"),
        _rows(group.policies, k, shown=shown and whole),
    )
    yield Table(
        f"{group.name}.causes",
        f"{group.title}: removals by cause",
        "People who went from the group in the quarter, by the cause as far as it was seen.",
        ("cause", "people"),
        _rows(group.causes, k, shown=shown),
    )


def _events(group: GroupFigures, k: int, *, shown: bool) -> Iterator[Table]:
    numbers = _incident_people(group, k, shown=shown)
    yield Table(
        f"{group.name}.incidents",
        f"{group.title}: incidents",
        "Removals that were not made by the union and stand out by their number, opened in the quarter.",
        ("incident", "opened", "people", "outcome"),
        tuple(
            (one.id, _time(one.opened_at), people, one.outcome or "open")
            for one, people in zip(group.incidents, numbers, strict=True)
        ),
    )
    yield Table(
        f"{group.name}.blind",
        f"{group.title}: times without sight",
        "Times of the quarter in which the group could not be read, and why.",
        ("cause", "from", "until"),
        tuple((one.cause, _time(one.began_at), _time(one.ended_at)) for one in group.blind),
    )
    yield Table(
        f"{group.name}.in_force",
        f"{group.title}: policies that came into force",
        "Published rules that began to hold in the quarter.",
        ("policy", "title", "owner", "from"),
        tuple((one.cite, one.title, one.owner, _time(one.from_at)) for one in group.in_force),
    )


def _rows(counts: Mapping[str, int], k: int, *, shown: bool) -> tuple[tuple[Value, ...], ...]:
    if not shown:
        return (("all", None),)
    ordered = dict(sorted(counts.items()))
    lines = merged(ordered, k) if k > 1 else tuple(Line((name,), count) for name, count in ordered.items())
    return tuple((" + ".join(line.values), line.count) for line in lines)


def _incident_people(group: GroupFigures, k: int, *, shown: bool) -> Sequence[int | None]:
    people = [one.people for one in group.incidents]
    if k <= 1:
        return people
    totals = [sum(group.causes.values()), *(row[1] for row in _rows(group.causes, k, shown=shown))]
    parts = [*people, sum(people)]
    left = [total - part for total in totals if isinstance(total, int) for part in parts if total >= part]
    safe = shown and all(_fit(number, k) for number in (*people, *left))
    return people if safe else [None] * len(people)


def _fit(count: int, k: int) -> bool:
    return count == 0 or count >= k


def _time(at: datetime | None) -> str:
    return at.strftime(_DAY_AND_MINUTE) if at is not None else "still"
