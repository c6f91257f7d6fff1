"""A receiver for the groups of a sandbox, in this process or in one of its own, and a sender that signs as it is told to."""

import hashlib
import hmac
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.sandbox_server import ROOT, SandboxHandle
from workplace_sync import logs
from workplace_sync.app import Application
from workplace_sync.settings import PREFIX, load_settings
from workplace_sync.web.receiving import open_receiving
from workplace_sync.web.server import listen, make_server
from workplace_sync.web.webhooks import PATH

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
    """A running receiver. `log` returns its log lines so far; `end` ends it as a service is stopped."""

    url: str
    home: Path
    secrets: Mapping[str, str]
    end: Callable[[], int]
    log: Callable[[], str]
    session: requests.Session = field(default_factory=requests.Session)

    def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Send a body with these headers, and return the status."""
        return self.session.post(self.url, data=body, headers=dict(headers), timeout=60).status_code

    def deliver(self, body: bytes, tenant: str = "bt", which: str = "both") -> int:
        """Send a body signed with a tenant's secret."""
        return self.post(body, signatures(body, self.secrets[tenant], which))

    def read_all(self) -> None:
        """End the receiver, which reads all that it kept first."""
        assert self.end() == 0


def _secrets(sandbox: SandboxHandle) -> dict[str, str]:
    return {tenant: sandbox.tenant(tenant).app_secret for tenant in SECRETS}


@contextmanager
def receiver_here(home: Path, sandbox: SandboxHandle) -> Iterator[ReceiverHandle]:
    """Run a receiver on a socket of its own in a thread of this process, as the command puts it together."""
    lines = io.StringIO()
    logs.configure("info", "json", lines)
    with Application(load_settings(home)) as app, listen("127.0.0.1", 0) as listening:
        receiving = open_receiving(app)
        server = make_server(receiving.app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        port = listening.getsockname()[1]

        def end() -> int:
            if thread.is_alive():
                server.should_exit = True
                thread.join()
                receiving.intake.stop()
            return 0

        receiving.intake.start()
        thread.start()
        handle = ReceiverHandle(f"http://127.0.0.1:{port}{PATH}", home, _secrets(sandbox), end, lines.getvalue)
        handle.session.trust_env = False
        try:
            with handle.session:
                yield handle
        finally:
            end()


@contextmanager
def receiver_process(home: Path, sandbox: SandboxHandle) -> Iterator[tuple[ReceiverHandle, "subprocess.Popen[str]"]]:
    """Run the command in a process of its own while the context lasts, and end it by its own pid."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WORKPLACE_")}
    command = [sys.executable, "-m", "workplace_sync", "--home", str(home), "webhooks", "serve", "--port", "0"]
    with tempfile.NamedTemporaryFile("w+", suffix=".log") as complaints:
        process = subprocess.Popen(
            [*command, "-o", "json"],
            cwd=ROOT,
            env=environment | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
        told = Path(complaints.name)

        def end() -> int:
            process.send_signal(signal.SIGTERM)
            return process.wait(timeout=60)

        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, told.read_text("utf-8")
            url = json.loads(line)["url"]
            handle = ReceiverHandle(url, home, _secrets(sandbox), end, lambda: told.read_text("utf-8"))
            handle.session.trust_env = False
            with handle.session:
                yield handle, process
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
