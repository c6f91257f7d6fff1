"""The people file: what it says, what each may, and that everything wrong with it is told at its place."""

from pathlib import Path

import pytest

from tests.sandbox_server import ROOT
from workplace_sync.errors import Fault, InputError, ReviewError
from workplace_sync.people import DECIDES, People, Person, Role, load_people
from workplace_sync.starter.templates import NewGroup, people_example

WHOLE = """\
kind: People
people:
  - {name: ada, title: "Ada, membership officer", roles: [owner]}
  - {name: grace, roles: [admin, officer], groups: [prospect-bt], email: grace@union.example.org}
  - {name: joan, roles: [rep], groups: ["*"]}
  - {name: Cerys Quarry, roles: [auditor]}
"""


def write(config: Path, text: str) -> Path:
    (config / "groups").mkdir(exist_ok=True)
    for name in ("prospect-bt", "prospect-openreach"):
        (config / "groups" / f"{name}.yaml").touch()
    file = config / "people.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def people(config: Path, text: str = WHOLE) -> People:
    write(config, text)
    found = load_people(config)
    assert found is not None
    return found


def faults_of(config: Path, text: str) -> tuple[Fault, ...]:
    write(config, text)
    with pytest.raises(InputError) as caught:
        load_people(config)
    return caught.value.faults


def test_without_a_file_nobody_is_asked_for_a_role(tmp_path: Path) -> None:
    assert load_people(tmp_path) is None


def test_a_whole_file_is_read_into_plain_values(tmp_path: Path) -> None:
    found = people(tmp_path)
    assert found.file == tmp_path / "people.yaml"
    assert found.find("grace") == Person(
        "grace",
        "",
        frozenset({Role.ADMIN, Role.OFFICER}),
        frozenset({"prospect-bt"}),
        "grace@union.example.org",
    )
    assert found.find("Grace") is None
    assert [person.name for person in found.people] == ["ada", "grace", "joan", "Cerys Quarry"]


@pytest.mark.parametrize(
    ("name", "roles", "group", "may"),
    [
        ("ada", DECIDES, "prospect-openreach", True),  # an owner is one everywhere
        ("grace", DECIDES, "prospect-bt", True),
        ("grace", DECIDES, "prospect-openreach", False),
        ("grace", Role.ADMIN, None, True),
        ("joan", DECIDES, "prospect-bt", False),
        ("joan", Role.REP, "prospect-openreach", True),
        ("Cerys Quarry", Role.AUDITOR, "prospect-bt", True),
        ("mallory", tuple(Role), None, False),
    ],
)
def test_a_role_holds_for_the_groups_that_are_named(
    name: str,
    roles: Role | tuple[Role, ...],
    group: str | None,
    may: bool,  # noqa: FBT001 - a row of the table
    tmp_path: Path,
) -> None:
    assert people(tmp_path).may(name, roles, group) is may


def test_all_who_may_are_found(tmp_path: Path) -> None:
    assert [one.name for one in people(tmp_path).who_may(DECIDES, "prospect-bt")] == ["ada", "grace"]
    assert [one.name for one in people(tmp_path).who_may(Role.ADMIN, "prospect-openreach")] == []


@pytest.mark.parametrize(
    ("name", "group", "sentence", "hint"),
    [
        ("graze", "prospect-bt", "graze is not among the people", "Did you mean --by grace?"),
        ("mallory", "prospect-bt", "people.yaml, so they cannot approve a plan", "Say with --by who this is"),
        ("joan", "prospect-bt", "have not the role admin or owner", "somebody who has the role admin or owner"),
        ("grace", "prospect-openreach", "are so for other groups", "for prospect-openreach"),
    ],
)
def test_who_may_not_is_told_why_and_where_it_is_written(
    name: str, group: str, sentence: str, hint: str, tmp_path: Path
) -> None:
    found = people(tmp_path)
    with pytest.raises(ReviewError) as caught:
        found.require(name, DECIDES, group, "approve a plan")
    assert sentence in caught.value.message
    assert "people.yaml" in caught.value.message
    assert hint in caught.value.hint
    found.require("grace", Role.ADMIN, "prospect-bt", "approve a plan")


def test_an_address_given_for_a_name_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ReviewError) as caught:
        people(tmp_path).require("grace@union.example.org", DECIDES, "prospect-bt", "approve a plan")
    assert "union.example.org" not in caught.value.message + caught.value.hint


def test_every_fault_is_told_at_its_place(tmp_path: Path) -> None:
    faults = faults_of(
        tmp_path,
        """\
people:
  - {name: grace, roles: [admn], groups: [prospect-bt]}
  - {name: "joan@union.example.org", roles: [rep], groups: ["*"]}
  - {name: ada, roles: [], groups: ["*"]}
  - {name: "a, b", roles: [rep], groups: ["*"], emial: x}
  - {name: cerys, roles: [boss], groups: ["*"], email: cerys}
""",
    )
    told = [(fault.line, fault.field, f"{fault.message} {fault.advice}") for fault in faults]
    for line, field, words in (
        (2, "people[0].roles[0]", "did you mean 'admin'?"),
        (3, "people[1].name", "must not be an e-mail address"),
        (4, "people[2].roles", "at least one entry"),
        (5, "people[3].name", "without commas"),
        (5, "people[3].emial", "did you mean 'email'?"),
        (6, "people[4].roles[0]", "they are rep, admin"),
        (6, "people[4].email", "is no e-mail address"),
    ):
        assert any(at == line and of == field and words in text for at, of, text in told), (line, field, told)
    assert all(fault.column for fault in faults)
    assert not any("union.example.org" in text for _, _, text in told)


def test_groups_that_are_none_and_names_that_are_the_same_are_told_together(tmp_path: Path) -> None:
    faults = faults_of(
        tmp_path,
        """\
people:
  - {name: grace, roles: [admin], groups: [prospect-bd]}
  - {name: Grace, roles: [rep], groups: [nowhere-at-all]}
""",
    )
    assert [(fault.line, fault.field) for fault in faults] == [
        (2, "people[0].groups[0]"),
        (3, "people[1].name"),
        (3, "people[1].groups[0]"),
    ]
    assert "did you mean 'prospect-bt'?" in faults[0].advice
    assert "person 1" in faults[1].message


@pytest.mark.parametrize("role", ["rep", "admin"])
def test_a_role_for_groups_names_them(role: str, tmp_path: Path) -> None:
    [fault] = faults_of(tmp_path, f"people: [{{name: grace, roles: [{role}]}}]\n")
    assert "needs `groups`" in fault.message


def test_no_token_is_a_name(tmp_path: Path) -> None:
    [fault] = faults_of(tmp_path, "people: [{name: DQVJinventedTokenOfNobody0123456789, roles: [owner]}]\n")
    assert fault.message == "looks like a token"


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").mkdir()
    with pytest.raises(InputError) as caught:
        load_people(tmp_path)
    assert caught.value.faults[0].message == "cannot be read"


def test_the_example_can_be_used_as_it_is(tmp_path: Path) -> None:
    text = (ROOT / "config/people.yaml.example").read_text(encoding="utf-8")
    assert text.split() == people_example([NewGroup("prospect-bt"), NewGroup("prospect-openreach")]).split()
    found = people(tmp_path, text)
    assert found.may("grace", DECIDES, "prospect-openreach")
    assert people(tmp_path, people_example([])).may("grace", DECIDES, "prospect-bt")
