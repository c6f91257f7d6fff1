"""Quarterly reports in the console: made by officers, read by those who count, and recognised by their bytes."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256

import pytest
from playwright.sync_api import Browser as Chromium

from tests.web.browsing import new_context
from tests.web.conftest import Axe
from tests.web.console.calling import Calling, calling_on
from tests.web.console.running import Browser
from workplace_sync.cases.escalation import Report
from workplace_sync.cases.quarter import Quarter
from workplace_sync.jobs.escalations import open_case


@pytest.fixture(scope="module")
def calling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calling]:
    """A console in which a quarter is over, with seven reports of the same thing and one that stands alone."""
    with calling_on(tmp_path_factory.mktemp("reports") / "union") as made:
        for category in ["forced-distribution"] * 7 + ["sickness"]:
            open_case(made.desk().as_reporter(), Report(category, "networks"), "It was heard.", receipt=False)
        now = made.console.clock()
        made.console.clock.advance(Quarter.of(now).ends_at - now + timedelta(days=1))
        yield made


@pytest.fixture
def omar(calling: Calling) -> Browser:
    return calling.console.browser("omar")


def _past(calling: Calling) -> str:
    now = calling.console.clock()
    return str(Quarter.of(Quarter.of(now).begins_at - timedelta(days=1)))


def _make(calling: Calling, omar: Browser, version: str) -> str:
    made = omar.post("/reports", {"quarter": _past(calling), "version": version})
    assert made.headers["Location"] == f"/reports/{_past(calling)}/{version}", omar.follow(made).text
    return made.headers["Location"]


def test_a_report_is_made_read_taken_along_and_recognised(calling: Calling, omar: Browser) -> None:
    for version in ("committee", "employer"):
        at = _make(calling, omar, version)
        page = omar.get(at)
        assert page.status_code == 200, page.text
        assert ("Draft of a post for the group" in page.text) is (version == "employer")
        assert f'href="{at}"' in omar.get("/reports").text
        for form, begins in (("html", b"<!doctype"), ("pdf", b"%PDF"), ("csv", b"report,"), ("json", b"{")):
            file = omar.get(f"{at}/{form}")
            assert file.content.startswith(begins)
            assert file.headers["content-disposition"].startswith("attachment")
            assert file.content == omar.get(f"{at}/{form}").content
            told = _verified(calling, omar, file.content)
            assert f"It is the report of {_past(calling)} for the {version}" in told
            assert "none of the reports that were logged" in _verified(calling, omar, file.content + b" ")
        assert sha256(omar.get(f"{at}/json").content).hexdigest() in page.text
    for path in (f"{at}/exe", "/reports/2020-Q1/employer", f"/reports/{_past(calling)}/everybody"):
        assert omar.get(path).status_code == 404


def _verified(calling: Calling, browser: Browser, content: bytes) -> str:
    own = {"Sec-Fetch-Site": "same-origin", "Origin": calling.console.url}
    address = f"{calling.console.url}/reports/verify"
    return browser.session.post(address, files={"file": ("report", content)}, headers=own, timeout=60).text


def test_the_employers_has_no_small_number_and_cannot_be_made_before_its_time(calling: Calling, omar: Browser) -> None:
    rows = list(csv.DictReader(io.StringIO(omar.get(f"{_make(calling, omar, 'employer')}/csv").text)))
    counts = [int(row["value"]) for row in rows if row["column"] == "escalations"]
    assert 8 in counts
    assert set(counts) <= {0, 8}
    again = omar.follow(omar.post("/reports", {"quarter": _past(calling), "version": "employer"}))
    assert "published before" in again.text
    now = str(Quarter.of(calling.console.clock()))
    assert "is not over" in omar.follow(omar.post("/reports", {"quarter": now, "version": "employer"})).text
    assert "This is no quarter" in omar.follow(omar.post("/reports", {"quarter": "soon", "version": "employer"})).text
    assert omar.post("/reports", {"quarter": now, "version": "everybody"}).status_code == 422
    assert omar.post("/reports/verify").status_code == 422


def test_auditors_and_owners_read_and_admins_find_nothing(calling: Calling, omar: Browser) -> None:
    at = _make(calling, omar, "employer")
    for name in ("audrey", "wanda"):
        browser = calling.console.browser(name)
        assert browser.get(at).status_code == 200
        assert "Draft of a post" not in browser.get(at).text
        assert "Make the report" not in browser.get("/reports").text
        assert browser.post("/reports", {"quarter": _past(calling), "version": "committee"}).status_code == 404
    for name in ("rosa", "ada", "grace"):
        browser = calling.console.browser(name)
        for path in ("/reports", at, f"{at}/csv"):
            assert browser.get(path).status_code == 404
        assert browser.post("/reports/verify").status_code == 404


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_wrong(calling: Calling, omar: Browser, chromium: Chromium, axe: Axe, dark: bool) -> None:  # noqa: FBT001
    paths = ["/reports", *(_make(calling, omar, version) for version in ("committee", "employer"))]
    context = new_context(chromium, viewport={"width": 320, "height": 900}, color_scheme="dark" if dark else "light")
    secret = str(omar.session.cookies["workplace-sync"])
    context.add_cookies([{"name": "workplace-sync", "value": secret, "url": calling.console.url}])
    page = context.new_page()
    for path in paths:
        page.goto(calling.console.url + path)
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()
