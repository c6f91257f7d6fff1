import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from workplace_sync.errors import InputError
from workplace_sync.policy.document import PolicyDocument
from workplace_sync.policy.source import Source, checked, dotted, read_source, read_sources


def faults(content: bytes) -> list[str]:
    with pytest.raises(InputError) as told:
        read_source("a.yaml", content)
    return [str(fault) for fault in told.value.faults]


def test_plain_data_is_read_with_the_place_of_everything() -> None:
    source = read_source("a.yaml", b"\xef\xbb\xbfa: 1\nb:\n  - x\n  - {c: 'y'}\n")
    assert source.data == {"a": 1, "b": ["x", {"c": "y"}]}
    fault = source.fault(("b", 1, "c"), "is odd", "change it", at=(1, 1))
    assert str(fault) == "a.yaml:4:10: [b[1].c] is odd — change it"
    assert str(source.key_fault(("b",), "is odd")) == "a.yaml:2:1: [b] is odd"
    assert str(source.key_fault(("b", 1, "z"), "is odd")) == "a.yaml:4:5: [b[1].z] is odd"


def test_a_fault_about_something_that_is_not_there_points_to_what_holds_it() -> None:
    assert str(read_source("a.yaml", b"a: 1").fault(("z", "y"), "is missing")) == "a.yaml:1:1: [z.y] is missing"
    assert str(Source("a.yaml", None).fault(("z",), "is missing")) == "a.yaml: [z] is missing"


def test_within_text_over_several_lines_the_place_is_where_it_begins() -> None:
    source = read_source("a.yaml", b"a: |\n  one\n  two\n")
    assert source.fault(("a",), "is odd", at=(1, 2)).column == 4


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", ["a.yaml: the file is empty"]),
        (b"# nothing\n", ["a.yaml: the file is empty"]),
        (b"x" * 250_001, ["a.yaml: the file is larger than 250 kB — split it, or check what it is"]),
        (b"[" + b"a," * 20_001 + b"]", ["a.yaml:1:40000: more than 20,000 values are in one file — split the file"]),
        (b"a: 1\nb: \0", ["a.yaml:2: a NUL byte is in the text — save the file as plain UTF-8 text"]),
        (b"a: 1\nb: \xff", ["a.yaml:2: the text is not UTF-8 — save the file as UTF-8"]),
        (
            b"a: &x 1\nb: *x",
            [f"a.yaml:{n}:4: anchors and aliases are not accepted — write the value out" for n in (1, 2)],
        ),
        (b"a: !!python/object:os.system x", ["a.yaml:1:4: tags are not accepted — write a plain value"]),
        (b"[" * 1_000, ["a.yaml:1:21: the nesting is too deep — write plain lists and fields"]),
        (b"a: 1\n---\nb: 1\n", ["a.yaml:2:1: a second document begins here — write it into a file of its own"]),
        (b"a: 1\na: 2\n", ["a.yaml:2:1: [a] is written twice — keep one of them"]),
        (b"b: {c: 1, c: 2}", ["a.yaml:1:11: [b.c] is written twice — keep one of them"]),
        (b"3: x\n", ["a.yaml:1:1: a key must be plain text — put it in quotes, or check the indentation"]),
        (b"<<: {a: 1}", ["a.yaml:1:1: a key must be plain text — put it in quotes, or check the indentation"]),
        (
            b"a: 2020-13-01",
            ["a.yaml:1:4: [a] is no such value: month must be in 1..12 — correct it, or put it in quotes"],
        ),
        (b'a: "x\\0"', ["a.yaml:1:4: [a] holds a NUL character — remove the escape"]),
        (
            b'a: "\\ud800"',
            [
                "a.yaml:1:7: this is not YAML: found invalid Unicode character escape code — check indentation, quotes and colons"
            ],
        ),
    ],
)
def test_anything_but_plain_data_is_refused_with_its_place(content: bytes, told: list[str]) -> None:
    assert faults(content) == told


@pytest.mark.parametrize(
    ("content", "begins"),
    [
        (b"a: [1", "a.yaml:2:1: this is not YAML: did not find expected ',' or ']'"),
        (b"a: \x07", "a.yaml: this is not YAML: control characters are not allowed"),
        (b'a: "\\U00110000"', "a.yaml:1:7: this is not YAML: found invalid Unicode character escape"),
        (b"a: =", "a.yaml:1:4: [a] is no such value: could not determine a constructor"),
    ],
)
def test_what_is_not_yaml_is_told_in_one_line(content: bytes, begins: str) -> None:
    (told,) = faults(content)
    assert told.startswith(begins)
    assert "\n" not in told


def test_all_faults_of_a_file_are_told_at_once() -> None:
    assert len(faults(b"a: 1\na: 2\n4: x\nb: 2020-13-01\n")) == 3


def test_a_path_is_written_as_people_write_it() -> None:
    assert dotted(("rules", 0, "conditions", 1, "name")) == "rules[0].conditions[1].name"


@settings(deadline=None)  # a busy machine is no fault
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_whatever_the_bytes_the_answer_is_its_faults(content: bytes) -> None:
    with pytest.raises(InputError) as told:  # no such text happens to be a policy
        checked(read_source("a.yaml", content), PolicyDocument)
    assert told.value.faults


def test_a_file_of_many_documents_has_an_end() -> None:
    with pytest.raises(InputError) as told:
        read_sources("a.yaml", b"a: 1\n---\n" * 1_001)
    assert "more than 1000 documents are in one file" in str(told.value.faults[0])


def test_the_faults_of_all_documents_are_told_with_their_lines() -> None:
    with pytest.raises(InputError) as told:
        read_sources("a.yaml", b"a: 2020-13-01\n---\n1: x\n")
    assert [str(fault).split(":")[1] for fault in told.value.faults] == ["1", "3"]
    assert [source.data for source in read_sources("a.yaml", b"a: 1\n---\nb: 2\n")] == [{"a": 1}, {"b": 2}]


def test_where_the_fast_reader_lacks_the_same_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workplace_sync.policy.source._LOADER", yaml.SafeLoader)
    assert faults(b'a: "\\ud800"') == ["a.yaml:1:4: [a] holds a character that is not text — remove the escape"]
    assert read_source("a.yaml", b"a: [1]").data == {"a": [1]}


def test_of_very_many_faults_the_first_are_told() -> None:
    source = read_source("a.yaml", b"".join(b"k%d: 1\n" % number for number in range(5_000)))
    with pytest.raises(InputError) as told:
        checked(source, PolicyDocument)
    assert len(told.value.faults) <= 200
