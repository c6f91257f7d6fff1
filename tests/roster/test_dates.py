from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.roster.reading import NOW
from workplace_sync.roster.dates import parse_date
from workplace_sync.roster.values import BadValueError

PAST = st.dates(date(1900, 1, 1), date(2021, 6, 1))


@given(PAST)
def test_an_iso_date_is_midnight_utc(day: date) -> None:
    assert parse_date(day.isoformat(), now=NOW) == datetime(day.year, day.month, day.day, tzinfo=UTC)


@given(PAST)
def test_day_month_year_is_never_guessed(day: date) -> None:
    text = f"{day.day:02d}/{day.month:02d}/{day.year}"
    right = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if day.day <= 12 and day.day != day.month:
        with pytest.raises(BadValueError, match="month/day"):
            parse_date(text, now=NOW)
    else:
        assert parse_date(text, now=NOW) == right
    assert parse_date(text, now=NOW, formats=["%d/%m/%Y"]) == right


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2021-03-04T10:30:00Z", datetime(2021, 3, 4, 10, 30, tzinfo=UTC)),
        ("2021-03-04 10:30", datetime(2021, 3, 4, 10, 30, tzinfo=UTC)),
        ("2021-03-04T10:30+02:00", datetime(2021, 3, 4, 8, 30, tzinfo=UTC)),
        ("31.12.2020", datetime(2020, 12, 31, tzinfo=UTC)),
    ],
)
def test_timestamps_keep_their_time_in_utc(text: str, when: datetime) -> None:
    assert parse_date(text, now=NOW) == when


def test_formats_are_tried_in_their_order() -> None:
    formats = ["%m/%d/%Y", "%d/%m/%Y", "%d %b %Y %z"]
    assert parse_date("03/04/2021", now=NOW, formats=formats) == datetime(2021, 3, 4, tzinfo=UTC)
    assert parse_date("31/04/2021".replace("04", "05"), now=NOW, formats=formats) == datetime(2021, 5, 31, tzinfo=UTC)
    assert parse_date("04 Mar 2021 +0100", now=NOW, formats=formats) == datetime(2021, 3, 3, 23, tzinfo=UTC)
    with pytest.raises(BadValueError) as caught:
        parse_date("March 4th", now=NOW, formats=formats)
    assert "%m/%d/%Y or %d/%m/%Y" in caught.value.advice


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "43891",
        "31/02/2021",
        "04/13/2021",
        "2021-02-30",
        "0202-03-04",
        "1899-12-31",
        "13.04/2021",
        "0001-01-01T00:00+23:00",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(BadValueError):
        parse_date(text, now=NOW)


def test_a_consent_cannot_be_dated_in_the_future() -> None:
    assert parse_date(NOW.isoformat(), now=NOW) == NOW
    with pytest.raises(BadValueError, match="future"):
        parse_date((NOW + timedelta(seconds=1)).isoformat(), now=NOW)
