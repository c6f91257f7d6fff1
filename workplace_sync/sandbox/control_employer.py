"""The employer's hand, and people who leave by themselves."""

import time
from datetime import UTC, datetime

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict

from workplace_sync.sandbox.control_finder import Finder
from workplace_sync.sandbox.groups import Group
from workplace_sync.sandbox.people import Person
from workplace_sync.sandbox.state import Sandbox

Shown = dict[str, object]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GroupDocument(_Document):
    """A group."""

    group: str


class PeopleDocument(GroupDocument):
    """People of a group, by address or id."""

    emails: list[str] = []
    ids: list[str] = []


class SinceDocument(GroupDocument):
    """A group and a time."""

    since: float | datetime


class ArchiveDocument(GroupDocument):
    """A group, to be archived or not."""

    archived: bool = True


class LeaveDocument(GroupDocument):
    """A group, and the person who leaves it."""

    email: str = ""
    id: str = ""


class AccountsDocument(_Document):
    """Accounts of a tenant, by address or id, to be switched off or on."""

    tenant: str
    emails: list[str] = []
    ids: list[str] = []
    active: bool = False


class Employer:
    """The paths under employer and member."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.find = sandbox, Finder(sandbox)

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter()
        router.add_api_route("/member/leave", self.leave, methods=["POST"])
        router.add_api_route("/employer/remove", self.remove, methods=["POST"])
        router.add_api_route("/employer/remove-bulk", self.remove_bulk, methods=["POST"])
        router.add_api_route("/employer/deactivate", self.deactivate, methods=["POST"])
        router.add_api_route("/employer/archive", self.archive, methods=["POST"])
        router.add_api_route("/employer/delete-group", self.delete_group, methods=["POST"])
        return router

    async def leave(self, document: LeaveDocument) -> Shown:
        """Let a person leave by themselves."""
        group = self.find.group(document.group)
        named = self.find.people([document.email] if document.email else [], [document.id] if document.id else [])
        left = self.sandbox.ledger.dismiss(group, named[0], time.time(), "member", bulk=False)
        return {"removed": int(left)}

    async def remove(self, document: PeopleDocument) -> Shown:
        """Take people out of a group."""
        group = self.find.group(document.group)
        return {"removed": self._take_out(group, self.find.people(document.emails, document.ids), bulk=False)}

    async def remove_bulk(self, document: SinceDocument) -> Shown:
        """Take everybody out whom the API added since a time."""
        group = self.find.group(document.group)
        added = self.sandbox.ledger.journal.added_through_the_api(group.id, _unix(document.since))
        people = [person for each in added if (person := group.members.get(each)) is not None]
        return {"removed": self._take_out(group, people, bulk=True)}

    def _take_out(self, group: Group, people: list[Person], *, bulk: bool) -> int:
        now, removed = time.time(), 0
        for person in people:
            if group.id not in self.sandbox.world.groups:
                break  # the last member is gone, and the group with them
            removed += self.sandbox.ledger.dismiss(group, person, now, "employer", bulk=bulk)
        return removed

    async def deactivate(self, document: AccountsDocument) -> Shown:
        """Switch accounts off (or on)."""
        self.find.tenant(document.tenant)
        people = [each for each in self.find.people(document.emails, document.ids) if each.tenant == document.tenant]
        for person in people:
            self.sandbox.ledger.record("account", time.time(), member=person.id, active=document.active)
        return {"changed": len(people)}

    async def archive(self, document: ArchiveDocument) -> Shown:
        """Archive a group, or take it out of the archive."""
        group = self.find.group(document.group)
        self.sandbox.ledger.record("group", time.time(), group=group.id, set={"archived": document.archived})
        return {"success": True}

    async def delete_group(self, document: GroupDocument) -> Shown:
        """Delete a group."""
        group = self.find.group(document.group)
        if not group.parent:
            raise HTTPException(422, "a tenant's own community cannot be deleted")
        self.sandbox.ledger.record("group_gone", time.time(), by="employer", bulk=True, group=group.id)
        return {"success": True}


def _unix(at: float | datetime) -> float:
    if isinstance(at, datetime):
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    return at
