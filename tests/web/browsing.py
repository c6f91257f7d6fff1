"""How long a browser waits: no page is late because the machine is busy."""

from typing import Any

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext

PATIENCE = 60_000
"""Milliseconds."""


def new_context(chromium: Chromium, **options: Any) -> BrowserContext:  # noqa: ANN401 - Playwright's own options
    """Return a browser's window with nothing remembered, which waits as long for what it presses as for what it shows."""
    context = chromium.new_context(**options)
    context.set_default_timeout(PATIENCE)
    return context
