"""What all pages share: the application, sessions, limits, templates, and the files as they are now."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Generic, TypeVar

from fastapi import Request

from workplace_sync.app import Application
from workplace_sync.groups import GroupFile
from workplace_sync.jobs import api_tokens
from workplace_sync.jobs.limits import Limits
from workplace_sync.jobs.overview import Remembered
from workplace_sync.jobs.plan import Rules
from workplace_sync.jobs.sessions import Claims, Sessions
from workplace_sync.people import People, load_people
from workplace_sync.store.suppression import Veil
from workplace_sync.web.console.pages import Page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.rendering import Renderer
from workplace_sync.web.console.visitor import NOBODY, Visitor, visitor_of

T = TypeVar("T")
Messages = list[tuple[str, str]]


class Fresh(Generic[T]):
    """A value read from files, read again once one of them is another."""

    def __init__(self, read: Callable[[], T], files: Callable[[], Iterable[Path]]) -> None:
        self._read, self._files = read, files
        self._held: tuple[object, T] | None = None

    def __call__(self) -> T:
        """Return the value; raises what reading raises."""
        seen = tuple(sorted(_signature(self._files())))
        held = self._held
        if held is None or held[0] != seen:
            self._held = held = (seen, self._read())
        return held[1]


def _signature(files: Iterable[Path]) -> Iterable[tuple[str, int, int]]:
    for file in files:
        try:
            told = file.stat()
        except OSError:
            continue
        yield str(file), told.st_mtime_ns, told.st_size


@dataclass(frozen=True, slots=True)
class MenuItem:
    """An entry of the menu, and whether the visitor is there."""

    label: str
    path: str
    current: bool


@dataclass
class Console:
    """The parts. `groups`, `people` and `rules` return what the files say now, or raise InputError.

    `veil` is the console's own key, from which others are made.
    """

    app: Application
    pages: Sequence[Page]
    renderer: Renderer
    sessions: Sessions
    limits: Limits
    groups: Callable[[], dict[str, GroupFile]]
    people: Callable[[], People | None]
    rules: Callable[[], Rules]
    veil: Veil
    remembered: Remembered = field(default_factory=Remembered)
    _menu: list[Page] = field(init=False)

    def __post_init__(self) -> None:
        entries = [(page.menu.place, page) for page in self.pages if page.menu is not None]
        self._menu = [page for _, page in sorted(entries, key=lambda pair: (pair[0], pair[1].path))]

    @property
    def https(self) -> bool:
        """Whether people reach the console over HTTPS."""
        return self.app.settings.console_https

    @property
    def cookie(self) -> str:
        """The name of the session's cookie; with __Host- no other host and no plain connection can set it."""
        return "__Host-workplace-sync" if self.https else "workplace-sync"

    def visitor(self, request: Request, *, api: bool = False) -> tuple[Visitor, Messages]:
        """Return who is asking, and what they are to be told first. With a token there is no session, and no cookie counts."""
        authorization = request.headers.get("authorization")
        if authorization is not None:
            return (self._by_token(authorization) if api else NOBODY), []
        secret = request.cookies.get(self.cookie, "")
        found = self.sessions.find(secret) if secret else None
        if found is None:
            return NOBODY, []
        session, account = found
        visitor = visitor_of(account, self.people(), Claims.parse(session.claims), session=session.id)
        return visitor, [(kind, text) for kind, text in json.loads(session.flash or "[]")]

    def _by_token(self, authorization: str) -> Visitor:
        scheme, _, secret = authorization.partition(" ")
        found = api_tokens.find(self.app.office, secret.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            return NOBODY
        token, account = found
        whole = visitor_of(account, self.people(), Claims())
        return whole.within({Permission(scope) for scope in token.scopes if scope in set(Permission)}, token.id)

    def menu_for(self, visitor: Visitor, path: str) -> list[MenuItem]:
        """Return the entries that the visitor may open."""
        return [
            MenuItem(
                page.menu.label, page.path, path == page.path or (page.path != "/" and path.startswith(f"{page.path}/"))
            )
            for page in self._menu
            if page.menu and visitor.known and page.permission in visitor.permissions
        ]


def open_console(app: Application, pages: Sequence[Page]) -> Console:
    """Return the parts for an application that is open; makes the key for hashes of tries where there is none."""
    settings = app.settings
    key = Veil(settings.key_file.with_name("console.key"))
    key.make()
    return Console(
        app,
        pages,
        Renderer(),
        Sessions(
            app.database,
            app.now,
            timedelta(minutes=settings.session_idle_minutes),
            timedelta(hours=settings.session_hours),
        ),
        Limits(app.database, app.now, bytes.fromhex(key.digest("limits"))),
        Fresh(app.groups, lambda: (settings.config_dir / "groups").glob("*.yaml")),
        Fresh(
            lambda: load_people(settings.config_dir),
            lambda: [settings.config_dir / "people.yaml", *(settings.config_dir / "groups").glob("*.yaml")],
        ),
        Fresh(lambda: _rules(app), lambda: settings.policies_dir.glob("**/*")),
        key,
    )


def _rules(app: Application) -> Rules:
    with Application(app.settings) as fresh:  # an application keeps the rules it has read
        return fresh.rules
