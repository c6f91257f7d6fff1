"""Take how the posts of a group are received: counts by post and day, without a name or a word of what they say."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from workplace_sync.cases.incident import Engagement, Post, engagement
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.office import Office
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.platforms.base import GroupReader
from workplace_sync.store import engagement as store

_MOST_POSTS = 10_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken: posts since a time, and how they were received on average; None where there were no posts."""

    since: datetime
    posts: int
    mean: Engagement | None


def take_engagement(office: Office, group: ManagedGroup, reader: GroupReader, weeks: int) -> Taken:
    """Keep how the posts of the last `weeks` stand today; taken again on the same day, it replaces that day's counts.

    Raises CallErrors when the posts cannot be read; then nothing is kept.
    """
    now = office.now()
    since = now - timedelta(weeks=weeks)
    found = [
        (one.post_id, Post(one.posted_at.astimezone(UTC), one.seen, one.reactions, one.comments))
        for one in islice(reader.read_posts(since), _MOST_POSTS)
    ]
    posts = [post for _, post in found]
    with office.log.transaction() as transaction:
        store.put(transaction.connection, group.name, f"{now:%Y-%m-%d}", found)
        transaction.log(
            Record(
                kind=Kind.ENGAGEMENT_TAKEN,
                at=now,
                group=group.name,
                actor=office.actor,
                outcome="taken",
                data={
                    "comments": _total([post.comments for post in posts]),
                    "posts": len(posts),
                    "reactions": _total([post.reactions for post in posts]),
                    "seen": _total([post.seen for post in posts]),
                    "since": since.isoformat(),
                },
            )
        )
    return Taken(since, len(posts), engagement(posts, since, now + timedelta(seconds=1)))


def _total(counts: list[int | None]) -> int | None:
    told = [count for count in counts if count is not None]
    return sum(told) if told else None
