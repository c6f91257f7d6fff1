"""Finds what a control document names, or answers 404."""

from fastapi import HTTPException

from workplace_sync.sandbox.groups import Group
from workplace_sync.sandbox.people import Person
from workplace_sync.sandbox.state import Sandbox
from workplace_sync.sandbox.world import Tenant


class Finder:
    """Looks names up in the sandbox's world; every method raises HTTPException 404 for what is not there."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def tenant(self, name: str) -> Tenant:
        """Return the tenant of that name."""
        found = self.sandbox.world.tenants.get(name)
        if found is None:
            raise HTTPException(404, f"no tenant {name!r}; there are {', '.join(self.sandbox.world.tenants)}")
        return found

    def group(self, group_id: str) -> Group:
        """Return the group or community of that id."""
        found = self.sandbox.world.groups.get(group_id)
        if found is None:
            raise HTTPException(404, f"no group {group_id!r}, or it was deleted")
        return found

    def people(self, emails: list[str], ids: list[str]) -> list[Person]:
        """Return the people of those addresses and ids, at least one."""
        named = [*emails, *ids]
        found = [self.sandbox.world.person(each) for each in named]
        lacking = [each for each, person in zip(named, found, strict=True) if person is None]
        if lacking or not named:
            raise HTTPException(404, f"no such people: {', '.join(lacking) or 'none was named'}")
        return [person for person in found if person is not None]
