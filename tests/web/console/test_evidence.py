"""The evidence log in the console: its state, its checkpoint, and verifying it now."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.sandbox_server import SandboxHandle
from tests.web.console.running import Browser, ConsoleHandle, console_on, invite
from workplace_sync.evidence.checkpoint import open_checkpoint
from workplace_sync.evidence.entry import Kind
from workplace_sync.jobs.publish import publish
from workplace_sync.store import audit


@pytest.fixture
def own(sandbox: SandboxHandle, tmp_path: Path) -> Iterator[tuple[ConsoleHandle, Browser]]:
    """A console of a test's own, and somebody logged in."""
    with console_on(tmp_path / "union", sandbox, datetime.now(UTC)) as handle:
        invite(handle.app, "audrey")
        yield handle, handle.browser("audrey")


def _ended(browser: Browser) -> str:
    """Follow the page as a browser does that it tells to look again, until it no longer does."""
    for _ in range(2_000):
        page = browser.get("/evidence/verification").text
        if 'http-equiv="refresh"' not in page:
            return str(page)
    raise AssertionError("the verification does not end")


def test_the_page_shows_what_the_log_is(own: tuple[ConsoleHandle, Browser]) -> None:
    console, audrey = own
    publish(console.app.office, "branch minutes")
    page = audrey.get("/evidence")
    assert page.status_code == 200, page.text
    for sign in (console.app.log.verifier.fingerprint, "branch minutes", "Nobody cosigns yet", console.app.log.origin):
        assert sign in page.text, sign
    assert "never" in page.text


def test_the_checkpoint_to_keep_is_the_newest_and_signed(own: tuple[ConsoleHandle, Browser]) -> None:
    console, audrey = own
    answer = audrey.get("/evidence/checkpoint")
    assert answer.text == console.app.log.latest()
    assert open_checkpoint(answer.text, console.app.log.keys).size == console.app.log.size


def test_verifying_shows_progress_and_a_good_result_is_recorded(own: tuple[ConsoleHandle, Browser]) -> None:
    console, audrey = own
    assert "Nobody has begun one" in audrey.get("/evidence/verification").text
    assert audrey.post("/evidence/verification").headers["Location"] == "/evidence/verification"
    page = _ended(audrey)
    assert "The log verifies" in page
    with console.app.database.connect() as connection:
        row = audit.list_entries(connection, kind=Kind.EVIDENCE_VERIFIED, limit=1)[0]
    assert row.actor == "audrey"
    assert "audrey" in audrey.get("/evidence").text


def test_the_running_page_can_be_told_to_stand_still(own: tuple[ConsoleHandle, Browser]) -> None:
    _, audrey = own
    audrey.post("/evidence/verification")
    assert 'http-equiv="refresh"' not in audrey.get("/evidence/verification?still=true").text
    _ended(audrey)


def test_a_log_that_was_changed_does_not_verify_and_nothing_is_added(own: tuple[ConsoleHandle, Browser]) -> None:
    console, audrey = own
    size = console.app.log.size
    with console.app.database.write() as connection:
        connection.execute(text("UPDATE opening SET actor = 'nobody' WHERE seq = 0"))
    audrey.post("/evidence/verification")
    page = _ended(audrey)
    assert "does NOT verify" in page
    assert re.search("<li>[^<]*0", page)
    assert console.app.log.size == size
    assert "NOT good" in audrey.get("/evidence").text
