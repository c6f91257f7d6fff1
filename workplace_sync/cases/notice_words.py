"""Says what is due as a message to a committee: what, which group, since when, how many, and what to do."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from workplace_sync.cases.notice import Due, Episode, Matter, Notice, Phase

_FOOT = (
    "This message was written by workplace-sync. It names nobody, and it is not sent again before a reminder is due;"
    " `workplace-sync status` shows how everything stands now."
)
_BLIND = {
    "token_revoked": "the platform no longer takes the token",
    "permission_narrowed": "the token may no longer see enough",
    "gone": "the platform says that there is no such group",
    "archived": "the group is archived",
    "read_failed": "reading it fails",
}
_SUBJECTS = {
    Matter.EVIDENCE: "the evidence log does not verify",
    Matter.INCIDENT: "people were removed by others",
    Matter.BLIND: "a group cannot be seen",
    Matter.RUN: "runs fail",
    Matter.HELD: "changes wait for approval",
    Matter.ESCALATION: "an answer is overdue",
}
_PAGES = {Matter.HELD: "plans", Matter.INCIDENT: "incidents", Matter.EVIDENCE: "evidence"}


def compose(due: Sequence[Due], now: datetime, console_url: str = "") -> Notice:
    """Return the one message that tells all of `due`, which holds something. With a console, its pages are named too."""
    parts = [_paragraph(one, now, console_url) for one in due]
    return Notice(now, subject(due), "\n\n".join([*parts, _FOOT]) + "\n", tuple(due))


def subject(due: Sequence[Due]) -> str:
    """Return what stands over the message: the first thing in it, which group, and how many others there are."""
    first = due[0]
    about = f" ({first.episode.group})" if first.episode.group else ""
    told = {Phase.FIRST: "", Phase.REMINDER: "still: ", Phase.ENDED: "over: "}[first.phase]
    more = f", and {len(due) - 1} more" if len(due) > 1 else ""
    return f"[workplace-sync] {told}{_SUBJECTS[first.episode.matter]}{about}{more}"


def duration(time: timedelta) -> str:
    """Return how long something lasts, in words of the largest unit that fits it, as "3 days"."""
    for seconds, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        number = int(time.total_seconds() // seconds)
        if number >= 1:
            return f"{number:,} {word}{'' if number == 1 else 's'}"
    return "less than a minute"


def sentence(episode: Episode) -> str:
    """Return what is the matter, as one sentence without its time."""
    group, counts = episode.group, episode.counts
    match episode.matter:
        case Matter.EVIDENCE:
            return "The evidence log does not verify, and nothing is recorded until a person has looked."
        case Matter.INCIDENT:
            return f"{group}: {_many(counts, 'people', 'person was', 'people were')} removed from the group, not by us."
        case Matter.BLIND:
            return f"{group}: the group cannot be seen, as {_BLIND.get(episode.detail, _BLIND['read_failed'])}."
        case Matter.RUN:
            return f"{group or 'All groups'}: {_many(counts, 'runs', 'run has', 'runs in a row have')} failed{_why(episode)}."
        case Matter.HELD:
            return (
                f"{group}: {_many(counts, 'changes', 'change waits', 'changes wait')} for a second person's approval."
            )
        case Matter.ESCALATION:
            return f"{group or 'The committee'}: {_many(counts, 'cases', 'answer is', 'answers are')} overdue{_why(episode)}."
    assert_never(episode.matter)


def todo(episode: Episode) -> str:
    """Return the command that shows what it is about, or puts it right."""
    match episode.matter:
        case Matter.EVIDENCE:
            return "workplace-sync evidence verify"
        case Matter.INCIDENT:
            return f"workplace-sync incident show {episode.handle or episode.key}"
        case Matter.BLIND:
            return f"workplace-sync doctor {episode.group}"
        case Matter.RUN:
            return "workplace-sync status"
        case Matter.ESCALATION:
            return "workplace-sync escalation overdue"
        case Matter.HELD:
            return f"workplace-sync plans list {episode.group}"
    assert_never(episode.matter)


def _paragraph(one: Due, now: datetime, console_url: str) -> str:
    episode = one.episode
    lasting = f"since {episode.since:%Y-%m-%d %H:%M} UTC, for {duration(now - episode.since)}"
    if one.phase is Phase.ENDED:
        about = episode.group or "All groups"
        return f"Over: {about}: {_SUBJECTS[episode.matter]} no more. It had been so {lasting}."
    lines = [
        f"{'Still: ' if one.phase is Phase.REMINDER else ''}{sentence(episode)}",
        f"  Since:      {lasting.removeprefix('since ')}",
        f"  What to do: {todo(episode)}",
    ]
    if console_url:
        lines.append(f"  Console:    {console_url.rstrip('/')}/{_PAGES.get(episode.matter, '')}".rstrip("/"))
    return "\n".join(lines)


def _why(episode: Episode) -> str:
    return f": {episode.detail.rstrip('.')}" if episode.detail else ""


def _many(counts: Mapping[str, int], word: str, one: str, many: str) -> str:
    number = counts.get(word, 1)
    return f"{number:,} {one if number == 1 else many}"
