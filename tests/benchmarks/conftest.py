"""Measurements run only where this folder, or a file in it, is named: `make bench`. Their table ends the run."""

from pathlib import Path

import pytest

from tests.benchmarks.report import ROWS, machine, put_into, table

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--bench-into", type=Path, metavar="FILE", help="put the table between the marks of this file, too"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave measurements out of every run that does not ask for them by name, whatever marks it selects."""
    if not collection_path.name.startswith("bench_"):
        return None
    named = (Path(argument.partition("::")[0]).absolute() for argument in config.args)
    return None if any(path == HERE or HERE in path.parents for path in named) else True


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.path.name.startswith("bench_"):
        item.add_marker(pytest.mark.bench)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not ROWS:
        return
    made = table(ROWS, machine())
    terminalreporter.write_line("")
    terminalreporter.write_line(made)
    if into := config.getoption("--bench-into", None):
        put_into(into, made)
