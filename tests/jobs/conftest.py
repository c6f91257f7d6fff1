"""A world for the jobs, once on each database engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox_server import SandboxHandle
from tests.world import World, built
from workplace_sync.store.database import Database


@pytest.fixture
def world(sqlite_database: Database, tmp_path: Path, sandbox: SandboxHandle) -> Iterator[World]:
    """A world on SQLite."""
    with built(sqlite_database, tmp_path, sandbox) as made:
        yield made


@pytest.fixture
def world_on_each_engine(database: Database, tmp_path: Path, sandbox: SandboxHandle) -> Iterator[World]:
    """A world, once on SQLite and once on PostgreSQL."""
    with built(database, tmp_path, sandbox) as made:
        yield made
