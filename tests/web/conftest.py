"""What tests of the faces on the web need: a receiver, a console on a union's books, a browser, and rules for pages run in it."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import ConsoleMessage, Page, expect, sync_playwright

from tests.foreign.verifiers import HERE as FOREIGN
from tests.foreign.verifiers import install_node
from tests.sandbox_server import SandboxHandle, running_sandbox
from tests.web.browsing import PATIENCE, new_context
from tests.web.console.running import PEOPLE, ConsoleHandle, console_on, invite, play_story
from tests.web.receiver import ReceiverHandle, make_home, receiver_here

Axe = Callable[..., list[str]]


@pytest.fixture
def receiver(sandbox: SandboxHandle, tmp_path: Path) -> Iterator[ReceiverHandle]:
    """A receiver on a socket of its own."""
    with receiver_here(make_home(tmp_path / "union", sandbox), sandbox) as handle:
        yield handle


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleHandle]:
    """One console with two months of books for all tests of a process that only read; everybody has an account."""
    home = tmp_path_factory.mktemp("console") / "union"
    began = datetime.now(UTC) - timedelta(days=60)
    with running_sandbox(people="bt=400,openreach=100") as sandbox, console_on(home, sandbox, began) as handle:
        handle.plan = play_story(handle)
        for name in PEOPLE:
            invite(handle.app, name)
        yield handle


@pytest.fixture
def fresh(sandbox: SandboxHandle, tmp_path: Path) -> Iterator[ConsoleHandle]:
    """A console of a test's own, with nothing in its books and no account."""
    with console_on(tmp_path / "union", sandbox, datetime.now(UTC)) as handle:
        yield handle


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """A real browser. Where it is missing the tests are skipped, which in CI is a failure."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        absent = "chromium is not installed, so no page is looked at in a browser"
        if os.environ.get("CI", "") not in {"", "0", "false"}:
            pytest.fail(absent)
        pytest.skip(absent)
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def look(chromium: Chromium, console: ConsoleHandle) -> Iterator[Callable[..., Page]]:
    """Open a page as somebody: `look("/", "ada", width=320, dark=True)`; what the browser complains of fails the test."""
    contexts, complaints = [], []

    def opened(path: str, name: str = "", *, width: int = 1280, dark: bool = False, scripts: bool = True) -> Page:
        context = new_context(
            chromium,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            bypass_csp=False,
        )
        contexts.append(context)
        if name:
            context.add_cookies([{"name": "workplace-sync", "value": console.secret(name), "url": console.url}])
        page = context.new_page()
        page.on("console", lambda told: complaints.append(told.text) if _is_complaint(told, page.url) else None)
        page.goto(console.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def _is_complaint(told: ConsoleMessage, address: str) -> bool:
    """Whether the browser complains: of anything but that the page itself is a refusal, which may be what is tried."""
    return told.type == "error" and told.location["url"] != address


@pytest.fixture(scope="session")
def axe() -> Axe:
    """Return what axe-core finds wrong with a page for people who do not see or use it as most do; [] where nothing is.

    `axe(page)` asks all its rules, `axe(page, "color-contrast")` those that are named.
    """
    install_node()
    source = (FOREIGN / "npm" / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")

    def violations(page: Page, *rules: str) -> list[str]:
        page.evaluate(source)  # as a debugger does, past the page's own rules for scripts
        wanted = rules or ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
        found: dict[str, Any] = page.evaluate(f"axe.run({{runOnly: {json.dumps(wanted)}}})")
        return [f"{one['id']}: {one['help']} ({one['nodes'][0]['html'][:200]})" for one in found["violations"]]

    return violations
