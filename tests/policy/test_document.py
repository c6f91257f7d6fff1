from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.documents import CONSENT
from workplace_sync.errors import InputError
from workplace_sync.policy.document import MembershipDocument
from workplace_sync.policy.facts import FactValue, Kind
from workplace_sync.policy.params import param_text, param_value
from workplace_sync.policy.source import checked, read_source


def read(text: str) -> MembershipDocument:
    return checked(read_source("consent.yaml", text.encode()), MembershipDocument)


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as told:
        read(text)
    return [str(fault) for fault in told.value.faults]


def test_a_policy_is_read_with_its_defaults() -> None:
    document = read(CONSENT)
    assert document.on_error == "deny"
    assert document.rules[0].mode == "enforce"
    assert document.params["cool_off"].value == timedelta(days=30)
    assert document.match.fits("prospect-bt")
    assert not document.match.fits("Prospect-bt")
    assert [condition.name for condition in document.rules[0].stated] == ["opted_in", "recent"]
    assert [condition.name for condition in document.plan_rules[0].stated] == ["growth"]


def test_a_policy_without_match_is_about_everything() -> None:
    document = read(CONSENT.replace('match: {groups: ["prospect-*"], actions: [add]}\n', ""))
    assert document.match.fits("anything")
    assert document.match.actions == ("add", "remove")


def test_a_plan_rule_may_have_conditions_instead_of_an_expression() -> None:
    document = read(CONSENT.replace("expression: plan.additions <= 500", "conditions: [{name: n, expression: 'true'}]"))
    assert [condition.name for condition in document.plan_rules[0].stated] == ["n"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("effect: deny", "effect: allow", ["consent.yaml:18:13: [rules[0].effect] input should be 'deny', 'hold' or 'warn'"]),
        ("rules:\n  - id", "on_error: allow\nrules:\n  - id", ["consent.yaml:12:11: [on_error] input should be 'deny' or 'hold'"]),
        ("    title: A consent on record\n", "", ["consent.yaml:13:5: [rules[0].title] is missing — add it"]),
        ("remedy: invite", "remedi: invite", ["consent.yaml:19:5: [rules[0].remedi] is not a field that is known here — did you mean 'remedy'?"]),
        ("remedy: invite", "qqqqqq: invite", ["consent.yaml:19:5: [rules[0].qqqqqq] is not a field that is known here — remove it"]),
        ("version: 3", "version: '3'", ["consent.yaml:4:12: [metadata.version] input should be a valid integer"]),
        ("version: 3", "version: 0", ["consent.yaml:4:12: [metadata.version] input should be greater than or equal to 1"]),
        ("owner: BT committee", "owner: 12", ["consent.yaml:6:10: [metadata.owner] must be text — put it in quotes"]),
        ("2020-03-01T00:00:00Z", "2020-03-01T00:00:00", ["consent.yaml:8:19: [metadata.effective_from] input should have timezone info"]),
        ("value: 720h", "value: 30 days", ["consent.yaml:11:13: [params.cool_off] is not a duration; write it like 720h, 30d or 1d12h"]),
        ("type: duration", "type: time", ["consent.yaml:11:20: [params.cool_off.type] input should be 'string', 'bool', 'int', 'timestamp', 'duration' or 'list<string>'"]),
        ("actions: [add]", "actions: []", ["consent.yaml:9:42: [match.actions] needs at least one entry"]),
        ("actions: [add]", "actions: [join]", ["consent.yaml:9:43: [match.actions[0]] input should be 'add' or 'remove'"]),
        ("expression: plan.additions <= 500, ", "", ["consent.yaml:22:5: [plan_rules[0]] needs either an expression or conditions"]),
    ],
)  # fmt: skip
def test_a_fault_names_line_column_field_and_what_to_do(old: str, new: str, told: list[str]) -> None:
    assert old in CONSENT
    assert faults(CONSENT.replace(old, new)) == told


def test_all_faults_of_a_policy_are_told_at_once() -> None:
    text = CONSENT.replace("effect: deny", "effect: allow").replace("version: 3", "version: x")
    assert len(faults(text)) == 2


def test_a_policy_without_rules_says_nothing() -> None:
    assert faults(CONSENT.split("rules:")[0]) == ["consent.yaml:1:1: has no rules"]


def test_a_file_that_is_no_mapping_is_no_policy() -> None:
    (told,) = faults("- a\n")
    assert told.startswith("consent.yaml:1:1: input should be")


@pytest.mark.parametrize(
    ("kind", "written", "value", "text"),
    [
        (Kind.DURATION, "1w2d3h4m5s", timedelta(weeks=1, days=2, hours=3, minutes=4, seconds=5), "788645s"),
        (Kind.DURATION, timedelta(hours=2), timedelta(hours=2), "7200s"),
        (Kind.TIMESTAMP, "2020-03-01T02:00:00+02:00", datetime(2020, 3, 1, tzinfo=UTC), "2020-03-01T00:00:00+00:00"),
        (Kind.INT, 5, 5, 5),
        (Kind.BOOL, True, True, True),
        (Kind.STRING, "x", "x", "x"),
        (Kind.STRINGS, ["x"], ["x"], ["x"]),
    ],
)
def test_a_parameter_is_read_as_its_type_and_written_as_json(
    kind: Kind, written: object, value: FactValue, text: object
) -> None:
    assert param_value(kind, written) == value
    assert param_text(value) == text


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (Kind.DURATION, ""),
        (Kind.DURATION, 720),
        (Kind.DURATION, "-5h"),
        (Kind.DURATION, "99999999999w"),
        (Kind.TIMESTAMP, "yesterday"),
        (Kind.TIMESTAMP, "2020-03-01T00:00:00"),
        (Kind.INT, True),
        (Kind.INT, "5"),
        (Kind.BOOL, 1),
        (Kind.STRING, "\0"),
        (Kind.STRINGS, "x"),
    ],
)
def test_a_parameter_of_the_wrong_type_is_refused(kind: Kind, written: object) -> None:
    with pytest.raises(ValueError, match=r"^(is|holds|Invalid) "):
        param_value(kind, written)


@settings(deadline=None)  # a busy machine is no fault
@given(seconds=st.integers(0, 10**9))
def test_a_duration_survives_being_written_and_read(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert param_value(Kind.DURATION, param_text(duration)) == duration


@settings(deadline=None)  # a busy machine is no fault
@given(moment=st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(timezone(timedelta(hours=3)))))  # noqa: DTZ001 - bounds are naive by contract
def test_a_time_survives_being_written_and_read(moment: datetime) -> None:
    assert param_value(Kind.TIMESTAMP, param_text(moment)) == moment
