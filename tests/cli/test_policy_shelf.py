"""`policy list`, `show`, `in-force`, `exceptions`, `log`, `schema`: what the shelves hold and held, told to anybody."""

import json
import shutil
from pathlib import Path
from typing import cast

import pytest

from tests.sandbox_server import ROOT
from workplace_sync.cli.main import main
from workplace_sync.errors import ExitCode

Caught = pytest.CaptureFixture[str]
Told = dict[str, object]

EXCEPTION = """\
kind: PolicyException
id: trial
title: A trial
reason: The committee tries it out.
owner: Bryn Marrow
approver: Cerys Quarry
approved_at: 2020-04-01T00:00:00Z
expires_at: 2020-05-01T00:00:00Z
rules: [union-consent/consent]
match: {groups: [prospect-bt]}
"""


@pytest.fixture(autouse=True)
def _with_the_shelf_of_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WORKPLACE_SYNC_DATABASE_URL", raising=False)
    monkeypatch.setattr("workplace_sync.logs.configure", lambda *_: None)
    shutil.copytree(ROOT / "policies", tmp_path / "policies")


def told(capsys: Caught, *arguments: str) -> Told:
    assert main(["policy", *arguments, "-o", "json"]) == 0
    return cast("Told", json.loads(capsys.readouterr().out))


def lines(capsys: Caught, *arguments: str) -> list[str]:
    assert main(["policy", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def ids(found: object) -> list[str]:
    return [f"{one['policy']}@{one['version']}" for one in cast("list[Told]", found)]


def test_nothing_about_adding_in_bulk_was_in_force_that_day_and_the_shelf_says_what_it_held(capsys: Caught) -> None:
    answer = told(capsys, "in-force", "--topic", "bulk-add", "--at", "2020-02-01")
    assert answer["in_force"] == []
    assert ids(answer["shelf_held"]) == ["example-telecom-acceptable-use@1", "example-telecom-group-guidelines@1"]
    first, *held = lines(capsys, "in-force", "--topic", "bulk-add", "--at", "2020-02-01")
    assert first == (
        "none: on that day (2020-02-01) the shelf held 2 texts of example-telecom, none of them on the topic bulk-add."
    )
    assert len(held) == 2


def test_what_is_in_force_is_told_from_both_shelves(capsys: Caught) -> None:
    answer = told(capsys, "in-force", "--topic", "bulk-add", "--at", "2022-02-01")
    assert ids(answer["in_force"]) == ["example-telecom-group-guidelines@2", "guard-additions@1"]
    union = told(capsys, "in-force", "--topic", "bulk-add", "--at", "2022-02-01", "--shelf", "union")
    assert ids(union["in_force"]) == ["guard-additions@1"]


def test_a_topic_that_no_text_ever_had_is_pointed_out(capsys: Caught) -> None:
    assert main(["policy", "in-force", "--topic", "bulkadd", "--at", "2022-02-01"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("none: ")
    assert "No text of any time has the topic bulkadd. The topics are: " in captured.err


def test_the_list_is_as_of_a_time(capsys: Caught) -> None:
    before = told(capsys, "list", "--at", "2020-02-01")
    assert [row["policy"] for row in cast("list[Told]", before["rows"])] == [
        "example-telecom-acceptable-use",
        "example-telecom-group-guidelines",
        "floor-opt-out",
        "floor-removals",
    ]
    assert str(before["revision"]).startswith("sha256:")
    platform = lines(capsys, "list", "--at", "2024-02-01", "--shelf", "platform")
    assert [line.split()[:3] for line in platform[1:]] == [
        ["example-telecom-acceptable-use", "1", "platform"],
        ["example-telecom-group-guidelines", "2", "platform"],
    ]


def test_a_policy_is_shown_with_its_source_rules_and_parameters(capsys: Caught) -> None:
    text = "\n".join(lines(capsys, "show", "guard-additions"))
    assert "Committee minute 2020/19, Bulk changes (invented example) https://union.example.org/minutes/2020-19" in text
    assert "must be true: plan.additions <= params.per_run" in text
    assert "parameter per_run = 500; a group may set 500 or lower, or 1 to 2000" in text


def test_each_version_of_a_published_text_can_be_shown_word_for_word(capsys: Caught) -> None:
    first = lines(capsys, "show", "example-telecom-group-guidelines", "--at", "2020-02-01")
    assert "  no rules: the text does not speak of what we do" in first
    assert not [line for line in first if "in bulk" in line]
    second = lines(capsys, "show", "example-telecom-group-guidelines", "--version", "2")
    assert "  clause 3.1: Do not add people in bulk: at most 100 people may be added to a group in 24 hours." in second
    assert any("(deny, clause 3.1)" in line for line in second)
    data = told(capsys, "show", "example-telecom-group-guidelines", "--version", "2")
    assert ids(data["versions"]) == ["example-telecom-group-guidelines@1", "example-telecom-group-guidelines@2"]
    assert data["params"] == {"per_day": 100}


def test_parameters_are_shown_as_they_are_for_a_group(capsys: Caught, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    file = tmp_path / "config" / "groups" / "prospect-bt.yaml"
    file.write_text(file.read_text("utf-8") + "\nparams: {union-cool-off: {cool_off: 1440h}}\n", "utf-8")
    assert told(capsys, "show", "union-cool-off", "--group", "prospect-bt")["params"] == {"cool_off": "5184000s"}
    assert told(capsys, "show", "union-cool-off")["params"] == {"cool_off": "2592000s"}


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["show", "guard-addition"], "Did you mean guard-additions?"),
        (["show", "zzz"], "See `workplace-sync policy list`."),
        (["show", "guard-additions", "--version", "7"], "Its versions are: 1."),
        (["show", "guard-additions", "--at", "2019-01-01"], "Its versions are: 1."),
        (["show", "guard-additions", "--at", "2019-01-01", "--version", "1"], "Give either --version or --at."),
        (["list", "--shelf", "top"], "The shelves are: union, platform, built-in."),
        (["in-force", "--topic", "bulk-add", "--at", "then"], "Write it like 2026-11-21"),
    ],
)
def test_what_there_is_not_is_told_with_what_there_is(arguments: list[str], hint: str, capsys: Caught) -> None:
    assert main(["policy", *arguments]) == ExitCode.USAGE
    assert hint in capsys.readouterr().err


def test_an_archived_text_that_was_changed_is_noticed(capsys: Caught, tmp_path: Path) -> None:
    archived = tmp_path / "policies/platform/example-telecom/texts/group-guidelines-2019.txt"
    archived.write_text(archived.read_text("utf-8") + "2.2  Do not add people in bulk.\n", "utf-8")
    assert main(["policy", "list"]) == ExitCode.ERROR
    assert "group-guidelines-2019.txt is not the text that was archived" in capsys.readouterr().err


def test_exceptions_are_listed_in_force_ended_and_not_begun(capsys: Caught, tmp_path: Path) -> None:
    assert main(["policy", "exceptions"]) == 0
    assert "There are no exceptions." in capsys.readouterr().err
    (tmp_path / "policies" / "exceptions").mkdir()
    (tmp_path / "policies" / "exceptions" / "trial.yaml").write_text(EXCEPTION, "utf-8")
    states = [
        cast("list[Told]", told(capsys, "exceptions", "--at", moment)["rows"])[0]["state"]
        for moment in ("2020-03-31", "2020-04-01", "2020-05-01")
    ]
    assert states == ["not begun", "in force", "ended"]
    assert lines(capsys, "exceptions", "--at", "2020-04-01")[1].startswith("trial")


def test_the_log_tells_when_policies_came_into_use(capsys: Caught) -> None:
    assert main(["init", "--quiet"]) == 0
    capsys.readouterr()
    assert lines(capsys, "log") == ["No policies have come into use yet: the first plan does that."]
    assert told(capsys, "log")["activations"] == []


def test_the_schema_is_printed_as_it_is_kept(capsys: Caught) -> None:
    assert main(["policy", "schema"]) == 0
    assert capsys.readouterr().out == (ROOT / "policies" / "schema.json").read_text("utf-8")
