"""The employer's hand, the journal, the switches, and the way back to the start."""

from datetime import UTC, datetime

import pytest
import requests

from tests.sandbox.graph_client import Graph, add_operation
from tests.sandbox_server import SandboxHandle


def test_the_employer_removes_people_one_by_one(graph: Graph) -> None:
    members = graph.sandbox.members(graph.group)[10:13]
    ids = {"group": graph.group, "ids": [members[0]["id"]], "emails": [each["email"] for each in members[1:]]}
    assert graph.sandbox.control("POST", "employer/remove", ids) == {"removed": 3}
    assert graph.sandbox.control("POST", "employer/remove", ids) == {"removed": 0}
    entries = graph.sandbox.journal(graph.group)
    assert [entry["verb"] for entry in entries] == ["removed"] * 3 + ["not_in"] * 3
    assert {(entry["by"], entry["bulk"]) for entry in entries} == {("employer", False)}
    assert {entry["member"] for entry in entries} == {each["id"] for each in members}


@pytest.mark.parametrize("spelling", ["unix", "iso"])
def test_the_employer_removes_everybody_who_was_added_since(graph: Graph, spelling: str) -> None:
    before, *after = graph.sandbox.addable()[:6]
    graph.add(before["email"])
    graph.batch([add_operation(graph.group, each["email"]) for each in after[:4]])
    graph.remove(after[0]["email"])
    since = graph.sandbox.journal(graph.group)[1]["at"]
    moment: object = since if spelling == "iso" else datetime.fromisoformat(since).timestamp()
    answer = graph.sandbox.control("POST", "employer/remove-bulk", {"group": graph.group, "since": moment})
    assert answer == {"removed": 3}
    removed = [entry for entry in graph.sandbox.journal(graph.group) if entry["by"] == "employer"]
    assert [entry["email"] for entry in removed] == [each["email"] for each in after[1:4]]
    assert {entry["bulk"] for entry in removed} == {True}


def test_a_person_who_leaves_is_journalled_as_themselves(graph: Graph) -> None:
    member = graph.sandbox.members(graph.group)[4]
    assert graph.sandbox.control("POST", "member/leave", {"group": graph.group, "email": member["email"]}) == {
        "removed": 1
    }
    (entry,) = graph.sandbox.journal(graph.group)
    assert (entry["by"], entry["verb"], entry["member"]) == ("member", "removed", member["id"])
    assert datetime.fromisoformat(entry["at"]).tzinfo == UTC


def test_the_employer_deletes_a_group(graph: Graph) -> None:
    graph.sandbox.control("POST", "employer/delete-group", {"group": graph.group})
    assert graph.error("GET", graph.group)["code"] == 100
    assert graph.sandbox.control("GET", f"group/{graph.group}")["deleted"] is True
    assert len(graph.sandbox.journal(graph.group)) == 40


def test_removing_everybody_deletes_the_group_and_stops_there(graph: Graph) -> None:
    ids = [member["id"] for member in graph.sandbox.members(graph.group)]
    again = {"group": graph.group, "ids": [*ids, ids[0]]}
    assert graph.sandbox.control("POST", "employer/remove", again) == {"removed": 40}
    assert graph.sandbox.control("GET", f"group/{graph.group}")["deleted"] is True


@pytest.mark.parametrize(
    ("path", "document", "status"),
    [
        ("employer/remove", {"group": "1", "emails": []}, 404),
        ("employer/remove", {"group": "{g}", "emails": ["nobody@example.org"]}, 404),
        ("employer/remove", {"group": "{g}", "email": "x"}, 422),
        ("employer/remove-bulk", {"group": "{g}", "since": "long ago"}, 422),
        ("employer/delete-group", {"group": "{c}"}, 422),
        ("employer/deactivate", {"tenant": "nobody", "emails": []}, 404),
        ("member/leave", {"group": "{g}"}, 404),
        ("switches", {"add_existing": "perhaps"}, 422),
        ("switches", {"no_such": True}, 422),
        ("switches", {"limit_cap": "9"}, 422),
        ("tokens", {"tenant": "bt", "permissions": ["fly"]}, 422),
    ],
)
def test_a_document_that_makes_no_sense_is_refused(
    graph: Graph, path: str, document: dict[str, str], status: int
) -> None:
    names = {"{g}": graph.group, "{c}": graph.tenant.community_id}
    filled = {key: names.get(value, value) if isinstance(value, str) else value for key, value in document.items()}
    answer = requests.post(f"{graph.sandbox.url}/_control/{path}", json=filled, timeout=60)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_switches_are_described_and_set_all_or_none(sandbox: SandboxHandle) -> None:
    shown = sandbox.control("GET", "switches")
    assert shown["switches"].keys() == shown["described"].keys()
    assert shown["described"]["add_existing"] == {"default": "success", "choices": ["success", "error"]}
    document = {"add_existing": "error", "no_such": 1}
    requests.post(f"{sandbox.url}/_control/switches", json=document, timeout=60)
    assert sandbox.control("GET", "switches")["switches"]["add_existing"] == "success"


def test_people_come_in_pages(sandbox: SandboxHandle) -> None:
    page = sandbox.control("GET", "people", tenant="bt", offset=17, limit=1)
    (person,) = page["people"]
    assert person["email"].endswith(".00017@bt.example.org")
    assert (page["total"], person["active"]) == (200, True)
    assert sum(not each["active"] for each in sandbox.people()) == 5


def test_the_ready_line_and_the_tenants_agree(sandbox: SandboxHandle) -> None:
    tenants = {each["name"]: each for each in sandbox.control("GET", "tenants")["tenants"]}
    assert list(tenants) == ["bt", "openreach"]
    assert tenants["bt"]["token"] == sandbox.tenant().token
    assert tenants["bt"]["token"].startswith("DQVJ")
    sizes = {group["role"]: group["members"] for group in tenants["bt"]["groups"]}
    assert sizes == {"prospect": 40, "source": 160, "child_community": 12, "shared": 20}


def test_counts_begin_anew(graph: Graph) -> None:
    graph.get(graph.group)
    graph.error("GET", "999")
    counts = graph.sandbox.control("GET", "counts")
    assert counts["requests"] == {"GET node": 2}
    assert counts["answers"] == {"HTTP 200": 1, "HTTP 400": 1}
    graph.sandbox.control("POST", "counts/reset")
    assert graph.sandbox.control("GET", "counts")["http_requests"] == 0


def test_a_reset_leaves_nothing_of_what_was_done(graph: Graph) -> None:
    start = graph.sandbox.control("GET", "tenants")
    graph.add(graph.sandbox.addable()[0]["email"])
    graph.sandbox.switch(limit_cap=3)
    graph.sandbox.fault("error", calls=None)
    graph.sandbox.reset()
    assert graph.sandbox.control("GET", "tenants") == start
    assert graph.sandbox.journal() == []
    assert len(graph.get(f"{graph.group}/members", limit=100)["data"]) == 40


def test_the_control_paths_list_themselves(sandbox: SandboxHandle) -> None:
    assert any("/_control/employer/remove-bulk" in line for line in sandbox.control("GET", "")["control"])
