"""The disk is full, or may not be written: a clear error, no half of anything, and all is made good once there is room."""

import ctypes
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.sandbox_server import ROOT
from tests.scenarios.folder import GROUP, Ended, Folder
from tests.scenarios.killing import assert_nothing_lost_nothing_twice, rows

PEOPLE = 100
DONE, ERROR = 0, 1
NOTHING: Mapping[str, str] = {}

pytestmark = pytest.mark.slow

_ON_A_SMALL_DISK = """
mount -t tmpfs -o size="$SIZE" none "$SMALL" && cp -a "$FOLDER"/. "$SMALL" || exit 99
"$@"
code=$?
rm -rf "$FOLDER"/var && cp -a "$SMALL"/var "$FOLDER"/var || exit 98
exit $code
"""


@pytest.fixture
def wanted(union: Folder) -> list[str]:
    """Whom the roster adds."""
    found = [str(person["email"]) for person in union.sandbox.addable()][:PEOPLE]
    union.write_group("params: {guard-additions: {max_growth_percent: 400}}")
    union.write_roster([*union.former, *found])
    return found


def command(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "workplace_sync", "--home", str(home), *arguments]


def run(
    line: list[str], union: Folder, before: Callable[[], None] | None = None, there: Mapping[str, str] = NOTHING
) -> Ended:
    """Run a command line in a process that calls `before` first."""
    done = subprocess.run(
        line,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"} | dict(there),
        preexec_fn=before,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    ended = Ended(done.returncode, done.stdout, done.stderr)
    union.assert_discreet(ended)
    return ended


def made_good(union: Folder, wanted: list[str]) -> None:
    ended = union.run("reconcile", GROUP)
    assert ended.code == DONE, ended
    assert_nothing_lost_nothing_twice(union, wanted)
    assert union.run("evidence", "verify").code == DONE
    assert union.run("db", "check").code == DONE


def files_of_at_most(size: int) -> Callable[[], None]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def bound_by_rights() -> None:
    """Take from root what it reads and writes with whatever a file's rights say; from anybody else, nothing."""
    drop_from_bounding_set, overriding = 24, 1  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE
    ctypes.CDLL(None).prctl(drop_from_bounding_set, overriding, 0, 0, 0)


@pytest.mark.parametrize("room", [0, 400_000, 700_000])
def test_a_file_that_cannot_grow_ends_the_run_with_a_sentence_and_no_intent_is_lost(
    union: Folder, wanted: list[str], room: int
) -> None:
    ended = run(command(union.home, "reconcile", GROUP), union, files_of_at_most(room))
    assert ended.code == ERROR, ended
    assert "disk" in ended.err
    assert union.run("evidence", "verify").code == DONE
    made_good(union, wanted)


@pytest.mark.parametrize("room", [0, 700])
def test_on_a_full_disk_the_run_says_so_and_goes_on_when_there_is_room(
    union: Folder, wanted: list[str], room: int, tmp_path: Path
) -> None:
    unshare = shutil.which("unshare")
    small = tmp_path / "small"
    small.mkdir()
    namespace = [str(unshare), *(() if os.geteuid() == 0 else ("-r",)), "-m", "sh", "-c", _ON_A_SMALL_DISK, "sh"]
    used = sum(file.stat().st_blocks * 512 for file in union.home.rglob("*") if file.is_file()) // 1024
    used += 4 * sum(1 for _ in union.home.rglob("*"))
    there = {"FOLDER": str(union.home), "SMALL": str(small)}
    if unshare is None or run([*namespace, "true"], union, there=there | {"SIZE": "64m"}).code != DONE:
        pytest.skip("this machine lets nobody mount a disk of their own")
    ended = run([*namespace, *command(small, "reconcile", GROUP)], union, there=there | {"SIZE": f"{used + room}k"})
    assert ended.code == ERROR, ended
    assert "disk is full" in ended.err
    made_good(union, wanted)


@pytest.mark.parametrize("what", ["the file", "the folder"])
def test_a_database_that_may_only_be_read_is_told_and_nothing_is_sent(
    union: Folder, wanted: list[str], what: str
) -> None:
    state = union.database.parent
    (union.database if what == "the file" else state).chmod(0o400 if what == "the file" else 0o500)
    ended = run(command(union.home, "reconcile", GROUP), union, bound_by_rights)
    assert ended.code == ERROR, ended
    assert "read-only" in ended.err or "cannot be opened" in ended.err
    assert union.added().total() == 0
    state.chmod(0o700)
    union.database.chmod(0o600)
    assert rows(union.database, "SELECT * FROM operation") == []
    made_good(union, wanted)
