"""Calling it out in the console: by anybody, without a login, a cookie or a script, and without a trace of who it was."""

import io
import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from PIL import Image
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from tests.web.browsing import new_context
from tests.web.conftest import Axe
from tests.web.console.calling import REPORT, WORDS, Calling, calling_on, receipt_in, slip_in
from tests.web.console.running import ConsoleHandle
from workplace_sync.cases.escalation import Step
from workplace_sync.jobs import passwords
from workplace_sync.jobs.case_desk import all_cases
from workplace_sync.jobs.escalations import act, read_case, read_file
from workplace_sync.jobs.limits import Limit
from workplace_sync.store import vault as vault_store
from workplace_sync.web.console.views import call_it_out

PATHS = ("/call-it-out", "/call-it-out/receipt")
NO_SUCH = "00000-00000-00000-00000-00000"  # well-formed: its check character fits


@pytest.fixture(scope="module")
def calling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calling]:
    with calling_on(tmp_path_factory.mktemp("calling") / "union") as made:
        yield made


def _cases(calling: Calling) -> set[str]:
    with calling.console.app.database.connect() as connection:
        return set(all_cases(connection))


def _reported(calling: Calling, **given: str) -> tuple[str, str]:
    """Report something, and return the case and the receipt."""
    before = _cases(calling)
    receipt = calling.receipt(**given)
    (case,) = _cases(calling) - before
    return case, receipt


def test_the_page_is_not_there_unless_it_is_switched_on(console: ConsoleHandle) -> None:
    for path in PATHS:
        assert console.browser().get(path).status_code == 404
    assert console.browser().post("/call-it-out", REPORT).status_code == 404


def test_a_report_is_taken_and_its_receipt_shown_once(calling: Calling) -> None:
    case, receipt = _reported(calling, first="2026-01-05")
    found = read_case(calling.desk(), case)
    assert found.events[0].words == WORDS
    assert found.case.report.happened
    assert found.case.report.happened.first == found.case.report.happened.last
    assert found.case.report.via == "console"
    view = calling.look(receipt).text
    assert "The union has your report" in view
    assert "zebra" not in view
    assert receipt not in calling.console.browser().get("/call-it-out").text


def test_no_cookie_is_given_and_nothing_is_kept_by_the_browser(calling: Calling) -> None:
    browser = calling.console.browser()
    pages = [browser.get(path) for path in PATHS]
    slip = slip_in(pages[0])
    calling.console.clock.advance(timedelta(seconds=10))
    sent = calling.posted("/call-it-out", REPORT | {"form": slip}, browser=browser)
    pages += [sent, browser.post("/call-it-out/receipt", {"receipt": receipt_in(sent.text)})]
    pages.append(browser.post("/call-it-out/receipt", {"receipt": NO_SUCH}))
    pages.append(browser.post("/call-it-out/receipt/add", {"receipt": NO_SUCH}))
    for page in pages:
        assert page.status_code == 200
        assert "set-cookie" not in page.headers
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "same-origin"
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert "<script" not in page.text
        assert "http" not in re.sub(r'content="[^"]*"', "", page.text)
    assert not browser.session.cookies


def test_somebody_who_is_logged_in_reports_as_anybody(calling: Calling) -> None:
    page = calling.console.known("rosa").get("/call-it-out")
    assert "rosa" not in page.text
    assert "Log out" not in page.text


def test_nothing_anywhere_says_from_which_address_it_came(
    calling: Calling, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    browser = calling.console.browser()
    browser.session.headers.update({"X-Forwarded-For": "203.0.113.77", "User-Agent": "Quokka/7"})
    slip = calling.slip(browser=browser)
    sent = calling.posted("/call-it-out", REPORT | {"form": slip}, browser=browser)
    browser.post("/call-it-out/receipt", {"receipt": receipt_in(sent.text)})
    browser.post("/call-it-out/receipt", {"receipt": NO_SUCH})
    calling.posted("/call-it-out", {"form": slip, "category": "nonsense"}, browser=browser)
    state = calling.console.folder.home / "var"
    written = b"".join(file.read_bytes() for file in state.rglob("*") if file.is_file()).decode("latin-1")
    with closing(sqlite3.connect(calling.console.folder.database)) as raw:
        written += "\n".join(raw.iterdump())
    # pytest itself switches on the server's log of requests, which the console has off
    ours = [record.getMessage() for record in caplog.records if record.name != "uvicorn.access"]
    assert not logging.getLogger("uvicorn.access").propagate
    told = "".join((*capfd.readouterr(), *ours))
    for secret in ("203.0.113.77", "Quokka", receipt_in(sent.text), "zebra"):
        assert secret not in told + written


def test_all_that_is_missing_is_told_at_once_and_nothing_is_lost(calling: Calling) -> None:
    before = _cases(calling)
    data = {
        "form": calling.slip(),
        "words": "<b>heard</b>",
        "treatment": "named",
        "first": "2026-03-02",
        "last": "2026-03-01",
    }
    page = calling.posted("/call-it-out", data)
    assert page.status_code == 422
    for sign in ("Choose what it is about", "something wrong, or", "Write your name", "before the first"):
        assert sign in page.text, sign
    assert "&lt;b&gt;heard&lt;/b&gt;</textarea>" in page.text
    assert _cases(calling) == before


@pytest.mark.parametrize(
    ("given", "sign"),
    [
        ({"category": "nonsense"}, "There is no such category"),
        ({"area": ""}, "There is no such area"),
        ({"category": "settlement", "tone": "good"}, "not for good news"),
        ({"first": "2999-01-01"}, "in the future"),
        ({"first": "yesterday"}, "Write days like"),
        ({"about": "nobody"}, "no officer of that name"),
        ({"about": "odile", "name": "Dilys"}, "too few officers to keep your name safe"),
        ({"words": "x" * 20_001}, "longer than 20,000"),
    ],
)
def test_what_the_rules_do_not_know_is_refused_in_words(calling: Calling, given: dict[str, str], sign: str) -> None:
    before = _cases(calling)
    page = calling.send(None, **given)
    assert page.status_code == 422
    assert sign in page.text
    assert _cases(calling) == before


def test_a_report_that_was_refused_can_be_sent_again_at_once(calling: Calling) -> None:
    refused = calling.send(category="nonsense")
    again = calling.posted("/call-it-out", REPORT | {"form": slip_in(refused)})
    assert "This is your receipt" in again.text


def test_the_same_page_is_not_taken_twice(calling: Calling) -> None:
    data = REPORT | {"form": calling.slip()}
    assert "This is your receipt" in calling.posted("/call-it-out", data).text
    before = _cases(calling)
    assert "sent already" in calling.posted("/call-it-out", data).text
    assert _cases(calling) == before


def test_a_form_that_is_made_up_too_fast_or_too_old_is_not_taken(calling: Calling) -> None:
    before = _cases(calling)
    slip = calling.slip(wait=0)
    assert "very fast" in calling.posted("/call-it-out", REPORT | {"form": slip}).text
    calling.console.clock.advance(timedelta(hours=13))
    for text in (slip, "", "1.2.3", slip[:-1] + ("0" if slip[-1] != "0" else "1")):
        page = calling.posted("/call-it-out", REPORT | {"form": text})
        assert "open for too long" in page.text
        assert WORDS in page.text
    assert _cases(calling) == before


def test_too_many_reports_in_all_are_put_off_without_asking_who_sends_them(
    calling: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_it_out, "REPORTS", Limit("a few reports", 1, timedelta(hours=1)))
    assert calling.send().status_code == 200
    before, late = _cases(calling), calling.send()
    assert late.status_code == 429
    assert WORDS in late.text
    assert _cases(calling) == before
    calling.console.clock.advance(timedelta(hours=2))
    assert calling.posted("/call-it-out", REPORT | {"form": slip_in(late)}).status_code == 200


def test_who_it_is_is_sealed_and_whom_it_is_about_has_no_part(calling: Calling) -> None:
    case, _ = _reported(calling, treatment="named", name="Dilys Quarrie", contact="07700 900123")
    with calling.console.app.database.connect() as connection:
        sealed = vault_store.get(connection, case)
    assert sealed
    assert {share.officer for share in sealed.shares} == {"omar", "odile"}
    case, _ = _reported(calling, about="odile")
    assert read_case(calling.desk(), case).case.recused == {"odile"}


def test_pictures_lose_what_they_say_beside_themselves_and_other_files_are_refused(calling: Calling) -> None:
    picture, written = Image.new("RGB", (40, 30), "navy"), io.BytesIO()
    exif = picture.getexif()
    exif[0x010F] = "Quokka camera"
    picture.save(written, "JPEG", exif=exif)
    before = _cases(calling)
    sent = calling.send([("dilys.jpg", written.getvalue())])
    assert sent.status_code == 200, sent.text
    (case,) = _cases(calling) - before
    desk = calling.desk()
    ((file,),) = read_case(desk, case).files.values()
    kept = read_file(desk, case, file)
    assert kept.media_type == "image/jpeg"
    assert b"Quokka" not in kept.content
    page = calling.send([("run.exe", b"MZ\x00\x01\x02")])
    assert "of a type that is not taken" in page.text
    assert "Choose your files again" in page.text


def test_with_the_receipt_one_answers_a_question_and_adds(calling: Calling) -> None:
    case, receipt = _reported(calling)
    act(calling.desk(), case, Step.ASKED, words="In which week was it?")
    page = calling.look(receipt.lower().replace("-", " "))
    assert "In which week was it?" in page.text
    data = {"form": slip_in(page), "receipt": receipt, "words": "In the second."}
    calling.console.clock.advance(timedelta(seconds=10))
    answered = calling.posted("/call-it-out/receipt/add", data)
    assert "The union has it now" in answered.text
    assert "In the second." not in answered.text
    assert "sent already" in calling.posted("/call-it-out/receipt/add", data).text
    assert "Add something" in answered.text
    events = read_case(calling.desk(), case).events
    assert [event.words for event in events if event.step is Step.REPLIED] == ["In the second."]


def test_a_receipt_that_is_none_takes_as_many_slow_checks_and_answers_alike(
    calling: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, receipt = _reported(calling)
    checks: list[str] = []
    fits = passwords.fits

    def counted(kept: str, given: str) -> bool:
        checks.append(kept[:5])
        return fits(kept, given)

    monkeypatch.setattr(passwords, "fits", counted)
    known, unknown = calling.look(receipt), calling.look(NO_SUCH)
    assert len(checks) == 2
    assert "How it stands" in known.text
    assert "There is no report with this receipt" in unknown.text
    assert known.status_code == unknown.status_code == 200
    assert {name.lower() for name in known.headers} == {name.lower() for name in unknown.headers}
    checks.clear()
    assert "a character is missing or mistyped" in calling.look(receipt[:-1]).text
    assert not checks


def test_looks_with_receipts_are_limited_in_all(calling: Calling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_it_out, "RECEIPTS", Limit("a few receipts", 2, timedelta(minutes=10)))
    assert [calling.look(NO_SUCH).status_code for _ in range(3)] == [200, 200, 429]
    calling.console.clock.advance(timedelta(minutes=11))
    assert calling.look(NO_SUCH).status_code == 200


def test_a_member_reports_and_comes_back_without_scripts(calling: Calling, chromium: Chromium) -> None:
    context = new_context(chromium, java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(calling.console.url + "/call-it-out")
    page.get_by_label("Something got better").check()
    page.get_by_label("What is it about?").select_option("improvement")
    page.get_by_label("In which part of the business?").select_option("consumer")
    page.get_by_label("What was seen or heard?").fill("Nobody is ranked any more.")
    page.get_by_label("Do not name me at all").check()
    calling.console.clock.advance(timedelta(minutes=2))
    page.get_by_role("button", name="Send it to the union").click()
    expect(page.get_by_text("never again")).to_be_visible()
    receipt = receipt_in(page.content())
    page.get_by_role("navigation").get_by_role("link", name="Your receipt").click()
    page.get_by_label("Your receipt").fill(receipt)
    page.get_by_role("button", name="Show how it stands").click()
    expect(page.get_by_text("The union has your report")).to_be_visible()
    assert receipt not in page.url
    page.get_by_label("What you want to add").fill("It began in May.")
    calling.console.clock.advance(timedelta(minutes=1))
    page.get_by_role("button", name="Send it to the union").click()
    expect(page.get_by_text("The union has it now.")).to_be_visible()
    assert context.cookies() == []
    context.close()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_wrong(calling: Calling, chromium: Chromium, axe: Axe, dark: bool) -> None:  # noqa: FBT001
    receipt = calling.receipt()
    context = new_context(chromium, viewport={"width": 320, "height": 900}, color_scheme="dark" if dark else "light")
    page = context.new_page()
    for path in PATHS:
        page.goto(calling.console.url + path)
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_label("Your receipt").fill(receipt)
    page.get_by_role("button", name="Show how it stands").click()
    expect(page.get_by_text("The union has your report")).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.goto(calling.console.url + "/call-it-out")
    page.get_by_label("Something is wrong").check()
    page.get_by_label("What is it about?").select_option("sickness")
    page.get_by_label("In which part of the business?").select_option("networks")
    page.get_by_label("What was seen or heard?").fill("People who were ill are asked to leave.")
    page.get_by_role("button", name="Send it to the union").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert axe(page) == []
    calling.console.clock.advance(timedelta(minutes=1))
    page.get_by_role("button", name="Send it to the union").click()
    expect(page.get_by_text("never again")).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()
