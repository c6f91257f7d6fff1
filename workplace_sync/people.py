"""The people file, config/people.yaml: who takes part, by name, in which roles and for which groups.

It is the one source of roles: for `--by` on the command line, and for whoever logs in under one of its names. Where
there is no such file, nobody is asked for a role: that is for one person on one machine who begins.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from workplace_sync.errors import Fault, InputError, ReviewError
from workplace_sync.logs import holds_token
from workplace_sync.policy.source import Source, checked, read_source
from workplace_sync.roster.person import BadAddressError, person_key

FILE_NAME = "people.yaml"
EVERY_GROUP = "*"


class Role(StrEnum):
    """What somebody is here for.

    A rep reads; an admin plans, approves and applies; an auditor reads everything and takes it out; an owner may do all
    of that and hands out accounts; an officer hears members' cases, which only officers and the owner see.
    """

    REP = "rep"
    ADMIN = "admin"
    AUDITOR = "auditor"
    OWNER = "owner"
    OFFICER = "officer"


DECIDES = frozenset({Role.ADMIN, Role.OWNER})
"""The roles that may plan, approve, reject and apply."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the file. `name` is what is written into the evidence log; `email` is for notices and nothing else.

    `groups` are names of groups, or `*` for every one.
    """

    name: str
    title: str = ""
    roles: frozenset[Role] = frozenset()
    groups: frozenset[str] = frozenset()
    email: str = ""

    def covers(self, group: str) -> bool:
        """Whether their roles hold for that group."""
        return EVERY_GROUP in self.groups or group in self.groups

    def may(self, roles: Collection[Role], group: str | None = None) -> bool:
        """Whether they have one of the roles: for that group, or for any where none is named."""
        return bool(self.roles.intersection(roles)) and (group is None or self.covers(group))


@dataclass(frozen=True, slots=True)
class People:
    """The people of the file, in its order."""

    file: Path
    people: tuple[Person, ...]

    def find(self, name: str) -> Person | None:
        """Return the person of exactly that name, if there is one."""
        return next((person for person in self.people if person.name == name), None)

    def may(self, name: str, roles: Role | Collection[Role], group: str | None = None) -> bool:
        """Whether the one of that name has the role, or one of several: for that group, or for any where none is named.

        Nobody who is not in the file has any.
        """
        person = self.find(name)
        asked = {roles} if isinstance(roles, Role) else roles
        return person is not None and person.may(asked, group)

    def who_may(self, roles: Role | Collection[Role], group: str | None = None) -> tuple[Person, ...]:
        """Return all who have the role, or one of several, for that group."""
        return tuple(person for person in self.people if self.may(person.name, roles, group))

    def require(self, name: str, roles: Role | Collection[Role], group: str, doing: str) -> None:
        """Raise ReviewError unless the one of that name may do it for that group.

        `doing` is what is forbidden otherwise, as in "approve a plan".
        """
        if self.may(name, roles, group):
            return
        asked = {roles} if isinstance(roles, Role) else roles
        needed = " or ".join(sorted(asked))
        person = self.find(name)
        if person is None:
            near = get_close_matches(name, [each.name for each in self.people], 1)
            hint = f"Did you mean --by {near[0]}? " if near else "Say with --by who this is. "
            who = "An e-mail address" if "@" in name else name  # no message repeats an address
            raise ReviewError(
                f"{who} is not among the people of {self.file}, so they cannot {doing}.",
                hint=f"{hint}An owner adds people to that file.",
            )
        lack = "are so for other groups" if person.may(asked) else f"have not the role {needed}"
        raise ReviewError(
            f"{name} cannot {doing}: by {self.file} they {lack}.",
            hint=f"Ask somebody who has the role {needed} for {group}.",
        )


def load_people(config_dir: Path) -> People | None:
    """Read the people file; None where there is none.

    Raises InputError with every fault of it, each with its line and column.
    """
    file = config_dir / FILE_NAME
    if not file.exists():
        return None
    try:
        source = read_source(str(file), file.read_bytes())
    except OSError:
        raise _unusable(file, [Fault(str(file), 0, 0, "", "cannot be read", "check its rights")]) from None
    faults: list[Fault] = []
    model = None
    try:
        model = checked(source, _File)
        faults += _own_faults(source, model, config_dir)
    except InputError as error:
        faults += error.faults
    if faults or model is None:
        raise _unusable(file, faults)
    return People(file, tuple(person.as_person() for person in model.people))


def _unusable(file: Path, faults: Sequence[Fault]) -> InputError:
    return InputError(
        f"{file} cannot be used as written.", sorted(faults), hint="Correct what is listed, then try again."
    )


def _own_faults(source: Source, model: "_File", config_dir: Path) -> list[Fault]:
    """Return the faults that show only beside the other people and the group files."""
    faults: list[Fault] = []
    known = sorted(file.stem for file in (config_dir / "groups").glob("*.yaml"))
    first: dict[str, int] = {}
    for number, person in enumerate(model.people):
        earlier = first.setdefault(person.name.casefold(), number)
        if earlier != number:
            message = f"is the same as that of person {earlier + 1}"
            faults.append(source.fault(("people", number, "name"), message, "give each a name of their own"))
        for place, group in enumerate(person.groups):
            if group != EVERY_GROUP and group not in known:
                near = get_close_matches(group, known, 1)
                advice = f"did you mean {near[0]!r}?" if near else "name a file in config/groups, or write '*'"
                faults.append(source.fault(("people", number, "groups", place), "is no group", advice))
    return faults


def _name(text: str) -> str:
    if "@" in text:
        raise ValueError("must not be an e-mail address, because it is written into the log; that goes under `email`")
    if not text.isprintable() or set(text) & set(",;:\"'<>"):
        raise ValueError("must be a name on one line, without commas, colons or quotes")
    if holds_token(text):
        raise ValueError("looks like a token")
    return text


def _role(text: str) -> str:
    if text not in set(Role):
        near = get_close_matches(text, [role.value for role in Role], 1)
        raise ValueError(
            f"is no role: did you mean {near[0]!r}?" if near else f"is no role; they are {', '.join(Role)}"
        )
    return text


def _address(text: str) -> str:
    try:
        person_key(text)
    except BadAddressError as error:
        raise ValueError(f"is no e-mail address: {error}") from None
    return text


_LENIENT = Field(strict=False)  # YAML has lists where we have tuples
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_name)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Person(_Part):
    name: _Name
    title: _Text = ""
    roles: Annotated[tuple[Annotated[str, AfterValidator(_role)], ...], _LENIENT, Field(min_length=1)]
    groups: Annotated[tuple[_Text, ...], _LENIENT] = ()
    email: Annotated[str, AfterValidator(_address)] | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if not self.groups and set(self.roles) & {Role.REP, Role.ADMIN}:
            raise ValueError("needs `groups`: names of groups, or '*' for every one")
        return self

    def as_person(self) -> Person:
        """Return the value; auditors, owners and officers are so everywhere unless the file says where."""
        return Person(
            self.name,
            self.title,
            frozenset(map(Role, self.roles)),
            frozenset(self.groups or (EVERY_GROUP,)),
            self.email or "",
        )


class _File(_Part):
    kind: Literal["People"] = "People"
    people: Annotated[tuple[_Person, ...], _LENIENT, Field(min_length=1)]
