"""The commands about the console's accounts, and the one that serves it."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.sandbox_server import SandboxHandle
from tests.scenarios.folder import Folder, make_folder

PASSWORD = "seven quiet badgers dancing"


@pytest.fixture
def folder(tmp_path: Path, sandbox: SandboxHandle, capsys: pytest.CaptureFixture[str]) -> Folder:
    return make_folder(tmp_path / "union", sandbox, capsys)


def test_the_first_invited_is_owner_and_is_told_a_link(folder: Folder) -> None:
    ended = folder.run("account", "invite", "wanda")
    assert ended.code == 0
    assert re.search(r"http://127\.0\.0\.1:8080/setup/[\w-]{43}", ended.out)
    assert "Roles: owner." in ended.out
    assert "has no role yet" in folder.run("account", "invite", "zoe").out


def test_a_link_has_the_address_that_people_type(folder: Folder) -> None:
    folder.configure(CONSOLE_URL="https://sync.union.example.org/")
    link = folder.run("account", "invite", "wanda", "-o", "json").json["link"]
    assert link.startswith("https://sync.union.example.org/setup/")


def test_a_link_has_the_port_of_a_console_that_listens_on_another(folder: Folder) -> None:
    link = folder.run("account", "invite", "wanda", "--port", "9000", "-o", "json").json["link"]
    assert link.startswith("http://127.0.0.1:9000/setup/")


@pytest.mark.parametrize("name", ["", " wanda", "wanda@union.example.org", "x" * 101, "wan\nda"])
def test_what_is_no_name_is_not_invited(folder: Folder, name: str) -> None:
    ended = folder.run("account", "invite", name)
    assert ended.code == 64
    assert "not a name for an account" in ended.err


def test_accounts_are_listed_with_their_roles_and_shut_out(folder: Folder) -> None:
    (folder.home / "config" / "people.yaml").write_text(
        "people:\n  - {name: ada, roles: [admin], groups: ['*']}\n", encoding="utf-8"
    )
    folder.run("account", "invite", "ada", "--by", "wanda")
    assert folder.run("account", "list", "-o", "json").json["rows"][0] | {"created": ""} == {
        "account": "ada",
        "state": "invited",
        "roles": "admin",
        "sessions": 0,
        "created": "",
    }
    assert "cannot log in any more" in folder.run("account", "disable", "ada").out
    assert folder.run("account", "list", "-o", "json").json["rows"][0]["state"] == "disabled"
    told = folder.run("audit", "list").out
    assert "account of ada: disabled" in told


@pytest.mark.parametrize("command", [("disable",), ("sessions",)])
def test_an_account_that_is_not_there_is_told(folder: Folder, command: tuple[str, ...]) -> None:
    ended = folder.run("account", *command, "nobody")
    assert ended.code == 64
    assert "There is no such account" in ended.err


def test_passwords_do_not_go_over_the_network_in_the_clear(folder: Folder) -> None:
    ended = folder.run("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104 - which is what is refused
    assert ended.code == 1
    assert "in the clear" in ended.err


@pytest.fixture
def served(folder: Folder) -> Iterator[tuple[str, object]]:
    process = folder.start("serve", "--port", "0", "-o", "json")
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r'"url": "([^"]+)"', line)
        assert found is not None, line
        yield found[1], process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        assert process.returncode in {0, 130}, err
        assert "Traceback" not in err


def test_the_command_serves_until_it_is_terminated(folder: Folder, served: tuple[str, object]) -> None:
    url, _ = served
    link = folder.run("account", "invite", "wanda", "-o", "json").json["link"]
    path = link.removeprefix("http://127.0.0.1:8080")
    with requests.Session() as session:
        session.trust_env = False
        form = {"password": PASSWORD, "again": PASSWORD}
        answer = session.post(url + path, form, headers={"Origin": url}, timeout=30)
        assert answer.status_code == 200
        assert "Overview" in answer.text
    assert folder.run("account", "sessions", "wanda", "-o", "json").json["rows"]
    assert "1 session ended" in folder.run("account", "sessions", "wanda", "--revoke").err
