"""Every fault does what its description says, as often as asked, and goes away."""

import json
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import pytest
import requests

from tests.sandbox.graph_client import Graph, add_operation
from tests.sandbox_server import SandboxHandle


def _ids(graph: Graph) -> list[str]:
    return [row["id"] for page in graph.walk(f"{graph.group}/members", limit=10) for row in page]


def _truth(graph: Graph) -> list[str]:
    return [member["id"] for member in graph.sandbox.members(graph.group)]


def test_every_kind_can_be_set_with_its_defaults_and_taken_away(sandbox: SandboxHandle) -> None:
    kinds = sandbox.control("GET", "faults/kinds")["kinds"]
    ids = [sandbox.fault(kind, **described["defaults"]) for kind, described in kinds.items()]
    shown = sandbox.control("GET", "faults")["faults"]
    assert [fault["kind"] for fault in shown] == list(kinds)
    sandbox.control("DELETE", f"faults/{ids[0]}")
    assert len(sandbox.control("GET", "faults")["faults"]) == len(kinds) - 1
    sandbox.control("DELETE", "faults")
    assert sandbox.control("GET", "faults")["faults"] == []


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"kind": "meteor"}, "meteor"),
        ({"kind": "error", "cod": 2}, "cod: error has no such parameter"),
        ({"kind": "error", "on": "sunday"}, "sunday"),
        ({"kind": "latency", "ms": "much"}, "ms: 'much' is not a number"),
        ({"kind": "error", "calls": "many"}, "calls"),
        ({"kind": "close_connection", "when": "later"}, "when"),
        ({"kind": "error", "tenant": "nobody"}, "nobody"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_with_a_sentence(
    sandbox: SandboxHandle, document: dict[str, object], told: str
) -> None:
    answer = requests.post(f"{sandbox.url}/_control/faults", json=document, timeout=60)
    assert answer.status_code == 422
    assert told in answer.json()["detail"]


def test_an_error_strikes_as_often_as_asked_after_those_it_spares(graph: Graph) -> None:
    graph.sandbox.fault("error", code=1, skip=1, calls=2, is_transient=True, subcode=99, http_status=503)
    answers = [graph.call("GET", graph.group) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200, 200]
    error = answers[1].json()["error"]
    assert (error["code"], error["error_subcode"], error["is_transient"]) == (1, 99, True)


@pytest.mark.parametrize(
    ("code", "status"), [(1, 500), (2, 500), (4, 403), (10, 403), (190, 400), (100, 400), (368, 403)]
)
def test_an_errors_status_follows_its_code(graph: Graph, code: int, status: int) -> None:
    graph.sandbox.fault("error", code=code)
    assert graph.call("GET", graph.group).status_code == status


def test_a_share_of_calls_is_struck_alike_for_the_same_seed(graph: Graph) -> None:
    struck = []
    for _ in range(2):
        graph.sandbox.reset()
        graph.sandbox.fault("error", share=0.5, calls=None)
        struck.append([graph.call("GET", graph.group).ok for _ in range(20)])
    assert struck[0] == struck[1]
    assert 4 < sum(struck[0]) < 16


@pytest.mark.parametrize(
    ("on", "struck"),
    [
        ("read", ["GET", "batch of reads"]),
        ("write", ["POST", "batch of writes"]),
        ("batch", ["batch of reads", "batch of writes"]),
        ("any", ["GET", "POST", "batch of reads", "batch of writes"]),
        ("operation", []),
    ],
)
def test_on_chooses_the_calls_that_are_struck(graph: Graph, on: str, struck: list[str]) -> None:
    graph.sandbox.fault("error", on=on, calls=None)
    email = graph.sandbox.addable()[0]["email"]
    calls: dict[str, Callable[[], requests.Response]] = {
        "GET": lambda: graph.call("GET", graph.group),
        "POST": lambda: graph.add(email),
        "batch of reads": lambda: graph.batch([{"relative_url": graph.group}]),
        "batch of writes": lambda: graph.batch([{"relative_url": "me"}, add_operation(graph.group, email)]),
    }
    assert [name for name, call in calls.items() if not call().ok] == struck


def test_a_fault_may_be_one_tenants_alone(graph: Graph) -> None:
    graph.sandbox.fault("error", tenant="openreach", calls=None)
    assert graph.call("GET", graph.group).ok
    with Graph(graph.sandbox, "openreach") as theirs:
        assert not theirs.call("GET", theirs.group).ok


def test_operations_of_a_batch_fail_one_by_one(graph: Graph) -> None:
    graph.sandbox.fault("error", on="operation", code=2, calls=2, skip=1)
    people = graph.sandbox.addable()[:4]
    answer = graph.batch([add_operation(graph.group, each["email"]) for each in people])
    assert [each["code"] for each in answer.json()] == [200, 500, 500, 200]
    assert len(_truth(graph)) == 42


@pytest.mark.parametrize(
    ("kind", "effect"), [("timeout_after_effect", 1), ("timeout_before_effect", 0), ("close_connection", 0)]
)
def test_an_operation_that_timed_out_is_null_with_or_without_effect(graph: Graph, kind: str, effect: int) -> None:
    graph.sandbox.fault(kind, on="operation", calls=1, skip=1)
    people = graph.sandbox.addable()[:3]
    answer = graph.batch([add_operation(graph.group, each["email"]) for each in people]).json()
    assert [each is None for each in answer] == [False, True, False]
    assert len(_truth(graph)) == 42 + effect


@pytest.mark.parametrize(
    ("kind", "more", "effect"),
    [
        ("timeout_after_effect", {"hold_ms": 20}, True),
        ("timeout_before_effect", {"hold_ms": 20}, False),
        ("close_connection", {"when": "after"}, True),
        ("close_connection", {"when": "before"}, False),
    ],
)
def test_a_connection_closes_without_an_answer_before_or_after_the_effect(
    graph: Graph, kind: str, more: dict[str, object], *, effect: bool
) -> None:
    graph.sandbox.fault(kind, on="write", **more)
    person = graph.sandbox.addable()[0]
    with pytest.raises(requests.ConnectionError):
        graph.add(person["email"])
    assert (person["id"] in _truth(graph)) is effect
    assert graph.add(person["email"]).ok


def test_a_held_connection_lasts_until_the_client_gives_up(graph: Graph) -> None:
    graph.sandbox.fault("timeout_after_effect", hold_ms=60_000)
    person = graph.sandbox.addable()[0]
    with pytest.raises(requests.ReadTimeout):
        graph.call("POST", f"{graph.group}/members", params={"email": person["email"]}, timeout=0.2)
    assert person["id"] in _truth(graph)


def test_a_short_page_loses_rows_from_its_middle_and_keeps_next(graph: Graph) -> None:
    graph.sandbox.fault("short_page", rows=3)
    pages = graph.walk(f"{graph.group}/members", limit=10)
    assert [len(page) for page in pages] == [7, 10, 10, 10]
    assert len(set(_truth(graph)) - {row["id"] for page in pages for row in page}) == 3


def test_legal_short_and_empty_pages_lose_nobody(graph: Graph) -> None:
    graph.sandbox.fault("short_pages_ok", rows=4, empty_every=2)
    pages = graph.walk(f"{graph.group}/members", limit=10)
    assert [row["id"] for page in pages for row in page] == _truth(graph)
    assert {len(page) for page in pages} == {0, 4}
    graph.sandbox.control("DELETE", "faults")
    graph.sandbox.fault("short_pages_ok", rows=4, empty_every=1, calls=1)
    first = graph.get(f"{graph.group}/members")
    assert first["data"] == []
    assert len(graph.get(first["paging"]["next"])["data"]) == 25


def test_a_missing_next_ends_the_list_early(graph: Graph) -> None:
    graph.sandbox.fault("missing_next", skip=1)
    assert len(_ids(graph)) == 20


def test_repeated_rows_come_on_two_pages(graph: Graph) -> None:
    graph.sandbox.fault("duplicate_rows")
    read = _ids(graph)
    assert sorted(set(read)) == sorted(_truth(graph))
    assert len(read) > 40


def test_a_count_disagrees_with_the_rows(graph: Graph) -> None:
    graph.sandbox.fault("count_disagrees", by=-2)
    assert graph.get(f"{graph.group}/members", limit=0, summary="true")["summary"]["total_count"] == 38


@pytest.mark.parametrize("code", [4, 17, 32, 341, 613, 80001])
def test_a_rate_limit_has_its_code_and_no_effect(graph: Graph, code: int) -> None:
    graph.sandbox.fault("rate_limit", on="write", code=code, retry_after=7, regain_minutes=2)
    answer = graph.add(graph.sandbox.addable()[0]["email"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, code)
    assert answer.headers["Retry-After"] == "7"
    told = json.loads(answer.headers["X-Business-Use-Case-Usage"])
    assert told["0"][0]["estimated_time_to_regain_access"] == 2
    assert len(_truth(graph)) == 40


def test_a_rate_limit_may_come_as_429_without_a_hint(graph: Graph) -> None:
    graph.sandbox.fault("rate_limit", http_status=429)
    answer = graph.call("GET", graph.group)
    assert answer.status_code == 429
    assert "Retry-After" not in answer.headers


def test_usage_is_told_in_a_header(graph: Graph) -> None:
    assert "X-App-Usage" not in graph.call("GET", graph.group).headers
    graph.sandbox.fault("usage", percent=85)
    used = json.loads(graph.call("GET", graph.group).headers["X-App-Usage"])
    assert used == {"call_count": 85, "total_time": 85, "total_cputime": 85}


def test_a_quota_counts_every_operation_and_ends_in_error_4(graph: Graph) -> None:
    graph.sandbox.switch(quota_calls=10)
    graph.batch([{"relative_url": "me"}] * 4)
    answer = graph.call("GET", graph.group)
    assert json.loads(answer.headers["X-App-Usage"])["call_count"] == 50
    graph.batch([{"relative_url": "me"}] * 5)
    assert graph.error("GET", graph.group)["code"] == 4


def test_a_revoked_token_is_190_until_the_fault_is_taken_away(graph: Graph) -> None:
    fault = graph.sandbox.fault("token_revoked", tenant="bt", subcode=458)
    error = graph.error("GET", graph.group)
    assert (error["code"], error["error_subcode"]) == (190, 458)
    assert graph.batch([{"relative_url": graph.group}]).json()["error"]["code"] == 190
    graph.sandbox.control("DELETE", f"faults/{fault}")
    assert graph.call("GET", graph.group).ok


def test_the_read_only_phase_refuses_writes_and_answers_reads(graph: Graph) -> None:
    graph.sandbox.fault("read_only", tenant="bt")
    assert graph.add(graph.sandbox.addable()[0]["email"]).json()["error"]["code"] == 3
    assert graph.call("GET", graph.group).ok


def test_a_proxys_page_and_half_an_answer_are_no_json(graph: Graph) -> None:
    graph.sandbox.fault("html", http_status=200)
    page = graph.call("GET", graph.group)
    assert page.headers["Content-Type"].startswith("text/html")
    graph.sandbox.fault("broken_json")
    for answer in (page, graph.call("GET", graph.group)):
        assert answer.status_code == 200
        with pytest.raises(requests.JSONDecodeError):
            answer.json()


def test_a_bare_error_has_neither_type_nor_trace(graph: Graph) -> None:
    graph.sandbox.fault("bare_error")
    answer = graph.call("GET", graph.group)
    assert answer.json() == {"error": {"code": 1, "message": "An unknown error occurred"}}


def test_latency_is_added_to_the_whole_batch_once(graph: Graph) -> None:
    graph.sandbox.fault("latency", ms=1_000, on="batch")
    began = time.monotonic()
    graph.batch([{"relative_url": "me"}] * 50)
    assert 1 <= time.monotonic() - began < 25  # once for each of them would be 50


def test_the_servers_clock_can_be_wrong(graph: Graph) -> None:
    graph.sandbox.fault("clock_skew", seconds=3600)
    told = parsedate_to_datetime(graph.call("GET", graph.group).headers["Date"]).timestamp()
    assert 3500 < told - time.time() < 3700
