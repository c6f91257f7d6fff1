"""The doctor on who takes part: people, officers, and the key for members' cases."""

import base64
from pathlib import Path

from tests.cli.doctoring import Union
from workplace_sync.errors import ExitCode

PEOPLE = """kind: People
people:
  - {name: grace, roles: [admin], groups: ["*"]}
  - {name: olga, roles: [officer]}
"""
KEY = base64.b64encode(bytes(range(32))).decode()


def test_people_who_are_too_few_to_decide_are_a_warning(union: Union) -> None:
    assert "no people file" in union.doctor().message("people")
    Path("config/people.yaml").write_text(PEOPLE)
    found = union.doctor()
    assert (found.status("people"), found.code) == ("warning", ExitCode.DONE)
    assert "prospect-bt" in found.message("people")
    Path("config/people.yaml").write_text(PEOPLE.replace("[officer]", "[officer, owner]"))
    assert union.doctor().message("people").startswith("2 people in ")


def test_a_faulty_people_file_is_red_and_the_officers_wait(union: Union) -> None:
    Path("config/people.yaml").write_text(PEOPLE.replace("[admin]", "[admn]"))
    found = union.doctor()
    assert (found.reds, found.status("officers")) == (["people"], "skipped")


def test_officers_who_are_none_by_the_people_file_are_red_and_one_alone_is_a_warning(union: Union) -> None:
    assert "nobody is named" in union.doctor().message("officers")
    rules = Path("config/escalations.yaml")
    rules.write_text(rules.read_text().replace("officers: []", f"officers: [{{name: olga, public_key: {KEY!r}}}]"))
    found = union.doctor()
    assert (found.status("officers"), found.code) == ("warning", ExitCode.DONE)
    Path("config/people.yaml").write_text(PEOPLE.replace("[officer]", "[auditor]"))
    found = union.doctor()
    assert (found.reds, "olga" in found.message("officers")) == (["officers"], True)


def test_the_key_for_cases_is_missed_once_there_is_a_case(union: Union) -> None:
    key = Path("var/keys/cases.key")
    assert "no case" in union.doctor().message("cases")
    union.sql("INSERT INTO escalation (id, held) VALUES ('bold-reed', '')")
    found = union.doctor()
    assert (found.reds, found.code) == (["cases"], ExitCode.ERROR)
    assert "safe copy" in found.advice("cases")
    key.write_text("00" * 32 + "\n")
    key.chmod(0o600)
    assert union.doctor().message("cases").endswith("cases.key; 1 case")
