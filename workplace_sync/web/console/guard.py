"""What stands before every page: which host was asked, from where a form was sent, how much comes, and the headers.

Forms are taken from the console's own pages alone. Browsers say with each request where it comes from (Fetch Metadata,
https://www.w3.org/TR/fetch-metadata/); those that do not send that yet send the Origin header with a form. So no form
carries a token of its own.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workplace_sync.logs import get_logger
from workplace_sync.web.console.plain_text import nul_in_address

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?", re.IGNORECASE)

_log = get_logger(__name__)

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "referrer-policy": "same-origin",  # with no-referrer, browsers send a form's Origin as null
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Door:
    """Who is let in. `hosts` are without ports, `url` is the console's own address or '', limits are in bytes.

    `uploads` are the paths on which files are taken, as patterns. `refuse` makes what is answered there, with its
    media type, of a path, a status and a sentence.
    """

    hosts: frozenset[str]
    url: str
    body_limit: int
    upload_limit: int
    uploads: Sequence[re.Pattern[str]]
    refuse: Callable[[str, HTTPStatus, str], tuple[str, bytes]]

    def fault(self, method: str, headers: Headers) -> tuple[HTTPStatus, str] | None:
        """Return why a request is refused, None where it is let in."""
        hosts = headers.getlist("host")
        matched = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if matched is None or matched[1].lower().strip("[]") not in self.hosts:
            return HTTPStatus.MISDIRECTED_REQUEST, "The console does not answer under that host name."
        by_token = "authorization" in headers  # which no other site can add, and with which no cookie counts
        if not by_token and not self._from_here(method, headers, hosts[0]):
            return HTTPStatus.FORBIDDEN, "This was sent from another site, so it is not taken."
        return None

    def _from_here(self, method: str, headers: Headers, host: str) -> bool:
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if method in _SAFE:  # a link from elsewhere may lead here; nothing from here may be built into pages elsewhere
            return site != "cross-site" or headers.get("sec-fetch-mode") == "navigate"
        own = {f"http://{host}"} if _LOCAL.fullmatch(host) else set()
        if origin is not None and origin not in own | ({self.url} if self.url else set()):
            return False
        return site == "same-origin" or (site is None and origin is not None)

    def limit(self, path: str) -> int:
        """Return how many bytes may come for a path."""
        return self.upload_limit if any(pattern.fullmatch(path) for pattern in self.uploads) else self.body_limit


class _TooLargeError(HTTPException):
    """More comes than is taken. As FastAPI knows it: it makes another error of any other while it reads a form."""


class Guard:
    """The middleware: asks the door, counts the bytes, adds the headers, and turns a fault of ours into a plain page.

    An address with NUL in it is refused here too; forms are read later, see `plain_text.plain_form`.
    """

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self.app, self.door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        answer = _Answer(send, self.door, scope["path"])
        headers = Headers(scope=scope)
        limit = self.door.limit(scope["path"])
        told = headers.get("content-length", "")
        fault = self.door.fault(scope["method"], headers) or nul_in_address(scope["path"], scope["query_string"])
        if fault is None and told.isdecimal() and int(told[:20]) > limit:
            fault = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large(limit))
        if fault is not None:
            await answer.whole(*fault)
            return
        try:
            await self.app(scope, _counted(receive, limit), answer.send)
        except _TooLargeError:
            await answer.whole(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large(limit))
        except Exception as error:
            _log.exception("A page could not be made.", kind=type(error).__name__, method=scope["method"])
            if answer.begun:
                raise
            sentence = "Something went wrong that should not. It is in the log of the console; nothing was half done."
            await answer.whole(HTTPStatus.INTERNAL_SERVER_ERROR, sentence)


def _too_large(limit: int) -> str:
    return f"That is too large: no more than {limit:,} bytes are taken here."


def _counted(receive: Receive, limit: int) -> Receive:
    came = 0

    async def counted() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > limit:
            raise _TooLargeError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large(limit))
        return message

    return counted


class _Answer:
    def __init__(self, send: Send, door: Door, path: str) -> None:
        self._send, self._door, self._path = send, door, path
        self._https = door.url.startswith("https://")
        self.begun = False

    async def send(self, message: Message) -> None:
        """Pass a message on, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
            if self._https:
                headers.setdefault("strict-transport-security", "max-age=31536000; includeSubDomains")
        await self._send(message)

    async def whole(self, status: HTTPStatus, sentence: str) -> None:
        """Answer with a page, or a problem, that says one sentence."""
        media, body = self._door.refuse(self._path, status, sentence)
        headers = [(b"content-type", media.encode()), (b"content-length", str(len(body)).encode())]
        headers.append((b"connection", b"close"))
        await self.send({"type": "http.response.start", "status": int(status), "headers": headers})
        await self.send({"type": "http.response.body", "body": body})
