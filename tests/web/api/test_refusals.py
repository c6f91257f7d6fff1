"""How the API refuses: always as a problem, with what to do, and never with what was sent."""

import pytest

from tests.web.api.program import Ask, Program
from tests.web.console.running import ConsoleHandle
from workplace_sync.jobs import api_tokens
from workplace_sync.jobs.limits import API

_SECRET_WORD = "sesame-open"


def _problem(answer: object, status: int) -> dict[str, object]:
    assert answer.status_code == status, answer.text  # type: ignore[attr-defined]
    assert answer.headers["Content-Type"] == "application/problem+json"  # type: ignore[attr-defined]
    body: dict[str, object] = answer.json()  # type: ignore[attr-defined]
    assert (body["status"], body["type"]) == (status, "about:blank")
    return body


def test_who_has_no_token_is_told_how_to_come_in(program: Ask) -> None:
    answer = program().get("/groups")
    _problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["wps_nobody", "nothing", "wps_", "wps_\u00e9"])
def test_what_is_no_token_opens_nothing(served: ConsoleHandle, program: Ask, token: str) -> None:
    session = program("rosa").session
    _problem(Program(served.url, token.encode().decode("latin-1"), session).get("/groups"), 401)


def test_nowhere_is_a_problem_too(program: Ask) -> None:
    _problem(program("rosa").get("/nowhere"), 404)


def test_a_method_that_there_is_not_is_told_which_there_are(program: Ask) -> None:
    answer = program("rosa").send("DELETE", "/groups")
    _problem(answer, 405)
    assert answer.headers["Allow"] == "GET"


def test_what_is_wrong_is_told_by_field_and_not_repeated(program: Ask) -> None:
    answer = program("rosa").get("/plans", {"limit": "0", "only": _SECRET_WORD})
    errors = _problem(answer, 422)["errors"]
    assert isinstance(errors, list)
    assert {one["where"] for one in errors} == {"query.limit", "query.only"}
    assert _SECRET_WORD not in answer.text


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "0000-01-01"])
def test_a_day_that_no_calendar_has_is_refused_and_filters_nothing_away(program: Ask, day: str) -> None:
    for path, name in (("/audit", "since"), ("/audit", "until"), ("/policies", "at")):
        errors = _problem(program("rosa").get(path, {name: day}), 422)["errors"]
        assert isinstance(errors, list)
        assert [one["where"] for one in errors] == [f"query.{name}"]


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"address": "\\ud800", "\\ud800": 1}', b"[]", b"null"])
def test_a_body_that_cannot_be_read_is_a_problem(program: Ask, body: bytes) -> None:
    answer = program("ada").send("POST", "/people/search", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    _problem(answer, answer.status_code)


def test_a_body_that_is_too_large_is_a_problem(program: Ask) -> None:
    _problem(program("ada").post("/people/search", {"address": "a" * 200_000}), 413)


def test_a_host_that_is_not_ours_is_a_problem(program: Ask) -> None:
    _problem(program("rosa").get("/groups", headers={"Host": "evil.example.org"}), 421)


def test_a_cursor_of_another_list_is_none(program: Ask) -> None:
    cursor = program("audrey").read("/audit", limit=1)["next"]
    assert program("audrey").get("/audit", {"limit": 1, "cursor": cursor}).status_code == 200
    changed = [("/runs", {}), ("/audit", {"group": "prospect-bt"}), ("/audit", {"kind": "member.departed"})]
    for path, others in changed:
        _problem(program("audrey").get(path, {"cursor": cursor, **others}), 422)
    for made_up in (cursor[:-4] + "AAAA", "AAAA", cursor + "A"):
        _problem(program("audrey").get("/audit", {"cursor": made_up}), 422)


def test_every_answer_tells_how_near_the_limit_is(program: Ask) -> None:
    first, second = (program("joan", "runs:read").get("/runs") for _ in range(2))
    assert first.headers["RateLimit-Policy"] == f'"api";q={API.most};w=60'
    left = [int(one.headers["RateLimit"].split(";")[1].removeprefix("r=")) for one in (first, second)]
    assert left[0] - left[1] == 1
    refused = program("joan", "runs:read").get("/runs", {"limit": "none"})
    assert "RateLimit" in refused.headers


def test_who_asks_too_often_is_told_when_to_come_again(served: ConsoleHandle, program: Ask) -> None:
    asks = program("joan", "evidence:read")
    asks.read("/evidence")
    found = api_tokens.find(served.app.office, asks.secret)
    assert found is not None
    for _ in range(API.most):
        tally = served.console.limits.tally(API, found[0].id)
    assert tally.over
    answer = asks.get("/evidence")
    _problem(answer, 429)
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert ";r=0;" in answer.headers["RateLimit"]
    assert program("joan", "runs:read").get("/runs").status_code == 200


def test_a_session_cannot_change_anything(served: ConsoleHandle) -> None:
    browser = served.known("ada")
    assert browser.get("/api/v1/groups").status_code == 200
    _problem(browser.post("/api/v1/consent"), 401)


def test_the_description_is_open_to_all_and_names_nobody(served: ConsoleHandle, program: Ask) -> None:
    told = program().get("/openapi.json")
    assert told.status_code == 200
    assert told.json()["openapi"].startswith("3.1")
    assert "example.org" not in told.text
    assert served.folder.home.name not in told.json()["paths"]
