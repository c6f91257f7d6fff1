"""What a group may set instead of a policy's parameter: tighter always, looser only in the range that is left to it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.policy.documents import NOW, policy, shelf
from workplace_sync.errors import InputError
from workplace_sync.policy.engine import Engine
from workplace_sync.policy.facts import FactValue
from workplace_sync.policy.params import Param, shown


def param(**fields: object) -> Param:
    return Param.model_validate(fields)


@pytest.mark.parametrize(
    ("fields", "fine", "refused"),
    [
        ({"type": "int", "value": 5}, [5], [4, 6]),
        ({"type": "int", "value": 5, "tighten": "never"}, [5], [4, 6]),
        ({"type": "int", "value": 5, "tighten": "lower"}, [5, 4, -1], [6]),
        ({"type": "int", "value": 5, "tighten": "higher"}, [5, 6], [4]),
        ({"type": "int", "value": 5, "range": {"min": 3, "max": 9}}, [3, 5, 9], [2, 10]),
        ({"type": "int", "value": 5, "tighten": "lower", "range": {"min": 3, "max": 9}}, [-1, 9], [10]),
        ({"type": "bool", "value": True, "tighten": "lower"}, [True, False], []),
        ({"type": "bool", "value": False, "tighten": "lower"}, [False], [True]),
        ({"type": "duration", "value": "720h", "tighten": "higher"}, [timedelta(days=31)], [timedelta(days=29)]),
        ({"type": "list<string>", "value": ["a", "b"], "tighten": "subset"}, [["b"], [], ["b", "a"]], [["c"], ["a", "c"]]),
        ({"type": "list<string>", "value": ["a"], "tighten": "superset"}, [["b", "a"]], [["b"], []]),
        ({"type": "list<string>", "value": ["a"], "range": {"min": [], "max": ["a", "b"]}}, [["b"], []], [["c"]]),
        ({"type": "list<string>", "value": ["a"], "range": {"min": ["a"], "max": ["a", "b"]}}, [["a", "b"]], [["b"]]),
        ({"type": "string", "value": "a"}, ["a"], ["b"]),
    ],
)  # fmt: skip
def test_a_group_may_tighten_and_not_loosen(
    fields: dict[str, object], fine: list[object], refused: list[object]
) -> None:
    made = param(**fields)
    assert [value for value in fine if made.objection(value)] == []  # type: ignore[arg-type]
    assert [value for value in refused if not made.objection(value)] == []  # type: ignore[arg-type]


@given(value=st.integers(-(10**6), 10**6), given_value=st.integers(-(10**6), 10**6))
def test_of_two_directions_one_is_always_refused_unless_the_value_is_the_same(value: int, given_value: int) -> None:
    lower = param(type="int", value=value, tighten="lower").objection(given_value)
    higher = param(type="int", value=value, tighten="higher").objection(given_value)
    assert bool(lower) + bool(higher) == (value != given_value)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"type": "string", "value": "a", "tighten": "lower"}, "cannot say `tighten: lower` of a string; use never"),
        ({"type": "int", "value": 5, "tighten": "subset"}, "cannot say `tighten: subset` of a int; use higher or lower or never"),
        ({"type": "list<string>", "value": [], "tighten": "lower"}, "use subset or superset or never"),
        ({"type": "string", "value": "a", "range": {"min": "a", "max": "b"}}, "cannot have a range, as a string has no order"),
        ({"type": "int", "value": 5, "range": {"min": 6, "max": 9}}, "has a value outside of its own range"),
        ({"type": "int", "value": 5, "range": {"min": "1h", "max": 9}}, "is not a whole number"),
        ({"type": "int", "value": 5, "range": 3}, "valid dictionary or instance of Range"),
        ({"type": "int"}, "Field required"),
        ("5", "valid dictionary or instance of Param"),
    ],
)  # fmt: skip
def test_a_parameter_that_contradicts_itself_is_refused(fields: object, told: str) -> None:
    with pytest.raises(ValidationError, match=told.replace("<", ".").replace("(", ".")):
        Param.model_validate(fields)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"type": "int", "value": 5}, "5, and nothing else"),
        ({"type": "int", "value": 5, "tighten": "lower"}, "5 or lower"),
        ({"type": "int", "value": 5, "tighten": "higher", "range": {"min": 2, "max": 5}}, "5 or higher, or 2 to 5"),
        ({"type": "list<string>", "value": ["a", "b"], "tighten": "superset"}, "[a, b] and more"),
        ({"type": "duration", "value": "30m", "range": {"min": "1m", "max": "2h"}}, "60s to 2h"),
    ],
)
def test_what_a_group_may_set_is_told_in_words(fields: dict[str, object], told: str) -> None:
    assert param(**fields).allowed == told


def test_values_are_shown_as_people_write_them() -> None:
    day = datetime(2020, 3, 1, tzinfo=UTC)
    values: list[FactValue] = [True, 1, "a", ["a"], timedelta(hours=720), timedelta(seconds=90), day]
    assert [shown(value) for value in values] == ["true", "1", "a", "[a]", "720h", "90s", "2020-03-01T00:00:00+00:00"]


def test_a_group_that_loosens_a_rule_is_refused_with_what_it_may_set() -> None:
    policies = shelf(policy(params="{age: {type: duration, value: 720h, tighten: higher}}"))
    with pytest.raises(InputError) as told:
        Engine(policies, group="prospect-bt", params={"policy": {"age": "719h"}}, now=NOW)
    (fault,) = told.value.faults
    assert str(fault) == (
        "prospect-bt.yaml: [params.policy.age] 719h is not among what the policy lets a group set: 720h or higher"
        " — a group may make a rule tighter, never looser; have the policy changed if it is to be otherwise"
    )
