"""A union's own folder, as its admins have it: config, policies, .env, rosters and state, and the commands run on it."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox_server import ROOT, SandboxHandle
from workplace_sync.app import Application
from workplace_sync.cli.main import main
from workplace_sync.settings import PREFIX, load_settings

GROUP = "prospect-bt"
TOKEN_NAME = "WORKPLACE_TOKEN_BT"
HASTY = {
    "CONNECT_TIMEOUT": "1",
    "READ_TIMEOUT": "2",
    "PATIENCE_SECONDS": "4",
    "PACE_PER_SECOND": "off",
    "CONFIRM_PAUSE_SECONDS": "0",
}
"""Settings with which nothing is waited for long."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The result, where it was asked for as JSON."""
        value: dict[str, Any] = json.loads(self.out)
        return value


@dataclass(slots=True)
class Folder:
    """The folder `home` of a union whose group lies on that sandbox; `former` are those who were in it at the start."""

    home: Path
    sandbox: SandboxHandle
    former: list[str]
    capsys: pytest.CaptureFixture[str] | None = None
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def token(self) -> str:
        """The token, which must be told nowhere."""
        return self.sandbox.tenant().token

    @property
    def group_id(self) -> str:
        """The group's id on the platform."""
        return self.sandbox.tenant().prospect_group

    @property
    def database(self) -> Path:
        """The database's file."""
        return self.home / "var" / "sync.db"

    def run(self, *arguments: str) -> Ended:
        """Run a command in this process, and fail when it shows a traceback or the token."""
        assert self.capsys is not None
        self.capsys.readouterr()
        code = main(["--home", str(self.home), *arguments])
        told = self.capsys.readouterr()
        ended = Ended(int(code), told.out, told.err)
        self.assert_discreet(ended)
        return ended

    def assert_discreet(self, ended: Ended) -> None:
        """Fail when a command showed a traceback, the token, or an address where only the result may hold any."""
        assert "Traceback" not in ended.out + ended.err
        assert "should not (" not in ended.err, ended.err  # how a mistake of the program is told
        assert self.token not in ended.out + ended.err
        assert "example.org" not in ended.err, ended.err
        assert not list((self.home / "var").glob("crashes/*"))

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "workplace_sync", "--home", str(self.home), *arguments],
            cwd=ROOT,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, process: "subprocess.Popen[str]", within: float = 120) -> Ended:
        """Wait for the end of a process."""
        out, err = process.communicate(timeout=within)
        return Ended(process.returncode, out, err)

    def apart(self, *arguments: str) -> Ended:
        """Run a command in a process of its own to its end."""
        ended = self.finish(self.start(*arguments))
        self.assert_discreet(ended)
        return ended

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "WORKPLACE_TOKEN"))}
        return kept | {"PYTHONPATH": str(ROOT)}

    def configure(self, **settings: str) -> None:
        """Write the settings into .env, which holds the token too."""
        self.settings.update(settings)
        lines = [f"{TOKEN_NAME}={self.token}", *(f"{PREFIX}{name}={value}" for name, value in self.settings.items())]
        (self.home / ".env").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def write_roster(self, addresses: Iterable[str], consent: str = "yes", status: str = "active") -> None:
        """Make these the people of the roster, all of them consenting unless told otherwise."""
        with (self.home / "rosters" / "bt.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("email", "status", "consent", "consent_at", "consent_basis"))
            writer.writerows(
                (one, status, consent, "2026-01-05" if consent else "", "joining form") for one in addresses
            )

    def write_group(self, *more: str, roster: str = "{file: rosters/bt.csv, tenant: bt}") -> None:
        """Write the group's file, with more lines at its end."""
        lines = [
            "kind: Group",
            f"name: {GROUP}",
            "title: Prospect in BT",
            "tenant: bt",
            f'platform: {{type: workplace, base_url: "{self.sandbox.url}", group_id: "{self.group_id}", token_env: {TOKEN_NAME}}}',
            "link: https://bt.workplace.example.org/groups/prospect",
            f"roster: [{roster}]",
            *more,
        ]
        (self.home / "config" / "groups" / f"{GROUP}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def plan(self, *options: str) -> str:
        """Make a plan, and return its digest."""
        ended = self.run("plan", GROUP, "--by", "ada", "-o", "json", *options)
        assert ended.code in {0, 2}, ended.err
        digest: str = ended.json["digest"]
        return digest

    def approve(self, digest: str) -> None:
        """Approve a plan as a second person."""
        assert self.run("approve", digest, "--by", "grace").code == 0

    def really_in(self) -> set[str]:
        """Return who is in the group, as the sandbox itself knows it."""
        return {member["email"].casefold() for member in self.sandbox.members(self.group_id)}

    def added(self) -> Counter[str]:
        """Return how often each person was put into the group through the API, by the sandbox's own journal."""
        entries = self.sandbox.journal(self.group_id)
        return Counter(
            entry["email"].casefold() for entry in entries if entry["verb"] == "added" and entry["by"] == "api"
        )

    def removed_by_us(self) -> list[str]:
        """Return whom the API took out of the group."""
        entries = self.sandbox.journal(self.group_id)
        return [entry["email"] for entry in entries if entry["verb"] == "removed" and entry["by"] == "api"]


def make_folder(
    home: Path,
    sandbox: SandboxHandle,
    capsys: pytest.CaptureFixture[str] | None = None,
    settings: Mapping[str, str] = HASTY,
    group_lines: Sequence[str] = (),
) -> Folder:
    """Make a folder with the shipped policies, a set-up database, and an empty roster."""
    for name in ("config/groups", "rosters"):
        (home / name).mkdir(parents=True)
    shutil.copytree(ROOT / "policies", home / "policies")
    former = [member["email"] for member in sandbox.members(sandbox.tenant().prospect_group)]
    folder = Folder(home, sandbox, former, capsys)
    folder.configure(**settings)
    folder.write_group(*group_lines)
    folder.write_roster([])
    with Application(load_settings(home), actor="ada") as app:
        app.set_up()
    return folder
