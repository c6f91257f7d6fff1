"""`db copy` and `db check` as an admin calls them: from SQLite to PostgreSQL and back, with work going on in the copy."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.sandbox_server import SandboxHandle
from tests.scenarios.conftest import union as union  # noqa: PLC0414 - the fixture
from tests.scenarios.folder import GROUP, HASTY, Folder
from tests.store.tampering import lift_guards
from workplace_sync.errors import ExitCode
from workplace_sync.store.database import Database


@pytest.fixture
def used(union: Folder, sandbox: SandboxHandle) -> Folder:
    """A folder with a group that was reconciled."""
    union.write_roster([*union.former, *[str(person["email"]) for person in sandbox.addable()][:5]])
    assert union.run("reconcile", GROUP, "--by", "ada").code == 0
    return union


def test_a_folder_moves_to_postgresql_and_goes_on_there(used: Folder, postgres_url: str) -> None:
    before = used.run("audit", "list", "-o", "json").json["rows"]
    copied = used.run("db", "copy", "--to", postgres_url)
    assert copied.code == 0, copied.err
    assert f"its {len(before)} entries and the same root hash" in copied.out
    used.configure(DATABASE_URL=postgres_url)
    assert used.run("db", "check").out.endswith("Nothing differs.\n")
    assert used.run("audit", "list", "-o", "json").json["rows"] == before
    assert used.run("reconcile", GROUP, "--by", "ada").code == 0
    assert used.run("evidence", "verify").code == 0


def test_and_back_again(used: Folder, postgres_url: str, tmp_path: Path) -> None:
    used.run("db", "copy", "--to", postgres_url)
    before = used.database.read_bytes()
    used.settings["DATABASE_URL"] = f"sqlite:///{tmp_path / 'back.db'}"
    used.configure()
    copied = used.run("db", "copy", "--from", postgres_url, "-o", "json")
    assert copied.code == 0, copied.err
    assert copied.json["schema"] == "workplace-sync/db-copy/1"
    assert copied.json["rows"]["evidence_entry"] == copied.json["entries"] > 0
    assert (tmp_path / "back.db").stat().st_mode & 0o777 == 0o600
    assert used.run("evidence", "verify").code == 0
    assert used.database.read_bytes() == before, "what is copied from is not written"


def test_after_the_move_the_old_database_is_not_written_any_more(used: Folder, postgres_url: str) -> None:
    used.run("db", "copy", "--to", postgres_url)
    used.configure(DATABASE_URL=postgres_url)
    assert used.run("observe", GROUP, "--by", "ada").code == 0
    del used.settings["DATABASE_URL"]
    used.configure(**HASTY)
    behind = used.run("observe", GROUP, "--by", "ada")
    assert behind.code == ExitCode.EVIDENCE
    assert "rolled back" in behind.err


def test_a_password_can_stay_off_the_command_line(used: Folder, postgres_url: str) -> None:
    env = used.home / ".env"
    env.write_text(env.read_text() + f"NEW_DATABASE={postgres_url}\n")
    assert used.run("db", "copy", "--to", "NEW_DATABASE").code == 0
    assert used.run("db", "copy", "--to", "OTHER_DATABASE").code == ExitCode.ERROR


@pytest.mark.parametrize("options", [[], ["--to", "sqlite:///a.db", "--from", "sqlite:///b.db"]], ids=["none", "both"])
def test_it_needs_one_other_end(used: Folder, options: list[str]) -> None:
    assert used.run("db", "copy", *options).code == ExitCode.USAGE


def test_a_database_is_not_copied_to_itself(used: Folder) -> None:
    ended = used.run("db", "copy", "--to", f"sqlite:///{used.database}")
    assert ended.code == ExitCode.USAGE
    assert "same database" in ended.err


def test_a_database_in_use_is_not_overwritten(used: Folder, postgres_url: str) -> None:
    used.run("db", "copy", "--to", postgres_url)
    again = used.run("db", "copy", "--to", postgres_url)
    assert again.code == ExitCode.ERROR
    assert "not empty" in again.err


def test_a_database_whose_log_was_changed_is_not_copied(used: Folder, tmp_path: Path) -> None:
    opened = Database(f"sqlite:///{used.database}")
    with opened.write() as connection:
        lift_guards(connection)
        connection.execute(text("DELETE FROM evidence_entry WHERE seq = (SELECT max(seq) FROM evidence_entry)"))
    opened.close()
    ended = used.run("db", "copy", "--to", f"sqlite:///{tmp_path / 'new.db'}")
    assert ended.code == ExitCode.EVIDENCE
    assert not (tmp_path / "new.db").exists()


def test_the_check_knows_the_queue_on_postgresql(used: Folder, postgres_url: str) -> None:
    used.configure(DATABASE_URL=postgres_url)
    assert used.run("db", "upgrade").code == 0
    assert used.run("db", "check", "-q").code == 0
    opened = Database(postgres_url)
    with opened.write() as connection:
        connection.execute(text("DROP FUNCTION procrastinate_fetch_job_v2"))
    opened.close()
    checked = used.run("db", "check", "-o", "json")
    assert checked.code == ExitCode.ERROR
    assert json.loads(checked.out)["differences"] == ["the queue of jobs lacks FUNCTION procrastinate_fetch_job_v2"]
