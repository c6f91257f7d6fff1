"""Membership over time: what was so, what was known, and when nothing could be seen."""

from datetime import UTC, datetime, timedelta

from workplace_sync.membership.timeline import Blind, BlindCause, blind_between, daily_counts

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_a_blind_time_counts_where_any_of_it_lies_in_between() -> None:
    ended = Blind(BlindCause.READ_FAILED, NOON, NOON + HOUR)
    lasting = Blind(BlindCause.TOKEN_REVOKED, NOON + 2 * HOUR)
    assert blind_between([ended], NOON - HOUR, NOON + HOUR / 2) is BlindCause.READ_FAILED
    assert blind_between([ended], NOON + HOUR, NOON + 2 * HOUR) is None
    assert blind_between([ended], NOON - 2 * HOUR, NOON) is None
    assert blind_between([ended, lasting], NOON, NOON + DAY) is BlindCause.TOKEN_REVOKED
    archived = Blind(BlindCause.ARCHIVED, NOON, NOON + HOUR)
    assert blind_between([ended, lasting, archived], NOON, NOON + DAY) is BlindCause.ARCHIVED


def test_times_are_counted_by_whole_days_back_from_the_end() -> None:
    times = [NOON - HOUR, NOON - DAY + HOUR, NOON - DAY - HOUR, NOON - 3 * DAY, NOON, NOON - 9 * DAY]
    assert daily_counts(times, NOON - 3 * DAY - HOUR, NOON) == (0, 1, 2)
    assert daily_counts(times, NOON, NOON) == ()
    assert daily_counts(times, NOON + DAY, NOON) == ()
