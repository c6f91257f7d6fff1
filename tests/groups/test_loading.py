"""Group files: what they say, and that everything wrong with them is told at its place without repeating a secret."""

import dataclasses
from pathlib import Path

import pytest

from workplace_sync.errors import ExitCode, Fault, InputError, UsageError
from workplace_sync.groups import (
    AddressSource,
    FileSource,
    GroupSource,
    PlatformConfig,
    Schedule,
    load_group,
    load_groups,
)
from workplace_sync.membership.group import ManagedGroup, RemovalRules
from workplace_sync.roster.columns import ColumnMapping

WHOLE = """\
kind: Group
name: prospect-bt
title: Prospect in BT
tenant: BT
platform: {type: workplace, base_url: "http://127.0.0.1:8700/", group_id: "700000000000101", token_env: WORKPLACE_TOKEN_BT, app_secret_env: null}
link: https://workplace.example.org/groups/prospect
roster:
  - file: rosters/bt.csv
    columns: {email: "Work e-mail", consent: "Consent", constants: {status: active}, date_formats: ["%d/%m/%Y"]}
    tenant: bt
    faulty_rows: skip
  - addresses: [amina.quill@bt.example.org]
  - group: "700000000000102"
eligible_statuses: [Active, lapsing]
removals: {opted_out: true, not_eligible: false}
protected: [Chair@Union.example.org]
approvers: [Bryn Marrow]
params: {union-cool-off: {cool_off: 1440h, strict: true, most: 5, words: [a, b]}}
schedule: {reconcile: "*/15  * * * *", observe: "5 6-20 * * MON-fri"}
"""

SMALL = """\
kind: Group
name: {name}
title: A group
tenant: bt
platform: {{type: workplace, base_url: "https://graph.example.org", group_id: "{number}", token_env: TOKEN_BT}}
roster: [{{file: a.csv}}]
"""

TOKEN = "DQVJinventedTokenOfNobody0123456789"


def write(config: Path, name: str, text: str) -> Path:
    folder = config / "groups"
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(text)
    return file


def faults_of(config: Path, text: str, name: str = "prospect-bt") -> tuple[Fault, ...]:
    write(config, f"{name}.yaml", text)
    with pytest.raises(InputError) as caught:
        load_group(config, name)
    assert caught.value.faults
    return caught.value.faults


def test_a_whole_file_is_read_into_plain_values(tmp_path: Path) -> None:
    file = write(tmp_path, "prospect-bt.yaml", WHOLE)
    group = load_group(tmp_path, "prospect-bt")
    assert group.file == file
    assert group.managed == ManagedGroup(
        name="prospect-bt",
        title="Prospect in BT",
        tenant="bt",
        platform_id="700000000000101",
        link="https://workplace.example.org/groups/prospect",
        removals=RemovalRules(opted_out=True),
        eligible_statuses=("active", "lapsing"),
        protected=frozenset(["chair@union.example.org"]),
        params={"union-cool-off": {"cool_off": "1440h", "strict": True, "most": 5, "words": ["a", "b"]}},
    )
    assert group.platform == PlatformConfig(
        "workplace", "http://127.0.0.1:8700", "700000000000101", "WORKPLACE_TOKEN_BT", None
    )
    columns = ColumnMapping(
        email="Work e-mail", consent="Consent", constants={"status": "active"}, date_formats=("%d/%m/%Y",)
    )
    assert group.sources == (
        FileSource(Path("rosters/bt.csv"), columns, "bt", skip_faulty_rows=True),
        AddressSource(("amina.quill@bt.example.org",)),
        GroupSource("700000000000102"),
    )
    assert group.approvers == ("Bryn Marrow",)
    assert group.schedule == Schedule("*/15 * * * *", "5 6-20 * * mon-fri")


def test_what_is_left_out_is_as_careful_as_it_can_be(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", SMALL.format(name="a", number="1"))
    group = load_group(tmp_path, "a")
    assert group.managed.removals == RemovalRules(opted_out=False, not_eligible=False)
    assert group.managed.eligible_statuses == ("active",)
    assert group.sources == (FileSource(Path("a.csv"), ColumnMapping()),)
    assert group.approvers == ()
    assert group.schedule == Schedule()
    assert group.platform.app_secret_env is None


def test_the_schema_has_every_field_of_a_column_mapping(tmp_path: Path) -> None:
    values: dict[str, object] = {field.name: f"h-{field.name}" for field in dataclasses.fields(ColumnMapping)}
    del values["status"]
    values |= {"constants": {"status": "x"}, "consent_values": {"j": "opted_in"}, "status_values": {"x": "y"}}
    values["date_formats"] = ["%d.%m.%Y"]
    columns = ", ".join(
        f"{name}: {value}" if isinstance(value, dict) else f"{name}: {value!r}" for name, value in values.items()
    )
    text = SMALL.format(name="a", number="1").replace("file: a.csv", f"file: a.csv, columns: {{{columns}}}")
    write(tmp_path, "a.yaml", text)
    [source] = load_group(tmp_path, "a").sources
    assert isinstance(source, FileSource)
    assert source.columns == ColumnMapping(**{**values, "date_formats": ("%d.%m.%Y",)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "field", "words"),
    [
        ("kind: Group", "kind: Grupp", "kind", "'Group'"),
        ("name: prospect-bt", "name: prospect-or", "name", "as the file is called"),
        ("name: prospect-bt", "name: Prospect BT", "name", "lower-case"),
        ("title: Prospect in BT\n", "", "title", "is missing"),
        ("tenant: BT", "tenant: no", "tenant", "must be text"),
        ("link:", "links:", "links", "did you mean 'link'?"),
        ("link: https:", "link: http:", "link", "https://"),
        ('"http://127.0.0.1:8700/"', '"http://graph.example.org"', "platform.base_url", "https://"),
        ('"http://127.0.0.1:8700/"', '"https://u:p@graph.example.org"', "platform.base_url", "password"),
        ('"http://127.0.0.1:8700/"', '"https://graph.example.org/?a=b"', "platform.base_url", "behind the path"),
        ('"http://127.0.0.1:8700/"', '"https://[graph"', "platform.base_url", "https://"),
        ('"http://127.0.0.1:8700/"', '"graph.example.org"', "platform.base_url", "https://"),
        ('group_id: "700000000000101"', "group_id: 700000000000101", "platform.group_id", "put it in quotes"),
        ('group_id: "700000000000101"', 'group_id: "7/x"', "platform.group_id", "number"),
        ("WORKPLACE_TOKEN_BT", "the token", "platform.token_env", "name of a variable"),
        ("faulty_rows: skip", "faulty_rows: drop", "roster[0].faulty_rows", "'refuse' or 'skip'"),
        ("  - group:", "  - tenant: bt\n    group:", "roster[2]", "only a file"),
        (
            "file: rosters/bt.csv",
            "group: '1'\n    file: rosters/bt.csv",
            "roster[0]",
            "one of file, addresses and group",
        ),
        ('group: "700000000000102"', 'group: "700000000000101"', "roster[2].group", "managed group itself"),
        ("email: ", "emial: ", "roster[0].columns.emial", "did you mean 'email'?"),
        ("{status: active}", "{consent: yes}", "roster[0].columns.constants.consent", "must be text"),
        ("{status: active}", "{consent: 'yes'}", "roster[0].columns", "both a column and a constant"),
        ("[amina.quill@bt.example.org]", "[amina.quill]", "roster[1].addresses[0]", "has no @"),
        ("[amina.quill@bt.example.org]", "[a@bt.example.org, A@bt.example.org]", "roster[1].addresses", "item 2"),
        ("[Chair@Union.example.org]", "[chair]", "protected[0]", "has no @"),
        ("[Active, lapsing]", "[]", "eligible_statuses", "at least"),
        ("opted_out: true", "opted_out: 'true'", "removals.opted_out", "boolean"),
        ("cool_off: 1440h", "cool_off: null", "params.union-cool-off.cool_off", "must be a text, a number"),
        ("*/15  * * * *", "*/90 * * * *", "schedule.reconcile", "minute"),
        ("*/15  * * * *", "hourly", "schedule.reconcile", "five fields"),
        ("title: Prospect in BT", "title: one\ntitle: two", "title", "written twice"),
        ("title: Prospect in BT", "title: [", "", "not YAML"),
    ],
)
def test_a_fault_is_told_at_its_place(tmp_path: Path, old: str, new: str, field: str, words: str) -> None:
    assert old in WHOLE
    [fault] = faults_of(tmp_path, WHOLE.replace(old, new, 1))
    assert fault.field == field
    assert words in f"{fault.message} — {fault.advice}"
    assert fault.line > 0
    assert fault.file == str(tmp_path / "groups" / "prospect-bt.yaml")


def test_line_and_column_are_those_of_the_value(tmp_path: Path) -> None:
    [fault] = faults_of(tmp_path, WHOLE.replace("[amina.quill@bt.example.org]", "[ok@bt.example.org, amina.quill]"))
    line = WHOLE.splitlines()[fault.line - 1]
    assert line.startswith("  - addresses")
    assert fault.column == len("  - addresses: [ok@bt.example.org, ") + 1


def test_all_faults_of_a_file_are_told_at_once_in_the_files_order(tmp_path: Path) -> None:
    text = WHOLE.replace("kind: Group", "kind: G").replace("https:", "http:").replace("rosters/bt.csv", "''")
    faults = faults_of(tmp_path, text.replace("Bryn Marrow", "''"))
    assert [fault.field for fault in faults] == ["kind", "link", "roster[0].file", "approvers[0]"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("WORKPLACE_TOKEN_BT", TOKEN),
        ("app_secret_env: null", f"app_secret_env: {TOKEN}"),
        ("title: Prospect in BT", f"title: Prospect {TOKEN}"),
        ("most: 5", f"most: {TOKEN}"),
        ("WORKPLACE_TOKEN_BT", "0123456789abcdef0123456789abcdef"),
        ("amina.quill@bt.example.org", "amina quill@bt.example.org"),
        ("Chair@Union.example.org", "Chair Union.example.org"),
    ],
)
def test_a_secret_or_an_address_in_a_file_is_refused_without_repeating_it(tmp_path: Path, old: str, new: str) -> None:
    faults = faults_of(tmp_path, WHOLE.replace(old, new))
    told = "\n".join(map(str, faults))
    assert new.rpartition(" ")[2] not in told
    assert TOKEN not in told
    assert "quill" not in told.lower()


def test_all_groups_are_read_by_name(tmp_path: Path) -> None:
    write(tmp_path, "b.yaml", SMALL.format(name="b", number="2"))
    write(tmp_path, "a.yaml", SMALL.format(name="a", number="1"))
    write(tmp_path, "notes.txt", "not a group")
    assert list(load_groups(tmp_path)) == ["a", "b"]


def test_the_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", SMALL.format(name="b", number="1"))
    write(tmp_path, "b.yaml", SMALL.format(name="b", number="x"))
    write(tmp_path, "c.yml", SMALL.format(name="c", number="3"))
    (tmp_path / "groups" / "d.yaml").mkdir()
    with pytest.raises(InputError, match="4 group files") as caught:
        load_groups(tmp_path)
    assert [Path(fault.file).name for fault in caught.value.faults] == ["a.yaml", "b.yaml", "c.yml", "d.yaml"]
    assert caught.value.exit_code is ExitCode.ERROR


def test_two_files_for_one_group_of_the_platform_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", SMALL.format(name="a", number="1"))
    write(tmp_path, "b.yaml", SMALL.format(name="b", number="1").replace("example.org", "example.org/"))
    with pytest.raises(InputError) as caught:
        load_groups(tmp_path)
    [fault] = caught.value.faults
    assert "a.yaml already" in fault.message


def test_one_group_can_be_used_while_another_file_is_faulty(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", SMALL.format(name="a", number="1"))
    write(tmp_path, "b.yaml", "kind: nonsense")
    assert load_group(tmp_path, "a").managed.name == "a"


def test_an_unknown_group_is_a_usage_error_that_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "prospect-bt.yaml", WHOLE)
    with pytest.raises(UsageError, match="no group prospct-bt") as caught:
        load_group(tmp_path, "prospct-bt")
    assert caught.value.hint.startswith("Did you mean prospect-bt?")
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("name", ["../prospect-bt", "amina.quill@bt.example.org", "Prospect", ""])
def test_a_name_that_none_can_have_is_not_looked_up_or_repeated(tmp_path: Path, name: str) -> None:
    (tmp_path / "groups").mkdir()
    (tmp_path / "prospect-bt.yaml").write_text(WHOLE)
    with pytest.raises(UsageError, match="no group of that name"):
        load_group(tmp_path, name)


def test_without_a_folder_of_groups_the_hint_says_where_it_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="groups") as caught:
        load_groups(tmp_path)
    assert ".yaml" in caught.value.hint
    with pytest.raises(UsageError) as unknown:
        load_group(tmp_path, "a")
    assert str(tmp_path / "groups") in unknown.value.hint
