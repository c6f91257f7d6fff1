"""Who is looking: somebody logged in, a program with a token, or nobody."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from workplace_sync.jobs.sessions import Claims
from workplace_sync.people import EVERY_GROUP, People, Role
from workplace_sync.store.accounts import Account
from workplace_sync.web.console.permissions import OF_NOBODY, Permission, permissions_of


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is looking, what they may, and for which groups. `name` is '' for nobody; `session` is the id of theirs."""

    name: str = ""
    title: str = ""
    roles: frozenset[Role] = frozenset()
    granted: Mapping[Role, frozenset[str]] = field(default_factory=dict)
    permissions: frozenset[Permission] = OF_NOBODY
    session: str = ""
    token: str = ""

    @property
    def known(self) -> bool:
        """Whether it is somebody."""
        return bool(self.name)

    def may(self, permission: Permission, group: str | None = None) -> bool:
        """Whether they have a permission: for that group, or for any where none is named."""
        if permission not in self.permissions:
            return False
        if group is None or permission in {Permission.PUBLIC, Permission.SELF}:
            return True
        return any(
            permission in permissions_of([role]) and (EVERY_GROUP in groups or group in groups)
            for role, groups in self.granted.items()
        )

    def within(self, scopes: Collection[Permission], token: str) -> "Visitor":
        """Return the visitor as a token of theirs lets a program be: with no more than the scopes."""
        return replace(self, permissions=(self.permissions & frozenset(scopes)) | OF_NOBODY, session="", token=token)

    def covers(self, group: str) -> bool:
        """Whether the group is one of theirs at all, in any role."""
        return any(EVERY_GROUP in groups or group in groups for groups in self.granted.values())


NOBODY = Visitor()


def visitor_of(account: Account, people: People | None, claims: Claims, session: str = "") -> Visitor:
    """Return who somebody logged in is, from the people file, or else from what the single sign-on told.

    The people file is the one source of roles for those whom it names. Without one, the one who set up first is owner.
    """
    person = people.find(account.name) if people else None
    granted: dict[Role, frozenset[str]] = {}
    if person is not None:
        granted = dict.fromkeys(person.roles, person.groups)
    elif account.identity:
        for role, groups in claims.grants:
            granted[Role(role)] = granted.get(Role(role), frozenset()) | {groups}
    if people is None and account.founder:
        granted[Role.OWNER] = frozenset({EVERY_GROUP})
    return Visitor(
        account.name,
        person.title if person else "",
        frozenset(granted),
        granted,
        permissions_of(granted),
        session,
    )
