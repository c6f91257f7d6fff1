"""Every route with every role, and with nobody: who is let in is what the table says, and nothing is missing from it."""

import re

import pytest
from fastapi import FastAPI

from tests.web.console.authorisation import ANYBODY, EXAMPLES, ROWS
from tests.web.console.running import ConsoleHandle
from workplace_sync.people import Role
from workplace_sync.web.console import views
from workplace_sync.web.console.application import check_declared
from workplace_sync.web.console.pages import declared_in, page
from workplace_sync.web.console.permissions import HIDDEN, Permission

_WHO = {"rep": "rosa", "admin": "ada", "auditor": "audrey", "officer": "omar", "owner": "wanda"}
_ENDS_THE_SESSION = {"POST /logout"}
_SERVED = {f"{declared.method} {declared.path}": declared for declared, _ in declared_in(views)}


def test_the_table_has_every_route_and_no_other() -> None:
    assert set(_SERVED) - set(ROWS) == set(), "say in authorisation.py who may open it"
    assert set(ROWS) - set(_SERVED) == set(), "there is no such route"


def test_every_role_is_tried() -> None:
    assert set(_WHO) == set(Role)
    assert set(_WHO) | {"nobody"} == ANYBODY


@pytest.mark.parametrize("role", sorted(ANYBODY))
@pytest.mark.parametrize("route", sorted(ROWS))
def test_a_route_lets_in_whom_the_table_says(console: ConsoleHandle, route: str, role: str) -> None:
    method, path = route.split(" ", 1)
    address = re.sub(r"\{(\w+)(:\w+)?\}", lambda found: _example(found[1]), path)
    name = _WHO.get(role, "")
    browser = console.browser(name) if route in _ENDS_THE_SESSION or not name else console.known(name)
    answer = browser.get(address) if method == "GET" else browser.post(address)
    refused = answer.status_code in {401, 403} or answer.headers.get("location", "").startswith("/login?next=")
    if address == "/" and role == "nobody":
        refused = answer.headers.get("location") == "/login"
    if _SERVED[route].permission in HIDDEN:  # nobody is told that there are such pages, but for those whose they are
        refused = refused or (answer.status_code == 404 and "There is no such page" in answer.text)
        assert answer.status_code != 403
    assert answer.status_code < 500, answer.text
    assert refused is (role not in ROWS[route]), f"{answer.status_code} {answer.headers.get('location', '')}"


def _example(parameter: str) -> str:
    return "prospect-bt" if parameter in {"group", "group_name"} else EXAMPLES.get(parameter, "none")


def test_a_route_without_a_permission_is_not_served() -> None:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_api_route("/bare", lambda: "hello")
    with pytest.raises(TypeError, match="/bare"):
        check_declared(app)


def test_a_group_that_is_no_parameter_of_the_path_is_not_declared() -> None:
    with pytest.raises(TypeError, match="no parameter"):
        page("/plans", Permission.PLANS_READ, group="name")
