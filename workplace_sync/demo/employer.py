"""The platform of the demo: a sandbox in a process of its own, and the hand of the employer who owns it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from workplace_sync.errors import SyncError

_ANSWER_WITHIN = 60
_END_WITHIN = 10


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant of the sandbox: whose people it holds, the token for it, and the union's group there."""

    name: str
    token: str
    group_id: str


@dataclass(frozen=True, slots=True)
class Employer:
    """The running platform, and what its owner can do that no policy of ours allows or forbids."""

    url: str
    tenants: dict[str, Tenant]
    session: requests.Session

    def people(self, tenant: str) -> list[dict[str, Any]]:
        """Return the active people of a tenant with an address of their own: id, email, name."""
        everybody = self._call("GET", f"people?tenant={tenant}&limit=1000000")["people"]
        return [one for one in everybody if one["active"] and one["email"].endswith(".example.org")]

    def member_ids(self, group_id: str) -> set[str]:
        """Return the ids of those who are in a group."""
        return {member["id"] for member in self._call("GET", f"group/{group_id}/members")["members"]}

    def take_out_everybody_added_since(self, group_id: str, since: datetime) -> None:
        """Remove all whom the union added, as the owner of the platform can."""
        self._call("POST", "employer/remove-bulk", {"group": group_id, "since": since.timestamp()})

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = self.session.request(method, f"{self.url}/_control/{path}", json=body, timeout=_ANSWER_WITHIN)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told


@contextmanager
def employer_platform(people: str, seed: int, state: Path, port: int) -> Iterator[Employer]:
    """Run the sandbox while the context lasts. Raises SyncError when it does not start."""
    command = [sys.executable, "-m", "workplace_sync.sandbox", "--people", people, "--seed", str(seed)]
    command += ["--state", str(state), "--port", str(port), "--with-stdin"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module, our own options
    session = requests.Session()
    session.trust_env = False  # loopback: no proxy in between
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise SyncError("The sandbox did not start.", hint="Run `workplace-sync sandbox` to see why.")
        ready = json.loads(line)
        tenants = {told["name"]: _tenant(told) for told in ready["tenants"]}
        yield Employer(ready["url"], tenants, session)
    finally:
        session.close()
        process.terminate()
        try:
            process.wait(_END_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


def _tenant(told: dict[str, Any]) -> Tenant:
    group = next(group["id"] for group in told["groups"] if group["role"] == "prospect")
    return Tenant(told["name"], told["token"], group)
