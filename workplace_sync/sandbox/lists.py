"""Edges as lists: which rows an edge holds, for whom, and a page of them.

The end of a list is the page without `next`. A cursor is opaque, and holds the number of the row it stands at. A page
after the last one is {"data":[]} without `paging`, as clients that walk by cursors alone rely on.
"""

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from workplace_sync.sandbox.calls import read_time, truth
from workplace_sync.sandbox.failures import missing, parameter
from workplace_sync.sandbox.fields import Field, write_fields
from workplace_sync.sandbox.groups import Comment, Group, Post
from workplace_sync.sandbox.index import ArrivalIndex
from workplace_sync.sandbox.nodes import (
    COMMENT,
    GROUP,
    GROUP_MEMBER,
    PERSON,
    POST,
    REACTION,
    NodeType,
    View,
    columns,
    show_rows,
)
from workplace_sync.sandbox.people import Person

Modifiers = Mapping[str, str]
Shown = dict[str, object]

DEFAULT_LIMIT = 25
_PREFIX = "QVFI"
_PEOPLE_EDGES = frozenset({"members", "organization_members", "admins", "moderators", "former_members"})


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of an edge. `keep` filters them, `total` is how many there are after that, None where it is not told."""

    rows: ArrivalIndex[Any]
    kind: NodeType
    total: int | None = None
    keep: Callable[[Any], bool] | None = None
    group: Group | None = None
    newest_first: bool = False
    by_time: bool = False


def list_edge(node: object, edge: str, modifiers: Modifiers, view: View) -> Listing:
    """Return what the edge of the node holds; raises GraphError where there is none or it is not permitted."""
    if isinstance(node, Group):
        return _group_edge(node, edge, modifiers, view)
    if isinstance(node, Post):
        return _post_edge(node, edge, modifiers, view)
    if isinstance(node, Comment) and edge in COMMENT.edges:
        return Listing(ArrivalIndex(), COMMENT, 0)
    if isinstance(node, Person) and edge in PERSON.edges:
        return _person_edge(node, edge, view)
    raise missing("get", getattr(node, "id", "0"))


def _group_edge(group: Group, edge: str, modifiers: Modifiers, view: View) -> Listing:
    if edge in _PEOPLE_EDGES:
        return _people_edge(group, edge, modifiers, view)
    access = view.access
    if edge == "groups" and group.is_community:
        access.require_one("read_group", "manage_group")
        total = len(group.children) if access.groups is None else None
        return Listing(group.children, GROUP, total, access.sees_group)
    if edge == "feed":
        access.require("read_group")
        posts = _by_activity(group) if modifiers.get("sorting_setting") == "RECENT_ACTIVITY" else group.feed
        return Listing(posts, POST, len(posts), _between(modifiers), newest_first=True, by_time=True)
    if edge in GROUP.edges:
        return Listing(ArrivalIndex(), PERSON, 0)
    raise missing("get", group.id)


def _by_activity(group: Group) -> ArrivalIndex[Post]:
    posts: ArrivalIndex[Post] = ArrivalIndex()
    for post in sorted(group.feed, key=lambda each: each.updated):
        posts.add(post.id, post)
    return posts


def _people_edge(group: Group, edge: str, modifiers: Modifiers, view: View) -> Listing:
    access, own = view.access, group is view.access.tenant.community
    everybody_needs = {"members": "manage_work_profiles", "admins": "manage_accounts"} if own else {}
    access.require(everybody_needs.get(edge, "read_group_membership"))
    if edge == "members":
        return _members(group, modifiers, view)
    if edge == "organization_members":
        return _organization_members(group, modifiers, view)
    if edge == "former_members":
        return _leavers(group, view)
    holders = group.admins if edge == "admins" else group.moderators
    return Listing(holders, GROUP_MEMBER, len(holders), group=group)


def _members(group: Group, modifiers: Modifiers, view: View) -> Listing:
    if modifiers.get("external_ids"):
        people = (_by_external_id(each, view) for each in modifiers["external_ids"].split(","))
        chosen: ArrivalIndex[Person] = ArrivalIndex()
        for person in people:
            if person is not None and person.id in group.members:
                chosen.add(person.id, person)
        return Listing(chosen, GROUP_MEMBER, len(chosen), group=group)
    if view.sandbox.switches.deactivated_listed:
        return Listing(group.members, GROUP_MEMBER, len(group.members), group=group)
    active = len(group.members) - group.hidden_inactive
    return Listing(group.members, GROUP_MEMBER, active, lambda person: person.active, group=group)


def _by_external_id(external_id: str, view: View) -> Person | None:
    number = external_id.strip().removeprefix("E")
    return view.sandbox.world.people.get(f"1000{view.access.tenant.tag:04d}{number}")


def _organization_members(group: Group, modifiers: Modifiers, view: View) -> Listing:
    if group is not view.access.tenant.community:
        raise missing("get", group.id)
    if truth(modifiers.get("inactive", "")):
        gone = view.access.tenant.deactivated
        return Listing(gone, PERSON, len(gone))
    active = len(group.members) - group.hidden_inactive
    return Listing(group.members, PERSON, active, lambda person: person.active)


def _leavers(group: Group, view: View) -> Listing:
    if group is view.access.tenant.community:
        gone = view.access.tenant.deactivated
        return Listing(gone, PERSON, len(gone))
    if view.sandbox.switches.former_members == "left":
        return Listing(group.former, PERSON, len(group.left), lambda person: person.id in group.left)
    return Listing(group.former, PERSON, len(group.former))


def _between(modifiers: Modifiers) -> Callable[[Post | Comment], bool] | None:
    since = read_time(modifiers["since"]) if modifiers.get("since") else None
    until = read_time(modifiers["until"]) if modifiers.get("until") else None
    if since is None and until is None:
        return None
    return lambda each: (since is None or each.created >= since) and (until is None or each.created <= until)


def _post_edge(post: Post, edge: str, modifiers: Modifiers, view: View) -> Listing:
    view.access.require("read_group")
    if edge == "seen":
        return Listing(post.seen, PERSON, len(post.seen))
    if edge == "reactions":
        kind = modifiers.get("type")
        if not kind:
            return Listing(post.reactions, REACTION, len(post.reactions))
        total = sum(1 for each in post.reactions if each.kind == kind)
        return Listing(post.reactions, REACTION, total, lambda each: each.kind == kind)
    if edge == "comments":
        backwards = modifiers.get("order") == "reverse_chronological"
        return Listing(post.comments, COMMENT, len(post.comments), _between(modifiers), newest_first=backwards)
    raise missing("get", post.id)


def _person_edge(person: Person, edge: str, view: View) -> Listing:
    groups: ArrivalIndex[Group] = ArrivalIndex()
    if edge == "groups":
        for group in view.sandbox.world.groups_of(person):
            if view.access.sees_group(group):
                groups.add(group.id, group)
    return Listing(groups, GROUP, len(groups))


def edge_page(node: Any, edge: str, modifiers: Modifiers, fields: tuple[Field, ...] | None, view: View) -> Shown:  # noqa: ANN401 - any node has edges
    """Return a page of the edge as JSON."""
    if fields is not None and "fields" not in modifiers:
        modifiers = {**modifiers, "fields": write_fields(fields)}
    listing = list_edge(node, edge, modifiers, view)
    page = _Page(listing, edge, modifiers, view)
    seen = replace(view, group=listing.group)
    answer: Shown = {"data": show_rows(page.rows(), columns(listing.kind, fields, seen), seen)}
    paging = page.paging(f"{node.id}/{edge}")
    if paging or answer["data"]:  # clients read the paging of every list that is not empty
        answer["paging"] = paging
    summary = modifiers.get("summary", "")
    told = edge != "members" or view.sandbox.switches.members_summary
    if told and (truth(summary) or "total_count" in summary) and listing.total is not None:
        answer["summary"] = page.summary()
    return answer


class _Page:
    """One page of a listing: its rows, and the way to the others."""

    def __init__(self, listing: Listing, edge: str, modifiers: Modifiers, view: View) -> None:
        self.listing, self.edge, self.modifiers, self.view = listing, edge, modifiers, view
        self.faults = view.sandbox.faults
        self.limit = self._limit()
        self.backwards = bool(modifiers.get("before")) or bool(modifiers.get("__previous"))
        self.cursor = modifiers.get("after") or modifiers.get("before") or modifiers.get("__paging_token") or ""
        self.at = _read_cursor(self.cursor, listing, view) if self.cursor else None
        self.found: list[tuple[int, Any]] = []
        self.more = False
        self.empty = False
        if self.limit:
            self._find()

    def _limit(self) -> int:
        text = self.modifiers.get("limit", "") or str(DEFAULT_LIMIT)
        if not text.isdigit():
            raise parameter("Param limit must be a whole number")
        switches = self.view.sandbox.switches
        limit = int(text)
        if switches.limit_cap and limit > switches.limit_cap:
            if switches.over_limit == "error":
                raise parameter(f"Param limit must be at most {switches.limit_cap}")
            return switches.limit_cap
        return limit

    def _struck(self, kind: str) -> Any:  # noqa: ANN401 - a fault or None; typed where it is used
        return self.faults.at_page(kind, self.edge, self.view.access.tenant.name) if self.faults.set else None

    def _find(self) -> None:
        short = self._struck("short_pages_ok")
        limit = self.limit if short is None else max(1, min(self.limit, short.number("rows") or 1))
        every = None if short is None else short.number("empty_every")
        if short is not None and every and short.struck % every == 0:
            self.empty = self.more = bool(self._take(1))
            return
        twice = self._struck("duplicate_rows") if self.at is not None and limit > 1 else None
        found = self._take(limit + 1 - (twice is not None))
        wanted = limit - (twice is not None)
        self.more = len(found) > wanted
        self.found = found[:wanted]
        if twice is not None and self.found and self.at is not None:
            self.found = self.listing.rows.before(self.at + 1, 1, self.listing.keep) + self.found
        lost = self._struck("short_page") if len(self.found) > 1 else None
        if lost is not None:
            rows = max(1, min(lost.number("rows") or 1, len(self.found) - 1))
            middle = (len(self.found) - rows) // 2
            self.found = self.found[:middle] + self.found[middle + rows :]
        if self.more and self._struck("missing_next") is not None:
            self.more = False

    def _take(self, count: int) -> list[tuple[int, Any]]:
        rows, keep = self.listing.rows, self.listing.keep
        if self.listing.newest_first is self.backwards:
            return rows.after(self.at or 0, count, keep)
        return rows.before(rows.end if self.at is None else self.at, count, keep)

    def rows(self) -> list[Any]:
        """Return the rows in the order of the list."""
        rows = [row for _, row in self.found]
        return rows[::-1] if self.backwards else rows

    def summary(self) -> Shown:
        """Return the count of the whole list."""
        wrong = self._struck("count_disagrees")
        total = (self.listing.total or 0) + (0 if wrong is None else wrong.number("by") or 0)
        return {"total_count": max(0, total)}

    def paging(self, path: str) -> Shown:
        """Return the cursors and the addresses of the pages around; empty for a page beyond the end."""
        if self.empty and self.at is not None:
            return {
                "cursors": {"before": _cursor(self.at), "after": _cursor(self.at)},
                "next": self._next(path, self.at),
            }
        if self.empty:
            start = self.listing.rows.end if self.listing.newest_first else 0
            return {"next": self._next(path, start)}
        if not self.found:
            return {}
        numbers = [number for number, _ in self.found]
        first, last = (numbers[-1], numbers[0]) if self.backwards else (numbers[0], numbers[-1])
        onward = self.backwards or self.more
        back = self.more if self.backwards else self.at is not None
        if self.listing.by_time:
            return self._time_paging(path, first, last, onward=onward)
        paging: Shown = {}
        if onward or self.view.sandbox.switches.last_page_cursors:
            paging["cursors"] = {"before": _cursor(first), "after": _cursor(last)}
        if onward:
            paging["next"] = self._next(path, last)
        if back:
            paging["previous"] = self._url(path, {"before": _cursor(first)})
        return paging

    def _next(self, path: str, number: int) -> str:
        return self._url(path, {"after": _cursor(number)})

    def _time_paging(self, path: str, first: int, last: int, *, onward: bool) -> Shown:
        rows = self.rows()
        since = {"since": str(rows[0].created), "__paging_token": _cursor(first), "__previous": "1"}
        paging: Shown = {"previous": self._url(path, since)}
        if onward:
            paging["next"] = self._url(path, {"until": str(rows[-1].created), "__paging_token": _cursor(last)})
        return paging

    def _url(self, path: str, place: Mapping[str, str]) -> str:
        call, switches = self.view.call, self.view.sandbox.switches
        moved = {"after", "before", "until", "since", "__paging_token", "__previous"}
        if not self.listing.by_time:
            moved -= {"until", "since"}
        kept = {name: value for name, value in self.modifiers.items() if name not in moved}
        token = {"access_token": call.token} if switches.token_in_next else {}
        return call.url(path, {**token, **kept, "limit": str(self.limit), **place}, switches.default_version)


def _cursor(number: int) -> str:
    text = f"{number}.{secrets.token_hex(3)}"
    return _PREFIX + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(text: str, listing: Listing, view: View) -> int:
    body = text.removeprefix(_PREFIX)
    try:
        number = int(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode().partition(".")[0])
    except (binascii.Error, ValueError):
        raise parameter("Invalid cursors values") from None
    switches = view.sandbox.switches
    if switches.cursor_depth and number > switches.cursor_depth:
        raise parameter("The After Cursor specified exceeds the max limit supported by this endpoint")
    if not switches.stable_cursors and number and not listing.rows.holds(number):
        raise parameter("Invalid cursors values")
    return number
