"""What more than one file of tests of the command line begins with."""

from pathlib import Path

import pytest

from tests.cli.doctoring import Caught, Union
from tests.sandbox_server import SandboxHandle
from workplace_sync.cli.main import main


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
