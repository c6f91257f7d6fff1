"""A world for the jobs, once on each database engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.erasing import (
    settle,
)
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


@pytest.fixture
def settled(world: World, tmp_path: Path) -> World:
    """A world in which ten people were added, and the first is somebody with a name that stands out."""
    return settle(world, tmp_path)


@pytest.fixture
def settled_on_each_engine(world_on_each_engine: World, tmp_path: Path) -> World:
    """The same, once on each engine."""
    return settle(world_on_each_engine, tmp_path)
