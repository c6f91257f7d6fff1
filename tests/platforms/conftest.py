"""A scripted platform, and a group opened on it."""

from collections.abc import Iterator

import pytest

from tests.platforms.scripted import GROUP, SECRET, TOKEN, FakeClock, Script, served
from workplace_sync.platforms.workplace.platform import WorkplaceGroup, open_workplace


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def url(script: Script) -> Iterator[str]:
    with served(script) as address:
        yield address


@pytest.fixture
def time() -> FakeClock:
    return FakeClock()


@pytest.fixture
def group(url: str, time: FakeClock) -> Iterator[WorkplaceGroup]:
    with open_workplace(
        base_url=url, group_id=GROUP, token=TOKEN, app_secret=SECRET, threads=2, page_size=100, clock=time.clock()
    ) as opened:
        yield opened
