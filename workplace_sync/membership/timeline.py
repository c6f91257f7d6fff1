"""Membership over time, on two axes: when something was so, and when we came to know it; and when we could not see."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

DAY = timedelta(days=1)


class BlindCause(StrEnum):
    """Why a group could not be seen, as far as the platform's answer tells it."""

    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - a word of ours
    PERMISSION_NARROWED = "permission_narrowed"
    READ_FAILED = "read_failed"
    ARCHIVED = "archived"
    GONE = "gone"


BLIND_WORDS: Mapping[BlindCause, str] = {
    BlindCause.TOKEN_REVOKED: "the token was not accepted",
    BlindCause.PERMISSION_NARROWED: "the token lacked a permission",
    BlindCause.READ_FAILED: "the group could not be read",
    BlindCause.ARCHIVED: "the group was archived",
    BlindCause.GONE: "the group did not exist, or could not be seen",
}
"""What kept us from seeing a group, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Blind:
    """A time in which a group could not be seen. `ended_at` is None while it lasts.

    `last_sighted_at` is the complete reading before it, None where there was none: what happened since then and until
    the reading that ended it may have happened at any moment in between.
    """

    cause: BlindCause
    began_at: datetime
    ended_at: datetime | None = None
    last_sighted_at: datetime | None = None

    def overlaps(self, since: datetime, until: datetime) -> bool:
        """Whether any part of it lies after `since` and before `until`."""
        return self.began_at < until and (self.ended_at is None or self.ended_at > since)


def blind_between(periods: Iterable[Blind], since: datetime, until: datetime) -> BlindCause | None:
    """Return why we were blind in a stretch of time, None when we were not; an archived or vanished group comes first."""
    causes = {period.cause for period in periods if period.overlaps(since, until)}
    order = (
        BlindCause.ARCHIVED,
        BlindCause.GONE,
        BlindCause.TOKEN_REVOKED,
        BlindCause.PERMISSION_NARROWED,
        BlindCause.READ_FAILED,
    )
    return next((cause for cause in order if cause in causes), None)


def daily_counts(times: Sequence[datetime], since: datetime, until: datetime) -> tuple[int, ...]:
    """Return how many of the times fall into each whole day back from `until` to `since`, oldest first."""
    days = max(0, (until - since) // DAY)
    counts = [0] * days
    for at in times:
        back = (until - at) // DAY
        if at < until and back < days:
            counts[days - 1 - back] += 1
    return tuple(counts)
