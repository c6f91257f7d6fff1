"""The doctor, against a real platform: what is wrong is found and told with what to do, and nothing else stops for it."""

import hashlib
import json
import shutil
import socket
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.platforms.scripted import GROUP, Received, Reply, Script, described, served
from tests.sandbox_server import SandboxHandle
from tests.store.tampering import lift_guards_of_file
from workplace_sync.cli.main import main
from workplace_sync.doctor.installation import LITTLE_SPACE, NO_SPACE, disk
from workplace_sync.doctor.platform import NEEDED
from workplace_sync.errors import ExitCode
from workplace_sync.evidence.checkpoint import Checkpoint
from workplace_sync.evidence.merkle import Edge
from workplace_sync.store.keys import load_key

Caught = pytest.CaptureFixture[str]

SHARED = ["settings", "policies", "groups", "private", "database", "schema", "damage", "key"]
SHARED += ["erased", "checkpoint", "evidence", "disk"]
PLATFORM = ["platform", "access", "permissions", "group", "addresses", "clock"]
ONE_GROUP = ["file", "approvers", "rosters", "token", *PLATFORM]
BT = Path("config/groups/prospect-bt.yaml")


@dataclass(frozen=True, slots=True)
class Found:
    """What the doctor told as JSON: its findings by group and check."""

    code: int
    findings: Mapping[tuple[str, str], Mapping[str, str]]

    def status(self, check: str, group: str = "") -> str:
        return self.findings[group, check]["status"]

    def bt(self, check: str) -> str:
        return self.status(check, "prospect-bt")

    def message(self, check: str, group: str = "") -> str:
        return self.findings[group, check]["message"]

    def advice(self, check: str, group: str = "") -> str:
        return self.findings[group, check]["what_to_do"]

    @property
    def reds(self) -> list[str]:
        return [check for (_, check), finding in self.findings.items() if finding["status"] == "red"]


class Union:
    """A working folder on the sandbox, and the doctor for it."""

    def __init__(self, sandbox: SandboxHandle, capsys: Caught, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sandbox = sandbox
        self.set = monkeypatch.setenv
        self.unset = monkeypatch.delenv
        self._capsys = capsys

    def edit(self, old: str, new: str, file: Path = BT) -> None:
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def run(self, *arguments: str) -> None:
        assert main(arguments) == 0
        self._capsys.readouterr()

    def doctor(self, *arguments: str) -> Found:
        code = main(["doctor", *arguments, "-o", "json"])
        told = json.loads(self._capsys.readouterr().out)
        assert told["schema"] == "workplace-sync/doctor/1"
        findings = {(one["group"], one["check"]): one for one in told["findings"]}
        assert sum(told["counts"].values()) == len(told["findings"]) == len(findings)
        assert told["good"] == (not told["counts"]["red"])
        assert all(one["what_to_do"] for one in findings.values() if one["status"] in {"red", "warning"})
        assert all(one["message"].startswith("because ") for one in findings.values() if one["status"] == "skipped")
        return Found(code, findings)

    def sql(self, statement: str) -> None:
        with closing(sqlite3.connect("var/sync.db")) as connection, connection:
            lift_guards_of_file(connection)
            connection.execute(statement)


@pytest.fixture
def union(sandbox: SandboxHandle, capsys: Caught, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Union:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORKPLACE_TOKEN_BT", sandbox.tenant("bt").token)
    monkeypatch.setenv("WORKPLACE_TOKEN_OPENREACH", sandbox.tenant("openreach").token)
    assert main(["init"]) == 0
    found = Union(sandbox, capsys, monkeypatch)
    found.edit("http://127.0.0.1:8700", sandbox.url)
    found.edit("# approvers:", "approvers:")
    capsys.readouterr()
    return found


def add_openreach(union: Union) -> None:
    union.run("init", "--group", "prospect-openreach")
    union.edit("http://127.0.0.1:8700", union.sandbox.url, Path("config/groups/prospect-openreach.yaml"))


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


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


def test_a_revoked_token_leaves_the_group_unseen(union: Union) -> None:
    union.sandbox.fault("token_revoked", tenant="bt")
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.BLIND, ["access"])
    assert {found.bt(each) for each in ("permissions", "group", "addresses")} == {"skipped"}
    assert found.message("group", "prospect-bt") == "because `access` is red"
    assert (found.bt("platform"), found.bt("clock")) == ("ok", "ok")


def test_a_permission_to_manage_that_was_taken_away_is_named_as_the_panel_names_it(union: Union) -> None:
    union.sandbox.fault("permission_removed", tenant="bt", permission="manage_group")
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["permissions"])
    assert "manage_group" in found.message("permissions", "prospect-bt")
    assert "Manage groups" in found.advice("permissions", "prospect-bt")


def test_without_the_permission_to_read_groups_nothing_is_seen(union: Union) -> None:
    union.sandbox.fault("permission_removed", tenant="bt", permission="read_group")
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.BLIND, ["permissions", "group"])
    assert found.bt("addresses") == "skipped"


def test_without_the_permission_to_read_members_nobody_is_seen(union: Union) -> None:
    union.sandbox.fault("permission_removed", tenant="bt", permission="read_group_membership")
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.BLIND, ["group"])
    assert "read their members" in found.advice("group", "prospect-bt")


def test_addresses_that_are_not_shown_are_red(union: Union) -> None:
    union.sandbox.fault("permission_removed", tenant="bt", permission="read_user_email")
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["permissions", "addresses"])
    assert "No address of 40 members" in found.message("addresses", "prospect-bt")


def test_people_without_an_address_are_counted_and_no_reason_for_alarm(union: Union) -> None:
    tenant = union.sandbox.tenant()
    union.edit(tenant.prospect_group, tenant.source_group)
    found = union.doctor()
    assert found.bt("addresses") == "ok"
    assert "without an address" in found.message("addresses", "prospect-bt")


def test_a_platform_that_does_not_list_permissions_is_no_fault(union: Union) -> None:
    union.sandbox.switch(me_permissions=False)
    found = union.doctor()
    assert (found.code, found.bt("permissions")) == (ExitCode.DONE, "skipped")


@pytest.mark.parametrize("which", ["community_id", "child_community"])
def test_a_community_is_no_group(which: str, union: Union) -> None:
    tenant = union.sandbox.tenant()
    union.edit(tenant.prospect_group, getattr(tenant, which))
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["group"])
    assert "community" in found.message("group", "prospect-bt")


def test_an_archived_group_is_red(union: Union) -> None:
    union.sandbox.control("POST", "employer/archive", {"group": union.sandbox.tenant().prospect_group})
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["group"])
    assert "archived" in found.message("group", "prospect-bt")


def test_a_group_that_is_gone_is_unseen(union: Union) -> None:
    union.sandbox.control("POST", "employer/delete-group", {"group": union.sandbox.tenant().prospect_group})
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.BLIND, ["group"])


def test_a_platform_that_nobody_reaches_skips_what_rests_on_it(union: Union) -> None:
    union.edit(union.sandbox.url, f"http://127.0.0.1:{free_port()}")
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.BLIND, ["platform"])
    assert {found.bt(each) for each in PLATFORM[1:]} == {"skipped"}
    assert found.message("clock", "prospect-bt") == "because `platform` is red"


@pytest.mark.parametrize("fault", ["html", "broken_json", "rate_limit", "close_connection"])
def test_a_platform_out_of_order_is_red_and_a_single_hiccup_is_not(fault: str, union: Union) -> None:
    union.sandbox.fault(fault, tenant="bt")
    assert union.doctor().reds == []
    union.sandbox.fault(fault, tenant="bt", calls=None)
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.BLIND, ["platform"])


def test_a_platform_that_fails_half_way_is_red_where_it_fails(union: Union) -> None:
    union.sandbox.fault("error", tenant="bt", calls=None, skip=3, code=2)
    found = union.doctor()
    assert found.code == ExitCode.BLIND
    assert found.reds == ["addresses"]


def test_a_list_of_members_that_does_not_end_is_red(union: Union) -> None:
    union.sandbox.fault("short_pages_ok", tenant="bt", rows=0, empty_every=1, calls=None)
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.BLIND, ["addresses"])


def test_a_group_that_shows_nobody_is_a_warning_and_a_platform_without_a_clock_is_no_fault(union: Union) -> None:
    def answer(request: Received) -> Reply:
        return Reply({"data": []}) if request.path.endswith(("/members", "/permissions")) else described(request)

    script = Script()
    script.read = answer
    with served(script) as url:
        union.edit(union.sandbox.url, url)
        union.edit(union.sandbox.tenant().prospect_group, GROUP)
        found = union.doctor()
    assert (found.bt("addresses"), found.bt("clock"), found.bt("group")) == ("warning", "skipped", "ok")
    assert all(name in found.message("permissions", "prospect-bt") for name in NEEDED)
    assert {request.method for request in script.received} == {"GET"}


@pytest.mark.parametrize(
    ("seconds", "status", "code"),
    [(2, "ok", 0), (30, "warning", 0), (-30, "warning", 0), (600, "red", 1), (-600, "red", 1)],
)
def test_a_clock_that_is_off_is_told(seconds: int, status: str, code: int, union: Union) -> None:
    union.sandbox.fault("clock_skew", seconds=seconds)
    found = union.doctor()
    assert (found.code, found.bt("clock")) == (code, status)
    if status != "ok":
        assert ("behind" if seconds > 0 else "ahead") in found.message("clock", "prospect-bt")


def test_a_clock_that_spoils_the_proof_is_told_beside_the_refusal(union: Union) -> None:
    union.edit("# app_secret_env:", "app_secret_env:")
    assert union.doctor().bt("token") == "red"
    union.set("WORKPLACE_APP_SECRET_BT", union.sandbox.tenant().app_secret)
    assert union.doctor().reds == []
    union.sandbox.fault("clock_skew", seconds=600)
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["access", "clock"])


def test_a_missing_token_is_named(union: Union) -> None:
    union.unset("WORKPLACE_TOKEN_BT")
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["token"])
    assert "WORKPLACE_TOKEN_BT" in found.message("token", "prospect-bt")
    assert {found.bt(each) for each in PLATFORM} == {"skipped"}


def test_an_address_that_no_token_may_go_to_is_a_fault_of_the_file(union: Union) -> None:
    union.edit(union.sandbox.url, "http://graph.example.org")
    found = union.doctor()
    assert found.reds == ["file"]
    assert {found.bt(each) for each in ONE_GROUP[1:]} == {"skipped"}


def test_a_number_that_is_no_groups_is_told_before_anything_is_sent(union: Union) -> None:
    union.edit(union.sandbox.tenant().prospect_group, "7" * 40)
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["platform"])
    assert {found.bt(each) for each in PLATFORM[1:]} == {"skipped"}


def test_each_group_is_looked_at_whatever_is_wrong_with_another(union: Union) -> None:
    add_openreach(union)
    union.edit("kind: Group", "kind: Grope")
    found = union.doctor()
    assert (found.code, found.reds) == (ExitCode.ERROR, ["file"])
    assert f"{BT}:" in found.message("file", "prospect-bt")
    assert {found.status(each, "prospect-openreach") for each in PLATFORM} == {"ok"}


def test_only_the_groups_named_are_looked_at(union: Union) -> None:
    add_openreach(union)
    union.sandbox.fault("token_revoked", tenant="bt")
    found = union.doctor("prospect-openreach", "prospect-openreach")
    assert (found.code, {group for group, _ in found.findings}) == (ExitCode.DONE, {"", "prospect-openreach"})
    assert union.doctor().code == ExitCode.BLIND


def test_a_name_that_is_no_group_is_a_mistake_of_the_call(union: Union, capsys: Caught) -> None:
    assert main(["doctor", "prospect-bt", "prospect-pt"]) == ExitCode.USAGE
    assert union.sandbox.url not in capsys.readouterr().err


def test_one_thing_unseen_and_another_broken_is_an_error(union: Union) -> None:
    union.sandbox.fault("token_revoked", tenant="bt")
    Path("rosters/bt.csv").unlink()
    assert union.doctor().code == ExitCode.ERROR


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
    assert len([line for line in lines if line.startswith(("ok ", "warning ", "red ", "skipped "))]) == 22
    [place] = [number for number, line in enumerate(lines) if line.startswith("red ")]
    assert "prospect-bt: permissions" in lines[place]
    assert lines[place + 1].strip().startswith("What to do: In the platform's admin panel")
    assert lines[-1] == "22 checks: 20 ok, 1 warning, 1 red, 0 skipped."


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
