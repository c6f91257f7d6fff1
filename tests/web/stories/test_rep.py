"""A rep looks into what happened to a member, and takes the proof along; and what is none of a rep's business."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.web.console.running import PASSWORD, ConsoleHandle
from tests.web.stories.conftest import Visit
from tests.web.stories.offline import verified
from workplace_sync.evidence.entry import Kind
from workplace_sync.store import audit

BT = "prospect-bt"


@pytest.fixture
def gone(console: ConsoleHandle) -> audit.AuditRow:
    """The entry of somebody who was taken out of the group."""
    with console.app.database.connect() as connection:
        return audit.list_entries(connection, group=BT, kind=Kind.MEMBER_DEPARTED, limit=1)[0]


def fits(page: Page) -> bool:
    """Whether a page can be read without pushing it sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.mark.parametrize(
    ("width", "dark"), [(1280, False), (320, False), (768, True)], ids=["desk", "telephone", "dark"]
)
def test_a_rep_finds_a_removal_and_takes_its_proof_to_somebody_who_trusts_nobody(
    visit: Visit,
    console: ConsoleHandle,
    gone: audit.AuditRow,
    tmp_path: Path,
    width: int,
    dark: bool,  # noqa: FBT001
) -> None:
    page = visit(at="/audit", width=width, dark=dark)
    page.get_by_label("Name").fill("rosa")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit log")
    assert fits(page)
    page.get_by_role("textbox", name="Find a person").fill(gone.subject)
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("table", name="Entries")).to_contain_text("Gone from the group")
    assert gone.subject not in page.content(), "a rep sees addresses masked"
    assert "@" not in page.url
    assert fits(page)
    page.get_by_role("row", name="Gone from the group").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Entry {gone.seq:,}")
    assert fits(page)
    files = []
    for link in ("Proof", "Entry"):
        with page.expect_download() as download:
            page.locator("main").get_by_role("link", name=re.compile(f"^{link}")).click()
        files.append(tmp_path / download.value.suggested_filename)
        download.value.save_as(files[-1])
    page.get_by_role("link", name="Evidence").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Evidence")
    assert fits(page)
    public_key = page.locator("dt", has_text="Public key").locator("+ dd").inner_text()
    assert verified(files[0], files[1], public_key, console.app.log.verifier.fingerprint) == gone.seq
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is dark
    bright = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
    assert (bright < 60) is dark, "the page is as dark as its reader wants it"


def test_a_proof_of_another_entry_does_not_pass(
    visit: Visit, console: ConsoleHandle, gone: audit.AuditRow, tmp_path: Path
) -> None:
    page = visit("rosa", at=f"/audit/{gone.seq}")
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^Proof")).click()
    proof, entry = tmp_path / "proof", tmp_path / "entry"
    download.value.save_as(proof)
    entry.write_bytes(console.app.log.entry(gone.seq - 1))
    verifier = console.app.log.verifier
    with pytest.raises(AssertionError, match="not in the log"):
        verified(proof, entry, verifier.vkey, verifier.fingerprint)


def test_a_rep_reads_a_plan_that_waits_and_cannot_decide_it(visit: Visit, console: ConsoleHandle) -> None:
    assert console.plan is not None
    page = visit("rosa")
    expect(page.get_by_role("heading", name=re.compile("Prospect in BT"))).to_contain_text("waits for approval")
    page.get_by_role("link", name="Plans").click()
    page.get_by_role("link", name=console.plan.digest[:12]).click()
    expect(page.get_by_text("held as a whole")).to_be_visible()
    expect(page.get_by_role("heading", name="Decide")).to_be_visible()
    for act in ("Approve", "Reject", "Carry out"):
        expect(page.get_by_role("button", name=re.compile(act))).to_have_count(0)
    assert console.known("rosa").post(f"/plans/{console.plan.id}/approve", {"reason": "me"}).status_code == 403
    page.goto(f"/roster/{BT}")
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("Roster")


def test_other_groups_look_to_a_rep_as_if_they_were_not_there(visit: Visit, gone: audit.AuditRow) -> None:
    page = visit("olga")
    expect(page.get_by_role("heading", name="Prospect in Openreach")).to_be_visible()
    for path in ("/", "/plans", "/audit", "/incidents", "/runs"):
        page.goto(path)
        assert BT not in page.locator("main").inner_text(), path
        assert BT not in page.locator("main").inner_html(), path
    absent = [page.goto(path) for path in (f"/groups/{BT}", f"/audit/{gone.seq}", f"/audit?group={BT}", "/groups/none")]
    assert [answer.status for answer in absent if answer] == [404] * 4
    page.goto("/people")
    page.get_by_role("textbox").fill(gone.subject)
    page.get_by_role("button", name="Look up").click()
    expect(page.get_by_text("Nothing is on record about this address in your groups.")).to_be_visible()
