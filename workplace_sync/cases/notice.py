"""What a committee is told of unattended runs, and when: once an episode, then in a rhythm, and once that it is over.

An episode is a time in which something of one group needs a person. It is known by its matter, its group and a key
that stays the same while it lasts. Nobody's name or address is part of one: it holds counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Matter(StrEnum):
    """What an episode is about, the most urgent first."""

    EVIDENCE = "evidence"
    INCIDENT = "incident"
    BLIND = "blind"
    RUN = "run"
    HELD = "held"
    ESCALATION = "escalation"


class Phase(StrEnum):
    """Where in its episode a message stands."""

    FIRST = "first"
    REMINDER = "reminder"
    ENDED = "ended"


Name = tuple[Matter, str, str]
"""What an episode is known by: its matter, its group ("" for all of them) and its key."""


@dataclass(frozen=True, slots=True)
class Episode:
    """Something that needs a person, since when, and how many it is about.

    `counts` are numbers by the word that they count; `detail` is a word or a short sentence without anybody's name, as
    the cause of blindness; `handle` is what a command is given to look at it, as a plan's digest.
    """

    matter: Matter
    group: str
    key: str
    since: datetime
    counts: Mapping[str, int] = field(default_factory=dict)
    detail: str = ""
    handle: str = ""

    @property
    def name(self) -> Name:
        """What the episode is known by."""
        return self.matter, self.group, self.key


@dataclass(frozen=True, slots=True)
class Sent:
    """What was told of an episode before: its phase, when it was sent, and since when the episode was said to last."""

    name: Name
    phase: Phase
    at: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be told now. `step` numbers what is told of an episode: 0 first, then the reminders, the end last."""

    episode: Episode
    phase: Phase
    step: int

    @property
    def order(self) -> tuple[bool, int, str, datetime]:
        """What a message is ordered by: what lasts first, the most urgent of it first."""
        one = self.episode
        return self.phase is Phase.ENDED, list(Matter).index(one.matter), one.group, one.since


def due(
    episodes: Iterable[Episode], sent: Iterable[Sent], now: datetime, rhythm: Sequence[timedelta]
) -> tuple[Due, ...]:
    """Return what has to be told now, in the order of a message.

    `sent` is what reached this receiver before, of the episodes that could be among `episodes`: one of them that is
    there no more is over. `rhythm` says how long after each message the next reminder comes; its last time goes on, and
    without any there are no reminders.
    """
    before: dict[Name, list[Sent]] = {}
    for one in sorted(sent, key=lambda one: one.at):
        before.setdefault(one.name, []).append(one)
    found = [
        told for episode in episodes for told in _of(episode, tuple(before.pop(episode.name, ())), now, tuple(rhythm))
    ]
    found += [_over(name, told) for name, told in before.items() if told[-1].phase is not Phase.ENDED]
    return tuple(sorted(found, key=lambda one: one.order))


def _of(episode: Episode, told: Sequence[Sent], now: datetime, rhythm: Sequence[timedelta]) -> tuple[Due, ...]:
    if not told or told[-1].phase is Phase.ENDED:  # what was over and is back again is told again
        return (Due(episode, Phase.FIRST, len(told)),)
    since_first = sum(1 for one in told[_begun(told) :] if one.phase is not Phase.ENDED)
    if not rhythm or now - told[-1].at < rhythm[min(since_first, len(rhythm)) - 1]:
        return ()
    since = min(
        episode.since, told[_begun(told)].since
    )  # of some matters nobody knows more than when it was first told
    return (Due(replace(episode, since=since), Phase.REMINDER, len(told)),)


def _begun(told: Sequence[Sent]) -> int:
    return max(number for number, one in enumerate(told) if one.phase is Phase.FIRST)


def _over(name: Name, told: Sequence[Sent]) -> Due:
    matter, group, key = name
    return Due(Episode(matter, group, key, told[_begun(told)].since), Phase.ENDED, len(told))


@dataclass(frozen=True, slots=True)
class Notice:
    """A message, ready to be sent: a subject on one line, a text of sentences, and what it tells for a program to read."""

    at: datetime
    subject: str
    body: str
    told: tuple[Due, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return the message for a program; it names its schema."""
        return {
            "schema": "workplace-sync/notice/1",
            "at": self.at.isoformat(),
            "subject": self.subject,
            "body": self.body,
            "episodes": [
                {
                    "matter": one.episode.matter.value,
                    "phase": one.phase.value,
                    "group": one.episode.group,
                    "key": one.episode.key,
                    "since": one.episode.since.isoformat(),
                    "counts": dict(one.episode.counts),
                    "detail": one.episode.detail,
                }
                for one in self.told
            ],
        }
