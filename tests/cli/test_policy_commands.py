"""`policy lint`, `policy test` and `policy explain` as they are typed: what they print, and how they end."""

import io
import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.policy.documents import policy
from workplace_sync.cli.main import main
from workplace_sync.errors import ExitCode

Caught = pytest.CaptureFixture[str]

SHIPPED = Path(__file__).parents[2] / "policies"
CASES = """\
kind: PolicyTests
policy: policy
now: 2024-03-01T00:00:00Z
cases:
  - {name: who asked is added, given: {subject.consent: opted_in}, expect: {effect: allow}}
  - {name: who did not is not, given: {subject.consent: none}, expect: {effect: deny, rules: [rule]}}
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WORKPLACE_SYNC_DATABASE_URL", raising=False)
    monkeypatch.setattr(
        "workplace_sync.logs.configure", lambda *_: None
    )  # the process's logging is not a test's to set
    for file in (SHIPPED / "tests").glob("floor-*.yaml"):
        (tmp_path / "policies" / "tests").mkdir(parents=True, exist_ok=True)
        shutil.copy(file, tmp_path / "policies" / "tests")
    write("policies/union/policy.yaml", policy().decode())
    write("policies/tests/policy.yaml", CASES)


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def told(capsys: Caught, *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main([*arguments, "-o", "json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_shelf_without_faults_ends_with_0_and_is_quiet_when_asked(capsys: Caught) -> None:
    assert main(["policy", "lint"]) == 0
    assert capsys.readouterr().out == "4 files: nothing to remark.\n"
    assert main(["policy", "lint", "policies", "-q"]) == 0
    assert main(["policy", "test", "-q"]) == 0
    assert capsys.readouterr().out == ""


def test_every_remark_names_its_place_from_where_one_is(capsys: Caught) -> None:
    write("policies/union/policy.yaml", policy(params="{most: {type: int, value: 3}}").decode())
    write("policies/union/other.yaml", policy("other", expression="subject.consnt == 'x'").decode())
    assert main(["policy", "lint", "policies"]) == ExitCode.ERROR
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("error: policies/union/other.yaml:13:21: [rules[0].conditions[0].expression] undeclared")
    assert lines[0].endswith("did you mean subject.consent? (load)")
    assert lines[1].startswith("error: policies/union/policy.yaml:6:10: [params.most] ")
    assert lines[2] == "5 files: 2 errors, 0 warnings."


def test_warnings_end_with_0_and_with_strict_with_1(capsys: Caught) -> None:
    write("policies/union/stray.yml", "kind: MembershipPolicy")
    assert main(["policy", "lint"]) == 0
    assert "warning: policies/union/stray.yml: is not read" in capsys.readouterr().out
    assert main(["policy", "lint", "--strict"]) == ExitCode.ERROR
    capsys.readouterr()
    code, found = told(capsys, "policy", "lint")
    assert (code, found["schema"], found["errors"], found["warnings"]) == (0, "workplace-sync/policy-lint/1", 0, 1)
    assert found["remarks"][0]["check"] == "not-read"


def test_a_folder_that_is_not_there_is_a_mistake_of_the_command(capsys: Caught) -> None:
    assert main(["policy", "lint", "nowhere"]) == ExitCode.USAGE
    assert main(["policy", "test", "nowhere"]) == ExitCode.USAGE
    assert "There is no folder nowhere." in capsys.readouterr().err


def test_files_that_cannot_be_read_are_all_told(capsys: Caught, tmp_path: Path) -> None:
    (tmp_path / "policies" / "union" / "a.yaml").mkdir()
    assert main(["policy", "lint"]) == ExitCode.ERROR
    assert "a.yaml: cannot be read: Is a directory" in capsys.readouterr().err


def test_cases_that_pass_and_show_everything_end_with_0(capsys: Caught) -> None:
    assert main(["policy", "test"]) == 0
    assert capsys.readouterr().out.endswith("0 failed, 0 skipped; 100.0 % of the conditions' values seen.\n")


def test_a_case_that_fails_is_told_with_its_values_and_ends_with_1(capsys: Caught) -> None:
    write("policies/tests/policy.yaml", CASES.replace("{effect: allow}", "{effect: warn}"))
    assert main(["policy", "test", "--junit", "j.xml"]) == ExitCode.ERROR
    out = capsys.readouterr().out
    assert "FAIL policy: who asked is added\n     expected: warn\n     got:      allow\n     policy@2/rule\n" in out
    assert "subject.consent = 'opted_in'" in out
    suites = ET.fromstring(Path("j.xml").read_text(encoding="utf-8"))  # noqa: S314 - our own text
    assert suites.get("failures") == "1"
    assert "subject.consent = 'opted_in'" in str(next(suites.iter("failure")).text)
    code, found = told(capsys, "policy", "test")
    assert (code, found["good"], found["failed"], found["passed"] > 1) == (1, False, 1, True)
    (failed,) = [case for case in found["cases"] if case["status"] == "fail"]
    assert failed["conditions"][0]["facts"] == {"subject.consent": "opted_in"}


def test_what_no_case_showed_is_listed_with_its_place_and_ends_with_1_below_the_coverage_wanted(capsys: Caught) -> None:
    write("policies/tests/policy.yaml", CASES.rsplit("  - ", 1)[0])
    assert main(["policy", "test"]) == ExitCode.ERROR
    assert "not seen: policies/union/policy.yaml:13: policy@2/rule#condition never false\n" in capsys.readouterr().out
    assert main(["policy", "test", "--min-coverage", "50"]) == 0
    capsys.readouterr()
    code, found = told(capsys, "policy", "test")
    assert code == ExitCode.ERROR
    assert found["unseen"][0] == {
        "condition": "policy@2/rule#condition",
        "never": "false",
        "file": "union/policy.yaml",
        "line": 13,
    }


def test_what_the_built_in_rules_were_not_seen_to_do_has_no_place(capsys: Caught) -> None:
    Path("policies/tests/floor-opt-out.yaml").unlink()
    assert main(["policy", "test"]) == ExitCode.ERROR
    assert "not seen: floor-opt-out@1/opted-out#not_opted_out never true\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("pattern", "number"), [("WHO ASKED", 1), ("policy: *", 2), ("policy: who ?sked*", 1), ("floor-opt-out", 3)]
)
def test_only_the_cases_that_fit_a_pattern_are_run_and_coverage_is_not_asked_of_them(
    pattern: str, number: int, capsys: Caught
) -> None:
    code, found = told(capsys, "policy", "test", "--run", pattern)
    assert (code, len(found["cases"])) == (0, number)


def test_when_no_case_ran_nothing_was_shown_and_that_is_a_failure(capsys: Caught) -> None:
    assert main(["policy", "test", "--run", "nothing like it"]) == ExitCode.ERROR
    assert "No case ran, so nothing was shown." in capsys.readouterr().out
    skipped = CASES.replace("name: who", "skip: not yet, name: who")
    write("policies/tests/policy.yaml", skipped)
    assert main(["policy", "test", "--run", "policy: who"]) == ExitCode.ERROR
    out = capsys.readouterr().out
    assert "SKIP policy: who asked is added (not yet)" in out
    assert "2 cases: 0 passed, 0 failed, 2 skipped" in out
    code, found = told(capsys, "policy", "test", "--run", "policy: who")
    assert (code, found["cases"][0]["reason"]) == (1, "not yet")


def test_cases_that_cannot_be_run_are_told_with_their_places(capsys: Caught) -> None:
    write("policies/tests/policy.yaml", CASES.replace("subject.consent: none", "subject.consnt: none"))
    assert main(["policy", "test"]) == ExitCode.ERROR
    err = capsys.readouterr().err
    assert "policies/tests/policy.yaml:6:" in err
    assert "policy lint" in err


def test_a_report_that_cannot_be_written_is_an_error(capsys: Caught) -> None:
    assert main(["policy", "test", "--junit", "nowhere/j.xml"]) == ExitCode.USAGE
    assert "cannot be written" in capsys.readouterr().err


GROUP = """\
kind: Group
name: {name}
title: Prospect in BT
tenant: bt
platform: {{type: workplace, base_url: "https://graph.example.org", group_id: "{number}", token_env: TOKEN_BT}}
roster: [{{addresses: [amina@bt.example.org]}}]
"""


@pytest.fixture
def _group(capsys: Caught) -> None:
    write("config/groups/prospect-bt.yaml", GROUP.format(name="prospect-bt", number=7))
    write("var/.keep", "")
    from workplace_sync.app import Application  # noqa: PLC0415 - only where a folder is needed
    from workplace_sync.settings import load_settings  # noqa: PLC0415

    with Application(load_settings()) as app:
        app.set_up()
    capsys.readouterr()


@pytest.mark.usefixtures("_group")
def test_a_person_is_explained_without_being_named(capsys: Caught, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["policy", "explain", "prospect-bt", "amina@bt.example.org"]) == 0
    out = capsys.readouterr().out
    assert "This person is not on the roster of this group." in out
    assert "policy@2/rule: Rule [deny]" in out
    assert "What would change it:\n  If a consent to be added were on record, this person could be added.\n" in out
    assert "amina" not in out
    monkeypatch.setattr("sys.stdin", io.StringIO("amina@bt.example.org\n"))
    code, found = told(capsys, "policy", "explain", "prospect-bt", "-", "--at", "2024-03-01")
    assert (code, found["schema"], found["at"]) == (0, "workplace-sync/policy-explain/1", "2024-03-01T00:00:00+00:00")
    assert found["explanation"]["deciding"] == ["policy@2/rule"]


@pytest.mark.usefixtures("_group")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["prospect-bt", "amina"], "not an e-mail address"),
        (["prospect-zz", "amina@bt.example.org"], "There is no group"),
        (["prospect-bt", "amina@bt.example.org", "--at", "yesterday"], "not a time"),
        (["prospect-bt", "amina@bt.example.org", "--at", "2024-03-01", "--plan", "x"], "either --at or --plan"),
        (["prospect-bt", "amina@bt.example.org", "--plan", "deadbeef"], "no such plan"),
    ],
)
def test_what_cannot_be_explained_says_why(arguments: list[str], says: str, capsys: Caught) -> None:
    assert main(["policy", "explain", *arguments]) == ExitCode.USAGE
    assert says in capsys.readouterr().err
