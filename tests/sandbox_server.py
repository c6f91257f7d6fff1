"""A sandbox server of its own process, for tests: real HTTP over loopback, nothing of ours imported."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parent.parent
_CONTROL_TIMEOUT = 30


@dataclass(frozen=True, slots=True)
class SandboxTenant:
    """A tenant as the ready line tells it. `groups` maps a role (prospect, source, child_community, shared) to an id."""

    name: str
    community_id: str
    token: str
    app_id: str
    app_secret: str
    people: int
    groups: Mapping[str, str]

    @property
    def prospect_group(self) -> str:
        """The id of the union's own group."""
        return self.groups["prospect"]

    @property
    def source_group(self) -> str:
        """The id of a big group to copy people from."""
        return self.groups["source"]

    @property
    def child_community(self) -> str:
        """The id of a community that lives inside the tenant's community: never a target."""
        return self.groups["child_community"]


@dataclass(slots=True)
class SandboxHandle:
    """A running server. `control` speaks to /_control, everything else is up to the client under test."""

    url: str
    process: "subprocess.Popen[str]"
    tenants: Mapping[str, SandboxTenant]
    session: requests.Session = field(default_factory=requests.Session)

    def control(self, method: str, path: str, json: object = None, **params: object) -> dict[str, Any]:
        """Call a control path, like `control("GET", "people", tenant="bt")`; fails the test unless it succeeds."""
        address = f"{self.url}/_control/{path.strip('/')}"
        query = {name: str(value) for name, value in params.items()}
        answer = self.session.request(method, address, json=json, params=query, timeout=_CONTROL_TIMEOUT)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        shown: dict[str, Any] = answer.json()
        return shown

    def tenant(self, name: str = "bt") -> SandboxTenant:
        """Return one tenant."""
        return self.tenants[name]

    def people(self, tenant: str = "bt", offset: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
        """Return people of a tenant: id, email, name, active."""
        found: list[dict[str, Any]] = self.control("GET", "people", tenant=tenant, offset=offset, limit=limit)["people"]
        return found

    def addable(self, tenant: str = "bt", group: str | None = None) -> list[dict[str, Any]]:
        """Return the people who are active, have an address of their own, and are not in the group (default: prospect)."""
        group_id = group or self.tenant(tenant).prospect_group
        inside = {member["id"] for member in self.members(group_id)}
        everybody = self.people(tenant, limit=1_000_000)
        return [p for p in everybody if p["active"] and ".example.org" in p["email"] and p["id"] not in inside]

    def members(self, group: str) -> list[dict[str, Any]]:
        """Return who is really in the group, whatever faults are set: id, email, administrator."""
        found: list[dict[str, Any]] = self.control("GET", f"group/{group}/members")["members"]
        return found

    def journal(self, group: str | None = None, after: int = 0) -> list[dict[str, Any]]:
        """Return the journal's entries."""
        wanted = {} if group is None else {"group": group}
        found: list[dict[str, Any]] = self.control("GET", "journal", after=after, **wanted)["entries"]
        return found

    def fault(self, kind: str, **parameters: object) -> int:
        """Set a fault and return its id."""
        return int(self.control("POST", "faults", {"kind": kind, **parameters})["id"])

    def switch(self, **switches: object) -> None:
        """Set switches."""
        self.control("POST", "switches", switches)

    def reset(self) -> None:
        """Return the world to its start: nothing of an earlier test is left."""
        self.control("POST", "reset")

    def kill(self) -> None:
        """End the server as a power cut would."""
        self.process.kill()
        self.process.wait()


def _tenant(shown: Mapping[str, Any]) -> SandboxTenant:
    plain = {name: shown[name] for name in ("name", "community_id", "token", "app_id", "app_secret", "people")}
    return SandboxTenant(**plain, groups={group["role"]: group["id"] for group in shown["groups"]})


@contextmanager
def running_sandbox(
    people: str = "bt=200,openreach=100",
    seed: int = 1,
    latency_ms: float = 0,
    state: Path | None = None,
    port: int = 0,
) -> Iterator[SandboxHandle]:
    """Run a server while the context lasts, and end it by its own pid."""
    command: Sequence[str] = [
        *(sys.executable, "-m", "workplace_sync.sandbox", "--people", people, "--seed", str(seed)),
        *("--latency-ms", str(latency_ms), "--port", str(port), "--with-stdin"),
        *(() if state is None else ("--state", str(state))),
    ]
    with tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                process.wait()
                complaints.seek(0)
                raise RuntimeError(f"the sandbox did not start: {complaints.read()}")
            ready = json.loads(line)
            tenants = {shown["name"]: _tenant(shown) for shown in ready["tenants"]}
            handle = SandboxHandle(ready["url"], process, tenants)
            handle.session.trust_env = False
            with handle.session:
                yield handle
        finally:
            _end(process)


def _end(process: "subprocess.Popen[str]") -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    process.terminate()
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
