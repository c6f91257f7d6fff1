"""The doctor, against a real platform: what is wrong is found and told with what to do, and nothing else stops for it."""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.doctoring import BT, ONE_GROUP, SHARED, Caught, Union
from workplace_sync.cli.main import main
from workplace_sync.doctor.installation import LITTLE_SPACE, NO_SPACE, disk
from workplace_sync.doctor.platform import NEEDED
from workplace_sync.errors import ExitCode
from workplace_sync.evidence.checkpoint import Checkpoint
from workplace_sync.evidence.merkle import Edge
from workplace_sync.store.keys import load_key


def test_where_all_is_in_place_nothing_is_red(union: Union) -> None:
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.DONE, [])
    assert list(found.findings) == [("", each) for each in SHARED] + [("prospect-bt", each) for each in ONE_GROUP]
    assert {found.status(each) for each in SHARED if each != "checkpoint"} == {"ok"}
    assert {found.bt(each) for each in ONE_GROUP} == {"ok"}
    assert found.message("group", "prospect-bt") == "a group of 40 members, no community, not archived"
    assert "sha256:" in found.message("policies")


def test_the_doctor_changes_nothing(union: Union, tmp_path: Path) -> None:
    def digest() -> dict[str, str]:
        files = [file for file in tmp_path.rglob("*") if file.is_file()]
        return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

    before = digest()
    union.doctor()
    assert digest() == before


def test_two_files_for_one_group_are_told_once(union: Union) -> None:
    Path("config/groups/again.yaml").write_text(BT.read_text().replace('"prospect-bt"', '"again"'))
    Path("config/groups/Odd Name.yaml").write_text("kind: Group")
    found = union.doctor()
    assert found.reds == ["groups"]
    assert "faults" in found.message("groups")
    assert {group for group, _ in found.findings} == {"", "again", "prospect-bt"}


def test_a_folder_without_group_files_is_red(union: Union) -> None:
    BT.unlink()
    found = union.doctor()
    assert found.reds == ["groups"]
    assert "init --group" in found.advice("groups")


def test_a_roster_that_is_not_there_and_approvers_that_nobody_named_are_told(union: Union) -> None:
    Path("rosters/bt.csv").unlink()
    union.edit("approvers:", "# approvers:")
    found = union.doctor()
    assert (found.reds, found.bt("approvers")) == (["rosters"], "warning")
    assert "rosters/bt.csv" in found.message("rosters", "prospect-bt")


def test_a_group_that_copies_from_another_needs_no_roster_file(union: Union) -> None:
    source = union.sandbox.tenant().source_group
    union.edit("  - file: rosters/bt.csv", f'  - group: "{source}"')
    union.edit('    tenant: "bt"', '    # tenant: "bt"')
    assert union.doctor().bt("rosters") == "ok"


def test_faulty_policies_are_counted_and_the_first_is_shown(union: Union) -> None:
    for file in ("guards/roles.yaml", "union/consent.yaml"):
        union.edit("kind: MembershipPolicy", "kind: Membership", Path("policies") / file)
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["policies"])
    assert "2 faults" in found.message("policies")
    assert "guards/roles.yaml:" in found.message("policies")


def test_policies_that_are_all_out_of_date_are_a_warning(union: Union) -> None:
    shutil.rmtree("policies/platform")  # what the platform's owner published has ends, which would come before that
    for file in Path("policies").glob("[gu]*/*.yaml"):
        file.write_text(file.read_text().replace("effective_from: 20", "effective_from: 29"))
    found = union.doctor()
    assert found.status("policies") == "warning"


def test_a_state_folder_that_others_can_look_into_is_a_warning(union: Union) -> None:
    Path("var").chmod(0o750)
    found = union.doctor()
    assert (found.code, found.status("private")) == (ExitCode.DONE, "warning")
    assert found.advice("private") == "Run `chmod 700 var`."


def test_a_key_that_others_can_read_stops_the_evidence_check(union: Union) -> None:
    Path("var/keys/log.key").chmod(0o640)
    found = union.doctor()
    assert (found.reds, found.status("evidence")) == (["key"], "skipped")
    assert "chmod 600" in found.advice("key")


def test_a_key_that_is_gone_is_red(union: Union) -> None:
    Path("var/keys/log.key").unlink()
    found = union.doctor()
    assert (found.reds, found.status("evidence")) == (["key"], "skipped")


def test_the_key_for_erased_people_is_missed_once_somebody_was_erased(union: Union) -> None:
    key = Path("var/keys/suppression.key")
    assert union.doctor().status("erased") == "ok"
    union.sql("INSERT INTO suppression (digest, stand_in) VALUES ('00', 'erased-00')")
    key.unlink(missing_ok=True)
    found = union.doctor()
    assert (found.status("erased"), found.code) == ("red", ExitCode.ERROR)
    assert "safe copy" in found.advice("erased")
    key.write_text("00" * 32 + "\n")
    key.chmod(0o644)
    assert "read or changed by others" in union.doctor().message("erased")
    key.chmod(0o600)
    assert union.doctor().message("erased").endswith("suppression.key; 1 person was erased")


def test_a_database_that_is_none_is_red_and_the_rest_goes_on(union: Union) -> None:
    Path("var/sync.db").write_text("this is no database, and long enough to be taken for one" * 100)
    found = union.doctor()
    assert found.reds == ["database"]
    assert {found.status(each) for each in ("schema", "damage", "checkpoint", "evidence")} == {"skipped"}
    assert {found.bt(each) for each in ONE_GROUP} == {"ok"}


def test_an_older_schema_is_red(union: Union) -> None:
    union.sql("UPDATE alembic_version SET version_num = '0000'")
    found = union.doctor()
    assert found.reds == ["schema"]
    assert "db upgrade" in found.advice("schema")


def test_a_table_that_was_changed_is_damage(union: Union) -> None:
    union.sql("DROP TABLE invitation")
    union.sql("ALTER TABLE snapshot ADD COLUMN added TEXT")
    found = union.doctor()
    assert found.reds == ["damage"]
    assert "more" in found.message("damage")


def test_a_log_that_is_not_what_was_signed_is_red(union: Union) -> None:
    size = "char(10) || '1' || char(10)"  # the second line; a digit of the signature could as well be the key's
    union.sql(f"UPDATE evidence_checkpoint SET note = replace(note, {size}, char(10) || '2' || char(10))")  # noqa: S608
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["evidence"])
    assert "evidence verify" in found.advice("evidence")


def test_a_checkpoint_file_that_is_missing_is_red(union: Union) -> None:
    Path("var/checkpoint.txt").unlink()
    found = union.doctor()
    assert (found.reds, found.status("evidence")) == (["checkpoint"], "skipped")
    assert "--restore-checkpoint" in found.advice("checkpoint")


def test_a_checkpoint_file_beside_the_database_or_on_its_disk_is_a_warning(union: Union) -> None:
    assert "same folder" in union.doctor().message("checkpoint")
    Path("elsewhere").mkdir()
    Path("var/checkpoint.txt").rename("elsewhere/checkpoint.txt")
    union.set("WORKPLACE_SYNC_CHECKPOINT_FILE", "elsewhere/checkpoint.txt")
    found = union.doctor()
    assert (found.status("checkpoint"), found.status("evidence")) == ("warning", "ok")
    assert "same file system" in found.message("checkpoint")


def test_on_postgresql_the_checkpoint_file_is_away_from_the_database(
    union: Union, postgres_url: str, tmp_path: Path
) -> None:
    union.set("WORKPLACE_SYNC_DATABASE_URL", postgres_url)
    union.set("WORKPLACE_SYNC_STATE_DIR", str(tmp_path / "state"))
    assert union.doctor().status("database") == "red"
    union.run("init")
    found = union.doctor()
    assert (found.code, found.status("checkpoint"), found.message("database")) == (ExitCode.DONE, "ok", "PostgreSQL")


def test_a_log_whose_first_entry_was_never_written_is_red(union: Union) -> None:
    origin = "example.org/workplace-sync"
    empty = Checkpoint(origin, 0, Edge(0, ()).root).signed(load_key(Path("var/keys/log.key"), origin))
    Path("var/sync.db").unlink()
    union.run("db", "upgrade")
    Path("var/checkpoint.txt").write_text(empty)
    found = union.doctor()
    assert (found.reds, found.message("evidence")) == (["evidence"], "The evidence log has not been begun.")
    union.run("init")
    assert union.doctor().reds == []


def test_wrong_settings_are_told_all_at_once(union: Union) -> None:
    union.set("WORKPLACE_SYNC_THREADS", "many")
    union.set("WORKPLACE_SYNC_PAGE_SIZE", "0")
    found = union.doctor()
    assert (found.code, list(found.findings)) == (ExitCode.ERROR, [("", "settings")])
    assert "THREADS" in found.message("settings")
    assert "PAGE_SIZE" in found.message("settings")


def test_in_an_empty_folder_it_says_where_to_begin_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Caught
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["doctor"]) == ExitCode.ERROR
    out, err = capsys.readouterr()
    assert out.count("workplace-sync init") >= 4
    assert err == ""
    assert list(tmp_path.iterdir()) == []


def test_people_read_a_line_a_check_and_below_it_what_to_do(union: Union, capsys: Caught) -> None:
    union.sandbox.fault("permission_removed", tenant="bt", permission="manage_group")
    assert main(["doctor"]) == ExitCode.ERROR
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith(("ok ", "warning ", "red ", "skipped "))]) == 25
    [place] = [number for number, line in enumerate(lines) if line.startswith("red ")]
    assert "prospect-bt: permissions" in lines[place]
    assert lines[place + 1].strip().startswith("What to do: In the platform's admin panel")
    assert lines[-1] == "25 checks: 23 ok, 1 warning, 1 red, 0 skipped."


@pytest.mark.usefixtures("union")
def test_told_to_be_quiet_it_shows_what_is_not_well_alone(capsys: Caught) -> None:
    assert main(["doctor", "-q"]) == ExitCode.DONE
    out = capsys.readouterr().out
    assert "checkpoint" in out
    assert "policies" not in out


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"kind": "token_revoked"},
        {"kind": "permission_removed", "permission": "read_user_email"},
        {"kind": "html", "calls": None},
    ],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_and_nobodys_address_is_shown(
    fault: Mapping[str, object], form: str, union: Union, capsys: Caught
) -> None:
    tenant = union.sandbox.tenant()
    union.edit("# app_secret_env:", "app_secret_env:")
    union.set("WORKPLACE_APP_SECRET_BT", tenant.app_secret)
    if fault:
        union.sandbox.control("POST", "faults", fault)
    main(["doctor", "--verbose", "-o", form])
    for told in capsys.readouterr():
        assert tenant.token not in told
        assert tenant.app_secret not in told
        assert "@" not in told
        assert "appsecret_proof=" not in told


@pytest.mark.parametrize(
    ("free", "status"),
    [(NO_SPACE - 1, "red"), (NO_SPACE, "warning"), (LITTLE_SPACE - 1, "warning"), (LITTLE_SPACE, "ok")],
)
def test_the_place_with_the_least_room_counts(free: int, status: str, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    found = disk(
        [tmp_path, tmp_path / "full/not/there/yet"], lambda path: free if path.name == "full" else LITTLE_SPACE * 2
    )
    assert (found.status, str(tmp_path / "full") in found.message) == (status, True)


def test_a_folder_that_cannot_be_looked_at_is_red_and_no_crash(tmp_path: Path) -> None:
    def fail(path: Path) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    found = disk([tmp_path], fail)
    assert (found.status, found.message) == ("red", "This could not be looked at (Permission denied).")


def test_every_permission_looked_for_is_named_as_the_admin_panel_does() -> None:
    assert set(NEEDED) == {"manage_group", "read_group", "read_user_email"}
    assert all(name[0].isupper() for name in NEEDED.values())
