"""A wire to the sandbox that a test may damage: it hands on whole requests, and answers as told to."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.scenarios.folder import GROUP, Folder

DROP_EVERY = 0.05


@dataclass(slots=True)
class Wire:
    """What becomes of answers to requests of the method `on` ("" for all of them).

    `how` is "" for nothing, "drops" for a byte at a time, "header drops" for the same from the first line on, "cut" for
    half of the body. `carried` counts the requests that came through, `damaged` the answers that were spoilt, `patient`
    those that were awaited to the last of their drops.
    """

    target: str
    url: str = ""
    how: str = ""
    on: str = ""
    carried: int = 0
    damaged: int = 0
    patient: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def damage(self, how: str, on: str = "") -> None:
        """Answer like this from now on."""
        self.how, self.on = how, on

    def mend(self) -> None:
        """Answer as the platform does."""
        self.how = ""

    def write(self, method: str, head: bytes, body: bytes, stream: socket.socket) -> None:
        """Write an answer to the client, damaged as told."""
        how = self.how if self.on in {"", method} else ""
        self.damaged += bool(how)
        if how == "header drops":
            self._drip(stream, head + body)
        elif how == "drops":
            stream.sendall(head)
            self._drip(stream, body)
        elif how == "cut":
            stream.sendall(head + body[: len(body) // 2])
        else:
            stream.sendall(head + body)
        if how:
            stream.shutdown(socket.SHUT_RDWR)

    def _drip(self, stream: socket.socket, content: bytes) -> None:
        for number in range(len(content)):
            if self.over.is_set():
                return
            stream.sendall(content[number : number + 1])
            time.sleep(DROP_EVERY)
        self.patient += 1


@contextmanager
def wired(target: str, tls: ssl.SSLContext | None = None) -> Iterator[Wire]:
    """Run a wire to the server at `target` while the context lasts, encrypted where `tls` says how."""
    wire, place = Wire(target), urlsplit(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def carry(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            wire.carried += 1
            connection = HTTPConnection(str(place.hostname), place.port, timeout=30)
            connection.request(self.command, self.path, content or None, dict(self.headers))
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            lines = [f"HTTP/1.1 {answer.status} {answer.reason}"]
            lines += [f"{name}: {value}" for name, value in answer.getheaders() if name.lower() != "connection"]
            head = "\r\n".join([*lines, "Connection: close", "", ""]).encode()
            self.close_connection = True
            with suppress(OSError):  # the client has gone
                wire.write(self.command, head, body, self.connection)

        do_GET = do_POST = do_DELETE = carry  # noqa: N815 - the names are the library's

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # a handshake that the client broke off

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        wire.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        yield wire
        wire.over.set()
        server.shutdown()
        thread.join()


def lead_to(union: Folder, url: str) -> None:
    """Have the group's file name another address of the platform."""
    file = union.home / "config" / "groups" / f"{GROUP}.yaml"
    lines = file.read_text().splitlines()
    changed = [
        f'{line.partition("base_url:")[0]}base_url: "{url}", group_id:{line.partition("group_id:")[2]}'
        if "base_url:" in line
        else line
        for line in lines
    ]
    file.write_text("\n".join(changed) + "\n")
