"""A receiver in a process of its own, for the groups of a sandbox, and a sender that signs as it is told to."""

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.sandbox_server import ROOT, SandboxHandle
from workplace_sync.app import Application
from workplace_sync.settings import PREFIX, load_settings

VERIFY_TOKEN = "sesame-of-the-committee"
SECRETS = {"bt": "WORKPLACE_APP_SECRET_BT", "openreach": "WORKPLACE_APP_SECRET_OPENREACH"}
TOKENS = {"bt": "WORKPLACE_TOKEN_BT", "openreach": "WORKPLACE_TOKEN_OPENREACH"}


def signatures(body: bytes, secret: str, which: str = "both") -> dict[str, str]:
    """Return the signature headers of a body."""
    made = {
        "sha1": {"X-Hub-Signature": "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()},
        "sha256": {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()},
    }
    return made["sha1"] | made["sha256"] if which == "both" else made[which]


def make_home(home: Path, sandbox: SandboxHandle, **settings: str) -> Path:
    """Write a folder that manages the prospect groups of both tenants, with its books set up."""
    (home / "config" / "groups").mkdir(parents=True)
    lines = [f"{PREFIX}WEBHOOK_VERIFY_TOKEN={VERIFY_TOKEN}", f"{PREFIX}PACE_PER_SECOND=off"]
    lines += [f"{PREFIX}CONFIRM_PAUSE_SECONDS=0"]
    lines += [f"{PREFIX}{name}={value}" for name, value in settings.items()]
    for tenant, secret in SECRETS.items():
        known = sandbox.tenant(tenant)
        lines += [f"{secret}={known.app_secret}", f"{TOKENS[tenant]}={known.token}"]
        (home / "config" / "groups" / f"prospect-{tenant}.yaml").write_text(
            f"kind: Group\nname: prospect-{tenant}\ntitle: Prospect\ntenant: {tenant}\n"
            f'platform: {{type: workplace, base_url: "{sandbox.url}", group_id: "{known.prospect_group}",'
            f" token_env: {TOKENS[tenant]}, app_secret_env: {secret}}}\n"
            f"roster: [{{addresses: [amina.quill@{tenant}.example.org]}}]\n",
            encoding="utf-8",
        )
    (home / ".env").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with Application(load_settings(home), actor="ada") as app:
        app.set_up()
    return home


@dataclass(slots=True)
class ReceiverHandle:
    """A running receiver; `stderr` collects its log lines."""

    url: str
    home: Path
    process: "subprocess.Popen[str]"
    stderr: Path
    secrets: Mapping[str, str]
    session: requests.Session = field(default_factory=requests.Session)

    def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Send a body with these headers, and return the status."""
        return self.session.post(self.url, data=body, headers=dict(headers), timeout=20).status_code

    def deliver(self, body: bytes, tenant: str = "bt", which: str = "both") -> int:
        """Send a body signed with a tenant's secret."""
        return self.post(body, signatures(body, self.secrets[tenant], which))

    def stop(self) -> int:
        """Stop it as a service is stopped, after which everything kept before was read; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def log(self) -> str:
        """Return its log lines so far."""
        return self.stderr.read_text("utf-8")


@contextmanager
def running_receiver(home: Path, sandbox: SandboxHandle) -> Iterator[ReceiverHandle]:
    """Run a receiver while the context lasts, and end it by its own pid."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("WORKPLACE_", PREFIX))}
    with tempfile.NamedTemporaryFile("w+", suffix=".log") as complaints:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "workplace_sync",
                "--home",
                str(home),
                "webhooks",
                "serve",
                "--port",
                "0",
                "-o",
                "json",
            ],
            cwd=ROOT,
            env=environment | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, Path(complaints.name).read_text("utf-8")
            secrets = {tenant: sandbox.tenant(tenant).app_secret for tenant in SECRETS}
            handle = ReceiverHandle(json.loads(line)["url"], home, process, Path(complaints.name), secrets)
            handle.session.trust_env = False
            with handle.session:
                yield handle
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
