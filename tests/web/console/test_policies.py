"""Policies in the console: both shelves on any day, a policy with its versions and cases, and when which came into use."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.sandbox_server import SandboxHandle
from tests.web.console.running import Browser, ConsoleHandle, console_on, invite
from workplace_sync.evidence.entry import Kind
from workplace_sync.policy.shelf import load_policies
from workplace_sync.store import audit
from workplace_sync.web.console.views.policies import difference_lines

_OLD = """\
kind: MembershipPolicy
metadata: {id: quiet, version: 1, title: Quiet days, owner: BT committee, source: {title: Minute 1},
           effective_from: 2020-01-01T00:00:00Z, effective_until: 2021-01-01T00:00:00Z, topics: [quiet-days]}
rules:
  - id: sunday
    title: Not on Sundays
    conditions: [{name: no_sunday, expression: "now.getDayOfWeek() != 0"}]
    effect: hold
    message: Nobody is added on a Sunday.
"""
_NEW = (
    _OLD.replace("version: 1", "version: 2")
    .replace("effective_from: 2020-01-01T00:00:00Z, effective_until: 2021", "effective_from: 2021")
    .replace("effect: hold", "effect: deny")
)


@pytest.fixture
def shelf(sandbox: SandboxHandle, tmp_path: Path) -> Iterator[tuple[ConsoleHandle, Browser, Path]]:
    """A console on policies of a test's own, somebody logged in, and the folder of the policies."""
    with console_on(tmp_path / "union", sandbox, datetime.now(UTC)) as handle:
        folder = handle.folder.home / "policies"
        (folder / "quiet.yaml").write_text(f"{_OLD}---\n{_NEW}", encoding="utf-8")
        invite(handle.app, "audrey")
        yield handle, handle.browser("audrey"), folder


def test_both_shelves_show_what_is_in_force(console: ConsoleHandle) -> None:
    page = console.known("rosa").get("/policies")
    assert page.status_code == 200, page.text
    for one in console.app.rules.policies.in_force(console.app.now()).policies:
        assert one.id in page.text
    assert "What the union promises of itself" in page.text
    assert "What the platform&#39;s owner published" in page.text


def test_a_day_and_a_topic_can_be_asked_for(shelf: tuple[ConsoleHandle, Browser, Path]) -> None:
    _, audrey, _ = shelf
    assert "quiet?version=1" in audrey.get("/policies?at=2020-05-01").text
    assert "quiet?version=2" in audrey.get("/policies?at=2021-05-01").text
    assert (
        "One text was in force on 2020-05-02 on the topic quiet-days"
        in audrey.get("/policies?at=2020-05-01&topic=quiet-days").text
    )
    assert "None: on that day" in audrey.get("/policies?at=2019-05-01&topic=quiet-days").text
    assert "2020-02-30 is no day" in audrey.get("/policies?at=2020-02-30").text


def test_a_version_shows_what_it_changed_of_the_one_before(shelf: tuple[ConsoleHandle, Browser, Path]) -> None:
    _, audrey, _ = shelf
    page = audrey.get("/policies/quiet")
    assert page.status_code == 200, page.text
    assert "What version 2 changed of version 1" in page.text
    assert "<del>-    &#34;effect&#34;: &#34;hold&#34;" in page.text
    assert "<ins>+    &#34;effect&#34;: &#34;deny&#34;" in page.text
    assert "What version" not in audrey.get("/policies/quiet?version=1").text


@pytest.mark.parametrize("path", ["none", "quiet?version=7", "quiet?since=7", "quiet?version=1&since=2"])
def test_a_policy_that_is_not_there_is_not_found(shelf: tuple[ConsoleHandle, Browser, Path], path: str) -> None:
    assert shelf[1].get(f"/policies/{path}").status_code == 404


def test_the_difference_is_of_contents_and_not_of_layout() -> None:
    before, after = load_policies({"quiet.yaml": f"{_OLD}---\n{_NEW}".encode()}).versions("quiet")
    added = {line.strip(" ,") for mark, line in difference_lines(before, after) if mark == "+"}
    assert '"effect": "deny"' in added
    assert not [line for mark, line in difference_lines(before, before) if mark]


def test_cases_are_run_again_once_a_file_has_changed(shelf: tuple[ConsoleHandle, Browser, Path]) -> None:
    _, audrey, folder = shelf
    assert "quiet@2/sunday#no_sunday" in audrey.get("/policies/cases").text
    cases = folder / "tests" / "quiet.yaml"
    cases.parent.mkdir(exist_ok=True)
    case = "- {name: %s, action: add, now: 2026-11-%sT12:00:00Z, expect: {effect: %s, rules: [%s]}}\n"
    text = "kind: PolicyTests\npolicy: quiet\nnow: 2026-11-23T12:00:00Z\ncases:\n"
    text += case % ("a Sunday", "22", "deny", "sunday") + case % ("a Monday", "23", "hold", "")
    cases.write_text(text, encoding="utf-8")
    page = audrey.get("/policies/cases").text
    assert "quiet: a Monday" in page
    assert "wrong" in page
    assert "1 of 2 cases come out as they should" in audrey.get("/policies/quiet").text
    cases.write_text("kind: PolicyTests\npolicy: quiet\ncases: 7\n", encoding="utf-8")
    faulty = audrey.get("/policies/cases").text
    assert "The cases cannot be run" in faulty


def test_the_log_tells_when_which_came_into_use(console: ConsoleHandle) -> None:
    with console.app.database.connect() as connection:
        row = audit.list_entries(connection, kind=Kind.POLICIES_ACTIVATED, limit=1)[0]
    page = console.known("rosa").get("/policies/log").text
    assert f"/audit/{row.seq}" in page
    assert "came into use for the first time" in page
    assert console.known("rosa").get(f"/policies/log?before={row.seq}").status_code == 200


def test_faulty_policies_are_told_and_do_not_bring_the_console_down(
    shelf: tuple[ConsoleHandle, Browser, Path],
) -> None:
    _, audrey, folder = shelf
    (folder / "quiet.yaml").write_text("kind: nothing\n", encoding="utf-8")
    answer = audrey.get("/policies")
    assert answer.status_code == 500
    assert "The policies have" in answer.text
    assert audrey.get("/audit").status_code == 200
