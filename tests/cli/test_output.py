"""Results on standard output: text, one JSON object, or one a line; and files that a spreadsheet cannot be tricked with."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workplace_sync.cli.output import Column, Format, Output
from workplace_sync.cli.spreadsheet import new_private_file, safe_cell, write_csv
from workplace_sync.errors import UsageError

COLUMNS = (Column("group", "Group"), Column("members", "Members", number=True))
ROWS = [("prospect-bt", 1200), ("b", 7)]

Caught = pytest.CaptureFixture[str]


def test_text_is_written_as_lines(capsys: Caught) -> None:
    output = Output()
    output.show("x/1", {}, "One line.")
    output.show("x/1", {}, ["Two", "lines."])
    output.show("x/1", {}, lambda: (line for line in ["Three"]))
    assert capsys.readouterr().out == "One line.\nTwo\nlines.\nThree\n"


def test_text_is_not_made_where_json_is_asked_for(capsys: Caught) -> None:
    Output(Format.JSON).show("x/1", {"a": 1}, lambda: pytest.fail("made"))
    assert json.loads(capsys.readouterr().out) == {"schema": "workplace-sync/x/1", "a": 1}


def test_ndjson_is_one_line(capsys: Caught) -> None:
    Output(Format.NDJSON).show("x/1", {"a": {"b": [1]}}, "")
    assert capsys.readouterr().out.count("\n") == 1


def test_values_that_json_has_no_type_for_are_text(capsys: Caught) -> None:
    data = {
        "at": datetime(2026, 1, 1, tzinfo=UTC),
        "file": Path("a/b"),
        "share": Decimal("0.1"),
        "names": frozenset(["b", "a"]),
        "rest": (1, 2),
    }
    Output(Format.JSON).show("x/1", data, "")
    told = json.loads(capsys.readouterr().out)
    assert told["at"] == "2026-01-01T00:00:00+00:00"
    assert (told["file"], told["share"], told["names"], told["rest"]) == ("a/b", "0.1", ["a", "b"], [1, 2])


def test_quiet_leaves_out_what_is_no_news_but_never_json(capsys: Caught) -> None:
    Output(quiet=True).show("x/1", {}, "Nothing to do.", news=False)
    Output(quiet=True).show("x/1", {}, "Something.", news=True)
    Output(quiet=True).note("By the way.")
    assert capsys.readouterr() == ("Something.\n", "")
    Output(Format.JSON, quiet=True).show("x/1", {}, "Nothing to do.", news=False)
    assert json.loads(capsys.readouterr().out)["schema"] == "workplace-sync/x/1"


def test_notes_never_get_between_results(capsys: Caught) -> None:
    Output(Format.JSON).note("By the way.")
    assert capsys.readouterr() == ("", "By the way.\n")


def test_a_table_is_aligned_text_where_nobody_is_looking(capsys: Caught) -> None:
    Output().table("x/1", COLUMNS, ROWS)
    assert capsys.readouterr().out == "Group        Members\nprospect-bt     1200\nb                  7\n"


def test_a_table_without_rows_has_its_titles(capsys: Caught) -> None:
    Output().table("x/1", COLUMNS, [])
    assert capsys.readouterr().out == "Group  Members\n"


def test_a_table_as_json_is_one_object_with_rows_under_their_keys(capsys: Caught) -> None:
    Output(Format.JSON).table("x/1", COLUMNS, ROWS, about={"total": 2})
    assert json.loads(capsys.readouterr().out) == {
        "schema": "workplace-sync/x/1",
        "total": 2,
        "rows": [{"group": "prospect-bt", "members": 1200}, {"group": "b", "members": 7}],
    }
    Output(Format.JSON).table("x/1", COLUMNS, [])
    assert json.loads(capsys.readouterr().out)["rows"] == []


def test_a_table_as_ndjson_is_an_object_a_line(capsys: Caught) -> None:
    Output(Format.NDJSON).table("x/1", COLUMNS, ROWS)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"schema": "workplace-sync/x/1", "group": "prospect-bt", "members": 1200},
        {"schema": "workplace-sync/x/1", "group": "b", "members": 7},
    ]


def test_a_long_table_is_streamed_in_every_format(capsys: Caught) -> None:
    for form in Format:

        def rows() -> Iterator[tuple[str, int]]:
            for number in range(3_000):
                if number == 2_999:
                    assert len(capsys.readouterr().out) > 10_000, form  # noqa: B023 - used up within the turn
                yield "g", number

        Output(form).table("x/1", COLUMNS, rows())
        capsys.readouterr()


class Screen(io.StringIO):
    """A terminal that somebody is looking at."""

    def isatty(self) -> bool:
        return True


Terminal = Callable[[], tuple[Screen, Screen]]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """What puts a terminal in the place of the standard streams, and returns both."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)

    def put() -> tuple[Screen, Screen]:
        screens = Screen(), Screen()
        monkeypatch.setattr(sys, "stdout", screens[0])
        monkeypatch.setattr(sys, "stderr", screens[1])
        return screens

    return put


def test_a_terminal_gets_a_table_whose_cells_are_taken_as_they_are(terminal: Terminal) -> None:
    out, _ = terminal()
    Output().table("x/1", COLUMNS, [("[red]not markup[/red]", 1)])
    assert "[red]not markup[/red]" in out.getvalue()
    assert "\x1b[1m" in out.getvalue()


def test_no_color_is_honoured(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out, _ = terminal()
    Output().table("x/1", COLUMNS, ROWS)
    assert "prospect-bt" in out.getvalue()
    assert "\x1b[3" not in out.getvalue()


def test_names_from_elsewhere_cannot_steer_the_terminal(capsys: Caught) -> None:
    Output().table("x/1", COLUMNS, [("a\x1b[2Jb\nc", None)])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert out.count("\n") == 2
    assert "None" not in out


def test_progress_is_silent_where_nobody_is_looking(capsys: Caught) -> None:
    with Output().progress("Reading", 10) as advance:
        advance(10)
    assert capsys.readouterr() == ("", "")


def test_progress_is_shown_on_standard_error_of_a_terminal(terminal: Terminal) -> None:
    out, err = terminal()
    with Output(Format.JSON).progress("Reading", 10) as advance:
        advance(10)
    assert out.getvalue() == ""
    assert "Reading" in err.getvalue()


def test_progress_is_not_shown_where_it_should_be_quiet(terminal: Terminal) -> None:
    _, err = terminal()
    with Output(quiet=True).progress("Reading", 10) as advance:
        advance(10)
    assert err.getvalue() == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    assert safe_cell(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("value", ["a=1", "", -5, 1.5, None])
def test_other_cells_stay_as_they_are(value: object) -> None:
    assert safe_cell(value) == value


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2)))
def test_no_cell_of_a_written_file_begins_like_a_formula(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    file = tmp_path_factory.mktemp("csv") / "a.csv"
    assert write_csv(file, ["a", "b"], rows) == len(rows)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        read = list(csv.reader(stream))
    assert read[0] == ["a", "b"]
    assert [[cell.removeprefix("'") for cell in row] for row in read[1:]] == [
        [cell.removeprefix("'") for cell in row] for row in rows
    ]
    assert not [cell for row in read[1:] for cell in row if cell[:1] in set("=+-@\t\r\n")]


def test_a_written_file_is_its_owners_alone_and_never_replaces_one(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    write_csv(file, ["a"], [["x"]])
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes() == b"\xef\xbb\xbfa\r\nx\r\n"
    with pytest.raises(UsageError, match="exists already"):
        write_csv(file, ["a"], [])
    with pytest.raises(UsageError, match="cannot be written"):
        new_private_file(tmp_path / "no" / "a.csv")
