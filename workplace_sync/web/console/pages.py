"""The declaration of a page: where it is, and what it asks of whoever opens it. Without one, nothing is served."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Literal, TypeVar

from workplace_sync.web.console.permissions import Permission

Method = Literal["GET", "POST", "PUT", "DELETE"]
Endpoint = TypeVar("Endpoint", bound=Callable[..., object])

_DECLARED = "__page__"


@dataclass(frozen=True, slots=True)
class Menu:
    """An entry of the menu; those with a lower `place` come first."""

    label: str
    place: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is declared. `group` names the path parameter that is a group; `help` the part of the help for it.

    `api` answers programs: by token or session, refusals as JSON. `uploads` takes files up to the upload limit.
    With `anonymous` it does not matter who asks, and nobody looks.
    """

    path: str
    permission: Permission
    method: Method = "GET"
    group: str = ""
    menu: Menu | None = None
    help: str = ""
    api: bool = False
    uploads: bool = False
    anonymous: bool = False


def page(
    path: str,
    permission: Permission,
    *,
    method: Method = "GET",
    group: str = "",
    menu: Menu | None = None,
    help: str = "",  # noqa: A002 - the word of the page
    api: bool = False,
    uploads: bool = False,
    anonymous: bool = False,
) -> Callable[[Endpoint], Endpoint]:
    """Declare a function to be a page; raises TypeError where `group` is no parameter of the path."""
    if group and f"{{{group}}}" not in path:
        raise TypeError(f"{path} has no parameter {group!r} that could be a group")
    declared = Page(path, permission, method, group, menu, help, api, uploads, anonymous)

    def declare(function: Endpoint) -> Endpoint:
        setattr(function, _DECLARED, declared)
        return function

    return declare


def page_of(endpoint: object) -> Page | None:
    """Return what a function is declared to be, None where it is not."""
    found = getattr(endpoint, _DECLARED, None)
    return found if isinstance(found, Page) else None


def declared_in(package: ModuleType) -> Iterator[tuple[Page, Callable[..., object]]]:
    """Yield every page of the modules of a package and those under it, by module and then in the order of the text."""
    for info in sorted(pkgutil.walk_packages(package.__path__, f"{package.__name__}."), key=lambda one: one.name):
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            declared = page_of(value)
            if declared is not None and getattr(value, "__module__", "") == module.__name__:
                yield declared, value
