"""Every operation with every role and every scope: who is let in is what the table says, and nothing is missing from it."""

import re

import pytest

from tests.web.api.authorisation import ROWS
from tests.web.api.program import EVERY, Ask
from tests.web.console.authorisation import ANYBODY
from tests.web.console.running import ConsoleHandle
from workplace_sync.web.api import operations
from workplace_sync.web.console.pages import declared_in

_WHO = {"rep": "rosa", "admin": "ada", "auditor": "audrey", "officer": "omar", "owner": "wanda"}
_DESCRIPTION = "GET /api/v1/openapi.json"
_EXAMPLES = {"group": "prospect-bt", "seq": "0"}
_SERVED = {f"{page.method} {page.path}": page for page, _ in declared_in(operations)}
_GUARDED = sorted(set(ROWS) - {_DESCRIPTION})


def _asked(route: str) -> tuple[str, str]:
    method, path = route.split(" ", 1)
    return method, re.sub(r"\{(\w+)\}", lambda found: _EXAMPLES.get(found[1], "none"), path)


def test_the_table_has_every_operation_and_no_other() -> None:
    assert set(ROWS) == {*_SERVED, _DESCRIPTION}


@pytest.mark.parametrize("route", _GUARDED)
def test_the_scope_of_an_operation_is_its_permission(route: str) -> None:
    assert _SERVED[route].permission.value == ROWS[route][1]
    assert _SERVED[route].api


@pytest.mark.parametrize("role", sorted(ANYBODY))
def test_operations_let_in_whom_the_table_says(program: Ask, role: str) -> None:
    wrong = {}
    for route, (roles, _) in ROWS.items():
        method, path = _asked(route)
        answer = program(_WHO.get(role, "")).send(method, path)
        refused = answer.status_code in {401, 403}
        if refused is (role in roles) or answer.status_code >= 500:
            wrong[route] = answer.status_code
    assert wrong == {}


@pytest.mark.parametrize("route", _GUARDED)
def test_a_token_opens_an_operation_with_its_scope_alone(program: Ask, route: str) -> None:
    method, path = _asked(route)
    needed = ROWS[route][1]
    others = [scope for scope in EVERY if scope != needed]
    assert program("wanda", needed).send(method, path).status_code not in {401, 403}
    assert program("wanda", *others).send(method, path).status_code == 403


@pytest.mark.parametrize("role", sorted(_WHO))
def test_a_session_reads_as_a_token_does_and_changes_nothing(served: ConsoleHandle, role: str) -> None:
    browser = served.known(_WHO[role])
    wrong = {}
    for route in _GUARDED:
        method, path = _asked(route)
        answer = browser.get(path) if method == "GET" else browser.post(path)
        allowed = method == "GET" and role in ROWS[route][0]
        if (answer.status_code in {401, 403}) is allowed or answer.status_code >= 500:
            wrong[route] = answer.status_code
    assert wrong == {}
