"""Take pictures of the console for README.md, or of every page to look at them.

python -m tests.web.stories.pictures            the four of docs/images
python -m tests.web.stories.pictures FOLDER     every page, on a desk in the light and on a telephone in the dark
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, sync_playwright

from tests.sandbox_server import ROOT, running_sandbox
from tests.web.browsing import new_context
from tests.web.console.authorisation import ANYBODY, ROWS
from tests.web.console.calling import calling_on
from tests.web.console.running import PEOPLE, ConsoleHandle, console_on, invite, play_story
from tests.web.stories.places import address, is_of_cases

IMAGES = ROOT / "docs" / "images"
PICTURES = {
    "overview": ("/", "rosa"),
    "plan": ("GET /plans/{plan_id}", "grace"),
    "incident": ("GET /incidents/{incident_id}", "rosa"),
    "entry": ("GET /audit/{seq}", "rosa"),
}
"""What the README shows: where it is, and who sees it."""


@contextmanager
def union() -> Iterator[ConsoleHandle]:
    """A console on two months of books."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_sandbox(people="bt=400,openreach=100") as sandbox,
        console_on(Path(folder) / "union", sandbox, datetime.now(UTC) - timedelta(days=60)) as console,
    ):
        console.plan = play_story(console)
        for name in PEOPLE:
            invite(console.app, name)
        yield console


def opened(chromium: Chromium, console: ConsoleHandle, name: str, *, width: int = 1280, dark: bool = False) -> Page:
    """Return a page of somebody's browser."""
    context = new_context(
        chromium,
        base_url=console.url,
        viewport={"width": width, "height": 720},
        color_scheme="dark" if dark else "light",
    )
    if name:
        context.add_cookies([{"name": "workplace-sync", "value": console.secret(name), "url": console.url}])
    return context.new_page()


def take_for_readme(chromium: Chromium, console: ConsoleHandle) -> None:
    """Write the pictures of docs/images."""
    IMAGES.mkdir(exist_ok=True)
    for picture, (at, name) in PICTURES.items():
        page = opened(chromium, console, name)
        page.goto(address(console, at) if at.startswith("GET") else at)
        page.screenshot(path=IMAGES / f"{picture}.png")
        page.context.close()


def take_all(chromium: Chromium, console: ConsoleHandle, folder: Path, *, cases: bool = False) -> None:
    """Write pictures of every page into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for width, dark in ((1280, False), (320, True)):
        pages = {name: opened(chromium, console, name, width=width, dark=dark) for name in ("", "wanda", "omar")}
        for route, roles in ROWS.items():
            if not route.startswith("GET ") or route.startswith("GET /api/") or is_of_cases(route) is not cases:
                continue
            name = "" if roles == ANYBODY and route != "GET /help" else "wanda" if "owner" in roles else "omar"
            at = address(console, route)
            answer = (console.known(name) if name else console.browser()).get(at)
            if answer.headers.get("content-type", "").startswith("text/html"):
                pages[name].goto(at)
                shot = route.removeprefix("GET /").replace("/", "-").replace("{", "").replace("}", "") or "overview"
                pages[name].screenshot(path=folder / f"{shot}-{width}.png", full_page=True)


def main() -> None:
    """Take them."""
    with union() as console, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        if len(sys.argv) > 1:
            take_all(chromium, console, Path(sys.argv[1]))
            with calling_on(console.folder.home.with_name("calling")) as calling:
                take_all(chromium, calling.console, Path(sys.argv[1]), cases=True)
        else:
            take_for_readme(chromium, console)
        chromium.close()


if __name__ == "__main__":
    main()
