"""What stands before every page."""

import http.client
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from tests.sandbox_server import SandboxHandle
from tests.web.console.running import PASSWORD, ConsoleHandle, console_on, invite
from workplace_sync.errors import StoreError
from workplace_sync.jobs import accounts

FORM = {"name": "ada", "password": PASSWORD}


def _raw(console: ConsoleHandle, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> int:
    host, _, port = console.host.partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    try:
        connection.putrequest(method, path, skip_host=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/", "/login", "/account", "/nowhere", "/help", "/static/0/console.css", "/metrics"])
def test_every_answer_has_the_headers(console: ConsoleHandle, path: str) -> None:
    headers = console.known("wanda").get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers, "that is for https alone"
    assert "Server" not in headers


def test_refusals_of_the_guard_have_them_too(console: ConsoleHandle) -> None:
    answer = console.browser().post("/login", FORM, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_page_has_a_script_or_a_style_of_its_own(console: ConsoleHandle) -> None:
    for path in ("/", "/account", "/help", "/login"):
        text = console.known("wanda").get(path).text
        for forbidden in ("<script", "style=", "<style", "onclick", "javascript:"):
            assert forbidden not in text, f"{path}: {forbidden}"


def test_the_look_is_kept_for_ever_under_an_address_that_changes_with_it(console: ConsoleHandle) -> None:
    address = console.known("ada").get("/").text.partition('stylesheet" href="')[2].partition('"')[0]
    answer = console.browser().get(address)
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["Cache-Control"]
    assert console.browser().get("/static/0123/console.css").status_code == 404
    assert console.browser().get(f"{address[:-11]}..%2f..%2fguard.py").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://elsewhere.example.org"},
        {"Origin": "null"},
        {"Origin": ""},
    ],
)
def test_a_form_from_elsewhere_is_refused(console: ConsoleHandle, headers: dict[str, str]) -> None:
    assert console.known("ada").post("/account/sessions", None, **headers).status_code == 403


def test_a_form_that_does_not_say_where_it_is_from_is_refused(console: ConsoleHandle) -> None:
    plain = {"Host": console.host, "Content-Length": "0", "Cookie": f"workplace-sync={console.secret('ada')}"}
    assert _raw(console, "POST", "/account/sessions", plain) == 403


def test_a_form_of_an_old_browser_is_taken_by_its_origin(console: ConsoleHandle) -> None:
    plain = {"Host": console.host, "Content-Length": "0", "Cookie": f"workplace-sync={console.secret('ada')}"}
    assert _raw(console, "POST", "/account/sessions", plain | {"Origin": console.url}) == 303
    assert _raw(console, "POST", "/account/sessions", plain | {"Origin": "http://127.0.0.1"}) == 403


def test_a_link_from_elsewhere_leads_here_but_nothing_here_is_built_in_there(console: ConsoleHandle) -> None:
    browser = console.known("ada")
    assert browser.get("/", **{"Sec-Fetch-Site": "cross-site"}).status_code == 200
    for mode in ("no-cors", "cors", "websocket"):
        answer = browser.get("/", **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode})
        assert answer.status_code == 403


@pytest.mark.parametrize(
    "host",
    ["elsewhere.example.org", "127.0.0.1.example.org", "", "127.0.0.1@x", "localhost:x", "127.0.0.1/..", "[::2]"],
)
def test_a_host_that_is_not_known_is_refused(console: ConsoleHandle, host: str) -> None:
    assert _raw(console, "GET", "/login", {"Host": host}) in {400, 421}


def test_two_hosts_or_none_are_refused(console: ConsoleHandle) -> None:
    assert _raw(console, "GET", "/login", {"Host": console.host, "host": "localhost"}) in {400, 421}
    assert _raw(console, "GET", "/login", {}) in {400, 421}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "[::1]:80"])
def test_a_host_of_this_machine_is_known(console: ConsoleHandle, host: str) -> None:
    assert _raw(console, "GET", "/login", {"Host": host}) == 200


def test_a_form_that_is_too_large_is_refused_whatever_it_says_of_its_length(console: ConsoleHandle) -> None:
    large = {"name": "a" * 200_000}
    assert console.browser().post("/login", large).status_code == 413
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    lines = iter([b"name=", b"a" * 150_000])
    assert console.browser().post("/login", lines, **form).status_code == 413


def test_a_page_that_is_not_there_says_so_without_more(console: ConsoleHandle) -> None:
    answer = console.known("ada").get("/nowhere/<b>x</b>")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert "<b>x</b>" not in answer.text


def test_another_method_is_refused(console: ConsoleHandle) -> None:
    assert console.known("ada").post("/help").status_code == 405
    assert console.known("ada").get("/logout").status_code == 405


def test_a_fault_of_ours_is_a_plain_page_without_its_text(
    console: ConsoleHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("amina.k@bt.example.org")

    monkeypatch.setattr(accounts, "log_in", broken)
    answer = console.browser().post("/login", FORM)
    assert answer.status_code == 500
    assert "Something went wrong that should not" in answer.text
    assert "amina" not in answer.text
    assert "Traceback" not in answer.text


def test_an_error_of_a_job_is_a_page_that_says_what_to_do(
    console: ConsoleHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise StoreError("The disk is full.", hint="Make room.")

    monkeypatch.setattr(accounts, "log_in", full)
    answer = console.browser().post("/login", FORM)
    assert answer.status_code == 500
    assert "The disk is full." in answer.text
    assert "Make room." in answer.text


def test_a_field_that_is_no_number_is_told_by_its_name_alone(console: ConsoleHandle) -> None:
    answer = console.known("ada").post("/account/tokens", {"label": "x", "scope": "plans:read", "days": "<i>"})
    assert answer.status_code == 422
    assert "days" in answer.text
    assert "<i>" not in answer.text


def test_healthz_tells_whether_the_database_answers(fresh: ConsoleHandle) -> None:
    assert fresh.browser().get("/healthz").text == "ok\n"
    fresh.app.database.close()
    for file in (fresh.folder.home / "var").glob("sync.db*"):
        file.unlink()
    assert fresh.browser().get("/healthz").status_code == 503


@pytest.fixture
def public(sandbox: SandboxHandle, tmp_path: Path) -> Iterator[ConsoleHandle]:
    """A console that people reach under https, through a proxy on this machine."""
    settings = {"CONSOLE_URL": "https://sync.union.example.org"}
    with console_on(tmp_path / "union", sandbox, datetime.now(UTC), **settings) as handle:
        yield handle


def _over_https(public: ConsoleHandle, origin: str = "https://sync.union.example.org") -> requests.Response:
    invite(public.app, "ada")
    browser = public.browser()
    return browser.post(
        "/login", FORM, **{"Host": "sync.union.example.org", "Origin": origin, "X-Forwarded-For": "192.0.2.9"}
    )


def test_under_https_the_cookie_is_bound_to_the_host_and_to_https(public: ConsoleHandle) -> None:
    answer = _over_https(public)
    assert answer.status_code == 303
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-workplace-sync=")
    assert "Secure" in cookie
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


def test_under_https_a_form_from_plain_http_is_refused(public: ConsoleHandle) -> None:
    assert _over_https(public, "http://sync.union.example.org").status_code == 403


def test_metrics_are_not_passed_on_by_a_proxy(public: ConsoleHandle) -> None:
    browser = public.browser()
    assert browser.get("/metrics").status_code == 200
    assert browser.get("/metrics", Host="sync.union.example.org").status_code == 404
    assert browser.get("/metrics", **{"X-Forwarded-For": "192.0.2.9"}).status_code == 404


@pytest.mark.parametrize("path", ["/plans/%00", "/groups/a%00b", "/%00", "/api/v1/plans/%00"])
def test_there_is_nothing_under_an_address_with_a_nul(console: ConsoleHandle, path: str) -> None:
    answer = console.known("wanda").get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("application/problem" if "/api/" in path else "text/html")


@pytest.mark.parametrize("path", ["/audit?outcome=%00", "/login?next=a%00", "/api/v1/audit?outcome=%00"])
def test_a_nul_that_is_asked_for_is_refused(console: ConsoleHandle, path: str) -> None:
    assert console.known("wanda").get(path).status_code == 422
    assert console.known("wanda").get(path.replace("%00", "%2500")).status_code != 422


def test_a_nul_in_a_form_is_refused_and_kept_nowhere(console: ConsoleHandle) -> None:
    answer = console.browser().post("/login", {"name": "a\0da", "password": PASSWORD})
    assert answer.status_code == 422
    assert "in no text in: name." in answer.text
    before = console.known("ada").get("/account").text.count("/revoke")
    token = {"label": "a\0b", "scope": "plans:read"}
    assert console.known("ada").post("/account/tokens", token).status_code == 422
    assert console.known("ada").get("/account").text.count("/revoke") == before


def test_a_nul_in_the_name_of_a_file_is_refused(console: ConsoleHandle) -> None:
    def part(head: str, content: str) -> bytes:
        return f"--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n--x--\r\n".encode()

    form = {"Content-Type": "multipart/form-data; boundary=x"}
    told = console.browser().post("/login", iter([part('name="name"; filename="a\0.txt"', "x")]), **form)
    assert (told.status_code, "in no text in: name." in told.text) == (422, True)
    told = console.browser().post("/login", iter([part('name="name"', "a\0da")]), **form)
    assert (told.status_code, "in no text in: name." in told.text) == (422, True)
