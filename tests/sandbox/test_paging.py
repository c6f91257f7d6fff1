"""Lists: pages, cursors, counts, and where they end."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.graph_client import Graph


@pytest.mark.parametrize("limit", [1, 7, 39, 40, 41])
def test_following_next_reads_everybody_once(graph: Graph, limit: int) -> None:
    pages = graph.walk(f"{graph.group}/members", limit=limit)
    ids = [row["id"] for page in pages for row in page]
    assert ids == [member["id"] for member in graph.sandbox.members(graph.group)]
    assert len(pages) == -(-40 // limit)


def test_the_usual_page_holds_25(graph: Graph) -> None:
    assert [len(page) for page in graph.walk(f"{graph.group}/members")] == [25, 15]


def test_the_last_page_has_cursors_and_the_page_after_it_has_no_paging(graph: Graph) -> None:
    last = graph.get(f"{graph.group}/members", limit=100)
    assert set(last["paging"]) == {"cursors"}
    assert graph.get(f"{graph.group}/members", after=last["paging"]["cursors"]["after"]) == {"data": []}


def test_a_client_that_walks_by_cursors_alone_stops(graph: Graph) -> None:
    seen, page = 0, graph.get(f"{graph.group}/members", limit=10)
    while after := page.get("paging", {}).get("cursors", {}).get("after"):
        seen += len(page["data"])
        page = graph.get(f"{graph.group}/members", limit=10, after=after)
    assert seen == 40


def test_cursors_of_the_last_page_can_be_switched_off(graph: Graph) -> None:
    graph.sandbox.switch(last_page_cursors=False)
    assert graph.get(f"{graph.group}/members", limit=100)["paging"] == {}


def test_previous_leads_back(graph: Graph) -> None:
    first = graph.get(f"{graph.group}/members", limit=10)
    second = graph.get(first["paging"]["next"])
    third = graph.get(second["paging"]["next"])
    assert "previous" not in first["paging"]
    back = graph.get(third["paging"]["previous"])
    assert back["data"] == second["data"]
    assert graph.get(back["paging"]["previous"])["data"] == first["data"]
    assert "previous" not in graph.get(back["paging"]["previous"])["paging"]


def test_next_is_a_full_address_with_everything_asked_for(graph: Graph) -> None:
    page = graph.get(f"v9.0/{graph.group}/members", fields="email", limit=3, summary="true")
    parts = urlsplit(page["paging"]["next"])
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    assert f"{parts.scheme}://{parts.netloc}" == graph.sandbox.url
    assert parts.path == f"/v9.0/{graph.group}/members"
    assert query.pop("after")
    assert query == {"access_token": graph.tenant.token, "fields": "email", "limit": "3", "summary": "true"}
    graph.sandbox.switch(token_in_next=False)
    page = graph.get(f"{graph.group}/members", limit=3)
    assert "access_token" not in page["paging"]["next"]


def test_a_parameter_given_twice_counts_as_its_last(graph: Graph) -> None:
    page = graph.get(f"{graph.group}/members", limit=3)
    assert len(graph.get(page["paging"]["next"] + "&limit=5")["data"]) == 5


def test_people_who_come_and_go_during_a_walk_disturb_nobody_else(graph: Graph) -> None:
    members = [member["id"] for member in graph.sandbox.members(graph.group)]
    first = graph.get(f"{graph.group}/members", limit=10)
    gone = members[:10:2] + members[10:15]
    people = [member["email"] for member in graph.sandbox.members(graph.group) if member["id"] in gone]
    graph.sandbox.control("POST", "employer/remove", {"group": graph.group, "emails": people})
    new = graph.sandbox.addable()[20]
    graph.add(new["email"])
    rest = [row["id"] for page in graph.walk(first["paging"]["next"]) for row in page]
    assert rest == [*members[15:], new["id"]]


def test_a_cursor_whose_row_went_is_refused_when_switched(graph: Graph) -> None:
    graph.sandbox.switch(stable_cursors=False)
    page = graph.get(f"{graph.group}/members", limit=10)
    assert graph.get(page["paging"]["next"])["data"]
    graph.call("DELETE", f"{graph.group}/members/{page['data'][-1]['id']}")
    assert graph.error("GET", page["paging"]["next"])["code"] == 100


def test_a_cursor_that_is_none_is_100(graph: Graph) -> None:
    for cursor in ("nonsense", "QVFI!!!!", "QVFIUmE"):
        assert graph.error("GET", f"{graph.group}/members?after={cursor}")["code"] == 100


def test_a_cursor_too_deep_is_100_when_switched(graph: Graph) -> None:
    graph.sandbox.switch(cursor_depth=20)
    page = graph.get(f"{graph.group}/members", limit=15)
    page = graph.get(page["paging"]["next"])
    error = graph.error("GET", page["paging"]["next"])
    text = "(#100) The After Cursor specified exceeds the max limit supported by this endpoint"
    assert error["message"] == text


def test_a_limit_over_the_cap_is_cut_or_an_error(graph: Graph) -> None:
    graph.sandbox.switch(limit_cap=10)
    assert len(graph.get(f"{graph.group}/members", limit=20_000)["data"]) == 10
    graph.sandbox.switch(over_limit="error")
    assert graph.error("GET", f"{graph.group}/members?limit=20000")["code"] == 100
    assert graph.error("GET", f"{graph.group}/members?limit=x")["code"] == 100


@pytest.mark.parametrize("summary", ["true", "total_count", "1"])
def test_limit_0_with_a_summary_is_the_count_alone(graph: Graph, summary: str) -> None:
    counted = graph.get(f"{graph.group}/members", limit=0, summary=summary)
    assert counted == {"data": [], "summary": {"total_count": 40}}


def test_the_members_summary_can_be_switched_off(graph: Graph) -> None:
    graph.sandbox.switch(members_summary=False)
    assert graph.get(f"{graph.group}/members", limit=0, summary="true") == {"data": []}


@pytest.mark.parametrize("listed", [True, False])
def test_deactivated_members_are_listed_and_counted_as_switched(graph: Graph, *, listed: bool) -> None:
    graph.sandbox.switch(deactivated_listed=listed)
    emails = [member["email"] for member in graph.sandbox.members(graph.group)[:3]]
    graph.sandbox.control("POST", "employer/deactivate", {"tenant": "bt", "emails": emails})
    page = graph.get(f"{graph.group}/members", limit=100, summary="true", fields="active")
    assert len(page["data"]) == page["summary"]["total_count"] == (40 if listed else 37)
    assert sum(not row["active"] for row in page["data"]) == (3 if listed else 0)
    graph.sandbox.control("POST", "employer/deactivate", {"tenant": "bt", "emails": emails, "active": True})
    assert graph.get(f"{graph.group}/members", limit=0, summary="true")["summary"]["total_count"] == 40


def test_a_feed_is_paged_by_time_newest_first(graph: Graph) -> None:
    page = graph.get(f"{graph.group}/feed", limit=5)
    assert set(page["paging"]) == {"previous", "next"}
    assert {"until", "__paging_token"} <= parse_qs(urlsplit(page["paging"]["next"]).query).keys()
    pages = graph.walk(f"{graph.group}/feed", limit=5)
    times = [row["created_time"] for rows in pages for row in rows]
    assert [len(rows) for rows in pages] == [5, 5, 2]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) == 12
    second = graph.get(page["paging"]["next"])
    assert graph.get(second["paging"]["previous"])["data"] == page["data"]


def test_a_feed_can_be_sorted_by_recent_activity(graph: Graph) -> None:
    oldest = graph.get(f"{graph.group}/feed", limit=100)["data"][-1]["id"]
    graph.call("POST", f"{oldest}/comments", data={"message": "Late to this"})
    assert graph.get(f"{graph.group}/feed", limit=1)["data"][0]["id"] != oldest
    recent = graph.get(f"{graph.group}/feed", limit=1, sorting_setting="RECENT_ACTIVITY")
    assert recent["data"][0]["id"] == oldest


@pytest.mark.parametrize("since", ["1790400000", "2026-09-26 05:20:00.076580", "26-09-2026", "2026-09-26"])
def test_a_feed_is_bounded_by_times_in_every_spelling(graph: Graph, since: str) -> None:
    rows = graph.get(f"{graph.group}/feed", since=since, until="2026-09-30T00:00:00+0000")["data"]
    days = [row["created_time"][:10] for row in rows]
    assert days == ["2026-09-29", "2026-09-28", "2026-09-27", "2026-09-26"]
    assert graph.error("GET", f"{graph.group}/feed?since=yesterday-ish")["code"] == 100
