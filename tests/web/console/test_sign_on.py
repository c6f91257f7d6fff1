"""Logging in at a real OpenID provider over loopback."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pytest
import requests

from tests.sandbox_server import SandboxHandle
from tests.web.console.oidc import Provider, provider, settings_for
from tests.web.console.running import Browser, ConsoleHandle, console_on, invite


@pytest.fixture(scope="module")
def issuer() -> Iterator[Provider]:
    with provider() as running:
        yield running


@pytest.fixture
def signing(issuer: Provider, sandbox: SandboxHandle, tmp_path: Path) -> Iterator[ConsoleHandle]:
    with console_on(tmp_path / "union", sandbox, datetime.now(UTC), **settings_for(issuer)) as handle:
        yield handle


def _sent(browser: Browser, path: str = "/login/sign-on") -> str:
    answer = browser.get(path)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def _came_back(browser: Browser, issuer: Provider, subject: str) -> requests.Response:
    return browser.get(issuer.authorise(_sent(browser), subject))


def test_a_name_of_the_people_file_logs_in_with_its_roles_from_there(signing: ConsoleHandle, issuer: Provider) -> None:
    issuer.known("s-1", preferred_username="rosa", groups=["owners"])
    browser = signing.browser()
    answer = _came_back(browser, issuer, "s-1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    page = browser.get("/account").text
    assert "rep for prospect-bt" in page
    assert "owner" not in page.partition("Your roles")[2].partition("</ul>")[0]


def test_a_group_there_means_a_role_here(signing: ConsoleHandle, issuer: Provider) -> None:
    issuer.known("s-2", preferred_username="rudi", groups=["reps-bt", "choir"])
    browser = signing.browser()
    _came_back(browser, issuer, "s-2")
    assert "rep for prospect-bt" in browser.get("/account").text
    assert "prospect-openreach" not in browser.get("/").text


def test_roles_from_there_are_for_no_token(signing: ConsoleHandle, issuer: Provider) -> None:
    issuer.known("s-21", preferred_username="rudolf", groups=["reps-bt"])
    issuer.known("s-22", preferred_username="rosa", groups=["choir"])
    rudolf, rosa = signing.browser(), signing.browser()
    _came_back(rudolf, issuer, "s-21")
    _came_back(rosa, issuer, "s-22")
    wanted = {"label": "sheet", "scope": "plans:read"}
    assert "A token needs a row of your own in the people file" in rudolf.get("/account").text
    assert "None was made" in rudolf.follow(rudolf.post("/account/tokens", wanted)).text
    assert "What it may read" in rosa.get("/account").text
    assert "Your new token" in rosa.post("/account/tokens", wanted).text


def test_whoever_has_no_role_here_is_not_let_in(signing: ConsoleHandle, issuer: Provider) -> None:
    issuer.known("s-3", preferred_username="nell", groups=["choir"])
    browser = signing.browser()
    assert _came_back(browser, issuer, "s-3").status_code == 403
    assert browser.get("/account").status_code == 303


def test_a_name_belongs_to_the_first_identity_that_came_with_it(signing: ConsoleHandle, issuer: Provider) -> None:
    issuer.known("s-4", preferred_username="grace")
    issuer.known("s-5", preferred_username="grace")
    assert _came_back(signing.browser(), issuer, "s-4").status_code == 303
    assert _came_back(signing.browser(), issuer, "s-5").status_code == 403
    assert _came_back(signing.browser(), issuer, "s-4").status_code == 303


def test_a_name_with_a_password_is_not_entered_from_elsewhere(signing: ConsoleHandle, issuer: Provider) -> None:
    invite(signing.app, "joan")
    issuer.known("s-6", preferred_username="joan")
    assert _came_back(signing.browser(), issuer, "s-6").status_code == 403


@pytest.mark.parametrize("name", ["", "rosa@union.example.org", "rosa\n", "a" * 101, "x,y"])
def test_what_is_no_name_is_not_let_in(signing: ConsoleHandle, issuer: Provider, name: str) -> None:
    issuer.known("s-7", preferred_username=name, groups=["reps-bt"])
    assert _came_back(signing.browser(), issuer, "s-7").status_code == 403


def _with(**changes: str) -> Callable[[str], str]:
    def changed(address: str) -> str:
        parts = urlsplit(address)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()} | changes
        return urlunsplit(parts._replace(query=urlencode(query)))

    return changed


@pytest.mark.parametrize(
    "spoil", [_with(state="forged"), _with(code="forged"), _with(iss="https://elsewhere.example.org")]
)
def test_an_answer_that_does_not_fit_is_refused(
    signing: ConsoleHandle, issuer: Provider, spoil: Callable[[str], str]
) -> None:
    issuer.known("s-8", preferred_username="rosa")
    browser = signing.browser()
    assert browser.get(spoil(issuer.authorise(_sent(browser), "s-8"))).status_code == 403


def test_an_answer_in_another_browser_is_refused(signing: ConsoleHandle, issuer: Provider) -> None:
    issuer.known("s-9", preferred_username="rosa")
    back = issuer.authorise(_sent(signing.browser()), "s-9")
    assert signing.browser().get(back).status_code == 403


def test_an_answer_counts_once(signing: ConsoleHandle, issuer: Provider) -> None:
    issuer.known("s-10", preferred_username="rosa")
    browser = signing.browser()
    back = issuer.authorise(_sent(browser), "s-10")
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 403


def test_an_answer_that_comes_too_late_is_refused(signing: ConsoleHandle, issuer: Provider) -> None:
    issuer.known("s-11", preferred_username="rosa")
    browser = signing.browser()
    back = issuer.authorise(_sent(browser), "s-11")
    signing.clock.advance(timedelta(minutes=11))
    assert browser.get(back).status_code == 403


def test_a_token_for_another_login_is_refused_by_its_nonce(signing: ConsoleHandle, issuer: Provider) -> None:
    issuer.known("s-12", preferred_username="rosa")
    browser = signing.browser()
    asked = _with(nonce="of-another-login")(_sent(browser))
    assert browser.get(issuer.authorise(asked, "s-12")).status_code == 403


def test_what_is_sent_there_holds_a_challenge_and_no_verifier(signing: ConsoleHandle) -> None:
    query = parse_qs(urlsplit(_sent(signing.browser())).query)
    assert query["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= set(query)
    assert "code_verifier" not in query


def test_somebody_goes_on_to_the_page_they_wanted_and_nowhere_else(signing: ConsoleHandle, issuer: Provider) -> None:
    issuer.known("s-13", preferred_username="rosa")
    for wanted, leads in (("/account", "/account"), ("https://elsewhere.example.org/", "/"), ("//elsewhere", "/")):
        browser = signing.browser()
        back = issuer.authorise(_sent(browser, f"/login/sign-on?next={wanted}"), "s-13")
        assert browser.get(back).headers["Location"] == leads


def test_without_a_single_sign_on_there_is_no_such_page(fresh: ConsoleHandle) -> None:
    assert fresh.browser().get("/login/sign-on").status_code == 404
    assert "single sign-on" not in fresh.browser().get("/login").text


def test_an_issuer_that_does_not_answer_is_told_plainly(sandbox: SandboxHandle, tmp_path: Path) -> None:
    settings = settings_for(Provider("http://localhost:9"))
    with console_on(tmp_path / "union", sandbox, datetime.now(UTC), **settings) as handle:
        answer = handle.browser().get("/login/sign-on")
    assert answer.status_code == 403
    assert "did not work" in answer.text
