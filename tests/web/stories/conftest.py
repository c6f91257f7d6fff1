"""Browsers as people have them: their script switched off, their screens as wide or as dark as they are."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from tests.web.browsing import new_context
from tests.web.console.running import ConsoleHandle

Visit = Callable[..., Page]


@pytest.fixture
def visit(chromium: Chromium, console: ConsoleHandle) -> Iterator[Visit]:
    """Open a browser without JavaScript: `visit("rosa", at="/audit", width=320, dark=True)`; nobody is logged in as "".

    It stands before the console that all tests read, or before `on`, one of a test's own.
    """
    contexts = []

    def opened(
        name: str = "", *, at: str = "/", on: ConsoleHandle | None = None, width: int = 1280, dark: bool = False
    ) -> Page:
        served = on or console
        context = new_context(
            chromium,
            base_url=served.url,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=False,
        )
        contexts.append(context)
        if name:
            context.add_cookies([{"name": "workplace-sync", "value": served.secret(name), "url": served.url}])
        page = context.new_page()
        page.goto(at)
        return page

    yield opened
    for context in contexts:
        context.close()
