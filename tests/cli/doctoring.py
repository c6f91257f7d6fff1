"""A working folder on the sandbox, and the doctor for it, told as JSON."""

import json
import socket
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.sandbox_server import SandboxHandle
from tests.store.tampering import lift_guards_of_file
from workplace_sync.cli.main import main

Caught = pytest.CaptureFixture[str]


SHARED = ["settings", "policies", "groups", "private", "database", "schema", "damage", "key"]


SHARED += ["erased", "people", "officers", "cases", "checkpoint", "evidence", "disk"]


PLATFORM = ["platform", "access", "permissions", "group", "addresses", "clock"]


ONE_GROUP = ["file", "approvers", "rosters", "token", *PLATFORM]


BT = Path("config/groups/prospect-bt.yaml")


@dataclass(frozen=True, slots=True)
class Found:
    """What the doctor told as JSON: its findings by group and check."""

    code: int
    findings: Mapping[tuple[str, str], Mapping[str, str]]

    def status(self, check: str, group: str = "") -> str:
        return self.findings[group, check]["status"]

    def bt(self, check: str) -> str:
        return self.status(check, "prospect-bt")

    def message(self, check: str, group: str = "") -> str:
        return self.findings[group, check]["message"]

    def advice(self, check: str, group: str = "") -> str:
        return self.findings[group, check]["what_to_do"]

    @property
    def reds(self) -> list[str]:
        return [check for (_, check), finding in self.findings.items() if finding["status"] == "red"]


class Union:
    """A working folder on the sandbox, and the doctor for it."""

    def __init__(self, sandbox: SandboxHandle, capsys: Caught, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sandbox = sandbox
        self.set = monkeypatch.setenv
        self.unset = monkeypatch.delenv
        self._capsys = capsys

    def edit(self, old: str, new: str, file: Path = BT) -> None:
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def run(self, *arguments: str) -> None:
        assert main(arguments) == 0
        self._capsys.readouterr()

    def doctor(self, *arguments: str) -> Found:
        code = main(["doctor", *arguments, "-o", "json"])
        told = json.loads(self._capsys.readouterr().out)
        assert told["schema"] == "workplace-sync/doctor/1"
        findings = {(one["group"], one["check"]): one for one in told["findings"]}
        assert sum(told["counts"].values()) == len(told["findings"]) == len(findings)
        assert told["good"] == (not told["counts"]["red"])
        assert all(one["what_to_do"] for one in findings.values() if one["status"] in {"red", "warning"})
        assert all(one["message"].startswith("because ") for one in findings.values() if one["status"] == "skipped")
        return Found(code, findings)

    def sql(self, statement: str) -> None:
        with closing(sqlite3.connect("var/sync.db")) as connection, connection:
            lift_guards_of_file(connection)
            connection.execute(statement)


def add_openreach(union: Union) -> None:
    union.run("init", "--group", "prospect-openreach")
    union.edit("http://127.0.0.1:8700", union.sandbox.url, Path("config/groups/prospect-openreach.yaml"))


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
