"""Killed anywhere, run again: everybody is added exactly once, and everything is on record (promise P3)."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox_server import SandboxHandle, running_sandbox
from tests.scenarios.folder import GROUP, HASTY, Folder, make_folder
from tests.scenarios.killing import (
    Moment,
    assert_evidence_verifies,
    assert_nothing_lost_nothing_twice,
    kill_again_and_again,
    killed,
    prepared,
    rows,
)

LATENCY = 0.03
PEOPLE = 800
KILLS = 6

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def town() -> Iterator[SandboxHandle]:
    """A platform with more people than are wanted, which takes its time to answer."""
    with running_sandbox(people=f"bt={PEOPLE + 200}", latency_ms=LATENCY * 1000) as handle:
        yield handle


@pytest.fixture
def folder(town: SandboxHandle, tmp_path: Path) -> Folder:
    town.reset()
    return make_folder(tmp_path / "union", town, settings=HASTY | {"READ_TIMEOUT": "30", "THREADS": "2"})


def test_an_apply_that_is_killed_again_and_again_adds_everybody_exactly_once(folder: Folder) -> None:
    digest, wanted = prepared(folder, PEOPLE)
    found = kill_again_and_again(folder, digest, PEOPLE, KILLS, random.Random(2020), LATENCY)
    assert len(found.after) == KILLS
    assert found.took_effect  # or the kills did not come where it hurts
    assert found.had_none
    assert found.last.code == 0, found.last.err
    assert found.last.json["seen"] == PEOPLE
    assert_nothing_lost_nothing_twice(folder, wanted)
    assert_evidence_verifies(folder)
    again = folder.apart("apply", digest, "--by", "ada", "-o", "json")
    assert (again.code, again.json["asked"], again.json["requests_sent"]) == (0, 0, 0)


def test_a_plan_that_is_killed_leaves_nothing_behind_and_is_made_anew(folder: Folder) -> None:
    wanted = [str(person["email"]) for person in folder.sandbox.addable()][:PEOPLE]
    folder.write_roster([*folder.former, *wanted])
    chance = random.Random(2021)
    for requests in (2, 5, 5):  # the fifth request is the last: after it comes the deciding
        killed(folder, folder.start("plan", GROUP, "--by", "ada"), Moment(requests, chance.random() * 0.5))
        whole = rows(folder.database, "SELECT count(*) FROM change JOIN plan ON plan.id = plan_id GROUP BY plan_id")
        assert set(whole) <= {(PEOPLE,)}
        left = rows(folder.database, "SELECT DISTINCT plan_id FROM change WHERE plan_id NOT IN (SELECT id FROM plan)")
        assert left == []
    made = folder.apart("plan", GROUP, "--by", "ada", "-o", "json")
    assert (made.code, made.json["counts"]["added"]) == (0, PEOPLE)
    assert_evidence_verifies(folder)


def test_an_observation_that_is_killed_leaves_no_half_of_a_group(folder: Folder) -> None:
    folder.configure(PAGE_SIZE="5")
    chance = random.Random(2022)
    for requests in (2, 6, 12):
        assert killed(folder, folder.start("observe", GROUP), Moment(requests, chance.random() * LATENCY))
        assert rows(folder.database, "SELECT * FROM presence") == []
    seen = folder.apart("observe", GROUP, "-o", "json")
    assert (seen.code, seen.json["members"], seen.json["come"]) == (0, len(folder.former), len(folder.former))
    killed(folder, folder.start("observe", GROUP), Moment(7, 0))
    after = folder.apart("observe", GROUP, "-o", "json")
    assert (after.code, after.json["come"], after.json["departed_not_by_us"]) == (0, 0, 0)
    assert_evidence_verifies(folder)
