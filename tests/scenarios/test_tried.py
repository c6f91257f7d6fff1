"""Drafts, revisions and guards, tried from the command line on what was planned: whom it concerns is told when asked for."""

from pathlib import Path

import pytest

from tests.scenarios.folder import GROUP, Folder

USAGE = 64
DRAFT = """
kind: MembershipPolicy
metadata: {id: union-consent, version: 9, title: Consent of late, owner: O, source: {title: S}, effective_from: 2030-01-01T00:00:00Z}
match: {actions: [add]}
rules:
  - {id: recent, title: Of late, effect: hold, message: M, conditions: [{name: c, expression: "now - subject.consent_at < duration('1h')"}]}
"""


@pytest.fixture
def planned(union: Folder) -> str:
    """Five people planned, of whom all go: the plan's digest."""
    wanted = [str(person["email"]) for person in union.sandbox.addable()][:5]
    union.write_roster([*union.former, *wanted])
    return union.plan()


def test_a_draft_is_tried_and_names_people_only_when_asked_to(union: Folder, planned: str, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(DRAFT)
    assert union.run("apply", planned[:12], "--by", "ada").code == 0
    told = union.run("policy", "backtest", str(draft), "--since", "2020-01-01")
    assert told.code == 0, told
    assert "5 would have been denied or held; 5 of them went ahead, 5 were carried out." in told.out
    assert "@" not in told.out.replace("union-consent@9", "")
    listed = union.run(
        "policy", "backtest", str(draft), "--since", "2020-01-01", "--people", "--limit", "3", "-o", "json"
    ).json
    assert (listed["stopped"], listed["carried_out"], len(listed["people"])) == (5, 5, 3)
    assert listed["rules"] == [
        {
            "rule": "union-consent@9/recent",
            "effect": "hold",
            "about": "add",
            "stopped": 5,
            "went_ahead": 5,
            "carried_out": 5,
        }
    ]
    assert union.run("policy", "backtest", str(tmp_path / "no.yaml"), "--since", "2020-01-01").code == USAGE
    assert union.run("policy", "backtest", str(draft), "--since", "tomorrow").code == USAGE


def test_two_revisions_are_compared_and_a_plan_is_decided_under_both(union: Folder, planned: str) -> None:
    revision = union.run("plan", GROUP, "-o", "json").json["policy_revision"]
    name = revision.removeprefix("sha256:")[:12]
    assert "The policies say the same." in union.run("policy", "diff", name, "disk").out
    file = union.home / "policies" / "union" / "eligibility.yaml"
    file.write_text(file.read_text().replace("value: [active]", "value: [retired]"))
    told = union.run("policy", "diff", name, "disk", "--plan", planned[:12], "--text", "--limit", "2")
    assert told.code == 0, told
    assert "Its parameter statuses: [active] becomes [retired]." in told.out
    assert "Of 5 decisions of the plan, 5 would be others." in told.out
    assert "… and 3 more" in told.out
    assert told.out.count("[union-eligibility@1/active-member]") == 2
    found = union.run("policy", "diff", name, "disk", "--plan", planned[:12], "-o", "json").json
    assert found["plan"]["flips"] == [{"action": "add", "before": "allow", "after": "deny", "people": 5}]
    assert [one["part"] for one in found["differences"]] == ["", "params.statuses"]
    assert union.run("policy", "diff", "feed", "disk").code == USAGE


def test_guards_are_told_with_their_margins(union: Folder, planned: str) -> None:
    assert planned
    found = union.run("policy", "tune", "--since", "2020-01-01", "-o", "json").json
    (row,) = [one for one in found["rows"] if one["rule"] == "guard-additions@1/per-run"]
    assert (row["tripped"], row["value"], row["closest"], row["margin"]) == (0, 500, 5, 495)
    assert "guard-additions@1/per-run" in union.run("policy", "tune").out
