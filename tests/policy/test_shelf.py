"""The shipped shelf does what it says: every case holds, and every condition was seen true and false."""

from pathlib import Path

import pytest

from workplace_sync.membership.small_world import asked_in_world
from workplace_sync.policy.coverage import coverage
from workplace_sync.policy.shelf import PolicySet, floor_files, load_policies
from workplace_sync.policy.testing import Result, read_suites, run

ROOT = Path(__file__).parents[2]


def shelf_files(*areas: str) -> dict[str, bytes]:
    return {
        str(path.relative_to(ROOT)): path.read_bytes()
        for area in areas
        for path in sorted((ROOT / "policies" / area).glob("*.yaml"))
    }


@pytest.fixture(scope="module")
def shelf() -> PolicySet:
    return load_policies(shelf_files("union", "guards", "platform/example-telecom"))


@pytest.fixture(scope="module")
def results(shelf: PolicySet) -> list[Result]:
    return [
        result
        for suite in read_suites(shelf_files("tests"), shelf)
        for result in run(suite, shelf, worlds=asked_in_world)
    ]


def test_every_case_of_the_shelf_comes_out_as_expected(results: list[Result]) -> None:
    wrong = [f"{r.policy}: {r.case}: expected {r.expected!r}, got {r.got!r}" for r in results if not r.passed]
    assert not wrong, "\n".join(wrong)
    assert len(results) > 60


def test_every_condition_of_the_shelf_was_seen_true_and_false(shelf: PolicySet, results: list[Result]) -> None:
    assert coverage(shelf, results).unseen == ()


def test_the_file_of_a_policy_says_its_area_and_id(shelf: PolicySet) -> None:
    areas = {"union": "union", "guards": "guard", "example-telecom": "example-telecom"}
    for policy in shelf.policies:
        if not policy.is_floor:
            *_, area, name = policy.file.split("/")
            assert f"{areas[area]}-{name}" == f"{policy.id}.yaml"


def test_every_policy_has_cases(shelf: PolicySet) -> None:
    assert {policy.id for policy in shelf.policies if policy.document.all_rules} == {
        suite.policy for suite in read_suites(shelf_files("tests"), shelf)
    }


def test_the_shelf_cites_published_texts_on_example_sites(shelf: PolicySet) -> None:
    cited = [policy.document.metadata.source for policy in shelf.policies if not policy.is_floor]
    assert all(
        source.url.startswith(("https://union.example.org/", "https://telecom.example.org/")) for source in cited
    )
    assert len(floor_files()) == len(shelf.policies) - len(cited)
