"""The lines for cron and systemd that come with the program do as they are what they say: each is run, in a real folder."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox_server import ROOT, SandboxHandle
from tests.scenarios.folder import GROUP, Ended, Folder, make_folder
from workplace_sync.errors import ExitCode

CRONTAB = ROOT / "config" / "cron" / "workplace-sync"
UNITS = ROOT / "config" / "systemd"
SERVICE = "workplace-sync-reconcile@.service"
THERE = "/srv/workplace-sync"

_JOB = re.compile(r"^((?:[0-9*/,-]+\s+){5})(.+)$")

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path, sandbox: SandboxHandle) -> Folder:
    """A folder as it stands on a server: with the program in a virtual environment of its own, and one person to add."""
    made = make_folder(tmp_path / "union", sandbox)
    made.write_roster([*made.former, sandbox.addable()[0]["email"]])
    program = made.home / ".venv" / "bin" / "workplace-sync"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m workplace_sync "$@"\n')
    program.chmod(0o755)
    return made


def crontab() -> tuple[dict[str, str], list[str]]:
    """Return what the crontab sets, and the commands it runs, both as cron reads them."""
    lines = [line for line in CRONTAB.read_text().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    jobs = [match[2] for line in lines if (match := _JOB.match(line))]
    settings = dict(line.split("=", 1) for line in lines if not _JOB.match(line))
    assert len(settings) + len(jobs) == len(lines)
    return {name.strip(): value.strip().strip('"') for name, value in settings.items()}, jobs


def run_by_cron(folder: Folder, command: str) -> Ended:
    """Run a command as cron would: by its shell, in an environment that holds next to nothing."""
    settings, _ = crontab()
    assert "%" not in command  # cron would end the line there
    short = folder.home / "short"
    short.mkdir(exist_ok=True)
    (short / "sleep").write_text(f'#!/bin/sh\necho "$1" >> "{folder.home}/slept"\n')
    (short / "sleep").chmod(0o755)
    there = {name: value.replace(THERE, str(folder.home)) for name, value in settings.items()}
    environment = {"HOME": str(folder.home), "LOGNAME": "nobody", "PYTHONPATH": str(ROOT)} | there
    environment["PATH"] = f"{short}:{environment['PATH']}"
    done = subprocess.run(
        [settings["SHELL"], "-c", command],
        cwd=folder.home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    ended = Ended(done.returncode, done.stdout, done.stderr)
    folder.assert_discreet(ended)
    return ended


def test_every_line_of_the_crontab_works_as_it_is(folder: Folder) -> None:
    settings, jobs = crontab()
    assert settings["MAILTO"] == ""
    ended = [run_by_cron(folder, job) for job in jobs]
    assert [one.code for one in ended] == [0] * len(jobs), ended
    assert "1 added" in ended[0].out
    assert folder.added().total() == 1
    assert 0 <= int((folder.home / "slept").read_text()) <= 255
    [copy] = (folder.home / "copies").iterdir()
    assert copy.stat().st_mode & 0o077 == 0
    again = [run_by_cron(folder, job) for job in jobs if "backup" not in job]  # there is one copy a day
    assert {one.out + one.err for one in again} == {""}  # nothing is new, so nobody gets mail


def test_what_is_commented_out_in_the_crontab_works_too(folder: Folder) -> None:
    spare = re.findall(r"^# (?:\*/)?\d+ [\d*]+ \* \* \* (.+)$", CRONTAB.read_text(), re.MULTILINE)
    assert len(spare) == 2
    assert run_by_cron(folder, crontab()[1][0]).code == 0
    own = folder.home / "own"
    own.mkdir()
    for command in spare:
        ended = run_by_cron(folder, re.sub(r"/srv/www|/var/lib/node_exporter", str(own), command))
        assert (ended.code, ended.out + ended.err) == (0, ""), ended
    assert GROUP in (own / "workplace_sync.prom").read_text()
    assert (own / "log" / "checkpoint").exists()


def service(name: str) -> dict[str, list[str]]:
    """Return what a unit's [Service] sets, each name with all its values."""
    section = (UNITS / name).read_text().partition("[Service]\n")[2].partition("\n[")[0]
    found: dict[str, list[str]] = {}
    for line in section.splitlines():
        if line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_the_line_that_the_timer_starts_works_and_finds_its_secret_as_a_credential(folder: Folder) -> None:
    told = service(SERVICE)
    [credential] = told["LoadCredential"]
    name, _, _ = credential.partition(":")
    credentials = folder.home / "credentials"
    credentials.mkdir()
    (credentials / name).write_text(folder.token)
    env = (folder.home / ".env").read_text().splitlines()
    (folder.home / ".env").write_text("\n".join(line for line in env if not line.startswith(name)) + "\n")

    def filled(text: str) -> str:
        return text.replace(THERE, str(folder.home)).replace("%i", GROUP).replace("%d", str(credentials))

    environment = dict(filled(line).split("=", 1) for line in told["Environment"])
    [line] = told["ExecStart"]
    for expected in ("1 added", ""):
        done = subprocess.run(
            shlex.split(filled(line)),
            cwd=filled(told["WorkingDirectory"][0]),
            env=environment | {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done
        assert expected in done.stdout
    assert done.stdout == done.stderr == ""


def test_what_waits_for_people_is_no_failure_of_the_unit() -> None:
    good = {ExitCode(int(code)) for code in service(SERVICE)["SuccessExitStatus"][0].split()}
    assert good == {ExitCode.HELD, ExitCode.BUSY}


def test_both_services_are_shut_in_the_same_way_and_no_secret_stands_in_either() -> None:
    reconcile, worker = service(SERVICE), service("workplace-sync-worker.service")
    fences = [name for name in reconcile if name.startswith(("Protect", "Restrict", "Private", "SystemCall", "NoNew"))]
    assert len(fences) > 15
    assert {name: worker[name] for name in fences} == {name: reconcile[name] for name in fences}
    for each in (reconcile, worker):
        assert {line.split("=")[0] for line in each["Environment"]} == {
            "WORKPLACE_SYNC_HOME",
            "WORKPLACE_SYNC_ACTOR",
            "WORKPLACE_SYNC_SECRETS_DIR",
        }


def test_systemd_finds_nothing_wrong_with_the_units(folder: Folder, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not on this machine")
    units = tmp_path / "units"
    units.mkdir()
    names = [file.name for file in UNITS.iterdir()]
    for name in names:
        text = (UNITS / name).read_text().replace(THERE, str(folder.home))
        (units / name.replace("@.", f"@{GROUP}.")).write_text(text)
    files = [str(units / name.replace("@.", f"@{GROUP}.")) for name in names]
    done = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", *files], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
