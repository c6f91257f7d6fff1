"""What the pages list is what the program has."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.benchmarks.report import END, START, Row, put_into, table
from tests.docs.pages import README, rows, section
from tests.docs.tables import Place, cut, tables
from tests.sandbox_server import ROOT
from workplace_sync import __version__
from workplace_sync.roster.columns import ALIASES, CONSENT_WORDS, FIELDS

PLACES = [pytest.param(place, id=f"{place[0].name}: {place[1].strip()}") for place in tables()]


@pytest.mark.parametrize("place", PLACES)
def test_a_table_of_a_page_lists_what_the_program_has(place: Place) -> None:
    assert cut(place)[1] == tables()[place], "write it anew: python -m tests.docs.tables"


def test_the_page_about_rosters_lists_every_column_and_every_word_of_consent() -> None:
    page = ROOT / "docs" / "roster.md"
    columns = rows(section(page, "Columns"), "| field | columns that are looked for | what it holds |")
    assert [row[:2] for row in columns] == [[name, ", ".join(sorted(ALIASES[name]))] for name in FIELDS]
    words = {row[0]: row[1].split(", ") for row in rows(section(page, "Consent"), "| stands for | words |")}
    assert {word: claim for claim, listed in words.items() for word in listed} == CONSENT_WORDS


def test_the_readme_keeps_a_place_for_the_measurements() -> None:
    text = README.read_text("utf-8")
    assert text.count(START) == text.count(END) == 1
    assert text.index(START) < text.index(END)


def test_a_table_of_measurements_replaces_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{START}\nold\n{END}\nafter\n", "utf-8")
    put_into(page, table([Row("one: a | b", 0.5, "s"), Row("two", 1_234_567, "", "exact")], "a machine"))
    put_into(page, table([Row("three", 12.345, "ms")], "a machine"))
    assert page.read_text("utf-8") == (
        f"before\n{START}\nMeasured on a machine.\n\n| what | result | remark |\n|---|--:|---|\n"
        f"| three | 12.3 ms |  |\n{END}\nafter\n"
    )


def test_a_measurement_shows_the_digits_that_matter() -> None:
    shown = [Row("n", value, unit).cells[1] for value, unit in ((3, ""), (0.0512, "s"), (7.0, "s"), (123456.7, "/s"))]
    assert shown == ["3", "0.0512 s", "7.00 s", "123,457 /s"]


def test_a_page_without_a_place_for_measurements_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing", "utf-8")
    with pytest.raises(ValueError, match="bench:start"):
        put_into(page, "table")
    assert page.read_text("utf-8") == "nothing"


def test_the_changelog_tells_of_the_version_that_this_is() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    newest = re.search(r"^## \[(.+)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == project["version"] == __version__
