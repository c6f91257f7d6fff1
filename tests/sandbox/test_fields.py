"""What a node shows, and the language that asks for it."""

import pytest

from tests.sandbox.graph_client import Graph


def test_a_group_shows_its_usual_fields_and_those_asked_for(graph: Graph) -> None:
    assert set(graph.get(graph.group)) == {"id", "name", "privacy"}
    asked = "name,is_community,archived,purpose,join_setting,post_permissions,owner,updated_time,description,cover_url"
    group = graph.get(graph.group, fields=asked)
    assert (group["is_community"], group["archived"], group["purpose"]) == (False, False, "WORK_TEAMWORK")
    assert set(group["owner"]) == {"id", "name"}
    assert group["updated_time"].endswith("+0000")
    assert "cover_url" not in group  # a field without a value is left out


def test_the_id_is_there_unasked(graph: Graph) -> None:
    assert set(graph.get(graph.group, fields="name")) == {"id", "name"}


def test_members_show_their_role_and_when_they_joined(graph: Graph) -> None:
    row = graph.get(f"{graph.group}/members", fields="id,email,administrator,active,joined,account_claim_time")["data"][
        0
    ]
    assert (row["administrator"], row["active"]) == (True, True)
    assert isinstance(row["joined"], int)
    graph.sandbox.switch(joined="iso")
    assert graph.get(f"{graph.group}/members", fields="joined")["data"][0]["joined"].endswith("+0000")


def test_an_unknown_field_is_100_and_named(graph: Graph) -> None:
    error = graph.error("GET", f"{graph.group}?fields=name,shoe_size")
    assert error["message"] == "(#100) Tried accessing nonexisting field (shoe_size) on node type (Group)"
    assert graph.error("GET", f"{graph.group}/members?fields=id,shoe_size")["code"] == 100


@pytest.mark.parametrize("fields", ["name{", "a..b", "name,members.limit", "name)", "owner{name"])
def test_fields_that_cannot_be_read_are_100(graph: Graph, fields: str) -> None:
    assert graph.error("GET", graph.group, params={"fields": fields})["code"] == 100


def test_spaces_inside_fields_are_ignored(graph: Graph) -> None:
    assert set(graph.get(graph.group, fields="name, privacy , owner { name }")) == {"id", "name", "privacy", "owner"}


def test_edges_nest_with_modifiers_and_page_on(graph: Graph) -> None:
    fields = "name,members.limit(3).summary(true){email,administrator},admins{name}"
    group = graph.get(graph.group, fields=fields)
    assert len(group["members"]["data"]) == 3
    assert group["members"]["summary"] == {"total_count": 40}
    assert len(group["admins"]["data"]) == 2
    page = graph.get(group["members"]["paging"]["next"])
    assert set(page["data"][0]) == {"email", "administrator", "id"}
    assert len(page["data"]) == 3


def test_the_same_edge_can_be_asked_for_under_other_names(graph: Graph) -> None:
    fields = (
        "id,seen.limit(0).summary(total_count),reactions.type(LIKE).limit(0).summary(total_count).as(reactions_like),"
        "reactions.limit(0).summary(true).as(all),comments{message,from{name}}"
    )
    post = graph.get(f"{graph.group}_9003", fields=fields)
    assert post["seen"] == {"data": [], "summary": {"total_count": 17}}
    assert 0 < post["reactions_like"]["summary"]["total_count"] < post["all"]["summary"]["total_count"]
    assert [set(row) for row in post["comments"]["data"]] == [{"message", "from", "id"}] * 2


def test_posts_have_seen_reactions_and_comments(graph: Graph) -> None:
    newest = graph.get(f"{graph.group}/feed")["data"][0]
    assert set(newest) == {"created_time", "message", "updated_time", "id"}
    reactions = graph.get(f"{newest['id']}/reactions", summary="true", limit=100)
    assert len(reactions["data"]) == reactions["summary"]["total_count"]
    assert set(reactions["data"][0]) == {"id", "name", "type"}
    comment = graph.get(f"{newest['id']}/comments", order="chronological")["data"][0]
    assert graph.get(comment["id"])["message"] == comment["message"]
    assert graph.get(f"{newest['id']}/seen", summary="true")["summary"]["total_count"] == 40


def test_a_person_is_found_by_id_and_address_and_shows_their_groups(graph: Graph) -> None:
    person = graph.sandbox.people()[2]
    by_id = graph.get(person["id"], fields="id,name,first_name,last_name,email,active,department,picture,frontline")
    assert by_id == graph.get(person["email"].upper(), fields=",".join(by_id))
    assert by_id["picture"]["data"]["height"] == 50
    groups = graph.get(f"{person['id']}/groups")["data"]
    assert {"name": "Prospect BT", "privacy": "CLOSED", "id": graph.group} in groups
    assert graph.tenant.community_id not in [row["id"] for row in groups]


def test_several_nodes_come_at_once_keyed_as_asked(graph: Graph) -> None:
    one, two = graph.sandbox.people(limit=2)
    found = graph.get("", ids=f"{one['id']},{two['email']}", fields="email")
    assert found == {
        one["id"]: {"email": one["email"], "id": one["id"]},
        two["email"]: {"email": two["email"], "id": two["id"]},
    }
    assert graph.error("GET", f"?ids={one['id']},12345")["error_subcode"] == 33
    assert graph.error("GET", "")["code"] == 100


def test_the_community_lists_its_people_by_standing(graph: Graph) -> None:
    people = graph.sandbox.people()
    inactive = {person["id"] for person in people if not person["active"]}
    every = {row["id"] for page in graph.walk("community/members", limit=100) for row in page}
    active = {row["id"] for page in graph.walk("community/organization_members", limit=100) for row in page}
    assert every == {person["id"] for person in people}
    assert active == every - inactive
    for path in ("community/organization_members?inactive=1", "community/former_members"):
        assert {row["id"] for row in graph.get(path)["data"]} == inactive
    assert len(graph.get("community/admins")["data"]) == 1


def test_members_are_found_by_external_id(graph: Graph) -> None:
    one, two = graph.sandbox.people(limit=2)
    external = [graph.get(each["id"], fields="external_id")["external_id"] for each in (one, two)]
    rows = graph.get("community/members", external_ids=f"{external[0]},{external[1]},E9999999")["data"]
    assert [row["id"] for row in rows] == [one["id"], two["id"]]


def test_people_without_an_address_have_the_platforms_own(graph: Graph) -> None:
    emails = [person["email"] for person in graph.sandbox.people()]
    assert sum(email.endswith("@emailless.facebook.com") for email in emails) == 4


def test_former_members_are_those_who_are_out_again(graph: Graph) -> None:
    one, two = graph.sandbox.members(graph.group)[4:6]
    graph.sandbox.control("POST", "member/leave", {"group": graph.group, "id": one["id"]})
    graph.remove(two["email"])
    assert [row["id"] for row in graph.get(f"{graph.group}/former_members")["data"]] == [one["id"], two["id"]]
    graph.sandbox.switch(former_members="left")
    assert [row["id"] for row in graph.get(f"{graph.group}/former_members")["data"]] == [one["id"]]
    graph.add(one["email"])
    assert graph.get(f"{graph.group}/former_members")["data"] == []


def test_edges_that_are_named_but_not_kept_are_empty_and_others_are_100(graph: Graph) -> None:
    assert graph.get(f"{graph.group}/albums") == {"data": []}
    for path in (f"{graph.group}/organization_members", f"{graph.group}/nonsense", f"{graph.group}/members/1"):
        assert graph.error("GET", path)["code"] == 100
    assert graph.error("PUT", graph.group)["code"] == 100
