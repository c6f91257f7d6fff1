"""What can be seen from outside, whatever faults are set."""

from fastapi import APIRouter, HTTPException

from workplace_sync.sandbox.control_finder import Finder
from workplace_sync.sandbox.groups import Group
from workplace_sync.sandbox.state import Sandbox
from workplace_sync.sandbox.world import describe_tenants

Shown = dict[str, object]


class Views:
    """The GET paths, the counts, and the reset."""

    def __init__(self, sandbox: Sandbox, text: str) -> None:
        self.sandbox, self.find, self.text = sandbox, Finder(sandbox), text

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter()
        for path in ("", "/"):
            router.add_api_route(path, self.document, methods=["GET"])
        router.add_api_route("/tenants", self.tenants, methods=["GET"])
        router.add_api_route("/people", self.people, methods=["GET"])
        router.add_api_route("/group/{group_id}", self.group, methods=["GET"])
        router.add_api_route("/group/{group_id}/members", self.members, methods=["GET"])
        router.add_api_route("/journal", self.journal, methods=["GET"])
        router.add_api_route("/counts", self.counts, methods=["GET"])
        router.add_api_route("/counts/reset", self.reset_counts, methods=["POST"])
        router.add_api_route("/reset", self.reset, methods=["POST"])
        return router

    async def document(self) -> Shown:
        """Return the list of paths."""
        return {"control": self.text.splitlines()}

    async def tenants(self) -> Shown:
        """Return the tenants, as in the ready line."""
        return {"tenants": describe_tenants(self.sandbox.world)}

    async def people(self, tenant: str, offset: int = 0, limit: int = 1000) -> Shown:
        """Return accounts of a tenant."""
        members = self.find.tenant(tenant).community.members
        rows = [
            {"id": person.id, "email": person.email, "name": person.name, "active": person.active}
            for _, person in members.after(0, offset + limit)[offset:]
        ]
        return {"people": rows, "total": len(members)}

    async def group(self, group_id: str) -> Shown:
        """Return how a group stands, a deleted one too."""
        world = self.sandbox.world
        found = world.groups.get(group_id) or world.gone_groups.get(group_id)
        if found is None:
            raise HTTPException(404, f"no group {group_id!r}")
        return _group(found, deleted=group_id in world.gone_groups)

    async def members(self, group_id: str, offset: int = 0, limit: int = 1_000_000) -> Shown:
        """Return who is really in a group."""
        found = self.find.group(group_id)
        rows = [
            {"id": person.id, "email": person.email, "administrator": person.id in found.admins}
            for _, person in found.members.after(0, offset + limit)[offset:]
        ]
        return {"members": rows, "total": len(found.members)}

    async def journal(self, group: str | None = None, after: int = 0) -> Shown:
        """Return every effect on membership after a number, and the attempts that changed nothing."""
        journal = self.sandbox.ledger.journal
        return {"entries": [entry.shown() for entry in journal.read(group, after)], "last": len(journal.entries)}

    async def counts(self) -> Shown:
        """Return what was asked of the server."""
        return self.sandbox.counts.shown()

    async def reset_counts(self) -> Shown:
        """Count anew."""
        self.sandbox.counts.reset()
        return {"success": True}

    async def reset(self) -> Shown:
        """Return everything to the start."""
        self.sandbox.reset()
        return {"success": True}


def _group(group: Group, *, deleted: bool) -> Shown:
    return {
        "id": group.id,
        "name": group.name,
        "members": len(group.members),
        "admins": [person.id for person in group.admins],
        "archived": group.archived,
        "deleted": deleted,
        "is_community": group.is_community,
    }
