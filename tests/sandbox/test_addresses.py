"""Paths, hosts, versions, tokens and proofs."""

import hmac
import time
from hashlib import sha256

import pytest
import requests

from tests.sandbox.graph_client import Graph
from tests.sandbox_server import SandboxHandle


@pytest.mark.parametrize(
    "path", ["{g}", "{g}/", "v18.0/{g}", "v2.6/{g}/", "/v9.0//{g}", "/{g}//"], ids=lambda path: path.replace("/", "|")
)
def test_a_version_and_stray_slashes_do_not_matter(graph: Graph, path: str) -> None:
    assert graph.get(path.format(g=graph.group))["id"] == graph.group


def test_the_version_that_answered_is_told(graph: Graph) -> None:
    assert graph.call("GET", f"v9.0/{graph.group}").headers["facebook-api-version"] == "v9.0"
    assert graph.call("GET", graph.group).headers["facebook-api-version"] == "v18.0"


def test_company_is_another_word_for_community(graph: Graph) -> None:
    assert graph.get("company") == graph.get("community")
    assert graph.get("company/groups")["data"] == graph.get("/community/groups")["data"]


@pytest.mark.parametrize("place", ["header", "query", "form"])
def test_a_token_may_stand_in_the_header_the_query_or_the_form(sandbox: SandboxHandle, place: str) -> None:
    token, url = sandbox.tenant().token, f"{sandbox.url}/{sandbox.tenant().prospect_group}"
    email = sandbox.addable()[0]["email"]
    headers = {"Authorization": f"Bearer {token}"} if place == "header" else {}
    params = {"access_token": token} if place == "query" else {}
    data = {"email": email} | ({"access_token": token} if place == "form" else {})
    answer = requests.post(f"{url}/members", headers=headers, params=params, data=data, timeout=60)
    assert answer.json() == {"success": True}


def test_a_call_without_a_token_or_with_a_wrong_one_is_190(graph: Graph) -> None:
    for header in (None, "Bearer wrong"):
        error = graph.error("GET", graph.group, headers={"Authorization": header})
        assert (error["code"], error["type"], error["status"]) == (190, "OAuthException", 400)
        assert error["fbtrace_id"]


def test_a_token_sees_only_its_own_community(sandbox: SandboxHandle, graph: Graph) -> None:
    other = sandbox.tenant("openreach")
    stranger = sandbox.people("openreach", limit=1)[0]
    for hidden in (other.prospect_group, other.community_id, stranger["id"], f"{other.prospect_group}_9001"):
        error = graph.error("GET", hidden)
        assert (error["code"], error["error_subcode"], error["type"]) == (100, 33, "GraphMethodException")
    assert graph.error("GET", stranger["email"])["code"] == 803
    with Graph(sandbox, "openreach") as theirs:
        assert theirs.get(other.prospect_group)["id"] == other.prospect_group


def test_an_address_that_is_percent_encoded_in_the_path_is_found(graph: Graph) -> None:
    person = graph.sandbox.people(limit=1)[0]
    assert graph.get(person["email"].replace("@", "%40"))["id"] == person["id"]


def _proof(graph: Graph, message: str) -> str:
    return hmac.new(graph.tenant.app_secret.encode(), message.encode(), sha256).hexdigest()


def test_a_plain_and_a_timed_proof_are_accepted(graph: Graph) -> None:
    now = int(time.time())
    graph.sandbox.switch(require_proof=True)
    plain = {"appsecret_proof": _proof(graph, graph.tenant.token)}
    timed = {"appsecret_proof": _proof(graph, f"{graph.tenant.token}|{now}"), "appsecret_time": now}
    assert graph.get(graph.group, **plain)["id"] == graph.group
    assert graph.get(graph.group, **timed)["id"] == graph.group


def test_a_wrong_a_stale_and_a_missing_proof_are_100(graph: Graph) -> None:
    stale = int(time.time()) - 301
    timed = {"appsecret_proof": _proof(graph, f"{graph.tenant.token}|{stale}"), "appsecret_time": stale}
    wrong = graph.error("GET", graph.group, params={"appsecret_proof": "0" * 64})
    assert wrong["message"] == "Invalid appsecret_proof provided in the API argument"
    assert (wrong["code"], wrong["type"], "error_subcode" in wrong) == (100, "GraphMethodException", False)
    assert graph.error("GET", graph.group, params=timed)["code"] == 100
    graph.sandbox.switch(require_proof=True)
    message = "API calls from the server require an appsecret_proof argument"
    assert graph.error("GET", graph.group)["message"] == message


def test_a_proof_beside_the_top_level_token_covers_the_batch(graph: Graph) -> None:
    graph.sandbox.switch(require_proof=True)
    proof = {"appsecret_proof": _proof(graph, graph.tenant.token)}
    answered = graph.batch([{"method": "GET", "relative_url": graph.group}], **proof).json()
    assert [each["code"] for each in answered] == [200]
    assert graph.batch([{"method": "GET", "relative_url": graph.group}]).status_code == 400


@pytest.mark.parametrize(
    ("permission", "method", "path"),
    [
        ("read_group", "GET", "{g}"),
        ("read_group", "GET", "{g}/feed"),
        ("read_group_membership", "GET", "{g}/members"),
        ("read_group_membership", "GET", "community/organization_members"),
        ("manage_work_profiles", "GET", "community/members"),
        ("manage_accounts", "GET", "community/admins"),
        ("manage_group", "POST", "{g}/members?member=1"),
        ("manage_group", "DELETE", "{g}/members?member=1"),
        ("read_user_email", "POST", "{g}/members?email=a@example.org"),
        ("write_group", "POST", "{g}/feed?message=x"),
    ],
)
def test_a_call_without_its_permission_is_10(graph: Graph, permission: str, method: str, path: str) -> None:
    graph.sandbox.fault("permission_removed", permission=permission, tenant="bt")
    error = graph.error(method, path.format(g=graph.group))
    assert (error["code"], error["status"]) == (10, 403)
    assert permission in error["message"]
    granted = graph.get("me/permissions")["data"]
    assert {"permission": permission, "status": "granted"} not in granted
    assert len(granted) == 10


def test_the_address_is_left_out_without_its_permission(graph: Graph) -> None:
    graph.sandbox.fault("permission_removed", permission="read_user_email")
    rows = graph.get(f"{graph.group}/members", fields="id,email,active")["data"]
    assert rows
    assert not any("email" in row for row in rows)
    graph.sandbox.switch(email_without_permission="error")
    assert graph.error("GET", f"{graph.group}/members?fields=email")["code"] == 10


def test_a_token_for_selected_groups_sees_them_alone_and_creates_none(sandbox: SandboxHandle) -> None:
    tenant = sandbox.tenant()
    wanted = {"tenant": "bt", "permissions": ["read_group", "manage_group"], "groups": [tenant.prospect_group]}
    headers = {"Authorization": f"Bearer {sandbox.control('POST', 'tokens', wanted)['token']}"}
    with Graph(sandbox) as graph:
        assert graph.call("GET", tenant.prospect_group, headers=headers).ok
        assert graph.error("GET", tenant.source_group, headers=headers)["error_subcode"] == 33
        rows = graph.call("GET", "community/groups", headers=headers).json()["data"]
        assert [row["id"] for row in rows if row["id"].startswith("7")] == [tenant.prospect_group]
        assert graph.error("POST", "community/groups", data={"name": "x"}, headers=headers)["code"] == 10


def test_granted_permissions_can_be_switched_off_as_undocumented(graph: Graph) -> None:
    assert {"permission": "manage_group", "status": "granted"} in graph.get("v18.0/me/permissions")["data"]
    graph.sandbox.switch(me_permissions=False)
    assert graph.error("GET", "me/permissions")["code"] == 803


def test_a_user_agent_is_required_only_when_switched_on(graph: Graph) -> None:
    nameless = {"User-Agent": None}
    assert graph.call("GET", graph.group, headers={"User-Agent": ""}).ok
    graph.sandbox.switch(user_agent_required=True)
    assert graph.error("GET", graph.group, headers={**nameless, "User-Agent": ""})["code"] == 100
    assert graph.call("GET", graph.group).ok
