"""Records, openings, entries: the exact bytes, and what must be refused."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.entry import (
    Indexed,
    JsonValue,
    Kind,
    Record,
    check_opening,
    commitment_of,
    opening_says,
    parse_entry,
    parse_opening,
    rules_cited,
    write_entry,
    write_opening,
    write_time,
)

SALT = bytes(range(32))
AT = datetime(2020, 3, 1, 9, 30, 15, 250000, tzinfo=UTC)
RECORD = Record(
    Kind.OPERATION_OUTCOME,
    AT,
    "prospect-bt",
    "asha@bt.example.org",
    "cron",
    "accepted",
    {"plan": "p1", "action": "add"},
)

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_keys = st.text(st.characters(max_codepoint=127), max_size=10)
_data: st.SearchStrategy[dict[str, JsonValue]] = st.dictionaries(
    _keys,
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)
_records = st.builds(
    Record,
    kind=st.sampled_from(Kind),
    at=st.datetimes(timezones=st.just(UTC)),
    group=_texts,
    subject=_texts,
    actor=_texts,
    outcome=_texts,
    data=_data,
)


def test_an_opening_has_the_exact_bytes_of_the_format() -> None:
    assert write_opening(RECORD, SALT) == (
        b"evidence-opening/v1\n"
        b"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
        b'{"actor":"cron","at":"2020-03-01T09:30:15.250000Z","data":{"action":"add","plan":"p1"},"group":"prospect-bt",'
        b'"kind":"operation.outcome","outcome":"accepted","subject":"asha@bt.example.org","v":1}\n'
    )


def test_an_entry_holds_its_second_its_place_and_the_commitment_and_nothing_else() -> None:
    opening = write_opening(RECORD, SALT)
    body = write_entry(41, write_time(RECORD.at), commitment_of(opening))
    digest = sha256(opening).hexdigest()
    assert body == b'{"at":"2020-03-01T09:30:15Z","c":"%s","seq":41,"t":"event","v":1}' % digest.encode()
    assert check_opening(body, opening) == RECORD


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    summer = AT.astimezone(timezone(timedelta(hours=1)))
    assert write_time(summer) == "2020-03-01T09:30:15.250000Z"


@given(_records, st.binary(min_size=32, max_size=32), st.integers(0, 2**63 - 1))
@settings(deadline=None)
def test_every_record_is_read_back_from_bytes_that_are_canonical_json(record: Record, salt: bytes, seq: int) -> None:
    opening = write_opening(record, salt)
    text = opening[20 + 65 :].decode()
    again = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    assert text == again
    assert parse_opening(opening) == record
    body = write_entry(seq, write_time(record.at), commitment_of(opening), record.kind)
    assert body == json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()
    assert parse_entry(body).seq == seq
    assert check_opening(body, opening) == record


@given(_records, _records)
@settings(deadline=None)
def test_the_fields_around_the_data_are_told_from_others_without_parsing(record: Record, other: Record) -> None:
    opening = write_opening(record, SALT)
    for one in (record, other):
        cited = rules_cited(record)
        fields = Indexed(write_time(one.at), one.kind.value, one.group, one.subject, one.actor, one.outcome, cited)
        same = fields == Indexed(
            write_time(record.at), record.kind.value, record.group, record.subject, record.actor, record.outcome, cited
        )
        assert opening_says(opening, fields) is same


@pytest.mark.parametrize(
    ("kind", "rules", "told"),
    [
        (Kind.OPERATION_OUTCOME, ["a@1/x", 'b@2/"ü'], '["a@1/x","b@2/\\"ü"]'),
        (Kind.PLAN_MADE, ["a@1/x"], '["a@1/x"]'),
        (Kind.PLAN_MADE, [], ""),
        (Kind.AUDIT_EXPORTED, ["a@1/x"], ""),
    ],
)
def test_the_rules_that_an_entry_cites_are_told_from_others_without_parsing(
    kind: Kind, rules: list[JsonValue], told: str
) -> None:
    record = Record(kind, AT, data={"plan": "p1", "rules": rules, "source": "x"})
    opening = write_opening(record, SALT)
    assert rules_cited(record) == told
    claims = dict.fromkeys([told, '["b@1/x"]', None, ""])
    says = [one for one in claims if opening_says(opening, Indexed(write_time(AT), kind.value, "", "", "", "", one))]
    assert says == [told]


def test_data_that_imitates_the_fields_after_it_does_not_pass_for_them() -> None:
    faked = ',"group":"x","kind":"log.created","outcome":"","subject":"y","v":1}\n'
    opening = write_opening(Record(Kind.LOG_CREATED, AT, subject=faked, data={"group": faked}), SALT)
    assert not opening_says(opening, Indexed(write_time(AT), "log.created", "x", "y", "", ""))


def test_mappings_and_sequences_of_any_type_are_written_as_json_knows_them() -> None:
    inner: Mapping[str, JsonValue] = MappingProxyType({"c": range(2)})
    data: Mapping[str, JsonValue] = MappingProxyType({"a": (1, 2), "b": inner})
    assert b'"data":{"a":[1,2],"b":{"c":[0,1]}}' in write_opening(Record(Kind.PLAN_MADE, AT, data=data), SALT)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"share": 0.5}, "data.share is a float"),
        ({"a": {"b": [1, float("nan")]}}, r"data.a.b\[1\] is a float"),
        ({"a": b"bytes"}, "data.a is a bytes"),
        ({"a": AT}, "data.a is a datetime"),
        ({"a": 2**53}, "beyond 2"),
        ({"a": -(2**53)}, "beyond 2"),
        ({"schlüssel": 1}, "not ASCII"),
        ({1: 1}, "not ASCII"),
        ({"a": "\ud800"}, "surrogate"),
    ],
)
def test_what_has_no_one_way_of_writing_is_refused(data: dict[str, JsonValue], sentence: str) -> None:
    with pytest.raises((TypeError, ValueError), match=sentence):
        write_opening(Record(Kind.PLAN_MADE, AT, data=data), SALT)


def test_a_refused_record_does_not_show_its_content() -> None:
    with pytest.raises(ValueError, match="surrogate") as caught:
        write_opening(Record(Kind.PLAN_MADE, AT, subject="asha\ud800"), SALT)
    assert "asha" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_time_without_zone_and_a_salt_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        write_opening(Record(Kind.PLAN_MADE, datetime(2020, 1, 1)), SALT)  # noqa: DTZ001 - the point of the test
    with pytest.raises(ValueError, match="32 bytes, not 31"):
        write_opening(RECORD, SALT[1:])


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file[:-1],
        lambda file: file + b"\n",
        lambda file: b"\xef\xbb\xbf" + file,
        lambda file: file.replace(b"\n", b"\r\n"),
        lambda file: file.replace(b"/v1", b"/v2"),
        lambda file: file.replace(b"000102", b"0001"),
        lambda file: file.replace(b"0a0b", b"0A0B"),
        lambda file: file.replace(b'"v":1', b'"v":2'),
        lambda file: file.replace(b'"v":1', b'"v": 1'),
        lambda file: file.replace(b'"v":1', b'"v":1,"w":1'),
        lambda file: file.replace(b'"group":"prospect-bt",', b""),
        lambda file: file.replace(b'"prospect-bt"', b"7"),
        lambda file: file.replace(b'{"action":"add","plan":"p1"}', b"[]"),
        lambda file: file.replace(b'"action":"add","plan":"p1"', b'"plan":"p1","action":"add"'),
        lambda file: file.replace(b'"add"', b'"\\u0061dd"'),
        lambda file: file.replace(b'"add"', b"0.5"),
        lambda file: file.replace(b'"add"', b"1e400"),
        lambda file: file.replace(b'"add"', b"\xff"),
        lambda file: file.replace(b"operation.outcome", b"operation.unheard"),
        lambda file: file.replace(b".250000Z", b"Z"),
        lambda file: file.replace(b".250000Z", b".250000"),
        lambda file: file.replace(b"2020-03", b"2020-13"),
        lambda file: file[:85] + b"[" * 100_000 + b"}\n",
        lambda _: b"",
    ],
)
def test_an_opening_out_of_form_is_refused(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(EvidenceError):
        parse_opening(change(write_opening(RECORD, SALT)))


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body + b"\n",
        lambda body: b" " + body,
        lambda body: body.replace(b'"seq":41', b'"seq":041'),
        lambda body: body.replace(b"event", b"Event"),
        lambda body: body.replace(b"15Z", b"15.2Z"),
        lambda body: body.upper(),
        lambda _: b"",
    ],
)
def test_an_entry_out_of_form_is_refused(change: Callable[[bytes], bytes]) -> None:
    body = write_entry(41, write_time(AT), commitment_of(write_opening(RECORD, SALT)))
    with pytest.raises(EvidenceError):
        parse_entry(change(body))


def test_an_opening_with_another_entry_s_salt_is_refused() -> None:
    body = write_entry(41, write_time(AT), commitment_of(write_opening(RECORD, SALT)))
    with pytest.raises(EvidenceError, match="not the one that entry 41 commits to"):
        check_opening(body, write_opening(RECORD, SALT[::-1]))


def test_an_opening_of_another_second_than_its_entry_is_refused() -> None:
    opening = write_opening(RECORD, SALT)
    body = write_entry(41, write_time(AT + timedelta(seconds=1)), commitment_of(opening))
    with pytest.raises(EvidenceError, match="another time"):
        check_opening(body, opening)


@pytest.mark.parametrize("kind", list(Kind))
def test_an_entry_shows_of_its_kind_only_whether_contents_were_erased(kind: Kind) -> None:
    opening = write_opening(Record(kind, AT), SALT)
    body = write_entry(41, write_time(AT), commitment_of(opening), kind)
    erases = kind in {Kind.ERASURE_DONE, Kind.ERASURE_REPLAYED, Kind.RETENTION_APPLIED}
    assert parse_entry(body).type == ("erasure" if erases else "event")
    assert check_opening(body, opening).kind is kind


@pytest.mark.parametrize(("kind", "shown"), [(Kind.PLAN_MADE, Kind.ERASURE_DONE), (Kind.ERASURE_DONE, Kind.PLAN_MADE)])
def test_an_entry_that_shows_another_type_than_its_opening_has_is_refused(kind: Kind, shown: Kind) -> None:
    opening = write_opening(Record(kind, AT), SALT)
    body = write_entry(41, write_time(AT), commitment_of(opening), shown)
    with pytest.raises(EvidenceError, match="do not agree whether"):
        check_opening(body, opening)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_no_bytes_make_the_parsers_fail_otherwise(data: bytes) -> None:
    for parse in (parse_entry, parse_opening):
        with suppress(EvidenceError):
            parse(data)
        with suppress(EvidenceError):
            parse(b"evidence-opening/v1\n" + SALT.hex().encode() + b"\n" + data + b"}\n")
