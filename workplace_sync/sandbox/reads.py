"""GET calls: nodes, edges, several nodes at once."""

from workplace_sync.sandbox.access import Access
from workplace_sync.sandbox.calls import Call
from workplace_sync.sandbox.failures import missing, parameter
from workplace_sync.sandbox.fields import Field, parse_fields
from workplace_sync.sandbox.groups import Comment, Group, Post
from workplace_sync.sandbox.lists import edge_page
from workplace_sync.sandbox.nodes import View, columns, node_type, show_node
from workplace_sync.sandbox.people import Person
from workplace_sync.sandbox.state import Sandbox
from workplace_sync.sandbox.world import PERMISSIONS

Node = Group | Person | Post | Comment

_NEVER_REPEATED = frozenset({"access_token", "appsecret_proof", "appsecret_time", "ids"})
_NODE_AND_EDGE = 2


def find_node(sandbox: Sandbox, access: Access, named: str, verb: str) -> Node:
    """Return the node of that id, address or name; raises GraphError where the token does not see one."""
    world = sandbox.world
    if named == "community":
        return access.tenant.community
    group = world.groups.get(named)
    if group is not None and access.sees_group(group):
        return group
    person = world.person(named)
    if person is not None and access.sees_person(person):
        return person
    written = world.posts.get(named) or world.comments.get(named)
    if written is not None:
        post = written if isinstance(written, Post) else world.posts[written.post_id]
        home = world.groups.get(post.group_id)
        if home is not None and access.sees_group(home):
            return written
    raise missing(verb, named)


def read(sandbox: Sandbox, access: Access, call: Call) -> dict[str, object]:
    """Answer a GET call; raises GraphError."""
    segments = call.segments
    if segments[:1] == ("me",):
        return _me(sandbox, access, call)
    view = View(sandbox, call, access, edge_page)
    fields = parse_fields(call.text("fields")) if call.text("fields") else None
    if not segments:
        return _several(view, fields)
    node = find_node(sandbox, access, segments[0], "get")
    if len(segments) == 1:
        return _node(node, fields, view)
    if len(segments) > _NODE_AND_EDGE:
        raise missing("get", segments[-1])
    modifiers = {name: call.text(name) for name in call.params if name not in _NEVER_REPEATED}
    return edge_page(node, segments[1], modifiers, fields, view)


def _node(node: Node, fields: tuple[Field, ...] | None, view: View) -> dict[str, object]:
    if isinstance(node, Group) and node.is_community:
        view.access.require_one("read_group", "manage_group")
    elif not isinstance(node, Person):
        view.access.require("read_group")
    return show_node(node, columns(node_type(node), fields, view), view)


def _several(view: View, fields: tuple[Field, ...] | None) -> dict[str, object]:
    wanted = [each.strip() for each in view.call.text("ids").split(",") if each.strip()]
    if not wanted:
        raise parameter("The parameter ids is required")
    view.sandbox.counts.requests["GET ids, each"] += len(wanted)
    nodes = {each: find_node(view.sandbox, view.access, each, "get") for each in wanted}
    return {each: _node(node, fields, view) for each, node in nodes.items()}


def _me(sandbox: Sandbox, access: Access, call: Call) -> dict[str, object]:
    if not sandbox.switches.me_permissions:
        raise missing("get", "me")
    if call.segments == ("me",):
        return {"id": access.tenant.app_id, "name": "Integration"}
    if call.segments != ("me", "permissions"):
        raise missing("get", "me")
    rows = [{"permission": each, "status": "granted"} for each in PERMISSIONS if each in access.permissions]
    return {"data": rows}
