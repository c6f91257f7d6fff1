"""The control paths, `/_control/*`: the test's hand, the employer's hand, and the view from outside. JSON only.

GET  /_control                         this list
GET  /_control/tenants                 as in the ready line
GET  /_control/people                  ?tenant=bt&offset=0&limit=1000 -> {"people":[{"id","email","name","active"}],"total"}
GET  /_control/group/{id}              {"id","name","members","admins","archived","deleted","is_community"}
GET  /_control/group/{id}/members      ?offset&limit -> {"members":[{"id","email","administrator"}],"total"}: the truth
GET  /_control/journal                 ?group=&after=0 -> {"entries":[...],"last"}: every effect on membership, and attempts without one
GET  /_control/counts                  POST /_control/counts/reset
POST /_control/faults                  {"kind",...} -> {"id"}; GET, DELETE /_control/faults; DELETE /_control/faults/{id}
GET  /_control/faults/kinds            every kind with its defaults
GET  /_control/switches                POST {"name": value, ...}: what is not known of the real service
POST /_control/member/leave            {"group","email"|"id"}: a person leaves by themselves
POST /_control/employer/remove         {"group","emails":[..]|"ids":[..]}
POST /_control/employer/remove-bulk    {"group","since": ISO time or unix seconds}: everybody added through the API since
POST /_control/employer/deactivate     {"tenant","emails":[..]|"ids":[..],"active":false}
POST /_control/employer/archive        {"group","archived":true}
POST /_control/employer/delete-group   {"group"}
POST /_control/tokens                  {"tenant","permissions":[..],"groups":[..]|null} -> {"token"}
POST /_control/reset                   back to the start: world, faults, switches, counts, journal, state file

Errors are {"detail": sentence}: 404 for what does not exist, 422 for a document that cannot be read.
"""

import time
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict

from workplace_sync.sandbox.building import make_token
from workplace_sync.sandbox.faults import KINDS, Value
from workplace_sync.sandbox.groups import Group
from workplace_sync.sandbox.people import Person
from workplace_sync.sandbox.state import Sandbox
from workplace_sync.sandbox.switches import describe_switches
from workplace_sync.sandbox.world import PERMISSIONS, Tenant, describe_tenants

Shown = dict[str, object]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _People(_Document):
    group: str
    emails: list[str] = []
    ids: list[str] = []


class _Accounts(_Document):
    tenant: str
    emails: list[str] = []
    ids: list[str] = []
    active: bool = False


class _Since(_Document):
    group: str
    since: float | datetime


class _GroupOnly(_Document):
    group: str


class _Archive(_GroupOnly):
    archived: bool = True


class _Leave(_Document):
    group: str
    email: str = ""
    id: str = ""


class _Token(_Document):
    tenant: str
    permissions: list[str]
    groups: list[str] | None = None


class _Finder:
    """Finds what a control document names, or answers 404."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def tenant(self, name: str) -> Tenant:
        found = self.sandbox.world.tenants.get(name)
        if found is None:
            raise HTTPException(404, f"no tenant {name!r}; there are {', '.join(self.sandbox.world.tenants)}")
        return found

    def group(self, group_id: str) -> Group:
        found = self.sandbox.world.groups.get(group_id)
        if found is None:
            raise HTTPException(404, f"no group {group_id!r}, or it was deleted")
        return found

    def people(self, emails: list[str], ids: list[str]) -> list[Person]:
        named = [*emails, *ids]
        found = [self.sandbox.world.person(each) for each in named]
        lacking = [each for each, person in zip(named, found, strict=True) if person is None]
        if lacking or not named:
            raise HTTPException(404, f"no such people: {', '.join(lacking) or 'none was named'}")
        return [person for person in found if person is not None]


def make_control(sandbox: Sandbox) -> FastAPI:
    """Return the application of the control paths."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    finder = _Finder(sandbox)
    for part in (_views(sandbox, finder), _settings(sandbox), _employer(sandbox, finder), _tokens(sandbox, finder)):
        app.include_router(part, prefix="/_control")
    return app


def _views(sandbox: Sandbox, find: _Finder) -> APIRouter:  # noqa: C901 - a table of routes
    router = APIRouter()

    @router.get("")
    @router.get("/")
    async def document() -> Shown:
        return {"control": (__doc__ or "").splitlines()}

    @router.get("/tenants")
    async def tenants() -> Shown:
        return {"tenants": describe_tenants(sandbox.world)}

    @router.get("/people")
    async def people(tenant: str, offset: int = 0, limit: int = 1000) -> Shown:
        members = find.tenant(tenant).community.members
        rows = [
            {"id": person.id, "email": person.email, "name": person.name, "active": person.active}
            for _, person in members.after(0, offset + limit)[offset:]
        ]
        return {"people": rows, "total": len(members)}

    @router.get("/group/{group_id}")
    async def group(group_id: str) -> Shown:
        world = sandbox.world
        found = world.groups.get(group_id) or world.gone_groups.get(group_id)
        if found is None:
            raise HTTPException(404, f"no group {group_id!r}")
        return {
            "id": found.id,
            "name": found.name,
            "members": len(found.members),
            "admins": [person.id for person in found.admins],
            "archived": found.archived,
            "deleted": group_id in world.gone_groups,
            "is_community": found.is_community,
        }

    @router.get("/group/{group_id}/members")
    async def members(group_id: str, offset: int = 0, limit: int = 1_000_000) -> Shown:
        found = find.group(group_id)
        rows = [
            {"id": person.id, "email": person.email, "administrator": person.id in found.admins}
            for _, person in found.members.after(0, offset + limit)[offset:]
        ]
        return {"members": rows, "total": len(found.members)}

    @router.get("/journal")
    async def journal(group: str | None = None, after: int = 0) -> Shown:
        entries = sandbox.ledger.journal.read(group, after)
        return {"entries": [entry.shown() for entry in entries], "last": len(sandbox.ledger.journal.entries)}

    @router.get("/counts")
    async def counts() -> Shown:
        return sandbox.counts.shown()

    @router.post("/counts/reset")
    async def reset_counts() -> Shown:
        sandbox.counts.reset()
        return {"success": True}

    @router.post("/reset")
    async def reset() -> Shown:
        sandbox.reset()
        return {"success": True}

    return router


def _settings(sandbox: Sandbox) -> APIRouter:
    router = APIRouter()

    @router.post("/faults")
    async def add_fault(document: Annotated[dict[str, Value], Body()]) -> Shown:
        tenant = document.get("tenant")
        if tenant is not None and tenant not in sandbox.world.tenants:
            raise HTTPException(422, f"tenant: no tenant {tenant!r}")
        try:
            return {"id": sandbox.faults.add(document).id}
        except ValueError as fault:
            raise HTTPException(422, str(fault)) from None

    @router.get("/faults")
    async def faults() -> Shown:
        return {"faults": [fault.shown() for fault in sandbox.faults.set.values()]}

    @router.get("/faults/kinds")
    async def kinds() -> Shown:
        return {"kinds": {name: {"does": kind.does, "defaults": kind.all_defaults()} for name, kind in KINDS.items()}}

    @router.delete("/faults")
    async def clear_faults() -> Shown:
        sandbox.faults.set.clear()
        return {"success": True}

    @router.delete("/faults/{fault_id}")
    async def delete_fault(fault_id: int) -> Shown:
        if sandbox.faults.set.pop(fault_id, None) is None:
            raise HTTPException(404, f"no fault {fault_id}")
        return {"success": True}

    @router.get("/switches")
    async def switches() -> Shown:
        return {"switches": sandbox.switches.values(), "described": describe_switches()}

    @router.post("/switches")
    async def set_switches(document: Annotated[dict[str, object], Body()]) -> Shown:
        try:
            sandbox.ledger.record("switches", time.time(), set=document)
        except ValueError as fault:
            raise HTTPException(422, str(fault)) from None
        return {"switches": sandbox.switches.values()}

    return router


def _employer(sandbox: Sandbox, find: _Finder) -> APIRouter:
    router = APIRouter()

    @router.post("/member/leave")
    async def leave(document: _Leave) -> Shown:
        group = find.group(document.group)
        (person,) = find.people([document.email] if document.email else [], [document.id] if document.id else [])
        left = sandbox.ledger.dismiss(group, person, time.time(), "member", bulk=False)
        return {"removed": int(left)}

    @router.post("/employer/remove")
    async def remove(document: _People) -> Shown:
        group = find.group(document.group)
        return {"removed": take_out(group, find.people(document.emails, document.ids), bulk=False)}

    @router.post("/employer/remove-bulk")
    async def remove_bulk(document: _Since) -> Shown:
        group = find.group(document.group)
        added = sandbox.ledger.journal.added_through_the_api(group.id, _unix(document.since))
        people = [person for each in added if (person := group.members.get(each)) is not None]
        return {"removed": take_out(group, people, bulk=True)}

    def take_out(group: Group, people: list[Person], *, bulk: bool) -> int:
        now, removed = time.time(), 0
        for person in people:
            if group.id not in sandbox.world.groups:
                break
            removed += sandbox.ledger.dismiss(group, person, now, "employer", bulk=bulk)
        return removed

    @router.post("/employer/deactivate")
    async def deactivate(document: _Accounts) -> Shown:
        find.tenant(document.tenant)
        people = [p for p in find.people(document.emails, document.ids) if p.tenant == document.tenant]
        for person in people:
            sandbox.ledger.record("account", time.time(), member=person.id, active=document.active)
        return {"changed": len(people)}

    @router.post("/employer/archive")
    async def archive(document: _Archive) -> Shown:
        group = find.group(document.group)
        sandbox.ledger.record("group", time.time(), group=group.id, set={"archived": document.archived})
        return {"success": True}

    @router.post("/employer/delete-group")
    async def delete_group(document: _GroupOnly) -> Shown:
        group = find.group(document.group)
        if not group.parent:
            raise HTTPException(422, "a tenant's own community cannot be deleted")
        sandbox.ledger.record("group_gone", time.time(), by="employer", bulk=True, group=group.id)
        return {"success": True}

    return router


def _tokens(sandbox: Sandbox, find: _Finder) -> APIRouter:
    router = APIRouter()

    @router.post("/tokens")
    async def add_token(document: _Token) -> Shown:
        tenant = find.tenant(document.tenant)
        unknown = sorted(set(document.permissions) - set(PERMISSIONS))
        if unknown:
            raise HTTPException(422, f"permissions: {', '.join(unknown)} is none of {', '.join(PERMISSIONS)}")
        token = make_token(sandbox.options.seed, tenant.name, str(sandbox.world.made))
        sandbox.ledger.record(
            "token", time.time(), token=token, tenant=tenant.name, permissions=document.permissions, groups=document.groups
        )  # fmt: skip
        return {"token": token}

    return router


def _unix(at: float | datetime) -> float:
    if isinstance(at, datetime):
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    return at
