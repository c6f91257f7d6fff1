"""Bar charts as SVG: lying bars for parts of a whole, standing ones for quarters. The table behind each is the page's.

Numbers stand beside their bars, so nothing has to be read off an axis, and what is withheld is written, not drawn.
"""

from collections.abc import Iterator, Sequence
from html import escape

Bar = tuple[str, int | None]
"""A label, and its number; None where it is withheld."""

_WIDTH = 720
_LABEL = 300
_ROW, _BAR = 26, 16
_LINE = 44  # characters of a label on one line
_FALL, _FOOT, _HEAD = 150, 24, 22
_FILL, _INK, _FAINT = "#1a4f8b", "#1b1b1b", "#5a5a5a"
_TEXT = f'font-size="13" font-family="sans-serif" fill="{_INK}"'


def lying_bars(bars: Sequence[Bar], *, title: str, name: str) -> str:
    """Return a bar a line, longest 100 %; `name` makes the ids of its title and description unique on a page."""
    most = max((number for _, number in bars if number), default=1)
    rows: list[str] = []
    y = 4
    for label, number in bars:
        lines = _lines(label)
        height = max(_ROW, 15 * len(lines) + 8)
        rows += _lying(lines, number, most, y, height)
        y += height
    return _svg(rows, bars, y + 4, title, name)


def standing_bars(bars: Sequence[Bar], *, title: str, name: str) -> str:
    """Return a bar a column, in the order of time; as `lying_bars`."""
    most = max((number for _, number in bars if number), default=1)
    step = min(140.0, (_WIDTH - 8) / max(len(bars), 1))
    base = _HEAD + _FALL
    rows = [f'<line x1="4" x2="{_WIDTH - 4}" y1="{base}" y2="{base}" stroke="{_FAINT}"/>']
    for place, (label, number) in enumerate(bars):
        middle, height = 4 + step * (place + 0.5), _FALL * (number or 0) / most
        rows.append(
            f'<rect x="{middle - step * 0.3:.1f}" y="{base - height:.1f}" width="{step * 0.6:.1f}"'
            f' height="{height:.1f}" fill="{_FILL}"/>'
        )
        rows.append(
            f'<text x="{middle:.1f}" y="{base - height - 6:.1f}" text-anchor="middle" {_TEXT}>{_said(number)}</text>'
        )
        rows.append(f'<text x="{middle:.1f}" y="{base + 17}" text-anchor="middle" {_TEXT}>{escape(label)}</text>')
    return _svg(rows, bars, base + _FOOT, title, name)


def _lying(lines: Sequence[str], number: int | None, most: int, y: int, height: int) -> Iterator[str]:
    room = _WIDTH - _LABEL - 80
    length = room * (number or 0) / most
    middle = y + height / 2
    top = middle - 15 * (len(lines) - 1) / 2 + 4.5
    for place, line in enumerate(lines):
        yield f'<text x="{_LABEL - 10}" y="{top + 15 * place:.1f}" text-anchor="end" {_TEXT}>{escape(line)}</text>'
    if number:
        yield f'<rect x="{_LABEL}" y="{middle - _BAR / 2:.1f}" width="{length:.1f}" height="{_BAR}" fill="{_FILL}"/>'
    yield f'<text x="{_LABEL + length + 6:.1f}" y="{middle + 4.5:.1f}" {_TEXT}>{_said(number)}</text>'


def _lines(label: str) -> list[str]:
    lines = [""]
    for word in label.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > _LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _svg(rows: Sequence[str], bars: Sequence[Bar], height: float, title: str, name: str) -> str:
    described = "; ".join(f"{label}: {_said(number)}" for label, number in bars)
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:g}" width="{_WIDTH}"'
                f' height="{height:g}" role="img" class="chart" aria-labelledby="{name}-title" aria-describedby="{name}-desc">'
            ),
            f'<title id="{name}-title">{escape(title)}</title>',
            f'<desc id="{name}-desc">{escape(described)}</desc>',
            *rows,
            "</svg>",
        ]
    )


def _said(number: int | None) -> str:
    return "withheld" if number is None else f"{number:,}"
