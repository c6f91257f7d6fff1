"""The commands about the tokens of programs."""

import pytest

from tests.sandbox_server import SandboxHandle
from tests.scenarios.folder import Folder, make_folder
from workplace_sync.app import Application
from workplace_sync.jobs import api_tokens
from workplace_sync.settings import load_settings


@pytest.fixture
def folder(
    tmp_path_factory: pytest.TempPathFactory, sandbox: SandboxHandle, capsys: pytest.CaptureFixture[str]
) -> Folder:
    made = make_folder(tmp_path_factory.mktemp("token") / "union", sandbox, capsys)
    made.run("account", "invite", "grace")
    return made


def _good(folder: Folder, secret: str) -> bool:
    with Application(load_settings(folder.home)) as app:
        return api_tokens.find(app.office, secret) is not None


def test_a_token_is_shown_once_listed_and_revoked(folder: Folder) -> None:
    made = folder.run(
        "account", "token", "grace", "--scopes", "plans:read, groups:read", "--days", "30", "-o", "json"
    ).json
    assert made["token"].startswith("wps_")
    assert _good(folder, made["token"])
    listed = folder.run("account", "tokens", "grace", "-o", "json")
    assert made["token"] not in listed.out
    (row,) = listed.json["rows"]
    assert (row["id"], row["state"], row["scopes"]) == (made["id"], "good", "groups:read, plans:read")
    assert "was revoked" in folder.run("account", "revoke-token", made["id"]).out
    assert not _good(folder, made["token"])
    assert folder.run("account", "tokens", "-o", "json").json["rows"][0]["state"] == "revoked"
    assert folder.run("account", "revoke-token", made["id"]).code == 64


def test_the_token_stands_alone_on_the_first_line_for_people(folder: Folder) -> None:
    first, told, *_ = folder.run("account", "token", "grace", "--scopes", "runs:read").out.splitlines()
    assert _good(folder, first)
    assert "not shown again" in told


@pytest.mark.parametrize(
    ("scopes", "hint"), [("plan:read", "Did you mean plans:read?"), ("public", "They are"), (" ,", "They are")]
)
def test_a_scope_that_there_is_not_is_told_with_the_nearest(folder: Folder, scopes: str, hint: str) -> None:
    ended = folder.run("account", "token", "grace", "--scopes", scopes)
    assert ended.code == 64
    assert hint in " ".join(ended.err.split())


def test_nobody_gets_a_token_for_an_account_that_is_not_there(folder: Folder) -> None:
    assert folder.run("account", "token", "zoe", "--scopes", "runs:read").code == 64
