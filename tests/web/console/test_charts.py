"""Charts as numbers."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from workplace_sync.web.console.charts import HEIGHT, WIDTH, line_chart, nice_top

BEGAN = datetime(2026, 9, 1, tzinfo=UTC)


def _days(*sizes: int) -> list[tuple[datetime, int]]:
    return [(BEGAN + timedelta(days=number), size) for number, size in enumerate(sizes)]


def test_one_reading_is_no_line() -> None:
    assert line_chart("Members", _days(5)) is None
    assert line_chart("Members", []) is None


def test_a_chart_says_in_words_what_is_to_be_seen() -> None:
    chart = line_chart("Members", _days(40, 165, 105))
    assert chart is not None
    assert chart.description == "40 members on 1 Sep 2026, 105 on 3 Sep 2026; the most 165, the fewest 40."
    assert chart.rows == [("1 Sep 2026", 40), ("2 Sep 2026", 165), ("3 Sep 2026", 105)]
    assert [tick.label for tick in chart.up] == ["0", "50", "100", "150", "200"]


def test_a_size_holds_until_the_next_reading() -> None:
    chart = line_chart("Members", _days(10, 20))
    assert chart is not None
    places = [tuple(map(float, point.split(","))) for point in chart.points.split()]
    assert len(places) == 3
    assert places[0][1] == places[1][1] != places[2][1]


def test_times_of_blindness_are_shaded_within_the_picture() -> None:
    spans = [
        (BEGAN - timedelta(days=9), BEGAN + timedelta(days=1), "blind"),
        (BEGAN + timedelta(days=5), BEGAN + timedelta(days=6), "too late"),
    ]
    chart = line_chart("Members", _days(1, 2, 3), bands=spans, level=("wanted", 7))
    assert chart is not None
    assert [band.label for band in chart.bands] == ["blind"]
    assert chart.bands[0].left >= 0
    assert chart.level is not None
    assert chart.level.label == "wanted 7"


@given(st.integers(0, 10**9))
def test_the_end_of_an_axis_is_round_and_not_far_above(most: int) -> None:
    top = nice_top(most)
    assert top >= most
    assert top % 4 == 0
    assert top <= max(4, 2 * most)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=30))
def test_nothing_is_drawn_outside_the_picture(sizes: list[int]) -> None:
    line = line_chart("x", _days(*sizes))
    assert line is not None
    for point in line.points.split():
        x, y = map(float, point.split(","))
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT
