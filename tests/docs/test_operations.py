"""What the page about operations tells to type works, in its order, when what it speaks of has happened."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import Block, blocks, rows
from tests.docs.test_story import shape
from tests.sandbox_server import ROOT, SandboxHandle
from tests.scenarios.folder import HASTY, Ended, Folder, make_folder
from workplace_sync.errors import ExitCode
from workplace_sync.jobs.reconciled import WORST_FIRST

PAGE = ROOT / "docs" / "operations.md"
HEADER = "| code | what it means | what to do |"

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path, sandbox: SandboxHandle) -> Folder:
    """A folder as it is after the README's steps, with eight people to add, and the program on the path."""
    made = make_folder(tmp_path / "union", sandbox, settings=HASTY | {"NOTIFY_REMINDERS": "off"})
    made.write_roster([*made.former, *(str(one["email"]) for one in sandbox.addable()[:8])])
    program = made.home / ".venv" / "bin" / "workplace-sync"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m workplace_sync "$@"\n')
    program.chmod(0o755)
    return made


def typed(folder: Folder, command: str) -> Ended:
    """Type a command in the folder."""
    path = f"{folder.home}/.venv/bin:/usr/bin:/bin"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder.home,
        env={"PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(folder.home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    ended = Ended(done.returncode, done.stdout, done.stderr)
    folder.assert_discreet(ended)
    return ended


def follow(folder: Folder, beginning: str, **codes: int) -> None:
    """Type what the block with that line says; each command ends with 0 unless told otherwise, and says what is shown."""
    [block] = [one for one in blocks("console", PAGE) if beginning in one.commands]
    for command, shown in _steps(block):
        ended = typed(folder, command)
        word = next((name for name in codes if name in command), "")
        assert ended.code == codes.get(word, 0), (command, ended)
        if shown:
            assert shape(shown) in shape(ended.out + ended.err), (command, ended)


def _steps(block: Block) -> Iterator[tuple[str, str]]:
    """Yield each command of a block with the lines that the page shows after it."""
    for step in f"\n{block.text}".split("\n$ ")[1:]:
        command, _, shown = step.partition("\n")
        yield command, shown.strip()


def test_from_the_first_run_to_the_copy(folder: Folder) -> None:
    follow(folder, "workplace-sync doctor --quiet")
    follow(folder, "workplace-sync runs list --limit 3")
    follow(folder, "workplace-sync notices test", notices=ExitCode.USAGE)  # no way is set
    follow(folder, "workplace-sync status")
    assert typed(folder, "workplace-sync status --check").code == 0
    follow(folder, "workplace-sync db backup copies/today.db")


def installed(folder: Folder) -> Folder:
    """Return the folder after its first run and its first copy."""
    assert typed(folder, "workplace-sync reconcile --all && workplace-sync db backup copies/today.db").code == 0
    return folder


def test_a_database_is_put_back_when_nothing_was_written_since(folder: Folder) -> None:
    follow(installed(folder), "cp copies/today.db var/sync.db")
    assert typed(folder, "workplace-sync reconcile --all").out.endswith("Nothing to do. 48 members.\n")


def test_a_copy_that_is_too_old_is_found_out_and_the_new_beginning_works(folder: Folder) -> None:
    installed(folder)
    assert typed(folder, "workplace-sync reconcile --all").code == 0
    follow(folder, "cp copies/today.db var/sync.db", verify=ExitCode.EVIDENCE)
    follow(folder, "mv var var-until-today")
    assert typed(folder, "workplace-sync reconcile --all").out.endswith("Nothing to do. 48 members.\n")


@pytest.mark.parametrize(
    ("harm", "beginning", "code"),
    [
        ("rm -r var/keys", "mv var var-until-today", ExitCode.ERROR),
        ("rm var/checkpoint.txt", "workplace-sync evidence verify --restore-checkpoint", ExitCode.EVIDENCE),
    ],
    ids=["the key", "the checkpoint"],
)
def test_what_was_lost_beside_the_database(folder: Folder, harm: str, beginning: str, code: ExitCode) -> None:
    installed(folder)
    assert typed(folder, harm).code == 0
    assert typed(folder, "workplace-sync reconcile --all").code == code
    follow(folder, "workplace-sync doctor", doctor=ExitCode.ERROR)
    follow(folder, beginning)
    assert typed(folder, "workplace-sync reconcile --all").code == 0


def test_a_key_put_back_from_the_safe_is_all_that_is_needed(folder: Folder) -> None:
    installed(folder)
    assert typed(folder, "mv var/keys safe").code == 0
    assert typed(folder, "workplace-sync reconcile --all").code == ExitCode.ERROR
    assert typed(folder, "mv safe var/keys && workplace-sync reconcile --all").code == 0


def test_a_revoked_token_and_a_new_one(folder: Folder) -> None:
    installed(folder)
    folder.sandbox.fault("token_revoked", tenant="bt")
    follow(folder, "workplace-sync doctor prospect-bt", reconcile=ExitCode.BLIND, doctor=ExitCode.BLIND)
    folder.sandbox.control("DELETE", "faults")
    assert typed(folder, "workplace-sync reconcile --all").code == 0


def test_nothing_hangs_so_nothing_is_released(folder: Folder) -> None:
    follow(installed(folder), 'workplace-sync runs release prospect-bt --reason "the old server hangs"', runs=64)


def test_the_table_of_ends_has_them_all_in_their_order() -> None:
    told = [int(row[0]) for row in rows(PAGE.read_text("utf-8"), HEADER)]
    assert told == [int(code) for code in WORST_FIRST if code is not ExitCode.CHANGES]
