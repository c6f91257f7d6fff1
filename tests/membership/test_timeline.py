"""Membership over time: what was so, what was known, and when nothing could be seen."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from workplace_sync.membership.timeline import Blind, BlindCause, Interval, blind_between, daily_counts

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_somebody_is_shown_from_the_first_reading_that_saw_them_to_the_first_that_did_not() -> None:
    interval = Interval(NOON, NOON + HOUR, NOON + DAY, NOON + 2 * DAY)
    assert [interval.shows(NOON + shift) for shift in (-HOUR, timedelta(0), DAY - HOUR, DAY)] == [
        False,
        True,
        True,
        False,
    ]
    assert Interval(NOON, NOON).shows(NOON + 100 * DAY)


def test_what_was_found_out_later_does_not_change_what_was_known_before() -> None:
    interval = Interval(NOON, NOON + HOUR, NOON + DAY, NOON + 2 * DAY)
    asked = NOON + DAY + HOUR
    assert interval.shows(asked, known_at=NOON + DAY + 2 * HOUR)
    assert not interval.shows(asked, known_at=NOON + 2 * DAY)
    assert not interval.shows(NOON + HOUR, known_at=NOON + HOUR / 2)
    assert not Interval(NOON, NOON, NOON + DAY).shows(asked, known_at=NOON + DAY)


@given(st.integers(-50, 50), st.integers(0, 100))
def test_known_now_is_known_for_ever_after(at: int, later: int) -> None:
    interval = Interval(NOON, NOON, NOON + DAY, NOON + DAY + 5 * HOUR)
    known_at = NOON + DAY + 5 * HOUR + later * HOUR
    assert interval.shows(NOON + at * HOUR, known_at) == interval.shows(NOON + at * HOUR)


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
