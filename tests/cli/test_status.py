"""`status`, `metrics` and `notices`: one screen, one file, one test message; and codes that say what needs a person."""

import email
import email.policy
import os
import shutil
from pathlib import Path

import pytest

from tests.notices.servers import mail_server, nowhere, receiver
from tests.scenarios.conftest import union as union  # noqa: PLC0414 - a fixture
from tests.scenarios.folder import GROUP, Folder
from workplace_sync.app import Application
from workplace_sync.cases.notice import Matter
from workplace_sync.errors import ExitCode
from workplace_sync.settings import load_settings

TO = "ada@union.example.org"


def wanted(union: Folder, number: int) -> None:
    people = [str(person["email"]) for person in union.sandbox.addable()][:number]
    union.write_roster([*union.former, *people])


def test_status_shows_a_group_from_never_read_to_in_step(union: Folder) -> None:
    ended = union.run("status", "--check")
    assert (ended.code, f"{GROUP}: never read completely" in ended.out) == (ExitCode.ERROR, True)
    assert "evidence log: 1 entry, and the last checkpoints agree with it" in ended.out
    wanted(union, 3)
    assert union.run("apply", union.plan(), "--by", "ada").code == 0
    ended = union.run("status", "--check")
    assert (ended.code, "seen less than a minute ago" in ended.out) == (0, True)
    assert f"{GROUP}: {len(union.former) + 3} members, {len(union.former) + 3} wanted" in ended.out
    assert union.run("status").code == 0
    found = union.run("status", "-o", "json").json
    assert (found["schema"], found["groups"][0]["members"]) == ("workplace-sync/status/1", len(union.former) + 3)
    assert found["evidence"]["ok"] is True


def test_what_waits_and_what_is_blind_ends_with_codes_of_their_own(union: Folder) -> None:
    wanted(union, 90)
    digest = union.plan()
    ended = union.run("status", "--check")
    assert (ended.code, "HELD      90 changes wait since" in ended.out) == (ExitCode.HELD, True)
    assert f"workplace-sync approve {digest[:12]}" in ended.out
    union.sandbox.fault("token_revoked", tenant="bt")
    union.run("observe", GROUP)
    ended = union.run("status", "--check")
    assert (ended.code, "BLIND     since" in ended.out) == (ExitCode.BLIND, True)
    assert "token revoked" in ended.out
    assert union.run("status").code == 0


def test_a_rolled_back_log_is_told_before_all_else(union: Folder) -> None:
    kept = union.home / "kept.db"
    shutil.copy(union.database, kept)
    wanted(union, 90)
    union.plan()
    for file in union.database.parent.glob("sync.db*"):
        file.unlink()
    shutil.copy(kept, union.database)
    ended = union.run("status", "--check")
    assert (ended.code, "TROUBLE: The database was rolled back" in ended.out) == (ExitCode.EVIDENCE, True)
    assert "workplace_sync_evidence_ok 0.0" in union.run("metrics").out


def test_metrics_are_shown_or_put_into_a_file_whole(union: Folder, tmp_path: Path) -> None:
    shown = union.run("metrics")
    assert f'workplace_sync_group_held_changes{{group="{GROUP}"}} 0.0' in shown.out
    file = tmp_path / "out" / "sync.prom"
    assert union.run("metrics", "--textfile", str(file)).code == ExitCode.ERROR
    file.parent.mkdir()
    file.write_text("old")
    assert union.run("metrics", "--textfile", str(file)).code == 0
    assert file.read_text("utf-8").startswith("# HELP workplace_sync_")
    assert [one.name for one in file.parent.iterdir()] == ["sync.prom"]
    assert file.stat().st_mode & 0o777 == 0o644
    os.mkfifo(tmp_path / "device")  # as /dev/null is one
    assert "no ordinary file" in union.run("metrics", "--textfile", str(tmp_path / "device")).err
    assert (tmp_path / "device").is_fifo()


def test_a_test_message_arrives_by_mail_and_a_channel_that_is_away_is_told(
    union: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert union.run("notices", "test").code == ExitCode.USAGE
    with mail_server(tmp_path) as box:
        monkeypatch.setenv("SSL_CERT_FILE", str(box.certificate))
        mail = {"NOTIFY_SMTP_HOST": "127.0.0.1", "NOTIFY_SMTP_PORT": str(box.port)}
        union.configure(**mail, NOTIFY_FROM="sync@union.example.org", NOTIFY_TO=TO, NOTIFY_WEBHOOK_URL=nowhere())
        ended = union.run("notices", "test")
        assert (ended.code, "Sent through email." in ended.out) == (ExitCode.ERROR, True)
        assert "Not sent through webhook: The web hook at 127.0.0.1 cannot be reached." in ended.out
        assert union.run("notices", "test", "--to", "email").code == 0
        assert union.run("notices", "test", "--to", "pigeon").code == ExitCode.USAGE
    got = email.message_from_string(box.mails[0][1], policy=email.policy.default)
    assert (got["To"], got["Subject"]) == (TO, "[workplace-sync] a test of the notifications")


def test_what_waits_goes_to_a_web_hook_and_into_the_list_with_the_consoles_page(union: Folder) -> None:
    wanted(union, 90)
    union.plan()
    with receiver() as there:
        there.status = 500
        union.configure(NOTIFY_WEBHOOK_URL=f"{there.url}/a-capability", CONSOLE_URL="https://sync.union.example.org")
        with Application(load_settings(union.home)) as app:
            assert "did not take the message (500)" in app.notifier().tell().note
            status = union.run("status", "--check")
            assert (status.code, "not told through webhook" in status.out) == (ExitCode.ERROR, True)
            assert "a-capability" not in status.out
            there.status = 200
            report = app.notifier().tell()
    assert (report.note, [one.matter for one in report.episodes]) == ("", [Matter.HELD])
    body = there.requests[-1].body.decode()
    assert "90 changes wait for a second person's approval" in body
    assert "https://sync.union.example.org/plans" in body
    assert "@" not in body
    (row,) = union.run("notices", "list", GROUP, "-o", "json").json["rows"]
    assert (row["channel"], row["about"], row["phase"], row["state"]) == ("webhook", "held", "first", "sent")
    assert union.run("notices", "list", "another", "-o", "json").json["rows"] == []


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"NOTIFY_SMTP_HOST": "mail.example.org"}, ["NOTIFY_FROM", "NOTIFY_TO"]),
        ({"NOTIFY_TO": "Ada <ada>"}, ["NOTIFY_TO"]),
        ({"NOTIFY_FROM": "a, b"}, ["NOTIFY_FROM"]),
        ({"NOTIFY_REMINDERS": "1,x"}, ["NOTIFY_REMINDERS"]),
        ({"NOTIFY_WEBHOOK_URL": "http://chat.example.org/s3cret"}, ["NOTIFY_WEBHOOK_URL"]),
        ({"PING_URL": "https://[s3cret"}, ["PING_URL"]),
        (
            {"NOTIFY_SMTP_HOST": "m.example.org", "NOTIFY_SMTP_ENCRYPTION": "none"},
            ["NOTIFY_SMTP_ENCRYPTION", "NOTIFY_FROM", "NOTIFY_TO"],
        ),
    ],
)
def test_settings_that_cannot_be_are_told_by_name_and_not_by_value(
    union: Folder, settings: dict[str, str], named: list[str]
) -> None:
    union.configure(**settings)
    ended = union.run("status")
    assert ended.code == ExitCode.ERROR
    assert all(f"WORKPLACE_SYNC_{name} should" in ended.err for name in named)
    assert "s3cret" not in ended.err


def test_reminders_can_be_switched_off_and_a_ping_needs_an_address(union: Folder) -> None:
    union.configure(NOTIFY_REMINDERS="off")
    with Application(load_settings(union.home)) as app:
        assert (app.settings.reminders, app.ping().start()) == ((), False)
    with receiver() as there:
        union.configure(NOTIFY_REMINDERS="2, 5", PING_URL=f"{there.url}/p")
        with Application(load_settings(union.home)) as app:
            assert [time.days for time in app.settings.reminders] == [2, 5]
            assert app.ping().end(ExitCode.HELD, "90 wait.")
        assert [one.path for one in there.requests] == ["/p/4"]
