"""One server for each test process; every test finds the start world."""

from collections.abc import Iterator

import pytest

from tests.sandbox.graph_client import Graph
from tests.sandbox_server import SandboxHandle, running_sandbox


@pytest.fixture(scope="session")
def server() -> Iterator[SandboxHandle]:
    with running_sandbox() as handle:
        yield handle


@pytest.fixture
def sandbox(server: SandboxHandle) -> SandboxHandle:
    server.reset()
    return server


@pytest.fixture
def graph(sandbox: SandboxHandle) -> Iterator[Graph]:
    with Graph(sandbox) as client:
        yield client
