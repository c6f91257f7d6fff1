"""A whole story by Tab and Enter alone, in which the reader always sees where they are."""

import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.web.console.running import PASSWORD, ConsoleHandle
from tests.web.stories.conftest import Visit
from tests.web.stories.offline import verified
from workplace_sync.evidence.entry import Kind
from workplace_sync.store import audit

_FOCUS = """() => {
    const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
    const over = document.elementFromPoint(box.x + Math.min(box.width, 30) / 2, box.y + box.height / 2);
    return {
        name: (it.labels?.[0]?.innerText || it.getAttribute("aria-label") || it.innerText || it.tagName).trim(),
        ring: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
        seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        covered: over !== null && !it.contains(over) && !over.contains(it),
    };
}"""
_FURTHEST = 120


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until something of this name has the focus; fails where the focus is not seen on the way."""
    passed = list[str]()
    while not passed or not passed[-1].startswith(name):
        assert len(passed) < _FURTHEST, passed
        page.keyboard.press("Tab")
        focus: Mapping[str, object] = page.evaluate(_FOCUS)
        assert focus["ring"] == 3, focus
        assert focus["seen"], focus
        assert not focus["covered"], focus
        passed.append(str(focus["name"]))


def _enter(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.parametrize("width", [1280, 320], ids=["desk", "telephone"])
def test_a_rep_gets_from_the_log_in_to_the_proof_without_a_mouse(
    visit: Visit, console: ConsoleHandle, tmp_path: Path, width: int
) -> None:
    with console.app.database.connect() as connection:
        gone = audit.list_entries(connection, group="prospect-bt", kind=Kind.MEMBER_DEPARTED, limit=1)[0]
    page = visit(at="/", width=width)
    _tab_to(page, "Name")
    page.keyboard.type("rosa")
    _tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    _enter(page)
    _tab_to(page, "Audit log")
    _enter(page)
    _tab_to(page, "Find a person")
    page.keyboard.type(gone.subject)
    _enter(page)
    _tab_to(page, f"{gone.seq:,}")
    _enter(page)
    files = []
    for link in ("Proof", "Entry"):
        _tab_to(page, link)
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        files.append(tmp_path / download.value.suggested_filename)
        download.value.save_as(files[-1])
    verifier = console.app.log.verifier
    assert verified(files[0], files[1], verifier.vkey, verifier.fingerprint) == gone.seq


def test_what_is_folded_opens_and_closes_by_the_keyboard(visit: Visit) -> None:
    page = visit("rosa")
    _tab_to(page, "The numbers")
    for shown in (True, False):
        page.keyboard.press("Enter")
        expect(page.get_by_role("table", name="Members over time").first).to_be_visible(visible=shown)


def test_a_wide_table_is_pushed_aside_by_the_keyboard(visit: Visit) -> None:
    page = visit("rosa", at="/audit", width=320)
    _tab_to(page, "Entries")
    page.keyboard.press("ArrowRight")
    pushed = page.locator(".scroll:focus")
    expect(pushed).to_have_js_property("scrollTop", 0)
    until = time.monotonic() + 60
    while pushed.evaluate("(it) => it.scrollLeft") == 0:
        assert time.monotonic() < until, "it does not move"
