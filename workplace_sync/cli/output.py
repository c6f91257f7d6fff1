"""Shows a command's result: text for people, one JSON object, or one JSON object a line. Everything else is told on stderr.

A result goes to standard output and nothing else does, so what a program reads there is never mixed with notes,
progress or errors. JSON always names its schema, such as `workplace-sync/plan/1`.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from typing import TextIO

FAMILY = "workplace-sync"
_MEASURED = 1_000  # rows whose widths a table is laid out by; more rows are streamed in the same layout

Advance = Callable[[int], None]
Lines = str | Iterable[str] | Callable[[], str | Iterable[str]]


class Format(StrEnum):
    """How a result is written."""

    TEXT = "text"
    JSON = "json"
    NDJSON = "ndjson"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its key in JSON, its title for people, and whether it holds numbers."""

    key: str
    title: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """Writes results in the format asked for. With `quiet`, what is no news is not told."""

    format: Format = Format.TEXT
    quiet: bool = False

    def show(self, schema: str, data: Mapping[str, object], text: Lines, *, news: bool = True) -> None:
        """Write one result. `schema` is a name and a version, as `plan/1`; `text` is only made when it is asked for.

        Text without news, such as that nothing is to be done, is left out when it should be quiet. JSON is not.
        """
        if self.format is Format.TEXT:
            if news or not self.quiet:
                _print_lines(sys.stdout, text)
            return
        value = {"schema": f"{FAMILY}/{schema}", **data}
        indent = 2 if self.format is Format.JSON else None
        sys.stdout.write(json.dumps(value, default=_plain, indent=indent) + "\n")

    def table(
        self,
        schema: str,
        columns: Sequence[Column],
        rows: Iterable[Sequence[object]],
        *,
        about: Mapping[str, object] | None = None,
    ) -> None:
        """Write rows, however many, as they come: a table, `{"schema", ...about, "rows": [...]}`, or an object a line."""
        name = f"{FAMILY}/{schema}"
        if self.format is Format.TEXT:
            _print_table(columns, rows)
        elif self.format is Format.NDJSON:
            for row in rows:
                sys.stdout.write(_object(columns, row, schema=name) + "\n")
        else:
            head = json.dumps({"schema": name, **(about or {})}, default=_plain)
            sys.stdout.write(head[:-1] + ', "rows": [')
            for number, row in enumerate(rows):
                sys.stdout.write((",\n  " if number else "\n  ") + _object(columns, row))
            sys.stdout.write("\n]}\n")

    def note(self, sentence: str) -> None:
        """Tell a person something that is not the result, on standard error."""
        if not self.quiet:
            _print_lines(sys.stderr, sentence)

    @contextmanager
    def progress(self, title: str, total: int | None = None) -> Iterator[Advance]:
        """Show a bar while the work goes on, if a person is looking; yields what is called with each step's amount."""
        if self.quiet or not sys.stderr.isatty():
            yield lambda _amount: None
            return
        from rich.console import Console  # noqa: PLC0415 - only where a person is looking
        from rich.progress import Progress  # noqa: PLC0415

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(one_line(title), total=total)
            yield lambda amount: bar.advance(task, amount)


STILL_READ = "Another run is reading the database; run this again when it has ended."
"""What is told where the database's files may still hold what was erased."""


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun, as in "1 change" and "5,239 changes"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def one_line(value: object) -> str:
    """Return the value's text without line breaks or terminal controls: names on a platform are other people's texts."""
    text = "" if value is None else str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _print_lines(stream: TextIO, text: Lines) -> None:
    made = text() if callable(text) else text
    stream.writelines(line + "\n" for line in ([made] if isinstance(made, str) else made))


def _object(columns: Sequence[Column], row: Sequence[object], **first: str) -> str:
    values = {column.key: value for column, value in zip(columns, row, strict=True)}
    return json.dumps({**first, **values}, default=_plain)


def _plain(value: object) -> object:
    """Return what JSON has no type for as text: times in ISO 8601, paths, numbers of exact arithmetic."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return sorted(value) if isinstance(value, set | frozenset) else list(value)
    return isoformat() if callable(isoformat := getattr(value, "isoformat", None)) else str(value)


def _print_table(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> None:
    texts = (tuple(one_line(cell) for cell in row) for row in rows)
    first = list(islice(texts, _MEASURED + 1))
    if sys.stdout.isatty() and len(first) <= _MEASURED and os.environ.get("TERM") != "dumb":
        _print_rich(columns, first)
        return
    titles = tuple(column.title for column in columns)
    widths = [max(map(len, cells)) for cells in zip(titles, *first, strict=True)]
    for row in chain([titles], first, texts):
        cells = (
            cell.rjust(width) if column.number else cell.ljust(width)
            for cell, width, column in zip(row, widths, columns, strict=True)
        )
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def _print_rich(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - only on a terminal
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.title, justify="right" if column.number else "left")
    for row in rows:
        table.add_row(*map(Text, row))  # as Text, because a plain string could hold Rich's markup
    Console().print(table)
