"""The examples on the pages are good: group files, policies with their cases, and rosters load without a fault."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import README, Block, blocks
from tests.sandbox_server import ROOT
from workplace_sync.groups import FileSource, GroupFile, load_group
from workplace_sync.membership.small_world import asked_in_world
from workplace_sync.policy.engine import Engine
from workplace_sync.policy.shelf import PolicySet, load_policies
from workplace_sync.policy.testing import read_suites, run
from workplace_sync.roster.person import RosterPerson
from workplace_sync.roster.readers import read_roster

NOW = datetime(2026, 12, 24, tzinfo=UTC)
EXAMPLES = [pytest.param(block, id=f"{block.page.name}: {block.file}") for block in blocks("yaml")]


def of_kind(kind: str) -> list[Block]:
    return [block for block in blocks("yaml") if f"\nkind: {kind}\n" in f"\n{block.text}"]


def shelf() -> PolicySet:
    """The policies that come with the program, and those of the pages."""
    files = {str(p): p.read_bytes() for p in (ROOT / "policies").glob("**/*.yaml") if p.parent.name != "tests"}
    shown = [block for kind in ("MembershipPolicy", "PlatformPolicy", "PolicyException") for block in of_kind(kind)]
    return load_policies(files | {block.file: block.text.encode() for block in shown})


def load_example(folder: Path, text: str) -> GroupFile:
    file = folder / "config" / "groups" / "prospect-bt.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text, "utf-8")
    return load_group(folder / "config", "prospect-bt")


@pytest.mark.parametrize("block", EXAMPLES)
def test_an_example_says_which_file_it_is(block: Block) -> None:
    assert block.file.startswith(("config/groups/", "policies/"))


def test_the_group_file_of_the_readme_loads(tmp_path: Path) -> None:
    [block] = of_kind("Group")
    group = load_example(tmp_path, block.text)
    assert group.managed.removals.opted_out
    assert group.approvers


@pytest.mark.parametrize("block", [p for p in EXAMPLES if "a part of" in str(p.values)])
def test_a_part_of_a_group_file_fits_into_a_whole_one(block: Block, tmp_path: Path) -> None:
    [whole] = of_kind("Group")
    group = load_example(tmp_path, yaml.safe_dump(yaml.safe_load(whole.text) | yaml.safe_load(block.text)))
    Engine(shelf(), group="prospect-bt", params=group.managed.params, now=NOW)  # raises for what no policy knows
    assert any(isinstance(source, FileSource) for source in group.sources)


def test_the_policies_of_the_pages_load_beside_those_of_the_shelf() -> None:
    ids = {policy.id for policy in shelf().policies}
    assert {"union-phone-only", "union-roster-only", "guard-additions", "example-telecom-house-rules"} <= ids
    assert [exception.id for exception in shelf().exceptions] == ["conference-2027"]


def test_the_cases_of_a_policy_on_a_page_come_out_as_they_say() -> None:
    policies = shelf()
    suites = read_suites({block.file: block.text.encode() for block in of_kind("PolicyTests")}, policies)
    results = [result for suite in suites for result in run(suite, policies, worlds=asked_in_world)]
    assert len(results) >= 3
    assert [result.case for result in results if not result.passed] == []


def test_the_example_of_a_roster_has_no_fault() -> None:
    [block] = blocks("csv")
    people = list(read_roster(block.text.encode(), name="example.csv", now=NOW))
    assert [type(person) for person in people] == [RosterPerson] * 3


def test_every_language_of_a_block_is_one_that_a_test_looks_at() -> None:
    assert {block.language for block in blocks_of_any_language()} <= {"console", "yaml", "csv", "sh"}


def blocks_of_any_language() -> list[Block]:
    named = [line.removeprefix("```").strip() for line in README.read_text("utf-8").splitlines() if "```" in line]
    return [block for language in {*named, "", "text", "sh", "csv"} for block in blocks(language)]
