"""A bare HTTP server whose every answer a test writes itself, and a clock that never sleeps."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from workplace_sync.platforms.waiting import Clock

TOKEN = "DQVJinventedtokenforthesandboxonly"
SECRET = "inventedappsecret"
GROUP = "700000000000101"
COMMUNITY = "500000000000001"
START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Received:
    """A request as the server got it."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def operations(self) -> list[dict[str, str]]:
        operations: list[dict[str, str]] = json.loads(self.form["batch"])
        return operations


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `cut` closes the connection: after nothing, after the headers, or in the middle of the body."""

    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: str = ""
    cut: str = ""


class FakeClock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.seconds += seconds

    def clock(self) -> Clock:
        return Clock(
            sleep=self.sleep,
            monotonic=lambda: self.seconds,
            now=lambda: START + timedelta(seconds=self.seconds - 1000),
            chance=lambda: 0.0,
        )

    @property
    def total(self) -> float:
        return sum(self.slept)


def error(code: int | None, *, status: int = 400, headers: Mapping[str, str] | None = None, **fields: object) -> Reply:
    return Reply({"error": envelope(code, **fields)}, status, headers or {})


def envelope(code: int | None, **fields: object) -> dict[str, object]:
    named = {} if code is None else {"code": code}
    return {"message": "Ada Test ada@bt.example.org may not", "type": "OAuthException", **named, **fields}


def part(body: object, code: int = 200) -> dict[str, object]:
    return {"code": code, "body": json.dumps(body)}


def accepted(request: Received) -> Reply:
    return Reply([part({"success": True}) for _ in request.operations])


def described(request: Received) -> Reply:
    if request.path == "/community":
        return Reply({"id": COMMUNITY, "name": "Example tenant"})
    members = {"data": [], "summary": {"total_count": 0}}
    return Reply({"id": GROUP, "name": "Blue", "archived": False, "is_community": False, "members": members})


class Script:
    """The server's mind: `reads` and `writes` are answered in turn, then `read` and `write` for ever."""

    def __init__(self) -> None:
        self.reads: list[Reply] = []
        self.writes: list[Reply] = []
        self.read: Callable[[Received], Reply] = described
        self.write: Callable[[Received], Reply] = accepted
        self.received: list[Received] = []
        self._lock = threading.Lock()

    @property
    def batches(self) -> list[Received]:
        return [request for request in self.received if request.method == "POST"]

    def answer(self, request: Received) -> Reply:
        with self._lock:
            self.received.append(request)
            if request.method == "POST":
                return self.writes.pop(0) if self.writes else self.write(request)
            return self.reads.pop(0) if self.reads else self.read(request)


@contextmanager
def served(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement

        def log_message(self, *_: object) -> None:
            pass

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            form = dict(parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True))
            address = urlsplit(self.path)
            query = dict(parse_qsl(address.query, keep_blank_values=True))
            reply = script.answer(Received(self.command, address.path, query, form, dict(self.headers)))
            self.reply(reply)

        def reply(self, reply: Reply) -> None:
            body = (reply.raw or json.dumps(reply.body)).encode()
            self.close_connection = bool(reply.cut)
            if reply.cut != "before":
                self.send_response_only(reply.status)
                headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **reply.headers}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if reply.cut else body)
            if reply.cut:
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the names are the library's

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
