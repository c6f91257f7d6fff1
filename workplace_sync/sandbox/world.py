"""The sandbox's world: tenants with their people, groups, posts and tokens, and how to find each by its id."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from workplace_sync.sandbox.groups import Comment, Group, Post
from workplace_sync.sandbox.index import ArrivalIndex
from workplace_sync.sandbox.people import Person

# The names of the permission table. Those without an API name in Meta's pages are ours: read_group_membership,
# manage_work_profiles, provision_user_accounts, export_employee_data.
PERMISSIONS = (
    "read_group",
    "write_group",
    "manage_group",
    "read_group_membership",
    "read_user_email",
    "read_user_work_profile",
    "read_user_feed",
    "manage_work_profiles",
    "manage_accounts",
    "provision_user_accounts",
    "export_employee_data",
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What one token may do. `groups` None means the whole community, else only those groups."""

    token: str
    tenant: str
    permissions: frozenset[str]
    groups: frozenset[str] | None = None


@dataclass(slots=True, eq=False)
class Tenant:
    """A company on the platform: its own community, its people, and the integration's keys."""

    name: str
    tag: int
    community: Group
    app_id: str
    app_secret: str
    token: str
    deactivated: ArrivalIndex[Person] = field(default_factory=ArrivalIndex)


@dataclass(slots=True, eq=False)
class World:
    """Everything there is. `tokens` maps a token to its grant; `addresses` maps a lower-case address to its person."""

    tenants: dict[str, Tenant] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    addresses: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)
    tokens: dict[str, Grant] = field(default_factory=dict)
    gone_people: dict[str, Person] = field(default_factory=dict)
    gone_groups: dict[str, Group] = field(default_factory=dict)
    made: int = 0  # nodes made through the API, for their ids

    def person(self, named: str) -> Person | None:
        """Find a person by id or address."""
        return self.addresses.get(named.strip().lower()) if "@" in named else self.people.get(named)

    def place_group(self, group: Group) -> None:
        """Put a new group into the world and under its community."""
        self.groups[group.id] = group
        if group.parent:
            self.groups[group.parent].children.add(group.id, group)

    def place_person(self, person: Person) -> None:
        """Put an account into the world and into its tenant's community."""
        tenant = self.tenants[person.tenant]
        self.people[person.id] = person
        self.addresses[person.email] = person
        tenant.community.enter(person, person.invited_at)
        if not person.active:
            tenant.deactivated.add(person.id, person)

    def remove_group(self, group: Group) -> None:
        """Take a group away, with everybody's membership in it."""
        for person in list(group.members):
            group.leave(person)
        self.groups.pop(group.id, None)
        self.gone_groups[group.id] = group
        if group.parent in self.groups:
            self.groups[group.parent].children.remove(group.id)

    def remove_person(self, person: Person) -> None:
        """Take an account away, out of every group."""
        self.people.pop(person.id, None)
        self.addresses.pop(person.email, None)
        self.tenants[person.tenant].deactivated.remove(person.id)
        self.gone_people[person.id] = person

    def set_active(self, person: Person, *, active: bool, at: int) -> bool:
        """Switch an account on or off, and say whether that changed it."""
        if person.active is active:
            return False
        person.active = active
        person.deactivated_at = 0 if active else at
        tenant = self.tenants[person.tenant]
        if active:
            tenant.deactivated.remove(person.id)
        else:
            tenant.deactivated.add(person.id, person)
        for group_id in person.groups:
            self.groups[group_id].hidden_inactive += -1 if active else 1
        return True

    def groups_of(self, person: Person) -> Iterable[Group]:
        """Return the groups, communities not counted, that the person is in."""
        return (group for group_id in person.groups if not (group := self.groups[group_id]).is_community)


def describe_tenants(world: World) -> list[Mapping[str, object]]:
    """Return the tenants as the ready line and `GET /_control/tenants` show them."""
    return [
        {
            "name": tenant.name,
            "community_id": tenant.community.id,
            "token": tenant.token,
            "app_id": tenant.app_id,
            "app_secret": tenant.app_secret,
            "people": len(tenant.community.members),
            "groups": [
                {"id": group.id, "name": group.name, "role": group.role, "members": len(group.members)}
                for group in tenant.community.children
            ],
        }
        for tenant in world.tenants.values()
    ]
