"""Members' cases in the console: for officers alone, through all steps, without the identity of who reported."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser as Chromium

from tests.web.browsing import new_context
from tests.web.conftest import Axe
from tests.web.console.calling import WORDS, Calling, calling_on
from tests.web.console.running import Browser
from workplace_sync.cases.escalation import Confidentiality, Kind, Report
from workplace_sync.jobs import vault
from workplace_sync.jobs.case_desk import CaseDesk, all_cases
from workplace_sync.jobs.escalations import open_case
from workplace_sync.jobs.identity import Identity
from workplace_sync.store import access_reads, audit

DILYS = Identity("Dilys Quarrie", "07700 900123")


@pytest.fixture(scope="module")
def calling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calling]:
    with calling_on(tmp_path_factory.mktemp("cases") / "union") as made:
        yield made


@pytest.fixture
def omar(calling: Calling) -> Browser:
    calling.console.clock.advance(timedelta(minutes=1))
    return calling.console.browser("omar")


def _opened(desk: CaseDesk, words: str = WORDS, **more: object) -> str:
    report = Report("forced-distribution", "networks", **more)  # type: ignore[arg-type]
    return open_case(desk.as_reporter(), report, words, identity=DILYS).case


def _post(browser: Browser, case: str, step: str, **given: str) -> str:
    """Take a step, and return the page that follows it."""
    answer = browser.post(f"/escalations/{case}/steps/{step}", given)
    return browser.follow(answer).text if answer.is_redirect else answer.text


def _offered(page: str) -> set[str]:
    return set(re.findall(r'action="/escalations/[^/]+/steps/(\w+)"', page))


def test_a_case_goes_its_whole_way(calling: Calling, omar: Browser) -> None:
    case = _opened(calling.desk())
    page = omar.get(f"/escalations/{case}")
    assert page.status_code == 200, page.text
    assert WORDS in page.text
    assert _offered(page.text) == {"validation_noted", "asked", "noted", "linked", "recused", "closed"}
    steps: tuple[tuple[str, dict[str, str], str], ...] = (
        ("validation_noted", {"words": "Two others saw it.", "on": "2026-01-05"}, "Held on: 2026-01-05"),
        ("substantiated", {}, "There is something in it"),
        (
            "raised",
            {"kind": "systemic", "to": "Head of HR", "channel": "letter", "reference": "PR/7"},
            "Reference: PR/7",
        ),
        ("answered", {"words": "They will look into it."}, "They will look into it."),
        ("outcome_recorded", {"outcome": "partly_changed"}, "partly changed"),
        ("reported_back", {"words": "The curve is gone."}, "The curve is gone."),
        ("closed", {"words": "Nothing more to do."}, "Nothing more to do."),
        ("reopened", {"words": "It goes on."}, "It goes on."),
    )
    for step, given, sign in steps:
        shown = _post(omar, case, step, **given)
        assert "It is in the case now" in shown, shown
        assert sign in shown
    with calling.console.app.database.connect() as connection:
        entries = audit.list_entries(connection, limit=8)
        assert all_cases(connection)[case].kind is Kind.SYSTEMIC
    assert {entry.actor for entry in entries} == {"omar"}
    assert "Head of HR" not in repr(entries)


def test_what_is_refused_is_said_and_what_was_written_is_kept(calling: Calling, omar: Browser) -> None:
    case = _opened(calling.desk())
    tried = (
        ("validation_noted", {"words": ""}, "needs words"),
        ("validation_noted", {"words": "Heard <it>", "on": "2999-01-01"}, "no day up to today"),
        ("answered", {"words": "Heard <it>"}, "is not possible"),
        ("linked", {"link": "planet", "ref": "x"}, "was not chosen"),
        ("linked", {"link": "incident", "ref": " "}, "needs to say what to"),
        ("recused", {"officer": "nobody"}, "no officer of that name"),
        ("noted", {"words": "x" * 20_001}, "longer than 20,000"),
    )
    for step, given, sign in tried:
        answer = omar.post(f"/escalations/{case}/steps/{step}", given)
        assert answer.status_code == 409, step
        assert sign in answer.text, step
    assert "Heard &lt;it&gt;</textarea>" in _post(omar, case, "validation_noted", words="Heard <it>", on="never")
    assert "Say to whom" in _post(omar, case, "raised", kind="systemic")
    for step in ("unsealed", "merged", "nonsense"):
        assert omar.post(f"/escalations/{case}/steps/{step}", {"words": "x"}).status_code == 404


def test_a_question_with_an_address_never_leaves_and_others_after_a_look(calling: Calling, omar: Browser) -> None:
    case = _opened(calling.desk())
    assert "cannot leave" in _post(omar, case, "asked", words="Write to dilys@bt.example.org, please.")
    warned = _post(omar, case, "asked", words="Is it https://intranet.example/ratings?")
    assert "may give somebody away" in warned
    assert "it may leave nevertheless" in warned
    done = _post(omar, case, "asked", words="Is it https://intranet.example/ratings?", despite="yes")
    assert "waits for an answer" in done


def test_the_list_is_narrowed_and_shows_what_is_overdue(calling: Calling, omar: Browser) -> None:
    old = _opened(calling.desk(), "An old one.")
    calling.console.clock.advance(timedelta(days=9))
    omar.log_in("omar")
    new = _opened(calling.desk(), "A new one.")
    page = omar.get("/escalations").text
    late = page[page.index("Overdue, the longest first") : page.index("Cases, the oldest first")]
    assert old in late
    assert new not in late
    assert f"/escalations/{new}" in omar.get("/escalations?category=forced-distribution&area=networks").text
    for query in ("area=consumer", "category=sickness", "state=closed"):
        assert (
            f'href="/escalations/{new}"'
            not in omar.get(f"/escalations?{query}").text.split("Cases, the oldest first")[-1]
        )
    assert omar.get(f"/escalations/{new.lower().replace('-', '')}").headers["Location"] == f"/escalations/{new}"


def test_duplicates_become_one_systemic_issue(calling: Calling, omar: Browser) -> None:
    issue, duplicate = _opened(calling.desk(), kind=Kind.SYSTEMIC), _opened(calling.desk())
    assert "Merge it" in omar.get(f"/escalations/{duplicate}").text
    done = omar.follow(omar.post(f"/escalations/{duplicate}/merge", {"issue": issue})).text
    assert f'part of case <a href="/escalations/{issue}"' in done
    assert duplicate in omar.get(f"/escalations/{issue}").text
    refused = omar.follow(omar.post(f"/escalations/{issue}/merge", {"issue": duplicate})).text
    assert "nothing is merged into it" in refused


def test_what_was_attached_is_handed_out_to_be_kept(calling: Calling, omar: Browser) -> None:
    case = _opened(calling.desk())
    browser = omar
    sent = calling.posted(
        f"/escalations/{case}/steps/noted", {"words": "The letter."}, [("letter.html", b"<script>1</script>")], browser
    )
    page = browser.follow(sent).text
    found = re.search(rf'href="(/escalations/{case}/files/\w+)"', page)
    assert found, page
    file = browser.get(found[1])
    assert file.content == b"<script>1</script>"
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.headers["content-type"].startswith("text/plain")
    assert file.headers["x-content-type-options"] == "nosniff"
    assert browser.get(f"/escalations/{case}/files/none").status_code == 404


def test_nobody_but_officers_finds_anything_and_each_look_is_kept(calling: Calling, omar: Browser) -> None:
    case = _opened(calling.desk())
    for name in ("rosa", "ada", "grace", "audrey", "wanda"):
        browser = calling.console.browser(name)
        for path in ("/escalations", f"/escalations/{case}", f"/escalations/{case}/files/x"):
            answer = browser.get(path)
            assert answer.status_code == 404, (name, path)
            assert answer.text.replace(path, "") == browser.get("/nowhere").text.replace("/nowhere", "")
        assert browser.post(f"/escalations/{case}/steps/noted", {"words": "x"}).status_code == 404
        assert "Escalations" not in browser.get("/account").text
    assert calling.nobody.get("/escalations").headers["Location"].startswith("/login")
    omar.get(f"/escalations/{case}")
    with calling.console.app.database.connect() as connection:
        assert access_reads.listed(connection, reader="omar")[0].kind == "escalation"


def test_an_officer_whom_it_is_about_sees_no_such_case(calling: Calling, omar: Browser) -> None:
    case = _opened(calling.desk(), confidentiality=Confidentiality.NAMED, recused=("odile",))
    odile = calling.console.browser("odile")
    assert case not in odile.get("/escalations").text
    mine, none = odile.get(f"/escalations/{case}"), odile.get("/escalations/0000-0000")
    assert mine.status_code == none.status_code == 404
    assert mine.text == none.text
    own = _opened(calling.desk())
    left = omar.post(f"/escalations/{own}/steps/recused", {"officer": "omar"})
    assert left.headers["Location"] == "/escalations"
    assert omar.get(f"/escalations/{own}").status_code == 404


def test_the_console_shows_how_to_open_who_reported_and_cannot(calling: Calling, omar: Browser) -> None:
    case = _opened(calling.desk(), confidentiality=Confidentiality.UNION_ONLY)
    page = omar.get(f"/escalations/{case}").text
    assert f"escalation unseal {case} " in page
    assert "--key officer.key --by omar" in page
    assert "Two officers open it together" in page
    asked = vault.unseal(calling.desk("omar"), case, "To ask which week.", calling.keys["omar"], "odile")
    assert isinstance(asked, vault.Asked)
    odile = calling.console.browser("odile")
    for path in ("/escalations", f"/escalations/{case}"):
        shown = odile.get(path).text
        assert f"escalation confirm {case} --key officer.key --by odile" in shown
        assert "To ask which week." in shown
    assert vault.confirm(calling.desk("odile"), case, calling.keys["odile"]) == DILYS
    for path in ("/escalations?state=all", f"/escalations/{case}"):
        assert "Quarrie" not in omar.get(path).text
        assert "900123" not in odile.get(path).text


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_wrong(calling: Calling, chromium: Chromium, axe: Axe, dark: bool) -> None:  # noqa: FBT001
    case = _opened(calling.desk(), kind=Kind.SYSTEMIC)
    other = _opened(calling.desk())
    calling.console.clock.advance(timedelta(days=8))
    vault.unseal(calling.desk("odile"), other, "To ask which week.", calling.keys["odile"], "omar")
    omar = calling.console.browser("omar")
    _post(omar, other, "validation_noted", words="Two others saw it.\n\nOne wrote it down.")
    context = new_context(chromium, viewport={"width": 320, "height": 900}, color_scheme="dark" if dark else "light")
    secret = str(omar.session.cookies["workplace-sync"])
    context.add_cookies([{"name": "workplace-sync", "value": secret, "url": calling.console.url}])
    page = context.new_page()
    for path in ("/escalations", f"/escalations/{case}", f"/escalations/{other}"):
        page.goto(calling.console.url + path)
        for summary in page.locator("details > summary").all():
            summary.click()
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()
