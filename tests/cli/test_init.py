"""A new working folder: everything a first run needs, private, and never anything overwritten."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workplace_sync
from tests.sandbox_server import ROOT, SandboxHandle
from workplace_sync.cli.main import main
from workplace_sync.errors import ExitCode
from workplace_sync.evidence.checkpoint import open_checkpoint
from workplace_sync.evidence.note import Verifier
from workplace_sync.groups import FileSource, load_group, load_groups
from workplace_sync.policy.shelf import load_policies
from workplace_sync.roster.person import ConsentClaim, RosterPerson
from workplace_sync.roster.readers import read_roster
from workplace_sync.settings import PREFIX, load_settings, settings_table
from workplace_sync.starter.templates import NewGroup, env_example

Caught = pytest.CaptureFixture[str]
NOW = datetime(2026, 11, 21, tzinfo=UTC)
STORY = ("prospect-bt", "prospect-openreach")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def contents(folder: Path) -> Mapping[str, str]:
    """Return what is in every file of a folder, less what SQLite and the lock come and go with."""
    files = (
        file for file in folder.rglob("*") if file.is_file() and file.suffix not in {".lock", ".db-wal", ".db-shm"}
    )
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def told(capsys: Caught, *arguments: str, code: int = 0) -> dict[str, object]:
    assert main(["init", *arguments, "-o", "json"]) == code
    out, err = capsys.readouterr()
    shown: dict[str, object] = json.loads(out or err)
    return shown


def test_a_new_folder_has_everything_that_a_first_run_needs(capsys: Caught) -> None:
    assert main(["init", "union"]) == 0
    out = capsys.readouterr().out
    union = Path("union")
    found = load_settings(union)
    group = load_groups(found.config_dir)["prospect-bt"]
    [source] = group.sources
    assert isinstance(source, FileSource)
    assert (union / source.path).is_file()
    assert group.platform.base_url == "http://127.0.0.1:8700"
    assert load_policies({file.name: file.read_bytes() for file in (union / "policies/union").iterdir()}).policies
    assert (union / "policies/tests").is_dir()
    assert (union / ".gitignore").read_text().splitlines()[1:] == ["/var/", "/rosters/", "*.key", ".env"]
    for file in (union / ".env.example", found.key_file, found.checkpoint_file, union / "var/sync.db"):
        assert file.is_file()
        assert str(file) in out
    for step in ("cd union", "WORKPLACE_TOKEN_BT", "workplace-sync doctor", "workplace-sync plan prospect-bt"):
        assert step in out


def test_nobody_else_can_look_into_the_folders(capsys: Caught, tmp_path: Path) -> None:
    told(capsys, "far/away/union")
    folders = [path for path in tmp_path.rglob("*") if path.is_dir()]
    assert {"union", "var", "keys", "rosters", "config", "policies"} <= {folder.name for folder in folders}
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}
    assert Path("far/away/union/var/keys/log.key").stat().st_mode & 0o777 == 0o600


def test_the_key_to_publish_verifies_the_logs_first_checkpoint(capsys: Caught) -> None:
    shown = told(capsys)
    verifier = Verifier.parse(str(shown["public_key"]))
    assert open_checkpoint(Path("var/checkpoint.txt").read_text(), verifier).size == 1
    assert (shown["log"], shown["fingerprint"]) == ("example.org/workplace-sync", verifier.fingerprint)
    assert Path("var/keys/log.vkey").read_text() == f"{shown['public_key']}\n"


def test_an_example_name_of_the_log_is_told_as_such_and_another_is_not(
    capsys: Caught, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["init", "one"])
    assert "only an example" in capsys.readouterr().out
    monkeypatch.setenv("WORKPLACE_SYNC_EVIDENCE_ORIGIN", "union.example.org/log")
    main(["init", "two"])
    out = capsys.readouterr().out
    assert "  union.example.org/log+" in out
    assert "only an example" not in out


def test_a_second_run_changes_nothing_and_says_so(capsys: Caught, tmp_path: Path) -> None:
    first = told(capsys)
    before = contents(tmp_path)
    assert main(["init"]) == 0
    assert capsys.readouterr().out.startswith("Nothing was written")
    second = told(capsys)
    assert contents(tmp_path) == before
    assert second["written"] == []
    assert second["public_key"] == first["public_key"]
    assert main(["init", "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_what_is_there_is_left_as_it_is_and_named(capsys: Caught) -> None:
    for file in (".gitignore", ".env.example", "config/groups/prospect-bt.yaml", "rosters/bt.csv"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text("mine")
    shown = told(capsys, "--group", "prospect-bt")
    left = shown["left"]
    assert left == [".gitignore", ".env.example", "config/groups/prospect-bt.yaml", "rosters/bt.csv"]
    assert {Path(file).read_text() for file in left} == {"mine"}
    assert "policies" in str(shown["written"])


def test_policies_of_somebodys_own_are_not_added_to(capsys: Caught) -> None:
    Path("policies").mkdir()
    Path("policies/ours.yaml").touch()
    assert "policies" in str(told(capsys)["left"])
    assert [file.name for file in Path("policies").iterdir()] == ["ours.yaml"]


def test_another_group_is_added_to_a_folder_that_has_one(capsys: Caught) -> None:
    told(capsys)
    shown = told(capsys, "--group", "prospect-openreach")
    assert shown["written"] == ["config/groups/prospect-openreach.yaml", "rosters/openreach.csv"]
    assert set(load_groups(Path("config"))) == set(STORY)


def test_the_example_group_does_not_come_back_where_there_is_a_group_already(capsys: Caught) -> None:
    told(capsys, "--group", "prospect-openreach")
    assert told(capsys)["written"] == []
    assert set(load_groups(Path("config"))) == {"prospect-openreach"}


def test_books_begun_anew_lead_on_to_the_groups_that_are_there(capsys: Caught) -> None:
    told(capsys, "--group", "prospect-openreach")
    Path("var").rename("var-until-today")
    assert main(["init"]) == 0
    steps = capsys.readouterr().out.partition("Next:")[2].splitlines()
    assert steps[1:3] == ["  1. workplace-sync doctor", "  2. workplace-sync plan prospect-openreach"]
    assert "prospect-bt" not in "".join(steps)


def test_the_folders_that_are_set_are_the_ones_written_to(
    capsys: Caught, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WORKPLACE_SYNC_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("WORKPLACE_SYNC_CONFIG_DIR", str(tmp_path / "etc"))
    told(capsys, "union")
    assert (tmp_path / "state/sync.db").is_file()
    assert (tmp_path / "etc/groups/prospect-bt.yaml").is_file()
    assert not (tmp_path / "union/var").exists()


@pytest.mark.parametrize("name", ["Prospect", "-x", "a b", "../../x", "amina.quill@bt.example.org", "a" * 65])
def test_a_name_that_no_group_can_have_is_refused_before_anything_is_written(
    name: str, capsys: Caught, tmp_path: Path
) -> None:
    shown = told(capsys, f"--group={name}", code=ExitCode.USAGE)
    assert name not in f"{shown['message']} {shown['hint']}"
    assert list(tmp_path.iterdir()) == []


def test_two_folders_are_one_too_many(capsys: Caught) -> None:
    assert main(["--home", "one", "init", "two"]) == ExitCode.USAGE
    assert "two folders" in capsys.readouterr().err
    assert main(["--home", "one", "init", "one"]) == 0


def test_an_installation_without_the_policies_says_where_to_get_them_and_writes_nothing(
    capsys: Caught, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(workplace_sync, "__file__", str(tmp_path / "site-packages/workplace_sync/__init__.py"))
    shown = told(capsys, "union", code=ExitCode.ERROR)
    assert "without the policies" in str(shown["message"])
    assert "source archive" in str(shown["hint"])
    assert list(tmp_path.iterdir()) == []
    Path("union/policies").mkdir(parents=True)
    Path("union/policies/ours.yaml").touch()
    told(capsys, "union")


@pytest.mark.parametrize("way", ["rosters", "config", "var", "policies"])
def test_a_run_that_failed_half_way_is_taken_up_by_the_next(way: str, capsys: Caught, tmp_path: Path) -> None:
    Path(way).write_text("in the way")
    assert main(["init"]) == ExitCode.ERROR
    err = capsys.readouterr().err
    assert err.startswith("Error: ")
    assert "What to do: " in err
    assert not list(tmp_path.glob(".policies*"))
    Path(way).unlink()
    told(capsys)
    assert set(load_groups(Path("config"))) == {"prospect-bt"}
    assert Path("policies/union/consent.yaml").is_file()
    assert Path("var/checkpoint.txt").is_file()


def test_a_public_key_that_was_not_written_any_more_is_written_by_the_next_run(capsys: Caught) -> None:
    first = told(capsys)
    Path("var/keys/log.vkey").unlink()
    second = told(capsys)
    assert second["written"] == ["var/keys/log.vkey"]
    assert Path("var/keys/log.vkey").read_text() == f"{first['public_key']}\n"


def test_a_lost_key_is_not_replaced_where_the_log_has_entries(capsys: Caught) -> None:
    told(capsys)
    Path("var/keys/log.key").unlink()
    shown = told(capsys, code=ExitCode.ERROR)
    assert "is gone" in str(shown["message"])
    assert not Path("var/keys/log.key").exists()


def test_a_database_without_a_log_gets_its_key(capsys: Caught) -> None:
    assert main(["db", "upgrade"]) == 0
    capsys.readouterr()
    assert "var/keys/log.key" in str(told(capsys)["written"])


def test_a_database_of_an_older_version_is_not_upgraded_in_passing(capsys: Caught) -> None:
    told(capsys)
    with sqlite3.connect("var/sync.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()
    assert "backup" in str(told(capsys, code=ExitCode.ERROR)["hint"])


@settings(deadline=None, max_examples=50)
@given(name=st.from_regex(r"\A[a-z0-9][a-z0-9-]{0,63}\Z"))
def test_whatever_a_group_is_called_its_file_can_be_read(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("config")
    group = NewGroup(name)
    (folder / "groups").mkdir()
    (folder / "groups" / f"{name}.yaml").write_text(group.file)
    read = load_group(folder, name)
    assert (read.managed.tenant, read.platform.token_env) == (group.tenant, group.token_env)
    assert not list(faults(group))


def faults(group: NewGroup) -> list[object]:
    items = read_roster(group.roster.encode(), name="x.csv", now=NOW)
    return [item for item in items if not isinstance(item, RosterPerson)]


@pytest.mark.parametrize("name", STORY)
def test_the_story_fits_the_sandbox(name: str, sandbox: SandboxHandle) -> None:
    group = NewGroup(name)
    tenant = sandbox.tenant(group.tenant)
    assert f'group_id: "{tenant.prospect_group}"' in group.file
    addable = {person["email"]: person["name"] for person in sandbox.addable(group.tenant)}
    people = [
        item for item in read_roster(group.roster.encode(), name="x.csv", now=NOW) if isinstance(item, RosterPerson)
    ]
    assert len(people) == 4
    assert [addable[person.address] for person in people] == [person.name for person in people]
    assert {person.consent for person in people} == set(ConsentClaim)


@pytest.mark.parametrize("name", STORY)
def test_the_examples_in_the_repository_are_what_init_writes(name: str) -> None:
    group = NewGroup(name)
    assert (ROOT / f"config/groups/{name}.yaml").read_text() == group.file
    assert (ROOT / f"config/rosters-example/{group.tenant}.csv").read_text() == group.roster
    assert f"# People join it here: https://{group.tenant}.workplace.example.org/groups/prospect\n" in group.file


def test_the_env_example_names_secrets_without_values_and_settings_that_there_are() -> None:
    text = (ROOT / "config/.env.example").read_text()
    assert text == env_example([NewGroup(name) for name in STORY])
    lines = [line.removeprefix("# ") for line in text.splitlines() if "=" in line]
    secrets = {line for line in lines if not line.startswith(PREFIX)}
    assert secrets == {
        f"WORKPLACE_{kind}_{tenant}=" for kind in ("TOKEN", "APP_SECRET") for tenant in ("BT", "OPENREACH")
    }
    known = {name for name, _, _ in settings_table()}
    assert {line.partition("=")[0] for line in lines if line.startswith(PREFIX)} < known


def test_the_env_example_can_be_used_as_it_is_once_a_token_is_filled_in(capsys: Caught) -> None:
    told(capsys)
    text = Path(".env.example").read_text().replace("WORKPLACE_TOKEN_BT=", "WORKPLACE_TOKEN_BT=invented")
    for name in ("EVIDENCE_ORIGIN", "CHECKPOINT_FILE", "DATABASE_URL"):
        text = text.replace(f"# {PREFIX}{name}=", f"{PREFIX}{name}=")
    Path(".env").write_text(text)
    found = load_settings()
    assert found.secret("WORKPLACE_TOKEN_BT").get_secret_value() == "invented"
    assert found.evidence_origin == "union.example.org/workplace-sync"
