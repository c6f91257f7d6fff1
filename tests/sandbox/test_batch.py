"""Batches of operations in one request."""

import json
from typing import Any

import pytest

from tests.sandbox.graph_client import Graph, add_operation


def _bodies(answer: Any) -> list[Any]:  # noqa: ANN401 - JSON as it came
    return [None if each is None else json.loads(each["body"]) for each in answer]


@pytest.mark.parametrize("way", ["form", "query", "json", "json array", "any endpoint"])
def test_a_batch_is_read_wherever_clients_put_it(graph: Graph, way: str) -> None:
    operations = [{"method": "GET", "relative_url": f"{graph.group}?fields=name"}]
    sent: dict[str, dict[str, Any]] = {
        "form": {"data": {"batch": json.dumps(operations)}},
        "query": {"params": {"batch": json.dumps(operations)}},
        "json": {"json": {"batch": operations}},
        "json array": {"json": operations},
        "any endpoint": {"data": {"batch": json.dumps(operations)}},
    }
    path = "v18.0/me" if way == "any endpoint" else ""
    answered = graph.call("POST", path, **sent[way]).json()
    assert _bodies(answered) == [{"name": "Prospect BT", "id": graph.group}]


def test_fifty_people_are_added_at_once_and_journalled_as_bulk(graph: Graph) -> None:
    people = graph.sandbox.addable()[:50]
    answer = graph.batch([add_operation(graph.group, each["email"]) for each in people], include_headers="false")
    assert answer.json() == [{"code": 200, "body": '{"success":true}'}] * 50
    entries = graph.sandbox.journal(graph.group)
    assert [entry["email"] for entry in entries] == [each["email"] for each in people]
    assert {entry["bulk"] for entry in entries} == {True}
    counts = graph.sandbox.control("GET", "counts")
    assert (counts["http_requests"], counts["batch_operations"], counts["largest_batch"]) == (1, 50, 50)
    assert counts["requests"] == {"POST batch": 1, "POST members, batched": 50}


def test_more_than_fifty_are_refused_whole(graph: Graph) -> None:
    answer = graph.batch([add_operation(graph.group, each["email"]) for each in graph.sandbox.addable()[:51]])
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)
    assert graph.sandbox.journal() == []
    graph.sandbox.switch(over_50_code=1, over_50_text="Too many")
    error = graph.batch([{"relative_url": "me"}] * 51).json()["error"]
    assert (error["code"], error["message"]) == (1, "Too many")


def test_one_operations_failure_does_not_touch_the_others(graph: Graph) -> None:
    email = graph.sandbox.addable()[0]["email"]
    operations = [
        {"method": "GET", "relative_url": "999"},
        add_operation(graph.group, email),
        {"method": "GET", "relative_url": f"/v18.0/{graph.group}/members?limit=1&fields=id"},
    ]
    answered = graph.batch(operations).json()
    assert [each["code"] for each in answered] == [400, 200, 200]
    assert _bodies(answered)[0]["error"]["error_subcode"] == 33
    assert {"name": "facebook-api-version", "value": "v18.0"} in answered[1]["headers"]


def test_a_delete_names_its_person_in_the_address_and_not_in_the_body(graph: Graph) -> None:
    email = graph.sandbox.members(graph.group)[5]["email"]
    path = f"{graph.group}/members"
    (body,) = graph.batch([{"method": "DELETE", "relative_url": path, "body": f"email={email}"}]).json()
    assert body["code"] == 400
    assert graph.batch([{"method": "DELETE", "relative_url": f"{path}?email={email}"}]).json()[0]["code"] == 200
    email = graph.sandbox.members(graph.group)[5]["email"]
    graph.sandbox.switch(batch_delete_body=True)
    assert graph.batch([{"method": "DELETE", "relative_url": path, "body": f"email={email}"}]).json()[0]["code"] == 200


def test_a_batch_needs_a_token_of_its_own_and_an_operation_may_have_another(graph: Graph) -> None:
    theirs = graph.sandbox.tenant("openreach")
    operation = {"method": "GET", "relative_url": f"{theirs.prospect_group}?access_token={theirs.token}"}
    answer = graph.call("POST", "", data={"batch": json.dumps([operation])}, headers={"Authorization": None})
    assert answer.json()["error"]["code"] == 190
    assert graph.batch([operation]).json()[0]["code"] == 200
    assert graph.batch([{"method": "GET", "relative_url": theirs.prospect_group}]).json()[0]["code"] == 400


def test_a_later_operation_uses_a_former_ones_result(graph: Graph) -> None:
    operations = [
        {"method": "GET", "name": "list", "relative_url": f"{graph.group}/members?limit=2&fields=email"},
        {"method": "GET", "relative_url": "?ids={result=list:$.data.*.id}&fields=name"},
        {"method": "GET", "relative_url": "{result=list:$.data[1].id}?fields=name"},
    ]
    listed, both, second = _bodies(graph.batch(operations).json())
    ids = [row["id"] for row in listed["data"]]
    assert list(both) == ids
    assert second["id"] == ids[1]


def test_an_operation_whose_parent_failed_is_null_or_an_error(graph: Graph) -> None:
    operations = [
        {"method": "GET", "name": "lost", "relative_url": "999"},
        {"method": "GET", "relative_url": "{result=lost:$.id}"},
        {"method": "GET", "relative_url": graph.group, "depends_on": "lost"},
        {"method": "GET", "relative_url": graph.group, "depends_on": "nobody"},
    ]
    answered = graph.batch(operations).json()
    assert [each and each["code"] for each in answered] == [400, None, None, 400]
    graph.sandbox.switch(dependent_on_failed="error")
    assert [each["code"] for each in graph.batch(operations).json()] == [400] * 4


def test_a_successful_answer_is_left_out_on_wish(graph: Graph) -> None:
    operations: list[dict[str, Any]] = [
        {"method": "GET", "name": "one", "relative_url": graph.group, "omit_response_on_success": True},
        {"method": "GET", "relative_url": "{result=one:$.id}"},
    ]
    answered = graph.batch(operations).json()
    assert answered[0] is None
    assert answered[1]["code"] == 200


@pytest.mark.parametrize("batch", ["[", "{}", "[]", "[1]", '[{"method":"GET"}]'])
def test_a_batch_that_cannot_be_read_is_100(graph: Graph, batch: str) -> None:
    assert graph.error("POST", "", data={"batch": batch})["code"] == 100


def test_a_path_into_a_result_that_is_not_understood_is_100(graph: Graph) -> None:
    operations = [
        {"method": "GET", "name": "one", "relative_url": graph.group},
        {"method": "GET", "relative_url": "{result=one:$..id}"},
    ]
    assert [each["code"] for each in graph.batch(operations).json()] == [200, 400]
