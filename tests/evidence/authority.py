"""A time-stamp authority that openssl plays, with an invented root: answers requests, over HTTP too."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509

OPENSSL = shutil.which("openssl") or "openssl"
_CONFIG = """[tsa]
default_tsa = it
[it]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
"""


@dataclass
class Authority:
    """The authority's folder; `ca.pem` in it is the root that others are to trust. `broken` makes it answer rubbish."""

    folder: Path
    broken: bytes | None = None
    status: int = 200

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def roots(self) -> list[x509.Certificate]:
        return x509.load_pem_x509_certificates(self.ca.read_bytes())

    def answer(self, request: bytes) -> bytes:
        if self.broken is not None:
            return self.broken
        (self.folder / "query").write_bytes(request)
        command = "ts -reply -queryfile query -signer tsa.pem -inkey tsa.key -config tsa.cnf -section it -out answer"
        self.run(*command.split())
        return (self.folder / "answer").read_bytes()

    def run(self, *arguments: str) -> None:
        subprocess.run([OPENSSL, *arguments], cwd=self.folder, capture_output=True, check=True)


def openssl_ends(folder: Path, command: str) -> int:
    """Return how openssl ends with that command."""
    return subprocess.run([OPENSSL, *command.split()], cwd=folder, capture_output=True, check=False).returncode


def make_authority(folder: Path, name: str = "Invented TSA", usage: str = "critical,timeStamping") -> Authority:
    folder.mkdir()
    made = Authority(folder)
    (folder / "tsa.cnf").write_text(_CONFIG)
    (folder / "serial").write_text("01\n")
    (folder / "usage").write_text(f"extendedKeyUsage={usage}\nkeyUsage=critical,digitalSignature\n")
    root = f"req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3650 -subj /CN={name.replace(' ', '-')}-root"
    made.run(*root.split(), "-addext", "basicConstraints=critical,CA:TRUE")
    made.run(*f"req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /CN={name.replace(' ', '-')}".split())
    sign = "x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out tsa.pem -days 3650 -extfile usage"
    made.run(*sign.split())
    return made


@contextmanager
def served(authority: Authority) -> Iterator[str]:
    """Serve the authority over HTTP on this machine, and yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            good = self.headers["Content-Type"] == "application/timestamp-query"
            body = authority.answer(request) if good else b""
            self.send_response(authority.status if good else 415)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/tsr"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
