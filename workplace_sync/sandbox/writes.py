"""POST and DELETE calls."""

from collections.abc import Callable

from workplace_sync.sandbox.access import Access
from workplace_sync.sandbox.calls import Call, truth
from workplace_sync.sandbox.failures import GraphError, missing, parameter
from workplace_sync.sandbox.groups import Group, Post
from workplace_sync.sandbox.people import Person
from workplace_sync.sandbox.reads import find_node
from workplace_sync.sandbox.state import Sandbox

Answer = dict[str, object]

_CHOICES = {
    "privacy": ("OPEN", "CLOSED", "SECRET"),
    "purpose": ("WORK_ANNOUNCEMENT", "WORK_FEEDBACK", "WORK_TEAMWORK", "WORK_SOCIAL", "WORK_MULTI_COMPANY"),
    "post_permissions": ("NONE", "ADMIN_ONLY"),
    "join_setting": ("NONE", "ANYONE", "ADMIN_ONLY"),
    "sorting_setting": ("CHRONOLOGICAL", "RECENT_ACTIVITY"),
}
_NODE, _EDGE, _PERSON = 1, 2, 3


def write(sandbox: Sandbox, access: Access, call: Call) -> Answer:
    """Carry out a POST or DELETE call and answer it; raises GraphError, and then nothing was changed."""
    read_only = sandbox.faults.ambient("read_only", access.tenant.name)
    if read_only is not None:
        raise GraphError(read_only.number("code") or 3, read_only.text("message"))
    if not 1 <= len(call.segments) <= _PERSON:
        raise missing(call.method, call.segments[-1] if call.segments else "0")
    node = find_node(sandbox, access, call.segments[0], call.method)
    if len(call.segments) == _NODE:
        return _write_node(sandbox, access, call, node)
    act = _EDGES.get((call.method, call.segments[1]))
    if act is None or (len(call.segments) == _PERSON and call.segments[1] not in {"members", "admins", "moderators"}):
        raise missing(call.method, call.segments[0])
    return act(sandbox, access, call, node)


def _write_node(sandbox: Sandbox, access: Access, call: Call, node: object) -> Answer:
    if isinstance(node, Group) and call.method == "POST":
        return _update_group(sandbox, access, call, node)
    if isinstance(node, Person):
        return _write_person(sandbox, access, call, node)
    raise missing(call.method, call.segments[0])


def _need_group(call: Call, node: object) -> Group:
    if not isinstance(node, Group):
        raise missing(call.method, call.segments[0])
    return node


# who is meant


def _named(call: Call, *names: str) -> tuple[str, bool]:
    """Return who is named, and whether by address."""
    if len(call.segments) == _PERSON:
        named = call.segments[2]
        return named, "@" in named
    given = [(name, str(call.params[name]).strip()) for name in names if str(call.params.get(name, "")).strip()]
    if len(given) > 1:
        raise parameter(f"Give only one of the parameters {', '.join(name for name, _ in given)}")
    if not given:
        raise parameter(f"The parameter {' or '.join(names)} is required")
    return given[0][1], given[0][0] == "email"


def _target(sandbox: Sandbox, access: Access, call: Call, group: Group) -> Person:
    """Return the person a membership call is about, of the token's own company."""
    access.require("manage_group")
    named, by_address = _named(call, "email", "member")
    if by_address:
        access.require("read_user_email")
    person = sandbox.world.person(named)
    if person is None and group is access.tenant.community:
        person = sandbox.world.gone_people.get(named)
    if person is None or not access.sees_person(person):
        code = sandbox.switches.unknown_person_code
        raise GraphError(code, f"(#{code}) Param member must be a person of this community")
    if group.shared and not any(access.sees_person(admin) for admin in group.admins):
        raise GraphError(200, "(#200) No admin of this multi-company group is of your company")
    return person


# members


def _add_member(sandbox: Sandbox, access: Access, call: Call, node: object) -> Answer:
    group = _need_group(call, node)
    person = _target(sandbox, access, call, group)
    key = (group.id, person.id)
    sandbox.counts.add_attempts[key] += 1
    if person.id not in group.members:
        _check_addable(sandbox, group, person)
    elif sandbox.switches.add_existing == "error":
        raise parameter("The person is already a member of this group")
    if sandbox.ledger.admit(group, person, call.at, "api", bulk=call.batched):
        sandbox.counts.added[key] += 1
    return {"success": True}


def _check_addable(sandbox: Sandbox, group: Group, person: Person) -> None:
    switches = sandbox.switches
    if group.archived and switches.add_to_archived == "error":
        raise parameter("The group is archived")
    if not person.active and switches.add_deactivated == "error":
        raise parameter("The person's account is deactivated")
    if person.id in group.left and switches.add_who_left == "error":
        raise parameter("The person has left this group and cannot be added again")


def _remove_member(sandbox: Sandbox, access: Access, call: Call, node: object) -> Answer:
    group, switches = _need_group(call, node), sandbox.switches
    person = _target(sandbox, access, call, group)
    inside = person.id in group.members
    if not inside and switches.remove_non_member == "error":
        raise parameter("The person is not a member of this group")
    if person.id in group.admins and switches.remove_admin == "error":
        raise parameter("The person is an admin of this group")
    sandbox.ledger.dismiss(group, person, call.at, "api", bulk=call.batched)
    if inside:
        sandbox.counts.removed[group.id, person.id] += 1
    return {"success": inside or switches.remove_non_member == "success"}


# roles


def _promote(sandbox: Sandbox, access: Access, call: Call, node: object) -> Answer:
    group, person, role = _role_target(sandbox, access, call, node)
    if person.id not in group.members:
        if sandbox.switches.promote_non_member == "error":
            raise parameter("The person is not a member of this group")
        sandbox.ledger.admit(group, person, call.at, "api", bulk=call.batched)
    sandbox.ledger.record("role", call.at, role=role, group=group.id, member=person.id, on=True)
    return {"success": True}


def _demote(sandbox: Sandbox, access: Access, call: Call, node: object) -> Answer:
    group, person, role = _role_target(sandbox, access, call, node)
    last = role == "admins" and person.id in group.admins and len(group.admins) == 1
    if last and sandbox.switches.demote_last_admin == "error":
        raise parameter("The person is the last admin of this group")
    sandbox.ledger.record("role", call.at, role=role, group=group.id, member=person.id, on=False)
    return {"success": True}


def _role_target(sandbox: Sandbox, access: Access, call: Call, node: object) -> tuple[Group, Person, str]:
    group = _need_group(call, node)
    access.require("manage_group", "read_group_membership")
    named, _ = _named(call, "uid", "email")
    person = sandbox.world.person(named)
    if person is None or not access.sees_person(person):
        raise parameter("Param uid must be a person of this community")
    return group, person, call.segments[1]


# groups


def _group_changes(call: Call) -> dict[str, object]:
    changes: dict[str, object] = {}
    for name in ("name", "description", "cover_url"):
        if name in call.params:
            changes[name] = call.text(name)
    for name, attribute in (("archive", "archived"), ("post_requires_admin_approval",) * 2):
        if name in call.params:
            changes[attribute] = truth(call.params[name])
    for name, choices in _CHOICES.items():
        given = call.text(name) or (call.text("group_type") if name == "purpose" else "")
        if given and given not in choices:
            raise parameter(f"Param {name} must be one of {{{', '.join(choices)}}}")
        if given:
            changes[name] = given
    return changes


def _update_group(sandbox: Sandbox, access: Access, call: Call, group: Group) -> Answer:
    access.require("manage_group")
    changes = _group_changes(call)
    sandbox.ledger.record("group", call.at, group=group.id, set=changes)
    return {"success": True}


def _create_group(sandbox: Sandbox, access: Access, call: Call, node: object) -> Answer:
    parent = _need_group(call, node)
    access.require("manage_group")
    if access.groups is not None:
        raise GraphError(access.missing_code, f"(#{access.missing_code}) This app manages selected groups only")
    if not parent.is_community:
        raise GraphError(117, "Invalid group id", subcode=1855195, is_transient=False, title="Cannot Create Group")
    name = call.text("name").strip()
    if not name:
        raise parameter("The parameter name is required")
    admin = sandbox.world.person(call.text("admin")) if call.text("admin") else None
    if call.text("admin") and (admin is None or not access.sees_person(admin)):
        raise parameter("Param admin must be a person of this community")
    group_id = f"7001{access.tenant.tag:04d}{sandbox.world.made + 1:07d}"
    changes = _group_changes(call)
    admin_id = "" if admin is None else admin.id
    sandbox.ledger.record(
        "group_new", call.at, group=group_id, parent=parent.id, name=name, admin=admin_id, set=changes
    )
    return {"id": group_id}


# posts, comments, accounts


def _add_post(sandbox: Sandbox, access: Access, call: Call, node: object) -> Answer:
    group = _need_group(call, node)
    access.require("write_group")
    message, link = call.text("message"), call.text("link")
    if not message and not link:
        raise parameter("The parameter message is required")
    post_id = f"{group.id}_{sandbox.world.made + 100_001}"
    formatting = call.text("formatting", "PLAINTEXT")
    sandbox.ledger.record(
        "post", call.at, group=group.id, post=post_id, message=message, link=link, formatting=formatting
    )
    return {"id": post_id}


def _add_comment(sandbox: Sandbox, access: Access, call: Call, node: object) -> Answer:
    if not isinstance(node, Post):
        raise missing(call.method, call.segments[0])
    access.require("write_group")
    if not call.text("message"):
        raise parameter("The parameter message is required")
    comment_id = f"9001{access.tenant.tag:04d}{sandbox.world.made + 1:07d}"
    sandbox.ledger.record("comment", call.at, post=node.id, comment=comment_id, message=call.text("message"))
    return {"id": comment_id}


def _write_person(sandbox: Sandbox, access: Access, call: Call, person: Person) -> Answer:
    access.require("manage_work_profiles")
    if call.method == "DELETE":
        if person.claimed_at:
            raise parameter("An account that was claimed cannot be deleted")
        sandbox.ledger.dismiss(access.tenant.community, person, call.at, "api", bulk=call.batched)
        return {"success": True}
    active = call.flag("active")
    if active is None:
        raise parameter("This server changes the field active alone")
    sandbox.ledger.record("account", call.at, member=person.id, active=active)
    return {"success": True}


_EDGES: dict[tuple[str, str], Callable[[Sandbox, Access, Call, object], Answer]] = {
    ("POST", "members"): _add_member,
    ("DELETE", "members"): _remove_member,
    ("POST", "admins"): _promote,
    ("DELETE", "admins"): _demote,
    ("POST", "moderators"): _promote,
    ("DELETE", "moderators"): _demote,
    ("POST", "groups"): _create_group,
    ("POST", "feed"): _add_post,
    ("POST", "comments"): _add_comment,
}
