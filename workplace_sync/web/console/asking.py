"""One request, as a page sees it: who asks, what they may, and the ways to answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from workplace_sync.app import Application
from workplace_sync.groups import GroupFile
from workplace_sync.jobs.limits import Limit
from workplace_sync.jobs.office import Office
from workplace_sync.people import EVERY_GROUP
from workplace_sync.store import access_reads
from workplace_sync.web.console.desk import Console
from workplace_sync.web.console.pages import Page, page_of
from workplace_sync.web.console.permissions import HIDDEN, Permission
from workplace_sync.web.console.refusal import RefusalError, forbidden, log_in_first, not_found
from workplace_sync.web.console.visitor import NOBODY, Visitor

Crumbs = Sequence[tuple[str, str]]


@dataclass
class Ask:
    """A request for a page, once it is known that the visitor may make it."""

    console: Console
    request: Request
    page: Page
    visitor: Visitor
    messages: list[tuple[str, str]] = field(default_factory=list)

    @property
    def app(self) -> Application:
        """The application: settings, clock, database, office. Group files and policies come from this object instead."""
        return self.console.app

    @cached_property
    def desk(self) -> Office:
        """The office with the visitor as the actor: what is done through it is done by them."""
        return replace(self.console.app.office, actor=self.visitor.name)

    @cached_property
    def groups(self) -> dict[str, GroupFile]:
        """The groups by name for which the visitor may open this page, as their files are now."""
        known, visitor = self.console.groups(), self.visitor
        return {
            name: found
            for name, found in known.items()
            if visitor.covers(name) and visitor.may(self.page.permission, name)
        }

    def may(self, permission: Permission, group: str | None = None) -> bool:
        """Whether the visitor has a permission: for that group, or for any where none is named."""
        return self.visitor.may(permission, group)

    def require(self, permission: Permission, group: str | None = None) -> None:
        """Refuse with 403 unless the visitor has a permission, and with 404 where the group is none of theirs."""
        if group is not None:
            self.require_group(group)
        if not self.may(permission, group):
            raise forbidden()

    def require_group(self, group: str) -> None:
        """Refuse with 404 unless the group is there, and the visitor may open this page for it."""
        if group not in self.groups:
            raise not_found()

    def require_everywhere(self) -> None:
        """Refuse with 403 unless this page's permission holds for every group: for pages about the console as a whole."""
        if not self.visitor.may(self.page.permission, EVERY_GROUP):
            raise forbidden()

    def noted_read(self, kind: str, group: str = "", keys: Sequence[str] = ("",)) -> None:
        """Keep that the visitor read what is held about these people; call it where a page shows any of it.

        `kind` says what it was, as in "audit list"; `keys` are person keys, or '' once where it was a list at large.
        """
        with self.app.database.write() as connection:
            access_reads.add(connection, self.app.now(), self.visitor.name, kind, group, keys)

    def limited(self, limit: Limit, who: str = "") -> None:
        """Count a try of the visitor, or of who is named; refuses with 429 when there were too many."""
        wait = self.console.limits.wait(limit, who or self.visitor.name)
        if wait is not None:
            seconds = max(1, round(wait.total_seconds()))
            raise RefusalError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "That was tried too often.",
                hint=f"Try again in {_told(seconds)}.",
                retry_after=seconds,
            )

    @property
    def secret(self) -> str:
        """The secret that the browser holds for its session, '' where it holds none."""
        return self.request.cookies.get(self.console.cookie, "")

    @property
    def client(self) -> str:
        """The network the request comes from, to count by and never to keep: an address, or for IPv6 its /64."""
        return network_of(self.request.client.host if self.request.client else "")

    def show(
        self, template: str, *, title: str, crumbs: Crumbs = (), status: HTTPStatus = HTTPStatus.OK, **values: object
    ) -> Response:
        """Return a page made from a template. `crumbs` are the pages above it, as labels and addresses."""
        if self.visitor.session and self.messages:
            self.console.sessions.put_flash(self.visitor.session, ())
        return HTMLResponse(self.render(template, title=title, crumbs=crumbs, **values), status)

    def render(self, template: str, *, title: str, crumbs: Crumbs = (), **values: object) -> str:
        """Return the HTML of a page."""
        path = self.request.url.path
        return self.console.renderer.render(
            template,
            {
                "ask": self,
                "visitor": self.visitor,
                "title": title,
                "crumbs": crumbs,
                "menu": self.console.menu_for(self.visitor, path),
                "messages": self.messages,
                "help_topic": self.page.help,
                "path": path,
                "now": self.app.now(),
                "Permission": Permission,
                **values,
            },
        )

    def done(self, message: str, to: str, *, kind: str = "done") -> Response:
        """Go on to another page of the console, which shows the message first. `kind` is done, warning or fault."""
        if self.visitor.session and message:
            self.console.sessions.put_flash(self.visitor.session, [(kind, message)])
        return RedirectResponse(local_path(to), HTTPStatus.SEE_OTHER)


def local_path(address: str) -> str:
    """Return the path of an address of the console, '/' where it leads anywhere else."""
    if not address.startswith("/") or address[1:2] in {"/", "\\"} or not address.isprintable():
        return "/"
    parts = urlsplit(address)
    return address if not parts.scheme and not parts.netloc and "\\" not in parts.path else "/"


def network_of(host: str) -> str:
    """Return an address, or for IPv6 the /64 that one household has; what is no address as it is."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else host


def _told(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"  # noqa: PLR2004 - a minute and a half


def declared(request: Request) -> Page:
    """Return the page that a request is for; raises TypeError for a route that is none."""
    found = page_of(getattr(request.scope.get("route"), "endpoint", None))
    if found is None:
        raise TypeError("a route of the console is declared with @page")
    return found


def ask(request: Request) -> Ask:
    """Return the request as its page sees it; refuses whoever may not make it."""
    console: Console = request.app.state.console
    page = declared(request)
    visitor, messages = (NOBODY, []) if page.anonymous else console.visitor(request, api=page.api)
    if page.permission not in visitor.permissions:
        if not visitor.known:
            raise log_in_first()
        raise not_found() if page.permission in HIDDEN else forbidden()
    asked = Ask(console, request, page, visitor, messages)
    if page.group:
        asked.require_group(request.path_params[page.group])
    return asked


Asked = Annotated[Ask, Depends(ask)]
