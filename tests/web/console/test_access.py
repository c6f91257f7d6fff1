"""What a visitor may, what a token may, what is masked, and what is noted of who read about whom."""

import re
from datetime import timedelta

import pytest
import requests

from tests.web.console.running import ConsoleHandle, invite
from workplace_sync.jobs import accounts, api_tokens
from workplace_sync.jobs.sessions import Claims
from workplace_sync.people import People, Person, Role
from workplace_sync.store import access_reads
from workplace_sync.store.accounts import Account
from workplace_sync.web.console.asking import Ask, local_path, network_of
from workplace_sync.web.console.masking import mask_address, mask_name
from workplace_sync.web.console.pages import Page
from workplace_sync.web.console.permissions import BY_ROLE, Permission
from workplace_sync.web.console.refusal import RefusalError
from workplace_sync.web.console.visitor import NOBODY, Visitor, visitor_of


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("amina.k@bt.example.org", "a…@bt.example.org"),
        ("x@bt.example.org", "x…@bt.example.org"),
        ("id:100012", "i…"),
        ("", ""),
        ("@bt.example.org", ""),
    ],
)
def test_an_address_is_masked_to_its_first_letter(address: str, shown: str) -> None:
    assert mask_address(address) == shown


def test_a_name_is_masked_to_its_initials() -> None:
    assert mask_name("Amina  Quill") == "A. Q."
    assert mask_name("") == ""


def _visitor(console: ConsoleHandle, name: str) -> Visitor:
    account = Account(name, "x", "", False, console.clock(), "ada", "", None, None, None)
    return visitor_of(account, console.console.people(), Claims())


def test_a_role_holds_for_its_groups_alone(console: ConsoleHandle) -> None:
    rep = _visitor(console, "rosa")
    assert rep.may(Permission.PLANS_READ)
    assert rep.may(Permission.PLANS_READ, "prospect-bt")
    assert not rep.may(Permission.PLANS_READ, "prospect-openreach")
    assert not rep.may(Permission.PLANS_REVIEW, "prospect-bt")


def test_roles_for_different_groups_are_not_mixed(console: ConsoleHandle) -> None:
    account = Account("kim", "", "an identity", False, console.clock(), "kim", "", None, None, None)
    claims = Claims((("rep", "prospect-bt"), ("admin", "prospect-openreach")))
    visitor = visitor_of(account, console.console.people(), Claims.parse(claims.write()))
    assert visitor.may(Permission.PLANS_REVIEW, "prospect-openreach")
    assert not visitor.may(Permission.PLANS_REVIEW, "prospect-bt")
    assert [visitor.covers(name) for name in ("prospect-bt", "prospect-openreach", "other")] == [True, True, False]


def test_the_people_file_beats_what_a_single_sign_on_tells(console: ConsoleHandle) -> None:
    account = Account("rosa", "", "an identity", False, console.clock(), "rosa", "", None, None, None)
    visitor = visitor_of(account, console.console.people(), Claims((("owner", "*"),)))
    assert visitor.roles == {Role.REP}


def test_what_was_told_of_a_password_account_is_nothing(console: ConsoleHandle) -> None:
    account = Account("kim", "a hash", "", False, console.clock(), "ada", "", None, None, None)
    assert visitor_of(account, console.console.people(), Claims((("owner", "*"),))).roles == set()


def test_whoever_set_up_first_is_no_owner_once_there_is_a_people_file(console: ConsoleHandle) -> None:
    founder = Account("zoe", "a hash", "", True, console.clock(), "zoe", "", None, None, None)
    assert visitor_of(founder, None, Claims()).roles == {Role.OWNER}
    people = People(console.folder.home, (Person("ada", "", frozenset({Role.ADMIN}), frozenset({"*"})),))
    assert visitor_of(founder, people, Claims()).roles == set()


def test_cases_are_for_officers_alone() -> None:
    assert {role for role, granted in BY_ROLE.items() if Permission.CASES in granted} == {Role.OFFICER}


def test_accounts_are_for_owners_alone() -> None:
    assert {role for role, granted in BY_ROLE.items() if Permission.ACCOUNTS in granted} == {Role.OWNER}


def test_nobody_may_what_is_public_and_nothing_else() -> None:
    assert {permission for permission in Permission if NOBODY.may(permission)} == {Permission.PUBLIC}
    assert not NOBODY.covers("prospect-bt")


def _ask(console: ConsoleHandle, name: str, permission: Permission) -> Ask:
    return Ask(console.console, None, Page("/x", permission), _visitor(console, name))  # type: ignore[arg-type]


def test_a_group_that_is_not_theirs_looks_as_if_it_were_not_there(console: ConsoleHandle) -> None:
    ask = _ask(console, "rosa", Permission.PLANS_READ)
    ask.require_group("prospect-bt")
    statuses = set()
    for group in ("prospect-openreach", "no-such-group"):
        with pytest.raises(RefusalError) as refused:
            ask.require(Permission.PLANS_READ, group)
        statuses.add((refused.value.status, refused.value.message))
    assert {status for status, _ in statuses} == {404}
    assert len(statuses) == 1
    with pytest.raises(RefusalError) as refused:
        ask.require(Permission.PLANS_REVIEW, "prospect-bt")
    assert refused.value.status == 403


def test_what_somebody_reads_about_people_is_noted_and_a_person_each_once(fresh: ConsoleHandle) -> None:
    ask = _ask(fresh, "rosa", Permission.AUDIT_READ)
    ask.noted_read("audit list", "prospect-bt", ["b@x.example.org", "a@x.example.org", "b@x.example.org"])
    ask.noted_read("audit list")
    with fresh.app.database.connect() as connection:
        found = access_reads.listed(connection)
        about = access_reads.listed(connection, key="b@x.example.org")
    assert [(one.reader, one.kind, one.group, one.key) for one in found] == [
        ("rosa", "audit list", "", ""),
        ("rosa", "audit list", "prospect-bt", "a@x.example.org"),
        ("rosa", "audit list", "prospect-bt", "b@x.example.org"),
    ]
    assert len(about) == 1


def _with_token(handle: ConsoleHandle, secret: str, path: str = "/metrics", **more: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {secret}", "X-Forwarded-For": "192.0.2.9"} | more
    return handle.browser().get(path, **headers)


def _token(handle: ConsoleHandle, name: str, *scopes: Permission, valid: timedelta = timedelta(days=1)) -> str:
    invite(handle.app, name)
    return api_tokens.issue(handle.app.office, name, "a test", scopes, valid).secret


def test_a_token_reads_what_its_scopes_say(fresh: ConsoleHandle) -> None:
    assert _with_token(fresh, _token(fresh, "audrey", Permission.RUNS_READ)).status_code == 200
    assert _with_token(fresh, _token(fresh, "grace", Permission.PLANS_READ)).status_code == 404


def test_a_token_reads_no_more_than_its_owner_may(fresh: ConsoleHandle) -> None:
    assert _with_token(fresh, _token(fresh, "rosa", Permission.RUNS_READ)).status_code == 404


def test_a_token_opens_no_page_for_people(fresh: ConsoleHandle) -> None:
    secret = _token(fresh, "wanda", *Permission)
    assert _with_token(fresh, secret, "/account").status_code == 303


def test_beside_a_token_a_cookie_counts_for_nothing(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "wanda")
    browser = fresh.browser("wanda")
    assert browser.get("/account", Authorization="Bearer nothing").status_code == 303
    answer = browser.post("/account/sessions", None, **{"Authorization": "Bearer x", "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 401


def test_a_token_ends_with_its_time_its_revocation_and_its_account(fresh: ConsoleHandle) -> None:
    over = _token(fresh, "audrey", Permission.RUNS_READ, valid=timedelta(hours=1))
    assert _with_token(fresh, over).status_code == 200
    fresh.clock.advance(timedelta(hours=1))
    assert _with_token(fresh, over).status_code == 404
    revoked = api_tokens.issue(fresh.app.office, "audrey", "x", ["runs:read"], timedelta(days=1))
    api_tokens.revoke(fresh.app.office, revoked.token.id)
    assert _with_token(fresh, revoked.secret).status_code == 404
    disabled = _token(fresh, "wanda", Permission.RUNS_READ)
    accounts.disable(fresh.app.office, "wanda")
    assert _with_token(fresh, disabled).status_code == 404


def test_somebody_makes_a_token_sees_it_once_and_revokes_it(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "rosa")
    browser = fresh.browser("rosa")
    form = {"label": "the branch's <sheet>", "scope": ["plans:read", "accounts", "audit:export"], "days": "30"}
    made = browser.post("/account/tokens", form).text
    found = re.search(r"<code>(wps_[\w-]{43})</code>", made)
    assert found is not None
    again = browser.get("/account").text
    assert found[1] not in again
    assert "plans:read" in again
    assert "audit:export" not in again, "reps export nothing"
    assert "<sheet>" not in again
    revoke = re.search(r'action="(/account/tokens/\w+/revoke)"', again)
    assert revoke is not None
    assert "was revoked" in browser.follow(browser.post(revoke[1])).text
    assert api_tokens.find(fresh.app.office, found[1]) is None


def test_nobody_revokes_another_ones_token(fresh: ConsoleHandle) -> None:
    invite(fresh.app, "rosa")
    invite(fresh.app, "wanda")
    made = api_tokens.issue(fresh.app.office, "wanda", "hers", ["plans:read"], timedelta(days=1))
    assert fresh.browser("rosa").post(f"/account/tokens/{made.token.id}/revoke").status_code == 422
    assert api_tokens.find(fresh.app.office, made.secret) is not None


@pytest.mark.parametrize(
    ("address", "leads"),
    [
        ("/plans/1?a=b#c", "/plans/1?a=b#c"),
        ("/", "/"),
        ("//elsewhere", "/"),
        ("/\\elsewhere", "/"),
        ("https://elsewhere", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        ("/a\nb", "/"),
        ("/a\\..\\b", "/"),
    ],
)
def test_an_address_to_go_on_to_is_one_of_the_console(address: str, leads: str) -> None:
    assert local_path(address) == leads


def test_clients_are_counted_by_network() -> None:
    assert network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff") == "2001:db8::/64"
    assert network_of("testclient") == "testclient"
