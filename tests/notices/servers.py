"""Real servers on loopback: a mail server, and a receiver of HTTP that answers as it is told to."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.platforms import certificate

HOST = "127.0.0.1"


@dataclass(slots=True)
class Mailbox:
    """What a mail server took; it refuses those in `refusing`, and answers with `answer` where that is set."""

    port: int = 0
    certificate: Path = Path()
    mails: list[tuple[list[str], str]] = field(default_factory=list)
    refusing: set[str] = field(default_factory=set)
    answer: str = ""

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refusing:
            return "550 nobody here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answer:
            return self.answer
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append((list(envelope.rcpt_tos), content.decode()))
        return "250 OK"


class _Server(Controller):
    def factory(self) -> SMTP:
        return SMTP(self.handler, **self.SMTP_kwargs)


@contextmanager
def mail_server(folder: Path, *, starttls: bool = True, tls: bool = False, password: str = "") -> Iterator[Mailbox]:
    """Run a mail server with a certificate of its own; with a password nobody gets in without it."""
    box = Mailbox(certificate=folder / "server.pem")
    certificate.write(box.certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(box.certificate)

    def authenticate(*args: object) -> AuthResult:
        given = args[-1]
        good = isinstance(given, LoginPassword) and given.password == password.encode()
        return AuthResult(success=good, handled=False)

    server = _Server(
        box,
        hostname=HOST,
        port=_free_port(),
        ssl_context=context if tls else None,
        tls_context=context if starttls and not tls else None,
        require_starttls=starttls and not tls,
        authenticator=authenticate if password else None,
        auth_required=bool(password),
    )
    server.start()
    box.port = server.port
    try:
        yield box
    finally:
        server.stop()


def _free_port() -> int:
    import socket  # noqa: PLC0415 - the controller wants to know its port beforehand

    with socket.create_server((HOST, 0)) as free:
        port: int = free.getsockname()[1]
    return port


@dataclass(slots=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    """Keeps what it is sent, and answers with `status`."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Run a receiver of HTTP."""
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept.requests.append(Request(self.command, self.path, dict(self.headers), body))
            self.send_response(kept.status)
            for name, value in kept.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = _answer  # noqa: N815 - the library's names

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    kept.url = f"http://{HOST}:{server.server_address[1]}"
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def nowhere() -> str:
    """Return a URL that nobody answers at."""
    return f"http://{HOST}:{_free_port()}"
