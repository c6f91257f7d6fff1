"""The ASGI application: Graph paths on a route of their own, the control paths on FastAPI.

One event loop, and every effect is one step of it: nothing here needs a lock, and answers are consistent.
"""

import asyncio
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from workplace_sync.sandbox.calls import Call, read_body, read_query, split_path
from workplace_sync.sandbox.control import make_control
from workplace_sync.sandbox.graph import Answer, Request, added_latency, answer_request, take_apart
from workplace_sync.sandbox.state import Sandbox

CONTROL = "/_control"
_LARGEST_BODY = 8_000_000


class SandboxApplication:
    """Sends each request to its part."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._control: ASGIApp = make_control(sandbox)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        if path == CONTROL or path.startswith(CONTROL + "/"):
            await self._control(scope, receive, send)
            self.sandbox.ledger.commit()
            return
        counts = self.sandbox.counts
        counts.http_requests += 1
        counts.at_once += 1
        counts.most_at_once = max(counts.most_at_once, counts.at_once)
        try:
            await self._graph(scope, receive, send)
        finally:
            self.sandbox.counts.at_once -= 1

    async def _graph(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read_whole(receive)
        request = take_apart(self.sandbox, lambda: _read_call(scope, body))
        wait = self.sandbox.options.latency_ms
        if isinstance(request, Request):
            wait += added_latency(self.sandbox, request)
        if wait > 0:
            await asyncio.sleep(wait / 1000)
        answer = answer_request(self.sandbox, request) if isinstance(request, Request) else request
        if answer.silent_ms is not None:
            await _stay_silent(scope, receive, answer.silent_ms)
        else:
            await _send(send, answer, self.sandbox.now())


async def _read_whole(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        if not message.get("more_body") or sum(map(len, parts)) > _LARGEST_BODY:
            return b"".join(parts)


def _read_call(scope: Scope, body: bytes) -> Call:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    version, segments = split_path(scope["path"])
    params = read_query(scope["query_string"].decode("utf-8", "replace"))
    params |= read_body(body, headers.get("content-type", ""))
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return Call(
        method=scope["method"],
        version=version,
        segments=segments,
        params=params,
        base=f"{scope['scheme']}://{headers.get('host', 'localhost')}",
        at=0.0,  # set when the waiting is over
        bearer=given.strip() if scheme.lower() in {"bearer", "oauth"} else "",
        headers=headers,
    )


async def _send(send: Send, answer: Answer, now: float) -> None:
    headers: Mapping[str, str] = {
        "content-type": answer.content_type,
        "content-length": str(len(answer.body)),
        "date": formatdate(now, usegmt=True),
        **answer.headers,
    }
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": int(answer.status), "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})


async def _stay_silent(scope: Scope, receive: Receive, hold_ms: int) -> None:
    """Hold the connection until the client gives up or the time is over, then close it without an answer."""
    try:
        await asyncio.wait_for(_gone(receive), hold_ms / 1000)
    except TimeoutError:
        transport: Any = scope["state"]["transport"]
        transport.abort()
        await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
