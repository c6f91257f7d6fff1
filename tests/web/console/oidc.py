"""A real OpenID provider in a process of its own: oidc-provider-mock, on loopback."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import requests

_PROGRAM = """
import sys, warnings
warnings.simplefilter("ignore")
from oidc_provider_mock import run_server_in_thread
with run_server_in_thread(require_nonce=True) as server:
    print(server.server_port, flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Provider:
    """A running provider."""

    issuer: str

    def known(self, subject: str, **claims: object) -> None:
        """Make somebody known to it, with their claims."""
        answer = requests.put(f"{self.issuer}/users/{subject}", json=claims, timeout=60)
        assert answer.status_code == 204, answer.text

    def authorise(self, address: str, subject: str) -> str:
        """Do as somebody who logs in there, and return where the browser is sent then."""
        answer = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=60)
        assert answer.is_redirect, answer.text
        return answer.headers["Location"]


@contextmanager
def provider() -> Iterator[Provider]:
    """Run one while the context lasts."""
    with tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            yield Provider(f"http://localhost:{port}")
        finally:
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
            process.terminate()
            process.wait(timeout=60)


def settings_for(found: Provider, **more: str) -> Mapping[str, str]:
    """Return the settings of a console that uses it."""
    return {
        "OIDC_ISSUER": found.issuer,
        "OIDC_CLIENT_ID": "the-console",
        "OIDC_CLIENT_SECRET": "a-secret-of-the-console",
        "OIDC_ROLES": "reps-bt=rep@prospect-bt,owners=owner@*",
    } | more
