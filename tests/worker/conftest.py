"""A union's folder whose database is PostgreSQL, and workers on it as processes of their own."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.sandbox_server import SandboxHandle
from tests.scenarios.folder import HASTY, Folder, make_folder
from tests.worker.processes import Workers
from workplace_sync.settings import PREFIX
from workplace_sync.store.database import Database


@pytest.fixture
def union(
    tmp_path: Path,
    sandbox: SandboxHandle,
    postgres_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Folder]:
    """A folder on which commands are run in this process; its logging is put back as it was."""
    for name in [name for name in os.environ if name.startswith((PREFIX, "WORKPLACE_TOKEN"))]:
        monkeypatch.delenv(name)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    settings = HASTY | {"DATABASE_URL": postgres_url, "LEASE_SECONDS": "5"}
    yield make_folder(tmp_path / "union", sandbox, capsys, settings)
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("workplace_sync").setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def books(union: Folder) -> Iterator[Database]:
    """The folder's database."""
    opened = Database(union.settings["DATABASE_URL"])
    yield opened
    opened.close()


@pytest.fixture
def workers(union: Folder) -> Iterator[Workers]:
    """Starts workers, and ends those that are left."""
    with Workers(union) as found:
        yield found
