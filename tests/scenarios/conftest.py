"""A folder of a union for each test, whose group lies on a sandbox at its start."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.sandbox_server import SandboxHandle
from tests.scenarios.folder import Folder, make_folder
from workplace_sync.settings import PREFIX


@pytest.fixture
def union(
    tmp_path: Path, sandbox: SandboxHandle, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Folder]:
    """A folder on which commands are run in this process; its logging is put back as it was."""
    for name in [name for name in os.environ if name.startswith((PREFIX, "WORKPLACE_TOKEN"))]:
        monkeypatch.delenv(name)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield make_folder(tmp_path / "union", sandbox, capsys)
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("workplace_sync").setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)
    structlog.contextvars.clear_contextvars()
