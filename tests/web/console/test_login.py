"""Logging in, staying logged in, and being shut out."""

import re
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from tests.web.console.running import PASSWORD, TRIES, ConsoleHandle, invite, write_people
from workplace_sync.jobs import accounts
from workplace_sync.jobs.limits import LOGIN_BY_CLIENT, LOGIN_BY_NAME
from workplace_sync.store import sessions
from workplace_sync.store.evidence import EvidenceLog

NOT_RIGHT = "The name or the password is not right."


def _link(handle: ConsoleHandle, name: str) -> str:
    return f"/setup/{accounts.invite(handle.app.office, name).secret}"


def _inside(handle: ConsoleHandle, name: str = "ada") -> bool:
    return handle.browser(name).get("/account").status_code == 200


def test_an_invited_person_sets_a_password_and_is_in(fresh: ConsoleHandle) -> None:
    browser, link = fresh.browser(), _link(fresh, "ada")
    assert "You were invited as ada" in browser.get(link).text
    answer = browser.post(link, {"password": PASSWORD, "again": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "admin for prospect-bt" in browser.get("/account").text
    assert _inside(fresh)


def test_a_link_works_once_and_for_a_day(fresh: ConsoleHandle) -> None:
    link, form = _link(fresh, "ada"), {"password": PASSWORD, "again": PASSWORD}
    assert fresh.browser().post(link, form).status_code == 303
    assert fresh.browser().post(link, form).status_code == 404
    late = _link(fresh, "grace")
    fresh.clock.advance(timedelta(hours=24, seconds=1))
    assert fresh.browser().get(late).status_code == 404
    assert "works no more" in fresh.browser().post(late, form).text


def test_a_new_link_ends_the_one_before_and_the_password_holds_until_it_is_used(fresh: ConsoleHandle) -> None:
    first = _link(fresh, "ada")
    second = _link(fresh, "ada")
    assert fresh.browser().get(first).status_code == 404
    fresh.browser().post(second, {"password": PASSWORD, "again": PASSWORD})
    _link(fresh, "ada")
    assert _inside(fresh)


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("short", "shorter than 12"),
        ("a" * 30, "too easy"),
        ("adaadaadaada", "too easy"),
        ("x" * 201, "longer than 200"),
    ],
)
def test_a_password_that_is_easily_guessed_is_not_taken(fresh: ConsoleHandle, password: str, told: str) -> None:
    link = _link(fresh, "ada")
    answer = fresh.browser().post(link, {"password": password, "again": password})
    assert answer.status_code == 422
    assert told in answer.text
    assert fresh.browser().get(link).status_code == 200, "the link still works"


def test_two_passwords_that_differ_are_not_taken(fresh: ConsoleHandle) -> None:
    answer = fresh.browser().post(_link(fresh, "ada"), {"password": PASSWORD, "again": PASSWORD + "."})
    assert "not the same" in answer.text


def test_the_first_account_is_owner_until_a_people_file_says_who_is(fresh: ConsoleHandle) -> None:
    (fresh.folder.home / "config" / "people.yaml").unlink()
    for name in ("zoe", "yves"):
        invite(fresh.app, name)
    assert "owner for every group" in fresh.browser("zoe").get("/account").text
    assert "You have no role yet" in fresh.browser("yves").get("/account").text
    write_people(fresh.folder)
    assert "You have no role yet" in fresh.browser("zoe").get("/account").text


def test_a_changed_people_file_counts_at_once(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "rosa")
    browser = fresh.browser("rosa")
    assert "prospect-openreach" not in browser.get("/").text
    write_people(fresh.folder, {"rosa": ("auditor", "['*']")})
    assert "prospect-openreach" in browser.get("/").text


def test_a_faulty_people_file_lets_nobody_in_and_the_page_says_so(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "rosa")
    browser = fresh.browser("rosa")
    (fresh.folder.home / "config" / "people.yaml").write_text("people: [{name: rosa, roles: [king]}]\n", "utf-8")
    answer = browser.get("/")
    assert answer.status_code == 500
    assert "cannot be used as written" in answer.text
    assert "king" not in answer.text


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong " + PASSWORD), ("nobody", PASSWORD), ("", "")])
def test_whatever_is_wrong_with_a_login_the_answer_is_the_same(
    console: ConsoleHandle, name: str, password: str
) -> None:
    answer = console.browser().log_in(name, password)
    assert answer.status_code == 422
    assert NOT_RIGHT in answer.text
    assert "Set-Cookie" not in answer.headers
    assert re.sub(r'value="\w*"|\d\d:\d\d', "", answer.text) == re.sub(
        r'value="\w*"|\d\d:\d\d', "", console.browser().log_in("x", "y").text
    )


def test_a_login_with_a_name_that_is_none_takes_as_long(fresh: ConsoleHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    verify = PasswordHasher.verify

    def counted(hasher: PasswordHasher, known: str, given: str) -> bool:
        hashed.append(known.rpartition("$")[0].rpartition("$")[0])  # its kind and its cost, without salt and hash
        return verify(hasher, known, given)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    invite(fresh.app, "ada")
    for name in ("ada", "nobody"):
        assert accounts.log_in(fresh.app.office, name, "wrong password") is None
    assert len(hashed) == 2
    assert hashed[0] == hashed[1]


def test_a_disabled_account_is_out_at_once_and_cannot_come_back(fresh: ConsoleHandle) -> None:
    for name in ("ada", "grace"):
        invite(fresh.app, name)
    browser = fresh.browser("ada")
    assert browser.get("/account").status_code == 200
    accounts.disable(fresh.app.office, "ada")
    assert browser.get("/account").headers["Location"] == "/login?next=/account"
    assert NOT_RIGHT in fresh.browser().log_in("ada").text
    assert _inside(fresh, "grace")


def test_a_session_ends_when_it_is_not_used(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "ada")
    browser = fresh.browser("ada")
    for _ in range(3):
        fresh.clock.advance(timedelta(minutes=59))
        assert browser.get("/account").status_code == 200
    fresh.clock.advance(timedelta(minutes=61))
    assert browser.get("/account").status_code == 303


def test_a_session_ends_after_its_longest_time_however_much_it_is_used(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "ada")
    browser = fresh.browser("ada")
    for _ in range(12 * 2 - 1):
        fresh.clock.advance(timedelta(minutes=30))
        assert browser.get("/account").status_code == 200
    fresh.clock.advance(timedelta(minutes=30))
    assert browser.get("/account").status_code == 303


def test_logging_out_ends_the_session_and_not_only_the_cookie(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "ada")
    browser, thief = fresh.browser("ada"), fresh.browser()
    thief.session.cookies.update(browser.session.cookies)
    assert thief.get("/account").status_code == 200
    answer = browser.post("/logout")
    assert answer.headers["Location"] == "/login"
    assert answer.headers["Clear-Site-Data"]
    assert thief.get("/account").status_code == 303


def test_logging_in_changes_the_secret_and_ends_the_session_before(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "ada")
    browser = fresh.browser("ada")
    before = browser.session.cookies["workplace-sync"]
    browser.log_in("ada")
    after = browser.session.cookies["workplace-sync"]
    assert before != after
    old = fresh.browser()
    old.session.cookies.set("workplace-sync", before)
    assert old.get("/account").status_code == 303


def test_changing_the_password_ends_the_other_sessions(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "ada")
    browser, other = fresh.browser("ada"), fresh.browser("ada")
    form = {"old": PASSWORD, "new": "another seven badgers", "again": "another seven badgers"}
    said = browser.follow(browser.post("/account/password", form)).text
    assert "The password was changed" in said
    assert other.get("/account").status_code == 303
    assert NOT_RIGHT in fresh.browser().log_in("ada").text
    assert fresh.browser().log_in("ada", "another seven badgers").status_code == 303


def test_a_message_is_shown_once(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "ada")
    browser = fresh.browser("ada")
    said = browser.follow(browser.post("/account/password", {"old": "wrong", "new": PASSWORD, "again": PASSWORD}))
    assert "not right" in said.text
    assert "Nothing was changed" not in browser.get("/account").text


def test_ending_other_sessions_leaves_this_one(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "ada")
    browser, other = fresh.browser("ada"), fresh.browser("ada")
    assert "1 other session ended" in browser.follow(browser.post("/account/sessions")).text
    assert other.get("/account").status_code == 303


def test_after_ten_wrong_passwords_the_name_waits_a_quarter_of_an_hour(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "ada")
    for _ in range(9):
        fresh.console.limits.wait(LOGIN_BY_NAME, "ada")
    assert NOT_RIGHT in fresh.browser().log_in("ada", "wrong").text
    answer = fresh.browser().log_in("ada")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    fresh.clock.advance(timedelta(minutes=15, seconds=1))
    assert _inside(fresh)


def test_a_name_that_is_none_is_counted_in_the_same_way(fresh: ConsoleHandle) -> None:
    for _ in range(9):
        fresh.console.limits.wait(LOGIN_BY_NAME, "nobody")
    assert [fresh.browser().log_in("nobody", "wrong").status_code for _ in range(2)] == [422, 429]


def test_one_client_cannot_try_name_after_name(fresh: ConsoleHandle) -> None:
    for _ in range(29):
        assert fresh.console.limits.wait(LOGIN_BY_CLIENT, "127.0.0.1") is None
    assert [fresh.browser().log_in(f"name{number}", "wrong").status_code for number in range(2)] == [422, 429]


def test_a_client_behind_the_proxy_is_counted_by_its_own_address(fresh: ConsoleHandle) -> None:
    for _ in range(30):
        fresh.console.limits.wait(LOGIN_BY_CLIENT, "192.0.2.7")
    assert fresh.browser().post("/login", {"name": "x"}, **{"X-Forwarded-For": "192.0.2.7"}).status_code == 429
    assert fresh.browser().post("/login", {"name": "x"}, **{"X-Forwarded-For": "192.0.2.8"}).status_code == 422


def test_what_is_counted_names_nobody(fresh: ConsoleHandle) -> None:
    fresh.browser().log_in("ada", "wrong")
    with fresh.app.database.connect() as connection:
        kept = connection.execute(select(TRIES.c.bucket)).scalars().all()
    assert len(kept) == 2
    assert all(re.fullmatch(r"[0-9a-f]{64}", bucket) for bucket in kept)


def test_the_database_holds_no_password_link_or_session_secret(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "ada")
    link = accounts.invite(fresh.app.office, "grace").secret
    secret = fresh.browser("ada").session.cookies["workplace-sync"]
    fresh.app.database.close()
    held = b"".join(file.read_bytes() for file in (fresh.folder.home / "var").glob("sync.db*"))
    assert b"argon2id" in held
    for word in (PASSWORD, link, secret):
        assert word.encode() not in held


def test_the_secret_of_a_session_is_long_and_in_a_careful_cookie(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "ada")
    cookie = fresh.browser().log_in("ada").headers["Set-Cookie"]
    assert re.match(r"workplace-sync=[\w-]{43};", cookie)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "expires" not in cookie.lower()
    assert "Domain" not in cookie


def test_who_was_let_in_and_shut_out_is_in_the_log(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "ada")
    accounts.disable(fresh.app.office, "ada")
    log: EvidenceLog = fresh.app.office.log
    told = b"".join(log.opening(number) or b"" for number in range(log.size))
    for kind in (b"account.invited", b"account.set_up", b"account.disabled"):
        assert kind in told


def test_sessions_past_their_time_are_forgotten(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "ada")
    fresh.browser("ada")
    fresh.clock.advance(timedelta(hours=13))
    fresh.browser("ada")
    with fresh.app.database.connect() as connection:
        assert len(sessions.of_account(connection, "ada", fresh.clock() - timedelta(days=2))) == 1


def test_whoever_is_logged_in_already_goes_on(console: ConsoleHandle) -> None:
    assert console.known("ada").get("/login?next=/account").headers["Location"] == "/account"


@pytest.mark.parametrize("onward", ["https://elsewhere.example.org/", "//elsewhere.example.org", "/\\elsewhere", "x"])
def test_a_login_leads_nowhere_else(console: ConsoleHandle, onward: str) -> None:
    answer = console.browser().post("/login", {"name": "ada", "password": PASSWORD, "next": onward})
    assert answer.headers["Location"] == "/"
