"""A receiver for each test, beside the sandbox whose groups it manages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox_server import SandboxHandle
from tests.web.receiver import ReceiverHandle, make_home, receiver_here


@pytest.fixture
def receiver(sandbox: SandboxHandle, tmp_path: Path) -> Iterator[ReceiverHandle]:
    """A receiver on a socket of its own."""
    with receiver_here(make_home(tmp_path / "union", sandbox), sandbox) as handle:
        yield handle
