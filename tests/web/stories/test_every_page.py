"""Every page of the console, on books that are full: for those who do not see or use it as most do, dark, small, printed."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.sandbox_server import running_sandbox
from tests.web.browsing import new_context
from tests.web.conftest import Axe
from tests.web.console.authorisation import ANYBODY, ROWS
from tests.web.console.calling import calling_on
from tests.web.console.running import ConsoleHandle, console_on, invite
from tests.web.stories.places import OWNER, address, is_of_cases

PAGES = sorted(route for route in ROWS if route.startswith("GET ") and not route.startswith("GET /api/"))
_EMPTY = ["/", "/groups/prospect-bt", "/plans", "/audit", "/people", "/incidents", "/policies", "/evidence", "/runs"]
_PAPER = 718  # what an A4 sheet holds between margins of 10 mm, in CSS pixels
_OF_SIZE_AND_COLOUR = ("color-contrast", "target-size", "scrollable-region-focusable")  # no other rule looks at either
_CUT = """() => [...document.querySelectorAll("table, pre, svg")]
    .filter(it => it.checkVisibility() && it.getBoundingClientRect().right > innerWidth)
    .map(it => it.caption?.innerText ?? it.outerHTML.slice(0, 120))"""

Sheets = Callable[[ConsoleHandle, str], Page]


@pytest.fixture(scope="session")
def sheets(chromium: Chromium) -> Iterator[Sheets]:
    """Return the one page of a person's browser, which all tests of the process go on with."""
    pages = dict[tuple[str, str], Page]()

    def page_of(console: ConsoleHandle, name: str) -> Page:
        if (console.url, name) not in pages:
            context = new_context(chromium, base_url=console.url)
            if name:
                context.add_cookies([{"name": "workplace-sync", "value": console.secret(name), "url": console.url}])
            pages[console.url, name] = context.new_page()
        pages[console.url, name].emulate_media(media="screen", color_scheme="light")
        return pages[console.url, name]

    yield page_of
    for page in pages.values():
        page.context.close()


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleHandle]:
    """A console in whose books nothing is yet."""
    home = tmp_path_factory.mktemp("bare") / "union"
    with (
        running_sandbox(people="bt=50,openreach=50") as sandbox,
        console_on(home, sandbox, datetime.now(UTC)) as handle,
    ):
        invite(handle.app, OWNER)
        yield handle


def _who(route: str) -> str:
    roles = ROWS[route]
    if roles == ANYBODY:
        return ""
    return OWNER if "owner" in roles else "omar"


def _wrong(page: Page, axe: Axe) -> list[str]:
    """Return what is wrong with the page that is open: in the light and the dark, on a telephone, and on paper."""
    page.emulate_media(media="screen", color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
    found = [f"in the light: {one}" for one in axe(page)]
    page.emulate_media(media="screen", color_scheme="dark")
    page.set_viewport_size({"width": 320, "height": 640})
    found += [f"in the dark, on a telephone: {one}" for one in axe(page, *_OF_SIZE_AND_COLOUR)]
    if page.evaluate("document.documentElement.scrollWidth") > 320:
        found.append("it has to be pushed sideways on a telephone")
    page.emulate_media(media="print", color_scheme="light")
    page.set_viewport_size({"width": _PAPER, "height": 1000})
    found += [f"on paper it is cut off: {one}" for one in page.evaluate(_CUT)]
    if page.locator("button:visible, input:visible, .menu:visible").count():
        found.append("on paper there is something to press")
    return found


@pytest.fixture(scope="session")
def calling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleHandle]:
    """A console on which members call things out."""
    with calling_on(tmp_path_factory.mktemp("calling") / "union") as made:
        yield made.console


@pytest.mark.parametrize("route", PAGES)
def test_a_page_is_for_everybody(request: pytest.FixtureRequest, sheets: Sheets, axe: Axe, route: str) -> None:
    console: ConsoleHandle = request.getfixturevalue("calling" if is_of_cases(route) else "console")
    name, at = _who(route), address(console, route)
    answer = (console.known(name) if name else console.browser()).get(at)
    if not answer.headers.get("content-type", "").startswith("text/html"):
        pytest.skip("it is a file or leads on, and no page")
    page = sheets(console, name)
    page.goto(at)
    assert _wrong(page, axe) == []


@pytest.mark.parametrize("at", _EMPTY)
def test_a_page_with_nothing_to_show_is_for_everybody_too(
    bare: ConsoleHandle, sheets: Sheets, axe: Axe, at: str
) -> None:
    page = sheets(bare, OWNER)
    page.goto(at)
    assert _wrong(page, axe) == []


def test_what_went_wrong_is_told_to_everybody(console: ConsoleHandle, sheets: Sheets, axe: Axe) -> None:
    page = sheets(console, "")
    page.goto("/login")
    page.get_by_label("Name").fill("rosa")
    page.get_by_label("Password").fill("not it")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert _wrong(page, axe) == []
    page = sheets(console, OWNER)
    for at in ("/nowhere", "/audit?rule=none", "/plans?group=prospect-openreach"):
        page.goto(at)
        assert _wrong(page, axe) == [], at
