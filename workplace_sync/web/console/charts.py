"""Charts as plain numbers: where each point and line of the picture goes. The macro `chart` draws them as SVG.

Nothing here has a colour or a font: the stylesheet has, so that one chart is right in the light, in the dark and in print.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH, HEIGHT = 480, 190
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 8, 26

_ROUND = (4, 8, 12, 20, 40, 60, 80, 100)
_STEPS = 4
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis: where it is on the picture, and what it says. `anchor` is the side its text hangs on."""

    at: float
    label: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Band:
    """A span of time to shade, from `left` for `width`."""

    left: float
    width: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart to draw. `description` says in a sentence what is to be seen; `rows` is the table behind it."""

    title: str
    description: str
    columns: tuple[str, str]
    rows: Sequence[tuple[str, int]]
    across: Sequence[Tick]
    up: Sequence[Tick]
    points: str = ""
    end: tuple[float, float] | None = None
    bands: Sequence[Band] = ()
    level: Tick | None = None


def line_chart(
    title: str,
    series: Sequence[tuple[datetime, int]],
    *,
    unit: str = "members",
    level: tuple[str, int] | None = None,
    bands: Sequence[tuple[datetime, datetime, str]] = (),
) -> Chart | None:
    """Return a stepped line of sizes over time, oldest first; None for fewer than two points, which are no line.

    `level` is a value to compare with, with its name; `bands` are spans of time to shade, each with what it was.
    """
    if len(series) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    first, last = series[0][0], series[-1][0]
    span = (last - first).total_seconds() or 1.0
    top = nice_top(max(*(value for _, value in series), level[1] if level else 0))

    def across(at: datetime) -> float:
        share = (at - first).total_seconds() / span
        return round(LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, max(0.0, share)), 1)

    points: list[str] = []
    before: float | None = None
    for at, value in series:
        x, y = across(at), _height(value, top)
        points += [f"{x},{before}"] if before is not None else []
        points.append(f"{x},{y}")
        before = y
    return Chart(
        title,
        f"{series[0][1]:,} {unit} on {_day(first)}, {series[-1][1]:,} on {_day(last)};"
        f" the most {max(v for _, v in series):,}, the fewest {min(v for _, v in series):,}.",
        ("Day", unit.capitalize()),
        [(_day(at), value) for at, value in series],
        [_day_tick(first, last, number, across) for number in range(_TICKS + 1)],
        _up(top),
        " ".join(points),
        (across(last), _height(series[-1][1], top)),
        bands=[
            Band(across(begin), max(2.0, round(across(end) - across(begin), 1)), label)
            for begin, end, label in bands
            if end > first and begin < last
        ],
        level=Tick(_height(level[1], top), f"{level[0]} {level[1]:,}") if level else None,
    )


def nice_top(most: int) -> int:
    """Return the end of an axis from 0: not below `most`, and four steps of round numbers."""
    scale = 1 if most <= _ROUND[-1] else 10 ** (len(str(most - 1)) - 2)
    return next(step * scale for step in _ROUND if step * scale >= most)


def _height(value: float, top: int) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1)


def _up(top: int) -> list[Tick]:
    return [Tick(_height(top * step / _STEPS, top), _plain(top * step / _STEPS)) for step in range(_STEPS + 1)]


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"


def _day_tick(first: datetime, last: datetime, number: int, across: Callable[[datetime], float]) -> Tick:
    at = first + (last - first) * number / _TICKS
    anchor = "start" if number == 0 else "end" if number == _TICKS else "middle"
    return Tick(across(at), f"{at.day} {at:%b}", anchor)
