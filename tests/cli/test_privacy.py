"""The commands for erasing, access, legal holds and retention, on a union's folder; then every file of it is searched."""

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
import structlog

from tests.sandbox_server import SandboxHandle
from tests.scenarios.folder import GROUP, Folder, make_folder
from workplace_sync.errors import ExitCode
from workplace_sync.settings import PREFIX, load_settings

WHY = ("--authorised-by", "Grace Marrow", "--basis", "request of 3 May")


@pytest.fixture
def union(
    tmp_path: Path, sandbox: SandboxHandle, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Folder]:
    """A folder with five people added."""
    for name in [name for name in os.environ if name.startswith((PREFIX, "WORKPLACE_TOKEN"))]:
        monkeypatch.delenv(name)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    folder = make_folder(tmp_path / "union", sandbox, capsys)
    folder.write_roster(_people(folder))
    assert folder.run("apply", folder.plan()).code == 0
    yield folder
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("workplace_sync").setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)
    structlog.contextvars.clear_contextvars()


def _people(union: Folder) -> list[str]:
    return [str(one["email"]) for one in union.sandbox.addable()[:5]]


@pytest.fixture
def person(union: Folder) -> str:
    """Somebody of the group; the roster's file does not name them any more."""
    union.write_roster(_everybody(union)[1:])
    return _everybody(union)[0]


def _everybody(union: Folder) -> list[str]:
    return sorted(union.added())


def _account(union: Folder, person: str) -> str:
    return next(str(one["id"]) for one in union.sandbox.members(union.group_id) if one["email"].casefold() == person)


def _naming(home: Path, *texts: str) -> list[tuple[str, str]]:
    return [
        (path.name, text)
        for path in home.rglob("*")
        if path.is_file()
        for text in texts
        if text.lower().encode() in path.read_bytes().lower()
    ]


def test_after_erasing_no_file_of_the_folder_names_the_person(union: Folder, person: str) -> None:
    name = next(str(one["name"]) for one in union.sandbox.people() if str(one["email"]).casefold() == person)
    account = _account(union, person)
    assert union.run("observe", GROUP).code == 0
    assert {found for _, found in _naming(union.home, person, account)} == {person, account}
    ended = union.run("privacy", "erase", person, *WHY, "--yes", "-o", "json")
    assert ended.code == 0, ended.err
    assert ended.json["rows"].keys() >= {"change", "desired", "operation", "presence"}
    assert ended.json["files_naming"] == []
    assert _naming(union.home, person, account, name) == []
    assert not list(union.home.rglob("*-wal")) or not any(path.stat().st_size for path in union.home.rglob("*-wal"))
    verified = union.run("evidence", "verify", "-o", "json").json
    assert (verified["ok"], verified["erased"]) == (True, len(ended.json["entries"]))
    erased = union.run("audit", "show", str(ended.json["entries"][0]))
    assert "its content has been erased since" in erased.out
    assert "Nothing is on record" in union.run("audit", "person", person).out


def test_files_that_name_the_person_are_told_and_left_to_their_owner(union: Folder) -> None:
    person = _everybody(union)[0]
    (union.home / "book.xlsx").write_bytes(b"PK")
    ended = union.run("privacy", "erase", person, *WHY, "--yes")
    assert ended.code == 0
    assert f"Yours to mend, as it names the person: {union.home / 'rosters' / 'bt.csv'}" in ended.out
    assert f"Cannot be looked into: {union.home / 'book.xlsx'}" in ended.out
    assert person in (union.home / "rosters" / "bt.csv").read_text("utf-8").casefold()
    assert union.run("plan", GROUP, "--by", "ada").code == 0  # the roster still names them, and they are not read in
    assert "Nothing is on record" in union.run("audit", "person", person).out


def test_erasing_asks_first_and_does_nothing_without_an_answer(
    union: Folder, person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(""))
    ended = union.run("privacy", "erase", person, *WHY)
    assert ended.code == ExitCode.USAGE
    assert "Nothing was done" in ended.err
    monkeypatch.setattr("sys.stdin", StringIO("n\n"))
    assert union.run("privacy", "erase", person, *WHY).code == ExitCode.USAGE
    assert "Nothing is on record" not in union.run("audit", "person", person).out
    monkeypatch.setattr("sys.stdin", StringIO("y\n"))
    assert union.run("privacy", "erase", person, *WHY).code == 0
    assert "Nothing is on record" in union.run("audit", "person", person).out
    again = union.run("privacy", "erase", person, *WHY, "--yes")
    assert (again.code, "erased before" in again.out) == (0, True)


def test_the_address_can_come_from_standard_input_where_no_history_keeps_it(
    union: Folder, person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert union.run("privacy", "erase", "-", *WHY).code == ExitCode.USAGE
    monkeypatch.setattr("sys.stdin", StringIO(f"{person}\n"))
    assert union.run("privacy", "erase", "-", *WHY, "--yes").code == 0
    assert "Nothing is on record" in union.run("audit", "person", person).out


def test_what_is_no_address_is_refused_without_repeating_it(union: Folder) -> None:
    ended = union.run("privacy", "erase", "amina at bt", *WHY, "--yes")
    assert (ended.code, "amina" in ended.err) == (ExitCode.USAGE, False)


def test_another_s_entry_that_names_them_is_told_and_ends_with_partial(union: Folder, person: str) -> None:
    digest = union.plan("--add", person)
    assert union.run("reject", digest, "--by", "grace", "--reason", f"not {person}").code == 0
    ended = union.run("privacy", "erase", person, *WHY, "--yes")
    assert ended.code == ExitCode.PARTIAL
    assert "Still named in 1 row of the table review" in ended.out
    assert "Still named in entries about others" in ended.out


def test_a_hold_forbids_erasing_until_it_is_lifted(union: Folder, person: str) -> None:
    assert union.run("privacy", "hold", "add", person, "--reason", "claim 12").code == 0
    assert union.run("privacy", "hold", "add", "--everybody", "--reason", "strike", "-o", "json").json["hold"] == 2
    refused = union.run("privacy", "erase", person, *WHY, "--yes")
    assert (refused.code, "claim 12" in refused.err) == (ExitCode.GUARD, True)
    listed = union.run("privacy", "hold", "list", "-o", "json").json["rows"]
    assert [(one["hold"], one["on"], one["lifted"]) for one in listed] == [(1, person, ""), (2, "everybody", "")]
    for number in ("1", "2"):
        assert union.run("privacy", "hold", "lift", number, "--reason", "settled").code == 0
    assert union.run("privacy", "hold", "lift", "2", "--reason", "settled").code == ExitCode.USAGE
    assert union.run("privacy", "erase", person, *WHY, "--yes").code == 0
    assert "erasure.refused" not in union.run("audit", "list").out  # its content named the person, and went with them


@pytest.mark.parametrize("arguments", [[], ["amina@bt.example.org", "--everybody"]])
def test_a_hold_is_on_one_or_on_all(union: Folder, arguments: list[str]) -> None:
    ended = union.run("privacy", "hold", "add", *arguments, "--reason", "claim")
    assert (ended.code, "not both" in ended.err) == (ExitCode.USAGE, True)


def test_access_writes_two_private_files_and_never_over_a_folder(union: Folder, person: str, tmp_path: Path) -> None:
    out = tmp_path / "access"
    ended = union.run("privacy", "export", person, "--out", str(out), "-o", "json")
    assert ended.code == 0
    assert sorted(path.name for path in out.iterdir()) == ["person.json", "person.txt"]
    assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {0o600}
    assert ended.json["rows"]["change"] == 1
    assert union.run("privacy", "export", person, "--out", str(out)).code == ExitCode.USAGE
    assert "written out for the person" in union.run("audit", "list", "--kind", "access.given").out


def test_retention_counts_first_and_erases_when_asked(union: Folder) -> None:
    assert "kept without end" in union.run("privacy", "retention").err
    union.configure(RETENTION="operation.outcome=1,plan.made=90")
    ended = union.run("privacy", "retention", "--apply", "-o", "json")
    assert (ended.code, ended.json["erased"]) == (0, 0)
    assert [(one["kind"], one["days"], one["number"]) for one in ended.json["rows"]] == [
        ("operation.outcome", 1, 0),
        ("plan.made", 90, 0),
    ]


def test_retention_that_a_reader_holds_up_says_so_and_ends_as_partial(union: Folder) -> None:
    union.configure(RETENTION="operation.outcome=1")
    with closing(sqlite3.connect(union.database)) as older, older:
        older.execute("UPDATE opening SET at = '2020-03-01 00:00:00.000000' WHERE kind = 'operation.outcome'")
    with closing(sqlite3.connect(union.database)) as reader, reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM plan").fetchone()
        ended = union.run("privacy", "retention", "--apply")
    assert ended.code == ExitCode.PARTIAL
    assert "run this again when it has ended" in ended.err
    assert union.run("privacy", "retention", "--apply").code == ExitCode.DONE


@pytest.mark.parametrize(
    "value",
    ["operation.outcome", "operation.outcom=3", "plan.made=0", "plan.made=-1", "plan.made=3,plan.made=4", "*=x"],
)
def test_a_retention_that_cannot_be_meant_is_refused(union: Folder, value: str) -> None:
    union.configure(RETENTION=value)
    ended = union.run("privacy", "retention")
    assert ended.code == ExitCode.ERROR
    assert "WORKPLACE_SYNC_RETENTION should be like snapshot.taken=400" in ended.err


def test_a_star_stands_for_every_kind_not_named(union: Folder) -> None:
    union.configure(RETENTION=" plan.made = 3 , *=400")
    retention = load_settings(union.home).retention
    assert (retention["plan.made"], retention["erasure.done"]) == (3, 400)


def test_a_copy_put_back_is_erased_again_at_the_next_start(union: Folder, person: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert union.run("db", "backup", str(copy)).code == 0
    assert union.run("privacy", "erase", person, *WHY, "--yes").code == 0
    for path in union.home.glob("var/sync.db*"):
        path.unlink()
    copy.rename(union.database)
    assert union.run("audit", "person", person).code == ExitCode.EVIDENCE  # rolled back: nothing is served
    (union.home / "var" / "checkpoint.txt").unlink()
    assert union.run("evidence", "verify", "--restore-checkpoint").code == 0
    assert "Nothing is on record" in union.run("audit", "person", person).out
    with closing(sqlite3.connect(union.database)) as raw:
        assert raw.execute("SELECT count(*) FROM opening WHERE subject = ?", (person,)).fetchone() == (0,)
    assert _naming(union.home, person) == []
    assert union.run("privacy", "replay").out == "Nothing has come back.\n"
    assert "erasure.replayed" in union.run("audit", "list").out


def test_contents_that_came_back_are_told_by_replay(union: Folder, person: str) -> None:
    with closing(sqlite3.connect(union.database)) as raw:
        kept = raw.execute("SELECT * FROM opening WHERE subject = ?", (person,)).fetchall()
    assert union.run("privacy", "erase", person, *WHY, "--yes").code == 0
    with closing(sqlite3.connect(union.database)) as raw:
        raw.executemany(f"INSERT INTO opening VALUES ({', '.join('?' * len(kept[0]))})", kept)  # noqa: S608
        raw.commit()
    assert "Nothing is on record" in union.run("audit", "person", person).out
    assert union.run("privacy", "replay", "-o", "json").json["erasures"] == 0  # the start before it had done it
