"""Groups, communities and what is posted in them. All of it is mutable, and changed by the world's ledger alone."""

from dataclasses import dataclass, field

from workplace_sync.sandbox.index import ArrivalIndex
from workplace_sync.sandbox.people import Person


@dataclass(slots=True, eq=False)
class Comment:
    """A comment on a post."""

    id: str
    post_id: str
    author: Person | None  # None: written by the integration
    message: str
    created: int


@dataclass(slots=True, eq=False)
class Reaction:
    """One person's reaction to a post; `kind` is LIKE, LOVE, ..."""

    person: Person
    kind: str


@dataclass(slots=True, eq=False)
class Post:
    """A post in a group."""

    id: str
    group_id: str
    author: Person | None  # None: posted by the integration
    message: str
    created: int
    updated: int
    formatting: str = "PLAINTEXT"
    link: str = ""
    seen: ArrivalIndex[Person] = field(default_factory=ArrivalIndex)
    reactions: ArrivalIndex[Reaction] = field(default_factory=ArrivalIndex)
    comments: ArrivalIndex[Comment] = field(default_factory=ArrivalIndex)


@dataclass(slots=True, eq=False)
class Group:
    """A group, or a community where `is_community` is true (a community's members are people's accounts themselves).

    `parent` is the id of the community it lives in, empty for a tenant's own community. `tenants` are those whose
    tokens see it: more than one for a multi-company group. `left` are people who left by themselves, `former` all who
    left or were taken out. `hidden_inactive` counts deactivated members, so that no count needs a scan.
    """

    id: str
    name: str
    tenants: tuple[str, ...]
    parent: str
    role: str = ""  # prospect, source, ...: ours, for the ready line
    is_community: bool = False
    description: str = ""
    privacy: str = "CLOSED"
    purpose: str = "WORK_TEAMWORK"
    join_setting: str = "ADMIN_ONLY"
    post_permissions: str = "NONE"
    sorting_setting: str = "CHRONOLOGICAL"
    post_requires_admin_approval: bool = False
    is_workplace_default: bool = False
    is_official_group: bool = False
    archived: bool = False
    cover_url: str = ""
    owner: Person | None = None
    updated: int = 0
    hidden_inactive: int = 0
    members: ArrivalIndex[Person] = field(default_factory=ArrivalIndex)
    admins: ArrivalIndex[Person] = field(default_factory=ArrivalIndex)
    moderators: ArrivalIndex[Person] = field(default_factory=ArrivalIndex)
    former: ArrivalIndex[Person] = field(default_factory=ArrivalIndex)
    children: "ArrivalIndex[Group]" = field(default_factory=ArrivalIndex)
    feed: ArrivalIndex[Post] = field(default_factory=ArrivalIndex)
    joined: dict[str, int] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)

    @property
    def shared(self) -> bool:
        """Whether people of several companies are in it."""
        return len(self.tenants) > 1

    def enter(self, person: Person, at: int) -> bool:
        """Put the person in, and say whether they were out."""
        if not self.members.add(person.id, person):
            return False
        self.joined[person.id] = at
        self.former.remove(person.id)
        self.left.discard(person.id)
        person.groups = (*person.groups, self.id)
        self.hidden_inactive += not person.active
        return True

    def leave(self, person: Person) -> bool:
        """Take the person out of the group and of its roles, and say whether they were in."""
        if not self.members.remove(person.id):
            return False
        self.admins.remove(person.id)
        self.moderators.remove(person.id)
        self.joined.pop(person.id, None)
        self.former.add(person.id, person)
        person.groups = tuple(group for group in person.groups if group != self.id)
        self.hidden_inactive -= not person.active
        return True
