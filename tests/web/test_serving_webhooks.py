"""The command that serves webhooks: what it does not start without."""

import socket
from pathlib import Path

import pytest

from tests.sandbox_server import SandboxHandle
from tests.web.receiver import make_home
from workplace_sync.cli.main import main
from workplace_sync.errors import ExitCode

Caught = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("WORKPLACE_SYNC_WEBHOOK_VERIFY_TOKEN=sesame-of-the-committee", ""), "verify token"),
        (("WORKPLACE_APP_SECRET_OPENREACH=", "WORKPLACE_APP_SECRET_ELSEWHERE="), "WORKPLACE_APP_SECRET_OPENREACH"),
    ],
)
def test_without_its_secrets_it_does_not_start(
    sandbox: SandboxHandle, tmp_path: Path, capsys: Caught, change: tuple[str, str], told: str
) -> None:
    home = make_home(tmp_path / "union", sandbox)
    env = home / ".env"
    env.write_text(env.read_text("utf-8").replace(*change), "utf-8")
    assert main(["--home", str(home), "webhooks", "serve", "--port", "0"]) == ExitCode.ERROR
    assert told in capsys.readouterr().err


def test_without_a_group_that_names_an_app_secret_it_does_not_start(
    sandbox: SandboxHandle, tmp_path: Path, capsys: Caught
) -> None:
    home = make_home(tmp_path / "union", sandbox)
    for file in (home / "config" / "groups").iterdir():
        text = file.read_text("utf-8")
        file.write_text(text[: text.index(", app_secret_env")] + "}" + text[text.index("}\n") + 1 :], "utf-8")
    assert main(["--home", str(home), "webhooks", "serve", "--port", "0"]) == ExitCode.ERROR
    assert "app secret" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told_in_a_sentence(sandbox: SandboxHandle, tmp_path: Path, capsys: Caught) -> None:
    home = make_home(tmp_path / "union", sandbox)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["--home", str(home), "webhooks", "serve", "--port", port]) == ExitCode.USAGE
    assert "cannot be listened on" in capsys.readouterr().err
