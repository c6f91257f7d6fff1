"""A line chart as SVG, with a title and a description for those who do not see it. The table behind it is the page's."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from workplace_sync.cases.statement import SizeAt

_WIDTH, _HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 16, 36
_STEPS = 4
_NICE = (1, 2, 2.5, 5, 10)


def members_chart(sizes: Sequence[SizeAt], *, title: str) -> str:
    """Return the number of members over time as a stepped line; a size holds until the next reading.

    An empty string where there are fewer than two readings: one point is no line.
    """
    if len(sizes) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    first, last = sizes[0].at, sizes[-1].at
    top = _nice_top(max(one.members for one in sizes))
    points = " ".join(_steps(sizes, first, last, top))
    description = f"From {sizes[0].members:,} members on {first:%Y-%m-%d} to {sizes[-1].members:,} on {last:%Y-%m-%d}."
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" class="chart">',
            f"<title>{escape(title)}</title>",
            f"<desc>{escape(description)}</desc>",
            *(_grid(top * step / _STEPS, top) for step in range(_STEPS + 1)),
            f'<polyline points="{points}" fill="none" stroke="#1a4f8b" stroke-width="2"/>',
            f'<text x="{_LEFT}" y="{_HEIGHT - 10}" font-size="12" fill="#333">{first:%Y-%m-%d %H:%M}</text>',
            (
                f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 10}" font-size="12" fill="#333" text-anchor="end">'
                f"{last:%Y-%m-%d %H:%M}</text>"
            ),
            "</svg>",
        ]
    )


def _nice_top(most: int) -> float:
    """Return the end of the axis: a round number not below `most`."""
    scale = 10.0 ** (len(str(max(most, 1))) - 1)
    return next(step * scale for step in _NICE if step * scale >= most)


def _steps(sizes: Sequence[SizeAt], first: datetime, last: datetime, top: float) -> list[str]:
    span = (last - first).total_seconds() or 1.0
    found: list[str] = []
    before = None
    for one in sizes:
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * (one.at - first).total_seconds() / span
        y = _y(one.members, top)
        if before is not None:
            found.append(f"{x:.1f},{before:.1f}")
        found.append(f"{x:.1f},{y:.1f}")
        before = y
    return found


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / top


def _grid(value: float, top: float) -> str:
    y = _y(value, top)
    return (
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ccc"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" font-size="12" fill="#333" text-anchor="end">{value:,.0f}</text>'
    )
