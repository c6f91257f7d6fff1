"""What the answers of several operations are made of."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from workplace_sync.web.console.asking import Ask
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.references import reference
from workplace_sync.web.console.refusal import not_found
from workplace_sync.web.console.sight import groups_seen, person_shown, sees

T = TypeVar("T")


class Part(BaseModel):
    """A value of an answer, as attributes of the value it is made of or as given; times are in UTC."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Wanted(BaseModel):
    """What a program sends; a field that nobody knows is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Listing(Part, Generic[T]):
    """A page of a list; `next` is the `cursor` of the page after it, null at the end."""

    items: list[T]
    next: str | None = None


class PersonShown(Part):
    """Somebody, as far as the visitor may see them. `reference` names them in addresses of the API; '' where they may not be looked up."""

    shown: str
    reference: str = ""


def person_in(ask: Ask, key: str, group: str) -> PersonShown | None:
    """Return a person of a group as the visitor may see them, None for nobody."""
    if not key:
        return None
    named = ask.may(Permission.PEOPLE_READ, group or None)
    return PersonShown(shown=person_shown(ask, key, group), reference=reference(ask, key) if named else "")


def groups_asked(ask: Ask, group: str) -> Sequence[str] | None:
    """Return the groups a list is about: the one asked for, or all that the visitor sees; refuses with 404 any other."""
    seen = groups_seen(ask)
    if group and not sees(seen, group):
        raise not_found()
    return (group,) if group else seen
