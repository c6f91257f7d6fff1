"""A console on two months of a union's books, and programs that ask it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.sandbox_server import SandboxHandle, running_sandbox
from tests.web.api.program import Ask, asking_as
from tests.web.console.running import PEOPLE, ConsoleHandle, console_on, invite, play_story


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleHandle]:
    """One console for all tests of a process that only read; everybody has an account."""
    home = tmp_path_factory.mktemp("api") / "union"
    began = datetime.now(UTC) - timedelta(days=60)
    with running_sandbox(people="bt=400,openreach=100") as sandbox, console_on(home, sandbox, began) as handle:
        handle.plan = play_story(handle)
        for name in PEOPLE:
            invite(handle.app, name)
        yield handle


@pytest.fixture(scope="session")
def program(served: ConsoleHandle) -> Iterator[Ask]:
    """Return a program of somebody with a token of these scopes, all there are unless named: `program("rosa").get("/groups")`."""
    with asking_as(served) as ask:
        yield ask


@pytest.fixture
def own(sandbox: SandboxHandle, tmp_path: Path) -> Iterator[tuple[ConsoleHandle, Ask]]:
    """A console of a test's own, with a plan that is held, for tests that change something or count what was asked."""
    began = datetime.now(UTC) - timedelta(days=60)
    with console_on(tmp_path / "union", sandbox, began) as handle:
        handle.plan = play_story(handle)
        for name in PEOPLE:
            invite(handle.app, name)
        with asking_as(handle) as ask:
            yield handle, ask
