"""A compliance statement: of a set of people, how each was added, under which rules, and whether it would be allowed today.

It claims no more than is on record, and says so where nothing is. A consent is given with its date and basis, never
with its text.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Today(StrEnum):
    """What the rules of today would say to the same addition, on the facts of today."""

    ALLOWED = "allowed"
    HELD = "held"
    DENIED = "denied"
    UNKNOWN = "unknown, as what it was decided on was erased"


@dataclass(frozen=True, slots=True)
class CitedRule:
    """A rule as it was in force: its citation, its title, and the published text that it encodes."""

    cite: str
    title: str
    source: str
    url: str
    in_force_from: str


@dataclass(frozen=True, slots=True)
class Addition:
    """One addition that took effect. `entry` is its number in the evidence log; times are UTC.

    `approved_by` is empty where nobody had to. `consent` is the state on record when it was decided, with its date
    (None: undated) and basis.
    """

    person: str
    added_at: datetime
    entry: int | None
    method: str
    source: str
    requested_by: str
    approved_by: str
    plan_digest: str
    policy_revision: str
    consent: str
    consent_at: datetime | None
    consent_basis: str
    today: Today
    today_rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ruleset:
    """The rules that every addition under a revision was checked against."""

    revision: str
    rules: tuple[CitedRule, ...]


@dataclass(frozen=True, slots=True)
class PlatformText:
    """A text of the platform's owner that was in force on the day, or the fact that the shelf held none on a topic."""

    owner: str
    title: str
    version: int
    in_force_from: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SizeAt:
    """How many members the group had at a complete reading."""

    at: datetime
    members: int


@dataclass(frozen=True, slots=True)
class Statement:
    """The statement. `unrecorded` are people of the set of whom the log holds no addition by us."""

    about: str
    group: str
    made_at: datetime
    log_origin: str
    log_size: int
    log_fingerprint: str
    additions: tuple[Addition, ...]
    unrecorded: tuple[str, ...]
    rulesets: tuple[Ruleset, ...]
    platform_day: datetime
    platform_texts: tuple[PlatformText, ...]
    sizes: tuple[SizeAt, ...]

    @property
    def figures(self) -> tuple[tuple[str, int], ...]:
        """The numbers at the head of the statement, each with what it counts."""
        today = Counter(one.today for one in self.additions)
        return (
            ("people the statement is about", len(self.additions) + len(self.unrecorded)),
            ("additions by the union on record", len(self.additions)),
            ("with a consent on record when they were added", sum(one.consent == "opted_in" for one in self.additions)),
            ("approved by a second person", sum(bool(one.approved_by) for one in self.additions)),
            ("that the rules of today would allow", today[Today.ALLOWED]),
            ("that the rules of today would hold for a second person", today[Today.HELD]),
            ("that the rules of today would deny", today[Today.DENIED]),
            ("that the rules of today cannot judge: what they were decided on was erased", today[Today.UNKNOWN]),
            ("without an addition on record", len(self.unrecorded)),
        )

    @property
    def methods(self) -> tuple[tuple[str, int], ...]:
        """How many additions were made by each method and source, most first."""
        counted = Counter(f"{one.method.replace('_', ' ')} ({one.source})" for one in self.additions)
        return tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def thinned(sizes: Sequence[SizeAt], most: int) -> tuple[SizeAt, ...]:
    """Return at most `most` of the readings, always with the first and the last, and every jump kept.

    Readings between two equal ones add nothing to a chart; of what is left, the largest changes count most.
    """
    kept = [
        one
        for place, one in enumerate(sizes)
        if place in (0, len(sizes) - 1) or not sizes[place - 1].members == one.members == sizes[place + 1].members
    ]
    if len(kept) <= most:
        return tuple(kept)
    inner = range(1, len(kept) - 1)
    jumps = sorted(inner, key=lambda place: -abs(kept[place].members - kept[place - 1].members))
    chosen = {0, len(kept) - 1, *jumps[: max(most - 2, 0)]}
    return tuple(one for place, one in enumerate(kept) if place in chosen)
