"""The address that the platform sends webhooks to: `/webhooks/workplace`.

GET is the platform's question whether the address is ours, POST a delivery. A delivery is answered with 200 once it is
durable, before anybody reads it; one whose signature is not good is answered with 403, and nothing of it is kept.
"""

import asyncio
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

from workplace_sync.errors import SyncError
from workplace_sync.jobs.webhooks import received
from workplace_sync.logs import get_logger
from workplace_sync.platforms.workplace.webhooks import Proof, Signatures, Verified, verify
from workplace_sync.store.webhooks import Delivery
from workplace_sync.web.intake import Intake

PATH = "/webhooks/workplace"

_LONGEST_CHALLENGE = 1_000
_BODY_SECONDS = 15.0  # a sender that is slower than that holds the connection for nothing
_PLAIN = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}  # the challenge is the sender's own text

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of a sender.

    `verify_token` is what the platform must say in its question. `secrets` maps the names of the app secrets to the
    secrets. `body_limit` is in bytes. Without `sha1_suffices` a delivery needs the SHA-256 signature.
    """

    verify_token: str = field(repr=False)
    secrets: Mapping[str, bytes] = field(repr=False)
    sha1_suffices: bool = False
    body_limit: int = 1_000_000


def make_app(terms: Terms, intake: Intake[Delivery], now: Callable[[], datetime]) -> FastAPI:
    """Return the ASGI application; `intake` must be running while it is served."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    receiver = Receiver(terms, intake, now)
    app.add_api_route(PATH, receiver.greet, methods=["GET"], response_model=None)
    app.add_api_route(PATH, receiver.take, methods=["POST"], response_model=None)
    return app


class _RefusedError(Exception):
    """A delivery is not taken. `reason` is the word it is counted by."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Receiver:
    """Answers the platform."""

    def __init__(self, terms: Terms, intake: Intake[Delivery], now: Callable[[], datetime]) -> None:
        self._terms, self._intake, self._now = terms, intake, now

    async def greet(self, request: Request) -> PlainTextResponse:
        """Answer the platform's question with its challenge, bare; 403 to anybody who does not know the verify token."""
        asked = {name: _once(request, name) for name in ("hub.mode", "hub.challenge", "hub.verify_token")}
        right = hmac.compare_digest(asked["hub.verify_token"].encode(), self._terms.verify_token.encode())
        challenge = asked["hub.challenge"]
        if not right or asked["hub.mode"] != "subscribe" or not 0 < len(challenge) <= _LONGEST_CHALLENGE:
            self._intake.refuse("handshake")
            return _answer(HTTPStatus.FORBIDDEN)
        _log.info("The platform asked whether the webhooks' address is ours, and was told so.")
        return PlainTextResponse(challenge, headers=_PLAIN)

    async def take(self, request: Request) -> PlainTextResponse:
        """Keep a delivery whose signature is good."""
        at = self._now()
        try:
            body, verified = await self._verified(request)
            await self._intake.put(received(body, verified, at))
        except _RefusedError as refused:
            self._intake.refuse(refused.reason)
            return _answer(refused.status)
        except SyncError as error:
            _log.error("A webhook could not be kept; the platform will send it again: " + error.message)
            return _answer(HTTPStatus.SERVICE_UNAVAILABLE)
        return _answer(HTTPStatus.OK)

    async def _verified(self, request: Request) -> tuple[bytes, Verified]:
        signatures = _signatures(request)  # first: without any there is no need to read the body
        body = await self._body(request)
        verified = verify(body, signatures, self._terms.secrets)
        if verified is None:
            raise _RefusedError(HTTPStatus.FORBIDDEN, "signature")
        if verified.proof is Proof.SHA1 and not self._terms.sha1_suffices:
            raise _RefusedError(HTTPStatus.FORBIDDEN, "sha1_alone")
        return body, verified

    async def _body(self, request: Request) -> bytes:
        limit = self._terms.body_limit
        told = request.headers.get("content-length", "")
        if told.isdecimal() and int(told[:20]) > limit:
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")
        body = bytearray()
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                async for part in request.stream():
                    body += part
                    if len(body) > limit:
                        raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")
        except (ClientDisconnect, TimeoutError):
            raise _RefusedError(HTTPStatus.REQUEST_TIMEOUT, "broken_off") from None
        return bytes(body)


def _signatures(request: Request) -> Signatures:
    """Return the signatures; none at all, or one header twice, is refused."""
    given = [request.headers.getlist(name) for name in ("x-hub-signature", "x-hub-signature-256")]
    if not any(given) or any(len(values) > 1 for values in given):
        raise _RefusedError(HTTPStatus.FORBIDDEN, "signature")
    sha1, sha256 = (values[0] if values else None for values in given)
    return Signatures(sha1, sha256)


def _once(request: Request, name: str) -> str:
    values = request.query_params.getlist(name)
    return values[0] if len(values) == 1 else ""


def _answer(status: HTTPStatus) -> PlainTextResponse:
    return PlainTextResponse(status.phrase, status, headers=_PLAIN)
