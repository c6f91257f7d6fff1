"""Writing groups, posts, comments and accounts."""

import pytest

from tests.sandbox.graph_client import Graph


@pytest.mark.parametrize("place", ["params", "data", "json"])
def test_a_group_is_updated_in_every_encoding(graph: Graph, place: str) -> None:
    changes = {"name": "Prospect, renamed", "archive": "true", "privacy": "SECRET"}
    assert graph.call("POST", graph.group, **{place: changes}).json() == {"success": True}
    group = graph.get(graph.group, fields="name,archived,privacy")
    assert group == {"name": "Prospect, renamed", "archived": True, "privacy": "SECRET", "id": graph.group}


def test_a_value_that_is_no_choice_is_100(graph: Graph) -> None:
    assert graph.error("POST", graph.group, data={"privacy": "HIDDEN"})["code"] == 100


def test_a_group_is_created_in_the_community_with_its_admin(graph: Graph) -> None:
    admin = graph.sandbox.people(limit=1)[0]
    wanted = {"name": "New", "privacy": "OPEN", "admin": admin["id"], "group_type": "WORK_FEEDBACK"}
    group_id = graph.call("POST", "community/groups", data=wanted).json()["id"]
    group = graph.get(group_id, fields="name,privacy,purpose,members,admins")
    assert (group["name"], group["privacy"], group["purpose"]) == ("New", "OPEN", "WORK_FEEDBACK")
    assert [row["id"] for row in group["members"]["data"]] == [row["id"] for row in group["admins"]["data"]]
    assert group_id in [row["id"] for row in graph.get("community/groups")["data"]]


def test_a_group_made_outside_a_community_is_117(graph: Graph) -> None:
    error = graph.error("POST", f"{graph.group}/groups", data={"name": "New"})
    assert (error["code"], error["error_subcode"], error["is_transient"]) == (117, 1855195, False)
    assert (error["message"], error["error_user_title"]) == ("Invalid group id", "Cannot Create Group")


def test_a_group_needs_a_name_and_an_admin_of_the_community(graph: Graph) -> None:
    assert graph.error("POST", "community/groups")["code"] == 100
    stranger = graph.sandbox.people("openreach", limit=1)[0]
    assert graph.error("POST", "community/groups", data={"name": "x", "admin": stranger["id"]})["code"] == 100


def test_a_post_and_a_comment_are_written_and_read_back(graph: Graph) -> None:
    post = graph.call("POST", f"{graph.group}/feed", data={"message": "Hello", "formatting": "MARKDOWN"}).json()["id"]
    assert post.startswith(f"{graph.group}_")
    newest = graph.get(f"{graph.group}/feed", fields="message,formatting,from")["data"][0]
    assert newest == {"message": "Hello", "formatting": "MARKDOWN", "id": post}
    comment = graph.call("POST", f"{post}/comments", data={"message": "Indeed"}).json()["id"]
    assert [row["id"] for row in graph.get(f"{post}/comments")["data"]] == [comment]
    assert graph.error("POST", f"{graph.group}/feed")["code"] == 100
    assert graph.error("POST", f"{post}/comments")["code"] == 100
    assert graph.error("POST", f"{graph.group}/comments")["code"] == 100


def test_an_account_is_switched_off_and_on(graph: Graph) -> None:
    member = graph.sandbox.members(graph.group)[3]
    assert graph.call("POST", member["id"], data={"active": "False"}).json() == {"success": True}
    shown = graph.get(member["email"], fields="active,account_deactivate_time")
    assert (shown["active"], "account_deactivate_time" in shown) == (False, True)
    assert graph.call("POST", member["email"], data={"active": "True"}).ok
    assert graph.get(member["email"], fields="active")["active"] is True
    assert graph.error("POST", member["id"])["code"] == 100


def test_only_an_account_never_claimed_can_be_deleted(graph: Graph) -> None:
    people = graph.sandbox.people()
    assert graph.error("DELETE", people[0]["id"])["code"] == 100
    assert graph.call("DELETE", people[59]["id"]).json() == {"success": True}
    assert graph.error("GET", people[59]["id"])["code"] == 100
