"""The pages in a real browser: for people who do not see or use them as most do, in the dark, on a small telephone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import Axe
from tests.web.console.running import PASSWORD

Look = Callable[..., Page]

PAGES = [
    ("/", "audrey"),
    ("/account", "wanda"),
    ("/help", "rosa"),
    ("/login", ""),
    ("/nowhere", "ada"),
    ("/", "omar"),
    ("/accounts", "wanda"),
    ("/reads", "audrey"),
]


@pytest.mark.parametrize(("path", "name"), PAGES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_wrong(look: Look, axe: Axe, path: str, name: str, dark: bool) -> None:  # noqa: FBT001
    page = look(path, name, dark=dark)
    for summary in page.locator("details > summary").all():
        summary.click()
    assert axe(page) == []


@pytest.mark.parametrize(("path", "name"), PAGES)
def test_a_page_fits_on_the_smallest_telephone(look: Look, axe: Axe, path: str, name: str) -> None:
    page = look(path, name, width=320)
    for summary in page.locator("details > summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert axe(page) == []


def test_everything_works_without_scripts(look: Look) -> None:
    page = look("/account", scripts=False)
    page.get_by_label("Name").fill("joan")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile("/account$"))
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Prospect in BT")).to_be_visible()
    page.locator("summary").first.click()
    expect(page.get_by_role("table", name="Members over time")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(re.compile("/login$"))


def test_the_keyboard_alone_gets_everywhere_and_the_focus_is_seen(look: Look) -> None:
    page = look("/", "audrey")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    expect(skip).to_have_text("Skip to the content")
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page = look("/", "audrey")
    seen: list[str] = []
    while "Overview" not in seen:
        assert len(seen) < 40, seen
        page.keyboard.press("Tab")
        style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert style != "none", page.locator(":focus").inner_text()
        seen.append(page.locator(":focus").inner_text())
    assert {"Overview", "Help", "audrey", "Log out"} <= set(seen)


def test_what_is_pressed_is_large_enough(look: Look) -> None:
    for path, name in (("/account", "wanda"), ("/login", "")):
        page = look(path, name, width=320)
        for target in page.locator("button, input:not([type=hidden]), select, nav a").all():
            box = target.bounding_box()
            assert box is not None
            assert box["height"] >= 20, target.evaluate("(it) => it.outerHTML")
