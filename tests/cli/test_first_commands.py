"""The commands that need no group: the database, and a roster's check."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from workplace_sync.cli.main import main
from workplace_sync.errors import ExitCode
from workplace_sync.store.database import Database

Caught = pytest.CaptureFixture[str]

ROSTER = "Work address,consent\namina@bt.example.org,yes\nbryn,yes\n=cmd@bt.example.org,no\ncerys@bt.example.org,no\n"

GROUP = """\
kind: Group
name: prospect-bt
title: Prospect in BT
tenant: bt
platform: {{type: workplace, base_url: "https://graph.example.org", group_id: "7", token_env: TOKEN_BT}}
roster: [{sources}]
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WORKPLACE_SYNC_DATABASE_URL", raising=False)
    monkeypatch.setattr(
        "workplace_sync.logs.configure", lambda *_: None
    )  # the process's logging is not a test's to set


def test_the_database_is_set_up_once_and_quietly_found_so_afterwards(capsys: Caught, tmp_path: Path) -> None:
    assert main(["db", "check"]) == ExitCode.ERROR
    assert "db upgrade" in capsys.readouterr().err
    assert main(["db", "upgrade"]) == 0
    assert "now" in capsys.readouterr().out
    assert (tmp_path / "var" / "sync.db").is_file()
    assert main(["db", "upgrade", "-q"]) == 0
    assert main(["db", "check", "-q"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["db", "check"]) == 0
    assert "Nothing differs" in capsys.readouterr().out


def test_a_schema_that_differs_is_an_error_with_its_differences(capsys: Caught) -> None:
    main(["db", "upgrade"])
    database = Database("sqlite:///var/sync.db")
    with database.write() as connection:
        connection.execute(text("DROP TABLE invitation"))
    database.close()
    capsys.readouterr()
    assert main(["db", "check", "-o", "json"]) == ExitCode.ERROR
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["good"], told["schema_now"]) == (
        "workplace-sync/db-check/1",
        False,
        told["schema_newest"],
    )
    assert any("invitation" in difference for difference in told["differences"])


def test_an_old_schema_is_told_with_what_to_run(capsys: Caught) -> None:
    main(["db", "upgrade"])
    database = Database("sqlite:///var/sync.db")
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    database.close()
    capsys.readouterr()
    assert main(["db", "check"]) == ExitCode.ERROR
    out, err = capsys.readouterr()
    assert "schema 0000, not " in out
    assert "db upgrade" in err


def test_a_copy_of_the_database_is_made_and_never_over_a_file(capsys: Caught, tmp_path: Path) -> None:
    assert main(["db", "backup", "copy.db"]) == ExitCode.ERROR
    assert not (tmp_path / "copy.db").exists()
    main(["db", "upgrade"])
    capsys.readouterr()
    assert main(["db", "backup", "copy.db", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["bytes"] == (tmp_path / "copy.db").stat().st_size
    assert main(["db", "backup", "copy.db"]) == ExitCode.ERROR


def test_a_password_in_the_database_url_is_not_told(capsys: Caught, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKPLACE_SYNC_DATABASE_URL", "postgresql://union:tangerine@127.0.0.1:1/none?connect_timeout=1")
    assert main(["db", "check"]) == ExitCode.ERROR
    out, err = capsys.readouterr()
    assert err.startswith("Error: ")
    assert "tangerine" not in out + err


def test_a_roster_with_faults_is_listed_and_counted_without_showing_anybody(capsys: Caught, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROSTER.replace("Work address", "email"))
    assert main(["roster", "check", "a.csv"]) == ExitCode.ERROR
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("a.csv:3:1: [email] ")
    assert lines[1].startswith("a.csv:4:1: [email] ")
    assert lines[2:] == [
        "Faults by field: email 2.",
        "4 rows, 2 good: 1 opted in, 1 withdrew, 0 say nothing of consent.",
    ]
    assert not [line for line in lines if "amina" in line or "example.org" in line]


def test_the_good_rows_go_into_a_new_file_that_has_no_faults(capsys: Caught, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROSTER.replace("Work address", "email"))
    assert main(["roster", "check", "a.csv", "--good", "good.csv", "-o", "json"]) == ExitCode.ERROR
    told = json.loads(capsys.readouterr().out)
    assert (told["usable"], told["good"], told["fault_count"], told["good_rows_file"]) == (False, 2, 2, "good.csv")
    assert [fault["line"] for fault in told["faults"]] == [3, 4]
    assert (tmp_path / "good.csv").stat().st_mode & 0o777 == 0o600
    assert main(["roster", "check", "good.csv"]) == 0
    assert main(["roster", "check", "a.csv", "--good", "good.csv"]) == ExitCode.USAGE
    assert "exists already" in capsys.readouterr().err


def test_a_good_roster_is_no_news(capsys: Caught, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("email\namina@bt.example.org\n")
    assert main(["roster", "check", "a.csv", "-q"]) == 0
    assert capsys.readouterr().out == ""


def test_a_roster_without_good_rows_writes_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("email\nbryn\n")
    assert main(["roster", "check", "a.csv", "--good", "good.csv"]) == ExitCode.ERROR
    assert not (tmp_path / "good.csv").exists()


def test_a_roster_that_cannot_be_opened_is_told(capsys: Caught) -> None:
    assert main(["roster", "check", "none.csv"]) == ExitCode.USAGE
    assert "none.csv cannot be read" in capsys.readouterr().err


def test_withdrawals_in_repeated_rows_are_told(capsys: Caught, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("email,consent\namina@bt.example.org,yes\namina@bt.example.org,no\n")
    main(["roster", "check", "a.csv"])
    assert "1 repeated rows withdraw consent" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sources", "code"),
    [
        ("{file: a.csv, columns: {email: Work address}}", ExitCode.ERROR),
        ("{file: other.csv, columns: {email: Work address}}", ExitCode.ERROR),
        ("{file: b.csv}, {file: a.csv, columns: {email: Work address}}", ExitCode.ERROR),
        ("{file: b.csv}, {file: c.csv}", ExitCode.USAGE),
        ("{addresses: [amina@bt.example.org]}", ExitCode.USAGE),
    ],
)
def test_a_groups_file_says_how_its_roster_is_read(
    sources: str, code: ExitCode, capsys: Caught, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text(ROSTER)
    (tmp_path / "config" / "groups").mkdir(parents=True)
    (tmp_path / "config" / "groups" / "prospect-bt.yaml").write_text(GROUP.format(sources=sources))
    assert main(["roster", "check", "a.csv", "--group", "prospect-bt"]) == code
    out, err = capsys.readouterr()
    assert ("2 good" in out) == (code is ExitCode.ERROR)
    assert ("does not say how" in err) == (code is ExitCode.USAGE)


def test_more_faults_than_are_kept_are_counted(capsys: Caught, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workplace_sync.cli.roster.KEPT_FAULTS", 1)
    (tmp_path / "a.csv").write_text(ROSTER.replace("Work address", "email"))
    main(["roster", "check", "a.csv"])
    assert "and 1 more" in capsys.readouterr().out
