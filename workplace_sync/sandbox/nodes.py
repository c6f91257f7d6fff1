"""The kinds of nodes, their fields, and how a node is shown with the fields that were asked for.

A field without a value is left out. `id` is always there. A person of another company, seen in a multi-company
group, shows id, name and picture alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from workplace_sync.sandbox.access import Access
from workplace_sync.sandbox.calls import Call
from workplace_sync.sandbox.failures import GraphError, parameter
from workplace_sync.sandbox.fields import Field
from workplace_sync.sandbox.groups import Comment, Group, Post
from workplace_sync.sandbox.people import Person
from workplace_sync.sandbox.state import Sandbox

Shown = dict[str, object]
EdgePage = Callable[[Any, str, Mapping[str, str], "tuple[Field, ...] | None", "View"], Shown]


@dataclass(frozen=True, slots=True)
class View:
    """What a field's value may depend on, besides its node. `group` is the one whose members are listed."""

    sandbox: Sandbox
    call: Call
    access: Access
    edge_page: EdgePage
    group: Group | None = None


Getter = Callable[[Any, View], object]


@dataclass(frozen=True, slots=True)
class NodeType:
    """A kind of node: its fields, its links to other nodes, its edges, and the permission a field needs."""

    name: str
    usual: tuple[str, ...]
    fields: Mapping[str, Getter]
    links: "Mapping[str, tuple[Getter, NodeType]]" = field(default_factory=dict)
    edges: frozenset[str] = frozenset()
    needs: Mapping[str, str] = field(default_factory=dict)


Columns = list[tuple[str, Getter]]

_PUBLIC = frozenset({"id", "name", "picture"})


@lru_cache(maxsize=4096)
def iso(at: int) -> str:
    """Return a time as the Graph writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _time(name: str) -> Getter:
    return lambda node, _: iso(value) if (value := getattr(node, name)) else None


def _plain(name: str) -> Getter:
    return lambda node, _: getattr(node, name)


def _filled(name: str) -> Getter:
    return lambda node, _: getattr(node, name) or None


def _picture(person: Person, _: View) -> Shown:
    url = f"https://pictures.example.org/{person.id}.jpg"
    return {"data": {"url": url, "is_silhouette": person.number % 4 == 0, "height": 50, "width": 50}}


def _joined(person: Person, view: View) -> object:
    at = view.group.joined.get(person.id) if view.group else None
    return at if at is None or view.sandbox.switches.joined == "unix" else iso(at)


_PROFILE = dict.fromkeys(
    ("title", "organization", "division", "department", "primary_phone", "primary_address", "cost_center"),
    "read_user_work_profile",
)

_PERSON_FIELDS: dict[str, Getter] = {
    "id": _plain("id"),
    "name": _plain("name"),
    "first_name": _plain("first"),
    "last_name": _plain("last"),
    "email": _plain("email"),
    "active": _plain("active"),
    "title": _plain("title"),
    "department": _plain("department"),
    "division": _plain("division"),
    "organization": lambda person, view: view.sandbox.world.tenants[person.tenant].community.name,
    "primary_phone": lambda person, _: f"+44 1632 96{person.number % 10_000:04d}",
    "primary_address": lambda person, _: f"{1 + person.number % 90} Invented Street",
    "picture": _picture,
    "link": lambda person, _: f"https://workplace.example.org/profile/{person.id}",
    "locale": lambda _person, _: "en_GB",
    "work_locale": lambda _person, _: "en_GB",
    "name_format": lambda _person, _: "{first} {last}",
    "updated_time": _time("invited_at"),
    "account_invite_time": _time("invited_at"),
    "account_claim_time": _time("claimed_at"),
    "account_deactivate_time": _time("deactivated_at"),
    "external_id": lambda person, _: f"E{person.number:07d}",
    "start_date": lambda person, _: iso(person.invited_at)[:10],
    "about": lambda _person, _: None,
    "cost_center": lambda person, _: f"C{person.number % 40:03d}",
    "claim_link": lambda _person, _: None,
    "access_code": lambda _person, _: None,
    "frontline": lambda person, _: {"is_frontline": person.number % 3 == 0, "has_access": True},
}
_PERSON_EDGES = frozenset({"groups", "managers", "reports", "feed", "events", "conversations", "skills", "badges"})

PERSON = NodeType("Member", ("id", "name"), _PERSON_FIELDS, edges=_PERSON_EDGES, needs=_PROFILE)
GROUP_MEMBER = NodeType(
    "Member",
    ("name", "administrator", "id"),
    {
        **_PERSON_FIELDS,
        "administrator": lambda person, view: view.group is not None and person.id in view.group.admins,
        "joined": _joined,
    },
    edges=_PERSON_EDGES,
    needs=_PROFILE,
)
REACTION = NodeType(
    "Reaction",
    ("id", "name", "type"),
    {
        "id": lambda reaction, _: reaction.person.id,
        "name": lambda reaction, _: reaction.person.name,
        "type": _plain("kind"),
    },
)
COMMENT = NodeType(
    "Comment",
    ("created_time", "from", "message", "id"),
    {"id": _plain("id"), "message": _plain("message"), "created_time": _time("created")},
    links={"from": (_plain("author"), PERSON)},
    edges=frozenset({"comments", "reactions"}),
)
GROUP = NodeType(
    "Group",
    ("name", "privacy", "id"),
    {
        "id": _plain("id"),
        "name": _plain("name"),
        "description": _filled("description"),
        "cover": lambda group, _: {"source": group.cover_url} if group.cover_url else None,
        "cover_url": _filled("cover_url"),
        "icon": lambda _group, _: "https://pictures.example.org/group.png",
        "is_workplace_default": _plain("is_workplace_default"),
        "is_community": _plain("is_community"),
        "is_official_group": _plain("is_official_group"),
        "privacy": _plain("privacy"),
        "updated_time": _time("updated"),
        "archived": _plain("archived"),
        "post_requires_admin_approval": _plain("post_requires_admin_approval"),
        "purpose": lambda group, _: None if group.is_community else group.purpose,
        "post_permissions": _plain("post_permissions"),
        "join_setting": _plain("join_setting"),
        "sorting_setting": _plain("sorting_setting"),
    },
    links={"owner": (_plain("owner"), PERSON)},
    edges=frozenset(
        {"members", "admins", "moderators", "former_members", "organization_members", "groups", "feed"}
        | {"member_requests", "albums", "docs", "events", "files", "photos", "videos", "pinned_posts"}
    ),
)
POST = NodeType(
    "Post",
    ("created_time", "message", "updated_time", "id"),
    {
        "id": _plain("id"),
        "message": _plain("message"),
        "created_time": _time("created"),
        "updated_time": _time("updated"),
        "formatting": _plain("formatting"),
        "link": _filled("link"),
        "permalink_url": lambda post, _: f"https://workplace.example.org/groups/{post.id.replace('_', '/permalink/')}/",
        "type": lambda post, _: "link" if post.link else "status",
        "status_type": lambda _post, _: "mobile_status_update",
        **dict.fromkeys(
            ("icon", "name", "object_id", "picture", "place", "poll", "properties", "story", "source", "attachments"),
            lambda _post, _: None,
        ),
        "shares": lambda _post, _: None,
    },
    links={
        "from": (_plain("author"), PERSON),
        "to": (lambda post, view: view.sandbox.world.groups.get(post.group_id), GROUP),
    },
    edges=frozenset({"seen", "reactions", "comments"}),
)


def node_type(node: object) -> NodeType:
    """Return the kind of a node that has an id of its own."""
    if isinstance(node, Group):
        return GROUP
    if isinstance(node, Post):
        return POST
    return COMMENT if isinstance(node, Comment) else PERSON


def columns(kind: NodeType, wanted: tuple[Field, ...] | None, view: View) -> Columns:
    """Return the fields to show as name and getter; raises GraphError 100 for one that does not exist."""
    if wanted is None:
        wanted = tuple(Field(name, name) for name in kind.usual)
    found = [column for each in wanted if (column := _column(kind, each, view)) is not None]
    if all(shown != "id" for shown, _ in found):
        found.append(("id", kind.fields["id"]))
    return found


def _column(kind: NodeType, wanted: Field, view: View) -> tuple[str, Getter] | None:
    name = wanted.name
    if name in kind.links:
        return wanted.shown, _link(*kind.links[name], wanted, view)
    if name in kind.edges:
        modifiers = dict(wanted.modifiers)
        return wanted.shown, lambda node, seen: seen.edge_page(node, name, modifiers, wanted.fields, seen)
    if name not in kind.fields:
        raise parameter(f"Tried accessing nonexisting field ({name}) on node type ({kind.name})")
    if name == "email" and "read_user_email" not in view.access.permissions:
        if view.sandbox.switches.email_without_permission == "error":
            code = view.access.missing_code
            raise GraphError(code, f"(#{code}) Requires read_user_email permission")
        return None
    if name in kind.needs and kind.needs[name] not in view.access.permissions:
        return None
    return wanted.shown, kind.fields[name]


def _link(get: Getter, kind: NodeType, wanted: Field, view: View) -> Getter:
    inner = columns(kind, wanted.fields, view)

    def show(node: object, seen: View) -> object:
        target = get(node, seen)
        return None if target is None else show_node(target, inner, seen)

    return show


def show_node(node: object, shown: Columns, view: View) -> Shown:
    """Return one node as JSON."""
    if isinstance(node, Person) and node.tenant != view.access.tenant.name:
        shown = [column for column in shown if column[0] in _PUBLIC]
    return {name: value for name, get in shown if (value := get(node, view)) is not None}


def show_rows(nodes: Iterable[object], shown: Columns, view: View) -> Sequence[Shown]:
    """Return the nodes as JSON, in their order."""
    own = view.access.tenant.name
    return [
        {name: value for name, get in shown if (value := get(node, view)) is not None}
        if not isinstance(node, Person) or node.tenant == own
        else show_node(node, shown, view)
        for node in nodes
    ]
