"""The composition: a working folder on disk becomes an application that plans from every kind of source."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.sandbox_server import SandboxHandle
from workplace_sync.app import Application
from workplace_sync.errors import EvidenceError, InputError, SettingsError, StoreError
from workplace_sync.jobs.observe import observe
from workplace_sync.jobs.plan import make_plan
from workplace_sync.jobs.rosters import import_rosters
from workplace_sync.platforms.pace import bucket_name
from workplace_sync.settings import load_settings
from workplace_sync.store import plans

GROUP = """
kind: Group
name: prospect-bt
title: Prospect in BT
tenant: bt
platform: {{type: workplace, base_url: "{url}", group_id: "{group}", token_env: TOKEN_BT}}
roster:
  - file: rosters/bt.csv
  - addresses: ["{given}"]
  - group: "{source}"
"""
POLICY = """
kind: MembershipPolicy
metadata: {id: by-file, version: 1, title: Files only, owner: committee, source: {title: Minute 1}, effective_from: 2020-03-01T00:00:00Z}
match: {actions: [add]}
rules:
  - id: method
    title: By file
    conditions: [{name: by_file, expression: "action.method == 'roster_file'"}]
    effect: deny
    message: Only people on the roster file are added.
"""


@pytest.fixture
def folder(tmp_path: Path, sandbox: SandboxHandle, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a roster of two, one address, and another group to copy."""
    tenant, people = sandbox.tenant("bt"), sandbox.addable()
    for name in ("config/groups", "policies/union", "policies/tests", "rosters"):
        (tmp_path / name).mkdir(parents=True)
    text = GROUP.format(
        url=sandbox.url, group=tenant.prospect_group, source=tenant.source_group, given=people[2]["email"]
    )
    (tmp_path / "config/groups/prospect-bt.yaml").write_text(text)
    (tmp_path / "policies/union/by-file.yaml").write_text(POLICY)
    (tmp_path / "policies/tests/by-file.yaml").write_text("these are cases, no policy\n")
    rows = [f"{one['email']},active,yes" for one in people[:2]]
    (tmp_path / "rosters/bt.csv").write_text("\n".join(["email,status,consent", *rows]) + "\n")
    monkeypatch.setenv("TOKEN_BT", tenant.token)
    return tmp_path


def test_a_group_file_with_every_kind_of_source_becomes_a_plan_that_tells_them_apart(folder: Path) -> None:
    with Application(load_settings(folder), actor="ada") as app:
        assert app.set_up()
        group = app.group("prospect-bt")
        with app.platform(group) as platform, app.sources(group, platform, extra=["new@bt.example.org"]) as sources:
            import_rosters(app.office, group.managed, sources)
            snapshot = observe(app.office, group.managed, platform.reader()).require_complete()
            plan = make_plan(app.office, group.managed, app.rules, snapshot, valid=app.plan_valid).record
        with app.database.connect() as connection:
            found = list(plans.changes(connection, plan.id))
    methods = Counter(str(change.facts["action.method"]) for change in found)
    assert methods["roster_file"] == methods["command_line"] == 2
    assert methods["group_copy"] > 20
    assert {change.effect.value for change in found if change.facts["action.method"] != "roster_file"} == {"deny"}
    assert plan.counts["added"] == 2


def test_another_group_that_cannot_be_read_whole_is_no_source(folder: Path, sandbox: SandboxHandle) -> None:
    with Application(load_settings(folder)) as app:
        app.set_up()
        group = app.group("prospect-bt")
        sandbox.fault("count_disagrees", by=3)
        with (
            app.platform(group) as platform,
            app.sources(group, platform) as sources,
            pytest.raises(InputError) as caught,
        ):
            import_rosters(app.office, group.managed, sources)
    assert "could not be read completely" in caught.value.faults[0].message


def test_setting_up_twice_changes_nothing(folder: Path) -> None:
    settings = load_settings(folder)
    with Application(settings) as app:
        assert app.set_up()
        first = app.log.latest()
    with Application(settings) as app:
        assert not app.set_up()
        assert app.log.latest() == first
    assert settings.key_file.stat().st_mode & 0o777 == 0o600
    assert settings.state_dir.stat().st_mode & 0o777 == 0o700


def test_nothing_opens_before_it_is_set_up_and_each_error_says_what_to_run(folder: Path) -> None:
    with Application(load_settings(folder)) as app, pytest.raises(StoreError, match="not been set up"):
        _ = app.office
    (folder / "rosters/bt.csv").unlink()
    with Application(load_settings(folder)) as app:
        app.set_up()
        group = app.group("prospect-bt")
        with (
            app.platform(group) as platform,
            pytest.raises(InputError, match="cannot be read"),
            app.sources(group, platform),
        ):
            pytest.fail("the roster is not there")


def test_a_missing_shelf_and_a_missing_token_are_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKPLACE_SYNC_POLICIES_DIR", str(folder / "nowhere"))
    monkeypatch.delenv("TOKEN_BT")
    with Application(load_settings(folder)) as app:
        with pytest.raises(SettingsError, match="no policies"):
            _ = app.rules
        with pytest.raises(SettingsError, match="TOKEN_BT"):
            app.platform(app.group("prospect-bt"))


def test_policies_that_cannot_be_read_are_named(folder: Path) -> None:
    (folder / "policies/union/folder.yaml").mkdir()
    (folder / "policies/union/gone.yaml").symlink_to("nowhere")
    with Application(load_settings(folder)) as app, pytest.raises(InputError) as caught:
        _ = app.rules
    assert [Path(fault.file).name for fault in caught.value.faults] == ["folder.yaml", "gone.yaml"]


def test_a_database_that_was_rolled_back_is_not_written_to(folder: Path) -> None:
    settings = load_settings(folder)
    with Application(settings) as app:
        app.set_up()
        copy = folder / "copy.db"
        app.database.backup(copy)
        from workplace_sync.jobs.consent import record_consent  # noqa: PLC0415 - only to move the log on
        from workplace_sync.roster.consent import ConsentKind  # noqa: PLC0415

        record_consent(app.office, "a@bt.example.org", ConsentKind.WITHDRAWN, scope="*")
    for left in (settings.state_dir / "sync.db").parent.glob("sync.db*"):
        left.unlink()
    copy.rename(settings.state_dir / "sync.db")
    with Application(settings) as app, pytest.raises(EvidenceError):
        _ = app.office


def test_processes_share_one_pace_for_a_token_on_either_engine(
    folder: Path, sandbox: SandboxHandle, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in (f"sqlite:///{folder / 'var' / 'sync.db'}", postgres_url):
        monkeypatch.setenv("WORKPLACE_SYNC_DATABASE_URL", url)
        monkeypatch.setenv("WORKPLACE_SYNC_PACE_PER_SECOND", "1000")
        monkeypatch.setenv("WORKPLACE_SYNC_CHECKPOINT_FILE", str(folder / f"{len(url)}.txt"))
        with Application(load_settings(folder)) as app:
            app.set_up()
            with app.platform(app.group("prospect-bt")) as platform:
                assert platform.reader().describe().name
    bucket = bucket_name(sandbox.tenant("bt").token)
    with closing(sqlite3.connect(folder / "var" / "pace.db")) as file:
        assert file.execute(f'SELECT count(*) FROM "{bucket}"').fetchone()[0] > 0  # noqa: S608 - a name of our own
    with psycopg.connect(postgres_url) as server:
        counting = sql.SQL("SELECT count(*) > 0 FROM {}").format(sql.Identifier(f"ratelimit___{bucket}"))
        assert server.execute(counting).fetchone() == (True,)
