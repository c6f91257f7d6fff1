"""A small world, as a case of the tests describes it: who is on the roster, who is in the group, what was said of consent.

Only its form is here. What a plan would make of it is worked out where plans are made, by the same code.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from workplace_sync.policy.fields import Part

Address = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Count = Annotated[int, Field(ge=0)]


class Rostered(Part):
    """A row of the roster. `tenant` is the group's where none is named."""

    address: Address
    tenant: Word | None = None
    status: str = "active"
    roles: list[Word] = Field(default_factory=list)
    method: Literal["roster_file", "command_line", "group_copy"] = "roster_file"
    source: str = "roster.csv"


class Present(Part):
    """Somebody who is in the group."""

    address: Address
    administrator: bool = False
    added_by_us: bool = False


class Gone(Part):
    """Somebody who went from the group without our doing; `at` is when they were first missed."""

    address: Address
    at: AwareDatetime
    cause: Literal["left", "removed_by_other", "account_closed", "unknown"] = "unknown"


class Said(Part):
    """An event of the consent ledger, for this group or for every one."""

    address: Address
    kind: Literal["given", "withdrawn", "expired"]
    at: AwareDatetime
    origin: Literal["ledger", "roster"] = "ledger"
    basis: str = ""
    expires_at: AwareDatetime | None = None


class Done(Part):
    """What we did to the group before, over the windows that plan rules read."""

    added_last_24h: Count = 0
    added_last_7d: Count = 0
    removed_last_24h: Count = 0
    removed_last_7d: Count = 0


class Removals(Part):
    """Which removals the group's configuration switches on."""

    opted_out: bool = False
    not_eligible: bool = False


class GroupConfig(Part):
    """The group's configuration, as far as decisions depend on it."""

    tenant: Word = "bt"
    removals: Removals = Removals()
    eligible_statuses: list[Word] = Field(default=["active"], min_length=1)
    protected: list[Address] = Field(default_factory=list)


class World(Part):
    """The whole of it. Besides `members` the group has `others` members of whom nothing is known."""

    group: GroupConfig = GroupConfig()
    roster: list[Rostered] = Field(default_factory=list)
    members: list[Present] = Field(default_factory=list)
    others: Count = 0
    gone: list[Gone] = Field(default_factory=list)
    consent: list[Said] = Field(default_factory=list)
    done: Done = Done()

    @property
    def people(self) -> set[str]:
        """The addresses of all who are on the roster or in the group, in lower case."""
        return {one.address.lower() for one in self.roster} | {one.address.lower() for one in self.members}
