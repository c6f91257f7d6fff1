"""Incidents: removals by others that go together, found without any log of the platform's admins.

Three signs open one. `threshold`: at least 20 people or 2 % of the group within a day, more than what the group usually
loses. `burst`: perhaps fewer, but more than twice its busiest day or two teams on top of what it usually loses, so that
chance does not explain it. `roles`: reps, committee members and administrators gone
together, far beyond their share in the group. People whose accounts were closed, or who are known to have left, are never
counted. Where a group is read less than daily, the time between two readings takes the place of the day.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import exp, lgamma, sqrt
from statistics import mean, quantiles

from workplace_sync.membership.removals import bulk_from
from workplace_sync.membership.timeline import DAY

BASELINE = timedelta(days=56)
EPISODE = timedelta(days=7)  # after so long without removals, a new burst is a new incident
_ENOUGH_DAYS = 28  # of history, before a group has a usual day
_TEAM = 8  # people who may go together for a reason of their own; two such teams in two days are no burst yet
_GROWS_FROM = 3
_ROLES_FROM = 3
_ONE_AND_A_HALF = 1.5
_ORDINARY = 1e-4  # odds at which a day still passes as one of the usual: once in 27 years
_NORMAL_FROM, _NORMAL_REACH = 300, 5
_ROLES_RARE = 1e-5
_TRIMMED = 10  # of the busiest days, one in so many is left out: a team that went together is no usual day


@dataclass(frozen=True, slots=True)
class Removal:
    """Somebody gone whom neither we nor, as far as is known, they themselves took out.

    `number` is the caller's own; `role` says that they are a rep, of the committee, or an administrator of the group.
    """

    number: int
    last_seen_at: datetime
    gone_at: datetime
    role: bool = False


@dataclass(frozen=True, slots=True)
class Usual:
    """What a group loses on a day without incident: the mean without its busiest days, the busiest, and of how many days."""

    per_day: float = 0.0
    busiest: int = 0
    days: int = 0

    @property
    def known(self) -> bool:
        """Whether enough days were seen to speak of a usual one."""
        return self.days >= _ENOUGH_DAYS


class SignKind(StrEnum):
    """What makes removals stand out."""

    THRESHOLD = "threshold"
    BURST = "burst"
    ROLES = "roles"


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign, with how many people it counts and from how many on it speaks."""

    kind: SignKind
    people: int
    bar: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Group:
    """What must be known of the group: its members before the removals, how many with a role, and its usual day."""

    size: int
    with_role: int = 0
    usual: Usual = Usual()


@dataclass(frozen=True, slots=True)
class Burst:
    """Removals that go together, and the signs that say so (none where they only go on from an incident before)."""

    removals: tuple[Removal, ...]
    signs: tuple[Sign, ...]

    @property
    def began_at(self) -> datetime:
        """When the first of them was last seen: it began after that."""
        return min(removal.last_seen_at for removal in self.removals)

    @property
    def last_gone_at(self) -> datetime:
        """When the last of them was first missed."""
        return max(removal.gone_at for removal in self.removals)


def usual_day(counts: Sequence[int]) -> Usual:
    """Return the usual day of a group that lost so many on each of these days.

    The mean of a week with quiet Sundays is too low for its Mondays, so it is at least the upper quartile.
    """
    if not counts:
        return Usual()
    ordered = sorted(counts)
    kept = ordered[: len(ordered) - len(ordered) // _TRIMMED]
    upper = quantiles(kept, n=4, method="inclusive")[2] if len(kept) > 1 else float(kept[0])
    return Usual(max(mean(kept), upper), ordered[-1], len(counts))


def detect(removals: Sequence[Removal], group: Group) -> Burst | None:
    """Return the newest removals when they stand out; None when they do not.

    Those that were found last are looked at alone first, and then with all that may have gone within a day with them.
    """
    together = recent(removals)
    newest = tuple(removal for removal in together if removal.gone_at == together[-1].gone_at)
    for window in dict.fromkeys((newest, together)):
        signs = tuple(_signs(window, group)) if window else ()
        if signs:
            return Burst(window, signs)
    return None


def goes_on(removals: Sequence[Removal], group: Group, last_gone_at: datetime) -> Burst | None:
    """Return the newest removals when they belong to an open incident whose last removal was at `last_gone_at`.

    The bar is lower than for a new incident: more than the group usually loses, and three at least.
    """
    together = recent(removals)
    if not together or together[-1].gone_at - last_gone_at > EPISODE:
        return None
    bar = max(_GROWS_FROM, _ordinary_most(group.usual, _span(together)) + 1)
    return Burst(together, ()) if len(together) >= bar else None


def recent(removals: Sequence[Removal]) -> tuple[Removal, ...]:
    """Return those who may have gone within one day with the newest of them, oldest first.

    Somebody went at some time between the reading that showed them last and the first that did not: people found gone
    by two daily readings may all have gone in the same hour.
    """
    ordered = sorted(removals, key=lambda removal: (removal.gone_at, removal.number))
    if not ordered:
        return ()
    latest = ordered[-1].gone_at
    found_before = min(latest, *(removal.last_seen_at for removal in ordered if removal.gone_at == latest))
    return tuple(removal for removal in ordered if removal.gone_at > found_before - DAY)


def _span(together: Sequence[Removal]) -> timedelta:
    """Return the time in which they certainly went, a day at least: what a group usually loses in it passes as usual."""
    return max(DAY, max(one.gone_at for one in together) - min(one.last_seen_at for one in together))


def _signs(together: Sequence[Removal], group: Group) -> Iterator[Sign]:
    number, span = len(together), _span(together)
    within = f"{max(1, round(span / DAY))} day{'s' if span / DAY >= _ONE_AND_A_HALF else ''}"
    bar = max(bulk_from(group.size), _ordinary_most(group.usual, span) + 1)
    if number >= bar:
        sentence = f"{number} of {group.size} members went within {within}, and may have gone at once; it counts from {bar} on."
        yield Sign(SignKind.THRESHOLD, number, bar, sentence)
    usual = group.usual
    burst = 2 * max(_TEAM, usual.busiest) + _ordinary_most(usual, span) + 1
    if usual.known and number >= burst:
        sentence = f"{number} went within {within}, where {usual.per_day:.1f} a day are usual and {usual.busiest} were the most."
        yield Sign(SignKind.BURST, number, burst, sentence)
    roles = sum(removal.role for removal in together)
    if roles >= _ROLES_FROM and _share_odds(roles, number, group) < _ROLES_RARE:
        sentence = f"{roles} of the {number} who went are reps, of the committee or administrators, of {group.with_role} in the group."
        yield Sign(SignKind.ROLES, roles, _ROLES_FROM, sentence)


def _ordinary_most(usual: Usual, span: timedelta) -> int:
    """Return the most removals that still pass as usual in a stretch of time; 0 where nothing is known of the group."""
    return _most(usual.per_day * (span / DAY), _ORDINARY) if usual.known else 0


def _most(expected: float, odds: float) -> int:
    """Return the largest number that a Poisson count of that mean reaches with at least those odds."""
    if expected > _NORMAL_FROM:  # where exp(-expected) is nearly nothing, a normal curve does as well
        return int(expected + _NORMAL_REACH * sqrt(expected))
    chance, below, number = exp(-expected), 0.0, 0
    while 1.0 - below - chance >= odds:  # the odds of more than `number`
        below += chance
        number += 1
        chance *= expected / number
    return number


def _share_odds(roles: int, drawn: int, group: Group) -> float:
    """Return the odds of at least so many with a role among as many drawn by chance (hypergeometric)."""
    size, marked = max(group.size, drawn), max(group.with_role, roles)
    possible = range(max(roles, drawn - (size - marked)), min(marked, drawn) + 1)
    all_ways = _log_ways(size, drawn)
    return sum(exp(_log_ways(marked, k) + _log_ways(size - marked, drawn - k) - all_ways) for k in possible)


def _log_ways(of: int, chosen: int) -> float:
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)


@dataclass(frozen=True, slots=True)
class Pattern:
    """What those removed have in common: `value` of a `trait` that so many of them have; `share` is in percent."""

    trait: str
    value: str
    people: int
    share: int


_TELLING = 50  # percent


def patterns(traits: Sequence[Mapping[str, str]]) -> list[Pattern]:
    """Return each trait's value that at least half of those removed share, in the order of the traits."""
    names = dict.fromkeys(name for each in traits for name in each)
    found: list[Pattern] = []
    for name in names:
        counted = Counter(each.get(name, "") for each in traits)
        value, people = counted.most_common(1)[0]
        if value and people * 100 >= _TELLING * len(traits):
            found.append(Pattern(name, value, people, people * 100 // len(traits)))
    return found


@dataclass(frozen=True, slots=True)
class Post:
    """How a post was received: people who saw it, reactions, comments; no names. What was not told is None."""

    posted_at: datetime
    seen: int | None
    reactions: int | None
    comments: int | None


@dataclass(frozen=True, slots=True)
class Engagement:
    """The posts of a stretch of time, and how often one was seen, reacted to, commented on: the mean, in tenths."""

    posts: int
    seen_tenths: int | None
    reactions_tenths: int | None
    comments_tenths: int | None


def engagement(posts: Sequence[Post], since: datetime, until: datetime) -> Engagement | None:
    """Return how the posts from `since` up to, not at, `until` were received; None when there were none."""
    those = [post for post in posts if since <= post.posted_at < until]
    if not those:
        return None
    return Engagement(
        len(those),
        _mean_tenths([post.seen for post in those]),
        _mean_tenths([post.reactions for post in those]),
        _mean_tenths([post.comments for post in those]),
    )


def _mean_tenths(counts: Sequence[int | None]) -> int | None:
    told = [count for count in counts if count is not None]
    return sum(told) * 10 // len(told) if told else None
