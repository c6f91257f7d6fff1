"""`worker` as it is typed: what it says of the port for its figures."""

import socket
from pathlib import Path

import pytest

from tests.sandbox_server import SandboxHandle
from tests.scenarios.folder import HASTY, make_folder
from workplace_sync.errors import ExitCode


def test_a_port_for_the_figures_that_is_taken_is_told(
    sandbox: SandboxHandle, tmp_path: Path, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_folder(tmp_path / "union", sandbox, capsys, HASTY | {"DATABASE_URL": postgres_url})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = folder.run("worker", "--drain", "--metrics-port", str(taken.getsockname()[1]))
    assert ended.code == ExitCode.USAGE
    assert "The port for the figures cannot be used" in ended.err
