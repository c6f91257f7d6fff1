"""Cron lines in group files: what is taken means the same to the engine that runs them."""

import pytest
from croniter import croniter  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from workplace_sync.groups.cron import cron_line

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


@st.composite
def _parts(draw: st.DrawFn, lowest: int, highest: int) -> str:
    first, last = sorted(draw(st.tuples(st.integers(lowest, highest), st.integers(lowest, highest))))
    base = draw(st.sampled_from(["*", str(first), f"{first}-{last}"]))
    step = draw(st.sampled_from(["", f"/{draw(st.integers(1, highest))}"]))
    return base + (step if base == "*" or "-" in base else "")


_LINES = st.tuples(*(st.lists(_parts(*each), min_size=1, max_size=3).map(",".join) for each in _RANGES)).map(" ".join)


@given(_LINES)
def test_every_line_that_is_taken_is_one_for_the_engine(line: str) -> None:
    assert croniter.is_valid(cron_line(line))


@pytest.mark.parametrize("line", ["0 9 * jan-MAR Mon,fri", "  */5 *  * * * "])
def test_names_and_spaces_are_as_in_a_crontab(line: str) -> None:
    assert croniter.is_valid(cron_line(line))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("* * * *", "five fields"),
        ("* * * * * *", "five fields"),
        ("@daily", "five fields"),
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of the month"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "day of the week"),
        ("*/0 * * * *", "minute"),
        ("9-5 * * * *", "minute"),
        ("5/10 * * * *", "minute"),
        (", * * * *", "minute"),
        ("* * * * somebody@example.org", "day of the week"),
    ],
)
def test_a_line_that_cannot_be_is_told_by_its_field_and_not_repeated(line: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        cron_line(line)
    assert "somebody" not in str(caught.value)
