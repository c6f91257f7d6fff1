"""Adding and removing people, in every spelling that clients use."""

from typing import Any

import pytest

from tests.sandbox.graph_client import Graph
from tests.sandbox_server import SandboxHandle

WAYS = [
    "query email",
    "query member",
    "form email",
    "form member",
    "json email",
    "json member",
    "path id",
    "path email",
]


def _named(person: dict[str, Any], way: str) -> tuple[str, dict[str, Any]]:
    place, name = way.split()
    key = "email" if name == "email" else "id"
    if place == "path":
        return f"/{person[key]}", {}
    options = {"query": "params", "form": "data", "json": "json"}
    return "", {options[place]: {name: person[key]}}


def _ids(sandbox: SandboxHandle, group: str) -> set[str]:
    return {member["id"] for member in sandbox.members(group)}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_naming_a_person_adds_and_removes_them(graph: Graph, way: str) -> None:
    person = graph.sandbox.addable()[3]
    path, options = _named(person, way)
    assert graph.call("POST", f"{graph.group}/members{path}", **options).json() == {"success": True}
    assert person["id"] in _ids(graph.sandbox, graph.group)
    assert graph.call("DELETE", f"{graph.group}/members{path}", **options).json() == {"success": True}
    assert person["id"] not in _ids(graph.sandbox, graph.group)


def test_a_multipart_form_is_read(graph: Graph) -> None:
    person = graph.sandbox.addable()[0]
    answer = graph.call("POST", f"{graph.group}/members", files={"email": (None, person["email"])})
    assert answer.json() == {"success": True}
    assert person["id"] in _ids(graph.sandbox, graph.group)


def test_naming_nobody_or_one_person_twice_is_100(graph: Graph) -> None:
    person = graph.sandbox.addable()[0]
    both = {"email": person["email"], "member": person["id"]}
    assert graph.error("POST", f"{graph.group}/members", data=both)["code"] == 100
    assert graph.error("POST", f"{graph.group}/members")["code"] == 100
    assert graph.error("POST", f"{graph.group}/members", data="{", headers={"Content-Type": "application/json"})["code"] == 100  # fmt: skip
    assert person["id"] not in _ids(graph.sandbox, graph.group)


def test_people_of_another_community_or_of_none_cannot_be_added(graph: Graph) -> None:
    stranger = graph.sandbox.people("openreach", limit=1)[0]
    assert graph.add(stranger["email"]).status_code == 400
    assert graph.add("nobody@bt.example.org").json()["error"]["code"] == 100
    assert graph.sandbox.journal() == []


def test_adding_a_member_again_changes_nothing_and_is_in_the_journal(graph: Graph) -> None:
    email = graph.sandbox.addable()[0]["email"]
    assert graph.add(email).json() == graph.add(email.upper()).json() == {"success": True}
    entries = graph.sandbox.journal(graph.group)
    assert [(e["n"], e["verb"], e["by"], e["email"], e["bulk"]) for e in entries] == [
        (1, "added", "api", email, False),
        (2, "already_in", "api", email, False),
    ]
    assert graph.sandbox.journal(graph.group, after=1) == entries[1:]
    counts = graph.sandbox.control("GET", "counts")
    assert (counts["added_per_member_max"], counts["add_attempts_per_member_max"]) == (1, 2)
    graph.sandbox.switch(add_existing="error")
    assert graph.add(email).json()["error"]["code"] == 100


def test_removing_somebody_who_is_not_in_answers_as_switched(graph: Graph) -> None:
    email = graph.sandbox.addable()[0]["email"]
    assert graph.remove(email).json() == {"success": False}
    graph.sandbox.switch(remove_non_member="success")
    assert graph.remove(email).json() == {"success": True}
    graph.sandbox.switch(remove_non_member="error")
    assert graph.remove(email).json()["error"]["code"] == 100
    assert [entry["verb"] for entry in graph.sandbox.journal()] == ["not_in", "not_in"]


def test_a_deactivated_person_is_addable_as_switched(graph: Graph) -> None:
    inside = _ids(graph.sandbox, graph.group)
    person = next(each for each in graph.sandbox.people() if not each["active"] and each["id"] not in inside)
    assert graph.add(person["email"]).json()["error"]["code"] == 100
    graph.sandbox.switch(add_deactivated="success")
    assert graph.add(person["email"]).json() == {"success": True}


def test_somebody_who_left_is_addable_as_switched(graph: Graph) -> None:
    member = graph.sandbox.members(graph.group)[5]
    left = {"group": graph.group, "email": member["email"]}
    assert graph.sandbox.control("POST", "member/leave", left) == {"removed": 1}
    graph.sandbox.switch(add_who_left="error")
    assert graph.add(member["email"]).json()["error"]["code"] == 100
    graph.sandbox.switch(add_who_left="success")
    assert graph.add(member["email"]).json() == {"success": True}


def test_an_archived_group_takes_nobody_unless_switched(graph: Graph) -> None:
    email = graph.sandbox.addable()[0]["email"]
    graph.sandbox.control("POST", "employer/archive", {"group": graph.group})
    assert graph.get(graph.group, fields="archived")["archived"] is True
    assert graph.add(email).json()["error"]["code"] == 100
    graph.sandbox.switch(add_to_archived="success")
    assert graph.add(email).ok


def test_removing_the_last_member_deletes_the_group(graph: Graph) -> None:
    for member in graph.sandbox.members(graph.group):
        assert graph.remove(member["email"]).json() == {"success": True}
    assert graph.error("GET", graph.group)["error_subcode"] == 33
    assert graph.sandbox.control("GET", f"group/{graph.group}")["deleted"] is True


def test_a_group_cannot_be_deleted_by_a_call(graph: Graph) -> None:
    error = graph.error("DELETE", graph.group)
    assert (error["code"], error["error_subcode"]) == (100, 33)
    assert error["message"].startswith("Unsupported delete request.")


def test_removing_from_the_community_removes_the_person_from_everything(graph: Graph) -> None:
    person = graph.sandbox.members(graph.group)[7]
    assert graph.get("community", fields="is_community")["is_community"] is True
    assert graph.remove(person["email"], graph.tenant.community_id).json() == {"success": True}
    assert graph.error("GET", person["id"])["code"] == 100
    assert person["id"] not in _ids(graph.sandbox, graph.group)
    removed = {entry["group"] for entry in graph.sandbox.journal() if entry["verb"] == "removed"}
    assert {graph.group, graph.tenant.community_id} <= removed


def test_an_account_that_was_removed_can_be_put_back_into_the_community(graph: Graph) -> None:
    person = graph.sandbox.members(graph.group)[7]
    graph.remove(person["email"], graph.tenant.community_id)
    added = graph.call("POST", f"{graph.tenant.community_id}/members", params={"member": person["id"]})
    assert added.json() == {"success": True}
    assert graph.get(person["id"])["id"] == person["id"]
    assert person["id"] not in _ids(graph.sandbox, graph.group)


def test_a_child_community_looks_like_a_group_and_says_that_it_is_none(graph: Graph) -> None:
    rows = graph.get("community/groups", fields="id,is_community")["data"]
    assert [row["id"] for row in rows if row["is_community"]] == [graph.tenant.child_community]
    person = graph.sandbox.members(graph.tenant.child_community)[3]
    assert graph.remove(person["email"], graph.tenant.child_community).json() == {"success": True}
    assert graph.get(person["id"])["id"] == person["id"]


def test_admins_are_promoted_and_demoted_and_stay_members(graph: Graph) -> None:
    member = graph.sandbox.members(graph.group)[9]
    path = f"{graph.group}/admins"
    assert graph.call("POST", f"{path}/{member['id']}").json() == {"success": True}
    assert member["id"] in [row["id"] for row in graph.get(path)["data"]]
    rows = graph.get(f"{graph.group}/members", fields="administrator", limit=100)["data"]
    assert {row["id"] for row in rows if row["administrator"]} == {row["id"] for row in graph.get(path)["data"]}
    assert graph.call("DELETE", path, json={"uid": member["id"]}).json() == {"success": True}
    assert len(graph.get(path)["data"]) == 2
    assert member["id"] in _ids(graph.sandbox, graph.group)


def test_promoting_and_demoting_follow_the_switches(graph: Graph) -> None:
    stranger = graph.sandbox.addable()[0]
    path = f"{graph.group}/admins"
    assert graph.error("POST", path, json={"uid": stranger["id"]})["code"] == 100
    graph.sandbox.switch(promote_non_member="adds", demote_last_admin="error")
    assert graph.call("POST", path, json={"uid": stranger["id"]}).ok
    assert stranger["id"] in _ids(graph.sandbox, graph.group)
    *others, last = [row["id"] for row in graph.get(path)["data"]]
    for each in others:
        assert graph.call("DELETE", path, json={"uid": each}).ok
    assert graph.error("DELETE", path, json={"uid": last})["code"] == 100


def test_an_admin_is_removed_like_anybody_unless_switched(graph: Graph) -> None:
    first, second = (row["id"] for row in graph.get(f"{graph.group}/admins")["data"])
    assert graph.call("DELETE", f"{graph.group}/members/{first}").json() == {"success": True}
    graph.sandbox.switch(remove_admin="error")
    assert graph.error("DELETE", f"{graph.group}/members/{second}")["code"] == 100


def test_moderators_are_a_list_of_their_own(graph: Graph) -> None:
    member = graph.sandbox.members(graph.group)[9]
    assert graph.get(f"{graph.group}/moderators") == {"data": []}
    assert graph.call("POST", f"{graph.group}/moderators/{member['id']}").ok
    assert [row["id"] for row in graph.get(f"{graph.group}/moderators")["data"]] == [member["id"]]


def test_a_multi_company_group_shows_others_little_and_takes_only_own_people(graph: Graph) -> None:
    shared = graph.tenant.groups["shared"]
    rows = graph.get(f"{shared}/members", fields="id,name,email,active", limit=100)["data"]
    others = {person["id"] for person in graph.sandbox.people("openreach")}
    assert [set(row) for row in rows if row["id"] in others] == [{"id", "name"}] * 10
    stranger = graph.sandbox.people("openreach")[50]
    assert graph.error("POST", f"{shared}/members/{stranger['id']}")["code"] == 100
    assert graph.add(graph.sandbox.addable()[0]["email"], shared).json() == {"success": True}
    with Graph(graph.sandbox, "openreach") as theirs:
        assert theirs.call("POST", f"{shared}/members/{stranger['id']}").json() == {"success": True}
        (admin,) = [row["id"] for row in theirs.get(f"{shared}/admins")["data"] if row["id"] in others]
        theirs.call("DELETE", f"{shared}/admins", json={"uid": admin})
        assert theirs.error("POST", f"{shared}/members/{others.pop()}")["code"] == 200
