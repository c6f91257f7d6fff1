"""An admin hands in the branch's list; what it would do is held; somebody else approves; it is carried out."""

import csv
import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.web.console.at_work import everybody
from tests.web.console.running import ConsoleHandle, invite
from tests.web.stories.conftest import Visit
from workplace_sync.jobs.running import Verb
from workplace_sync.store import runs

_LONG = 60_000  # milliseconds for what the console does by itself


def _list(path: Path, addresses: list[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("email", "status", "consent", "consent_at", "consent_basis"))
        writer.writerows((one, "active", "yes", "2026-01-05", "joining form") for one in addresses)
    return path


def _hand_in(page: Page, path: Path) -> None:
    page.get_by_label("New file").set_input_files(path)
    page.get_by_role("button", name="Check it").click()


def _ends(page: Page, sentence: str) -> None:
    """Wait until the page about a run, which shows itself anew, tells that it was done."""
    expect(page.locator("h1 .badge")).to_have_text("done", timeout=_LONG)
    expect(page.locator(".lead")).to_contain_text(sentence)


@pytest.mark.slow
def test_a_roster_is_handed_in_held_approved_by_another_and_carried_out(
    visit: Visit, fresh: ConsoleHandle, tmp_path: Path
) -> None:
    for name in ("ada", "grace"):
        invite(fresh.app, name)
    people = everybody(fresh)[:150]
    ada = visit("ada", on=fresh)
    ada.get_by_role("link", name="Prospect in BT").click()
    ada.get_by_role("link", name="Roster").click()

    _hand_in(ada, _list(tmp_path / "hasty.csv", [*people, "no address at all"]))
    expect(ada.get_by_text("cannot be taken")).to_be_visible()
    expect(ada.get_by_role("table", name="What is wrong")).to_contain_text("152")
    ada.get_by_role("link", name="Hand in another").click()
    _hand_in(ada, _list(tmp_path / "mended.csv", people))
    expect(ada.get_by_text("New on the roster: 150")).to_be_visible()
    ada.get_by_role("button", name="Take it as the roster").click()
    expect(ada.get_by_text("150 people are wanted in the group now")).to_be_visible()

    ada.get_by_text("Make a plan now …").click()
    ada.get_by_role("button", name="Make a plan now").click()
    expect(ada.get_by_role("heading", name="What it", exact=False)).to_be_visible()
    _ends(ada, "Made plan")
    ada.locator("dt", has_text="Plan").locator("+ dd a").click()
    expect(ada.get_by_text("held as a whole")).to_be_visible()
    expect(ada.get_by_text("You asked for this plan, so somebody else has to approve it.")).to_be_visible()
    expect(ada.get_by_role("button", name="Approve")).to_have_count(0)
    expect(ada.get_by_text("Carry out now …")).to_have_count(0)
    plan = ada.url

    grace = visit("grace", on=fresh)
    expect(grace.get_by_text("waits for approval")).to_be_visible()
    grace.goto(plan)
    grace.get_by_label("Why (for the record)").fill("as the committee decided")
    grace.get_by_role("button", name=re.compile("^Approve 150 changes")).click()
    expect(grace.get_by_text("1 of 1 approvals are given.")).to_be_visible()

    ada.reload()
    expect(ada.get_by_text("as the committee decided")).to_be_visible()
    ada.get_by_text("Carry out now …").click()
    ada.get_by_role("button", name="Carry out now").click()
    _ends(ada, "Applied plan")
    expect(ada.get_by_role("row", name="accepted")).to_contain_text("150")
    ada.get_by_role("link", name="Overview").click()
    expect(ada.get_by_text("in order")).to_be_visible()
    assert len(fresh.folder.added()) == 150


def test_a_run_is_watched_until_its_end_without_a_click(visit: Visit, fresh: ConsoleHandle) -> None:
    invite(fresh.app, "ada")

    def stands_at(number: int) -> None:
        with fresh.app.database.write() as connection:
            runs.progress(connection, run.id, fresh.clock(), done=number, total=400, stage="carrying out changes")

    with fresh.app.running("prospect-bt", Verb.APPLY) as run:
        stands_at(100)
        page = visit("ada", on=fresh, at=f"/runs/{run.id}")
        expect(page.get_by_role("progressbar")).to_have_attribute("value", "25")
        fresh.clock.advance(timedelta(minutes=1))
        stands_at(200)
        expect(page.get_by_role("progressbar")).to_have_attribute("value", "50", timeout=_LONG)
        expect(page.get_by_text("2 minutes")).to_be_visible()
        page.get_by_role("link", name="Overview").click()
        expect(page.get_by_text("apply is running")).to_be_visible()
        page.go_back()
    expect(page.locator("h1 .badge")).to_have_text("done", timeout=_LONG)
    expect(page.get_by_role("progressbar")).to_have_count(0)
