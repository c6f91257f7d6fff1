"""A reconcile that is killed at one step after the other, and clocks that are wrong: nobody is added twice, all verifies."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox_server import ROOT, SandboxHandle
from tests.scenarios.folder import GROUP, HASTY, Ended, Folder, make_folder
from tests.scenarios.killing import assert_evidence_verifies, assert_nothing_lost_nothing_twice, rows

PEOPLE = 60  # two batches
EVERY = 5  # steps: each run is killed so many later than the one before
DONE = 0

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path, sandbox: SandboxHandle) -> Folder:
    """A folder with people to add."""
    made = make_folder(tmp_path / "union", sandbox, settings=HASTY | {"READ_TIMEOUT": "20", "THREADS": "1"})
    made.write_roster([*made.former, *people(made)])
    return made


def people(folder: Folder, first: int = 0, number: int = PEOPLE) -> list[str]:
    """Return so many people of the tenant who were not in the group at the start, and have an account."""
    former = set(folder.former)
    everybody = folder.sandbox.people("bt", limit=100_000)
    found = [one["email"] for one in everybody if one["active"] and ".example.org" in one["email"]]
    return [address for address in found if address not in former][first : first + number]


def run(folder: Folder, *arguments: str, step: int = 0, days: str = "0") -> Ended:
    """Run a command that is killed at a step, or lives in another time."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.scenarios.dying", str(step), days, "--home", str(folder.home), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    ended = Ended(done.returncode, done.stdout, done.stderr)
    folder.assert_discreet(ended)
    return ended


def test_killed_at_one_step_after_the_other_a_reconcile_comes_to_its_end(folder: Folder) -> None:
    kills = 0
    for step in range(2, 200, EVERY):
        ended = run(folder, "reconcile", GROUP, step=step)
        if ended.code != -signal.SIGKILL:
            break
        kills += 1
    assert ended.code == DONE, ended
    assert kills >= 5
    assert_nothing_lost_nothing_twice(folder, people(folder))
    assert_evidence_verifies(folder)


def test_a_clock_that_swings_by_weeks_within_a_run_adds_nobody_twice_and_loses_nobody(folder: Folder) -> None:
    swung = run(folder, "reconcile", GROUP, days="swinging")
    after = run(folder, "reconcile", GROUP)
    assert (swung.code, after.code) == (DONE, DONE), (swung, after)
    assert_nothing_lost_nothing_twice(folder, people(folder))
    assert rows(folder.database, "SELECT * FROM departure") == []
    assert_evidence_verifies(folder)


def test_runs_whose_clocks_are_years_apart_follow_each_other_and_nothing_is_done_twice(folder: Folder) -> None:
    wanted = people(folder)
    for days, number in (("0", 20), ("700", 40), ("-30", PEOPLE), ("0", PEOPLE)):
        folder.write_roster([*folder.former, *wanted[:number]])
        ended = run(folder, "reconcile", GROUP, days=days)
        assert ended.code == DONE, (days, ended)
        assert len(folder.added()) == number
    assert_nothing_lost_nothing_twice(folder, wanted)
    assert rows(folder.database, "SELECT * FROM departure") == []
    assert_evidence_verifies(folder)
