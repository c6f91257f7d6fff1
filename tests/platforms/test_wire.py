"""Whatever an answer holds, it becomes a value or an error of ours, and nothing else."""

import json
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workplace_sync.membership.change import Action
from workplace_sync.platforms.base import CallError, WantedOperation
from workplace_sync.platforms.http import HttpAnswer
from workplace_sync.platforms.workplace import wire
from workplace_sync.platforms.workplace.client import change_members

KEYS = st.sampled_from(["error", "code", "data", "paging", "next", "id", "email", "success", "members", "summary", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 100_000) | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


def tried(parse: Callable[..., object], value: object) -> tuple[object, CallError | None]:
    try:
        return parse(value), None
    except CallError as error:
        return None, error


@given(value=JSON, status=st.integers(100, 599), headers=st.dictionaries(st.just("X-App-Usage"), JSON.map(json.dumps)))
def test_any_answer_is_a_value_or_an_error_of_ours(value: object, status: int, headers: dict[str, str]) -> None:
    dialect = wire.GraphDialect("token", None)
    assert isinstance(dialect.usage(headers), int | None)
    read, failure = tried(dialect.read, HttpAnswer(status, headers, json.dumps(value).encode()))
    if failure is None:
        assert 200 <= status < 300
        assert not isinstance(read, dict) or "error" not in read
    else:
        assert failure.message.endswith(".")
        assert failure.hint


@given(content=st.binary(max_size=60), status=st.integers(100, 599))
def test_any_bytes_are_a_value_or_an_error_of_ours(content: bytes, status: int) -> None:
    read, failure = tried(wire.GraphDialect("token", None).read, HttpAnswer(status, {}, content))
    assert failure is not None or json.loads(content) == read or read != read  # noqa: PLR0124 - NaN


@given(value=JSON)
def test_any_payload_is_parsed_or_refused_as_malformed(value: object) -> None:
    for parse in (wire.parse_page, wire.parse_member, wire.parse_group, wire.parse_permissions, wire.parse_id):
        _, failure = tried(parse, value)
        assert failure is None or (failure.retryable and not failure.harmless)


SAID = st.fixed_dictionaries({"success": st.sampled_from([True, False, 1, "true"]) | JSON})
ANSWERS = st.fixed_dictionaries(
    {
        "code": st.sampled_from([200, 201, 299, 300, 400, 500, None, "200"]) | JSON,
        "body": SAID.map(json.dumps) | JSON.map(json.dumps) | JSON,
    }
)


@given(part=JSON | ANSWERS)
@example(part={"code": 200, "body": '{"success": true}'})
@example(part={"code": 299, "body": '{"success": true}'})
@example(part={"code": 300, "body": '{"success": true}'})
@example(part={"code": 200, "body": '{"success": 1}'})
@example(part={"code": 200, "body": '{"success": true, "error": {"code": 1}}'})
def test_an_operation_succeeded_when_its_answer_says_so_in_full_and_only_then(part: object) -> None:
    assert (wire.operation_failure(part) is None) == says_that_it_succeeded(part)


def says_that_it_succeeded(part: object) -> bool:
    if not isinstance(part, dict) or not isinstance(part.get("body"), str):
        return False
    try:
        body = json.loads(part["body"])
    except ValueError:
        return False
    in_full = isinstance(body, dict) and body.get("success") is True and "error" not in body
    return in_full and type(part.get("code")) is int and 200 <= part["code"] < 300


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("Ada@BT.example.org", "ada@bt.example.org"),
        (None, "id:7"),
        ("", "id:7"),
        ("not an address", "id:7"),
        (12, "id:7"),
        ("7@emailless.facebook.com", "id:7"),
        ("7@x.EMAILLESS.facebook.com", "id:7"),
        ("7@notemailless.facebook.com", "7@notemailless.facebook.com"),
    ],
)
def test_a_member_is_known_by_address_or_else_by_platform_id(address: object, key: str) -> None:
    assert wire.parse_member({"id": "7", "email": address}).key == key


@given(address=st.emails(), platform_id=st.sampled_from(["", "100001"]), action=st.sampled_from(Action))
def test_no_address_can_change_what_an_operation_does(address: str, platform_id: str, action: Action) -> None:
    operation = change_members("700", WantedOperation(1, action, address, platform_id))
    path, _, query = operation.relative_url.partition("?")
    assert path in {"700/members", f"700/members/{platform_id}"}
    assert operation.method == ("POST" if action is Action.ADD else "DELETE")
    assert not set("&#? \n") & set(query + operation.body)
