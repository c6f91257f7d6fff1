"""When removals by others are an incident, and when they are a usual day."""

from datetime import UTC, datetime, timedelta

import pytest

from workplace_sync.cases.incident import (
    Engagement,
    Group,
    Pattern,
    Post,
    Removal,
    SignKind,
    Usual,
    detect,
    engagement,
    goes_on,
    patterns,
    recent,
    usual_day,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
QUIET = Usual(per_day=0.5, busiest=3, days=56)


def gone(number: int, day: float = 0, gap: float = 1, roles: int = 0) -> list[Removal]:
    """Return removals found by the reading of a day, the one before being `gap` days earlier."""
    at = NOON + day * DAY
    first = int(day * 100_000)
    return [Removal(first + n, at - gap * DAY, at, role=n < roles) for n in range(number)]


def kinds(removals: list[Removal], group: Group) -> list[str]:
    found = detect(removals, group)
    return [] if found is None else [sign.kind.value for sign in found.signs]


@pytest.mark.parametrize(("size", "bar"), [(40, 5), (250, 5), (400, 8), (1000, 20), (8000, 20), (100_000, 20)])
def test_20_people_or_2_percent_within_a_day_open_an_incident(size: int, bar: int) -> None:
    assert kinds(gone(bar), Group(size)) == ["threshold"]
    assert kinds(gone(bar - 1), Group(size)) == []


def test_nobody_gone_is_no_incident() -> None:
    assert detect([], Group(100)) is None
    assert goes_on([], Group(100), NOON) is None
    assert recent([]) == ()


def test_a_removal_that_two_readings_share_is_found_whole() -> None:
    found = detect([*gone(12, day=0), *gone(12, day=1)], Group(5000, usual=QUIET))
    assert found is not None
    assert (len(found.removals), found.began_at, found.last_gone_at) == (24, NOON - DAY, NOON + DAY)
    assert found.signs[0].sentence == (
        "24 of 5000 members went within 2 days, and may have gone at once; it counts from 20 on."
    )


def test_a_clock_that_was_put_back_hides_nobody() -> None:
    assert kinds(gone(20, gap=-50), Group(1000)) == ["threshold"]


def test_what_went_days_apart_did_not_go_together() -> None:
    assert kinds([*gone(12, day=0), *gone(12, day=3)], Group(5000, usual=QUIET)) == []


def test_many_small_removals_within_a_day_add_up() -> None:
    hourly = [one for hour in range(24) for one in gone(1, day=hour / 24, gap=1 / 24)]
    assert kinds(hourly[:19], Group(5000)) == []
    assert kinds(hourly[:20], Group(5000)) == ["threshold"]


def test_a_group_that_always_loses_many_needs_more_to_stand_out() -> None:
    busy = Group(50_000, usual=Usual(per_day=20, busiest=31, days=56))
    assert kinds(gone(35), busy) == []
    assert kinds(gone(60), busy) == ["threshold"]
    assert kinds(gone(120), busy) == ["threshold", "burst"]


def test_a_group_that_is_read_once_a_week_is_measured_by_its_usual_week() -> None:
    weekly = Group(8000, usual=Usual(per_day=3, busiest=9, days=56))
    assert kinds(gone(25, gap=7), weekly) == []
    assert kinds(gone(60, gap=7), weekly) == ["threshold", "burst"]


def test_more_than_two_teams_and_the_usual_is_a_burst_even_below_the_threshold() -> None:
    assert kinds(gone(17), Group(5000, usual=Usual(0.0, 1, 56))) == ["burst"]
    assert kinds(gone(16), Group(5000, usual=Usual(0.0, 1, 56))) == []
    assert kinds(gone(17), Group(5000, usual=Usual(0.0, 9, 56))) == []  # the busiest day shows how many go together
    assert kinds(gone(17), Group(5000, usual=Usual(0.0, 1, days=20))) == []  # nobody knows its usual day yet


def test_reps_and_committee_gone_together_are_a_sign_of_their_own() -> None:
    group = Group(1000, with_role=12, usual=QUIET)
    found = detect(gone(4, roles=4), group)
    assert found is not None
    assert [(sign.kind, sign.people) for sign in found.signs] == [(SignKind.ROLES, 4)]
    assert "4 of the 4 who went are reps" in found.signs[0].sentence
    assert kinds(gone(2, roles=2), group) == []
    assert kinds(gone(4, roles=4), Group(1000, with_role=300, usual=QUIET)) == []  # where every third one has a role
    assert kinds(gone(4, roles=3), Group(4, with_role=3, usual=QUIET)) == []  # the whole group went


def test_an_incident_goes_on_while_more_go_than_usual() -> None:
    group = Group(5000, usual=QUIET)
    last = NOON - 2 * DAY
    assert goes_on(gone(6), group, last) is not None
    assert goes_on(gone(6), group, last).signs == ()  # type: ignore[union-attr]
    assert goes_on(gone(3), group, last) is None
    assert goes_on(gone(3), Group(5000), last) is not None
    assert goes_on(gone(2), Group(5000), last) is None
    assert goes_on(gone(6), group, NOON - 8 * DAY) is None


def test_the_usual_day_leaves_out_the_busiest_and_minds_quiet_sundays() -> None:
    week = [0, 2, 2, 2, 2, 2, 0]
    usual = usual_day([*week * 8, 40])
    assert (usual.per_day, usual.busiest, usual.days, usual.known) == (2, 40, 57, True)
    assert usual_day([]) == Usual()
    assert usual_day([3]) == Usual(3, 3, 1)


def test_what_half_of_those_removed_have_in_common_is_told() -> None:
    traits = [{"added_by": "roster file", "tenant": "bt", "role": "rep" if n < 2 else ""} for n in range(10)]
    traits += [{"added_by": "not by us", "tenant": "bt", "role": ""} for _ in range(5)]
    assert patterns(traits) == [Pattern("added_by", "roster file", 10, 66), Pattern("tenant", "bt", 15, 100)]
    assert patterns([{"tenant": str(n)} for n in range(3)]) == []
    assert patterns([]) == []


def test_engagement_is_the_mean_of_what_was_told_of_the_posts_in_between() -> None:
    posts = [Post(NOON, 100, 7, 1), Post(NOON + HOUR, 51, None, 2), Post(NOON + DAY, 1, 1, 1)]
    assert engagement(posts, NOON, NOON + DAY) == Engagement(2, 755, 70, 15)
    assert engagement(posts[1:2], NOON, NOON + DAY) == Engagement(1, 510, None, 20)
    assert engagement(posts, NOON + 2 * DAY, NOON + 3 * DAY) is None


def test_what_is_usual_for_a_giant_is_counted_too() -> None:
    giant = Group(1_000_000, usual=Usual(per_day=400, busiest=460, days=56))
    assert kinds(gone(490), giant) == []
    assert kinds(gone(510), giant) == ["threshold"]
