"""What the README shows of a first hour is what one sees: the demo, and the steps to one's own group."""

import io
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import README, blocks, section
from tests.sandbox_server import SandboxHandle, running_sandbox
from workplace_sync.cli.main import main

pytestmark = pytest.mark.slow

Caught = pytest.CaptureFixture[str]

_HEX = re.compile(r"\b[0-9a-f]{12}\b")
_NUMBER = re.compile(r"[\d,.]*\d")
_CONSOLE = re.compile(r"in the console: .+")  # a short word in the usual folder, the whole command elsewhere
_CALL = re.compile(r"\S*workplace-sync --home \S+|Look around in \S+:")


def shape(text: str) -> str:
    """Return a text without what differs from run to run: numbers, digests, folders, and where lines break."""
    return "".join(_NUMBER.sub("#", _HEX.sub("#", _CALL.sub("(here)", _CONSOLE.sub("(console)", text)))).split())


def shown_after(command: str) -> str:
    """Return the lines that the README shows after a command."""
    found = (block.text.splitlines() for block in blocks("console", README))
    whole = next(lines for lines in found if f"$ {command}" in lines)
    lines = whole[whole.index(f"$ {command}") + 1 :]
    until = next((number for number, line in enumerate(lines) if line.startswith("$ ")), len(lines))
    return "\n".join(lines[:until])


def test_the_demo_says_what_the_readme_shows(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "workplace_sync", "demo", "--folder", str(tmp_path / "demo")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert shape(done.stdout) == shape(shown_after("make demo"))
    assert len(done.stdout.splitlines()) == pytest.approx(len(shown_after("make demo").splitlines()), abs=2)


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SandboxHandle]:
    """The sandbox that the README's steps are tried on, and an empty place to take them in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("workplace_sync.logs.configure", lambda *_: None)  # the process's logging is not a test's
    monkeypatch.setattr(sys, "stdin", io.StringIO("kofi.underhill.00043@bt.example.org\n"))
    with running_sandbox(people="bt=60,openreach=20") as sandbox:
        yield sandbox


def test_the_steps_to_ones_own_group_end_well_and_say_what_the_readme_shows(
    platform: SandboxHandle, monkeypatch: pytest.MonkeyPatch, capsys: Caught
) -> None:
    typed = re.findall(r"^\$ (.+)$", section(README, "Your own group"), re.MULTILINE)
    digest = next(found[0] for line in typed if (found := _HEX.search(line)))
    real = ""
    for line in typed:
        words = shlex.split(line.replace(digest, real or digest))
        if words[0] == "cd":
            monkeypatch.chdir(words[1])
        elif words[0] == "cp":
            shutil.copy(words[1], words[2])
        elif words[0] == "chmod":
            Path(words[2]).chmod(int(words[1], 8))
            _fill_in(platform)
        elif words[1] != "approve":  # this plan is not held
            assert main(words[1:]) == 0, line
            said = capsys.readouterr().out
            shown = shown_after(line)
            assert shape(said) == shape(shown) or not shown, line
            if words[1] == "plan":
                [real] = set(re.findall(r"Plan ([0-9a-f]{12})", said))
    assert real
    assert "farid.dunmore.00042@bt.example.org" in {
        m["email"] for m in platform.members(platform.tenant().prospect_group)
    }


def _fill_in(platform: SandboxHandle) -> None:
    """Do what the README says in words: put the token into .env, and say where the platform is."""
    env, group = Path(".env"), Path("config/groups/prospect-bt.yaml")
    env.write_text(env.read_text("utf-8").replace("TOKEN_BT=", f"TOKEN_BT={platform.tenant().token}", 1), "utf-8")
    assert platform.tenant().prospect_group in group.read_text("utf-8")
    group.write_text(group.read_text("utf-8").replace("http://127.0.0.1:8700", platform.url), "utf-8")
