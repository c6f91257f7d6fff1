"""The quarterly report on paper: HTML, CSV, JSON and (with the extra `pdf`) PDF, the same bytes for the same report.

No clock is in it, nothing is loaded, and nothing runs. Each chart has its table below it, each table says what it counts.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from itertools import groupby

from workplace_sync.cases.report import WITHHELD, Report, Table, Value, Version
from workplace_sync.papers.bars import Bar, lying_bars, standing_bars
from workplace_sync.papers.pdf import made_pdf

_CHARTED = {"trend", "category", "area", "kind", "progress", "improvements", "methods", "policies", "causes"}
_CALLED_OUT = "What members called out"
_TEXTS = "texts"
_NOTHING = "Nothing in this quarter."
_NOT_SHOWN = "There is no number that can be shown."  # what is withheld and what is nothing look the same
_MANY = 2
_OLDEST = 12  # quarters in a chart; the table has them all


def quarterly_files(report: Report, *, ends_at: datetime, pdf: bool = True) -> dict[str, bytes]:
    """Return the report's files by their endings. `ends_at` is the end of its quarter, which the PDF bears as its date.

    Raises SettingsError where a PDF is wanted and the extra `pdf` is not installed.
    """
    made = {"html": quarterly_html(report).encode(), "csv": report.as_csv(), "json": report.as_json()}
    return made | ({"pdf": quarterly_pdf(report, ends_at)} if pdf else {})


def quarterly_html(report: Report) -> str:
    """Return the report as one HTML page, its stylesheet inside."""
    return "\n".join(_html(report)) + "\n"


def _html(report: Report) -> Iterator[str]:
    style = (files("workplace_sync.papers") / "quarterly.css").read_text("utf-8")
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.title)}</title>\n<style>\n{style}</style>\n</head>"
    )
    yield f'<body class="{report.version.value}">\n<header>\n<h1>{escape(report.title)}</h1>\n<div class="notes">'
    yield from (f"<p>{escape(note)}</p>" for note in report.notes)
    yield "</div>\n</header>\n<main>"
    for heading, tables in _chapters(report):
        yield f"<h2>{escape(heading)}</h2>"
        for table, title in tables:
            yield from _texts(table) if table.key == _TEXTS else _section(table, title, _nothing(report, table))
    yield f"</main>\n<footer>Digest of these figures (SHA-256 of the JSON file): {report.digest}</footer>\n</body>\n</html>"


def _chapters(report: Report) -> Iterator[tuple[str, list[tuple[Table, str]]]]:
    """Yield the chapters, each with its tables and how they are called there: escalations first, then each group."""
    for group, found in groupby(report.tables, key=lambda table: table.key.rpartition(".")[0]):
        tables = list(found)
        if not group:
            yield from ((one.title, [(one, "")]) for one in tables if one.key == _TEXTS)
            yield _CALLED_OUT, [(one, one.title) for one in tables if one.key != _TEXTS]
        else:
            heading = tables[0].title.rpartition(": ")[0]
            yield f"The group: {heading}", [(one, _capital(one.title.rpartition(": ")[2])) for one in tables]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _texts(table: Table) -> Iterator[str]:
    yield from (f'<div class="words">{escape(str(row[-1]))}</div>' for row in table.rows)


def _nothing(report: Report, table: Table) -> str:
    """Return what stands in the place of an empty table."""
    return _NOT_SHOWN if report.version is Version.EMPLOYER and "." not in table.key else _NOTHING


def _section(table: Table, title: str, nothing: str) -> Iterator[str]:
    name = table.key.replace(".", "-")
    yield f'<section aria-labelledby="{name}">\n<h3 id="{name}">{escape(title)}</h3>'
    yield f'<p class="definition">{escape(table.definition)}</p>'
    if not table.rows:
        yield f"<p>{nothing}</p>\n</section>"
        return
    yield f'<div class="wide" role="region" tabindex="0" aria-label="{escape(title)}: the numbers">'
    yield from filter(None, [chart_of(table, title)])
    yield "<table>\n<thead><tr>"
    numbers = _number_columns(table)
    for place, column in enumerate(table.columns):
        shown = escape(_capital(column)) or "What"
        yield f'<th scope="col"{_class(number=place in numbers)}>{shown}</th>'
    yield "</tr></thead>\n<tbody>"
    yield from (_row(row, numbers) for row in table.rows)
    yield "</tbody>\n</table>\n</div>\n</section>"


def _row(row: Sequence[Value], numbers: set[int]) -> str:
    head, *rest = row
    cells = [f'<th scope="row">{escape(said(head))}</th>']
    cells += [
        f"<td{_class(number=place in numbers, withheld=cell is None)}>{escape(said(cell))}</td>"
        for place, cell in enumerate(rest, start=1)
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _class(*, number: bool, withheld: bool = False) -> str:
    names = [name for name, so in (("number", number), ("withheld", withheld)) if so]
    return f' class="{" ".join(names)}"' if names else ""


def said(cell: Value) -> str:
    """Return a cell of a table as people read it."""
    return WITHHELD if cell is None else f"{cell:,}" if isinstance(cell, int) else cell


def _number_columns(table: Table) -> set[int]:
    """Return the places of the columns that hold numbers; the first is a label."""
    return {
        place
        for place in range(1, len(table.columns))
        if any(isinstance(row[place], int) or row[place] is None for row in table.rows)
    }


def chart_of(table: Table, title: str) -> str:
    """Return the chart of a table, '' for one that has none: a single number, or none above nought, is no picture."""
    if table.key.rpartition(".")[2] not in _CHARTED:
        return ""
    told = [place for place in range(len(table.columns) - 1) if len({row[place] for row in table.rows}) > 1]
    bars: list[Bar] = []  # what is the same in every row needs no place in the picture
    for row in table.rows:
        count = row[-1]
        bars.append((", ".join(said(row[place]) for place in told), count if isinstance(count, int) else None))
    if len(bars) < _MANY or not any(number for _, number in bars):
        return ""
    name = f"chart-{table.key.replace('.', '-')}"
    draw = standing_bars if table.series else lying_bars
    return draw(bars[-_OLDEST:] if table.series else bars, title=title, name=name)


def quarterly_pdf(report: Report, ends_at: datetime) -> bytes:
    """Return the report as PDF, dated `ends_at`; raises SettingsError where the extra `pdf` is not installed."""
    data = {
        "title": report.title,
        "quarter": report.quarter,
        "committee": report.version is Version.COMMITTEE,
        "notes": report.notes,
        "digest": report.digest,
        "chapters": [
            {"title": heading, "tables": [_typst_table(report, table, title) for table, title in tables]}
            for heading, tables in _chapters(report)
        ],
    }
    return made_pdf("quarterly.typ", data, ends_at, instead="--no-pdf")


def _typst_table(report: Report, table: Table, title: str) -> dict[str, object]:
    numbers = _number_columns(table) if table.rows else set()
    return {
        "title": title,
        "definition": table.definition,
        "columns": [_capital(column) or "What" for column in table.columns],
        "numbers": [place in numbers for place in range(len(table.columns))],
        "rows": [[said(cell) for cell in row] for row in table.rows],
        "chart": chart_of(table, title) if table.rows else "",
        "nothing": _nothing(report, table),
        "words": [str(row[-1]) for row in table.rows] if table.key == _TEXTS else [],
    }
