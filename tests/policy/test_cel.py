"""The guards around the CEL engine. Where a trap is the engine's, the test shows the trap as well as the guard."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import pytest
from cel_expr_python import cel

from workplace_sync.policy import cel as guarded
from workplace_sync.policy.cel import Combined, Environment, ExpressionError
from workplace_sync.policy.facts import Kind

NOW = datetime(2024, 3, 1, tzinfo=UTC)
KINDS = {
    "subject.status": Kind.STRING,
    "subject.opted_out": Kind.BOOL,
    "subject.consent_at": Kind.TIMESTAMP,
    "subject.roles": Kind.STRINGS,
    "group.size": Kind.INT,
    "params.cool_off": Kind.DURATION,
}
ROW: dict[str, object] = {
    "subject.status": "active",
    "subject.opted_out": False,
    "subject.consent_at": NOW,
    "subject.roles": ["rep"],
    "group.size": 40,
    "params.cool_off": timedelta(hours=720),
}


@pytest.fixture
def env() -> Environment:
    return Environment(KINDS)


def outcome(env: Environment, text: str, **changed: object) -> bool | None:
    return env.condition(text).outcome({**ROW, **{name.replace("__", "."): value for name, value in changed.items()}})


def test_the_guards_were_proven_on_the_engine_that_is_installed() -> None:
    assert f"cel-expr-python {version('cel-expr-python')}" == guarded.ENGINE


@pytest.mark.parametrize(
    "text",
    [
        "subject.status == 'active'",
        "subject.consent_at + params.cool_off > subject.consent_at",
        "'rep' in subject.roles",
    ],
)
def test_a_true_condition_is_true(env: Environment, text: str) -> None:
    assert outcome(env, text) is True
    assert outcome(env, f"!({text})") is False


@pytest.mark.parametrize(
    "text", ["null", "dyn(null)", "dyn(true)", "group.size", "subject.status", "true ? dyn(null) : true"]
)
def test_only_what_is_true_or_false_by_type_is_a_condition(env: Environment, text: str) -> None:
    with pytest.raises(ExpressionError, match="must be true or false"):
        env.condition(text)


def test_a_wrapper_that_may_be_null_is_no_condition_and_no_message(env: Environment) -> None:
    with pytest.raises(ExpressionError, match="may be null"):
        env.condition("true ? null : google.protobuf.BoolValue{value: true}")
    with pytest.raises(ExpressionError, match="may be null"):
        env.message("google.protobuf.StringValue{value: 'x'}")


def test_a_null_result_does_abort_the_process_which_is_why_none_is_evaluated() -> None:
    text = (
        "from cel_expr_python import cel\n"
        "e = cel.NewEnv().compile('null')\n"
        "for _ in range(1_000_000): e.eval(data={}).plain_value()\n"
    )
    ended = subprocess.run([sys.executable, "-c", text], capture_output=True, check=False, timeout=60)
    assert ended.returncode != 0


@pytest.mark.parametrize(
    "text", ["group.size / 0 > 1", "group.size + 9223372036854775807 > 0", "subject.roles[7] == ''"]
)
def test_an_error_is_neither_true_nor_false(env: Environment, text: str) -> None:
    assert outcome(env, text) is None
    together = Combined(env, ["true", text, "false"])
    assert together.outcomes(ROW) == (True, None, False)


def test_the_engine_hands_errors_out_as_texts_that_count_as_true() -> None:
    raw = cel.NewEnv().compile("1 / 0 > 1").eval(data={}).plain_value()
    assert isinstance(raw, str)
    assert raw


def test_what_the_engine_raises_is_an_outcome_and_not_the_end(env: Environment) -> None:
    row = {**ROW, "subject.status": "\ud800"}  # past the door on purpose
    together = Combined(env, ["subject.status == 'x'", "group.size == 40"])
    assert together.outcomes(row) == (None, True)
    assert env.message("subject.status").text(row) is None


@pytest.mark.parametrize("text", ["has(subject.status)", "has(subject.opted_out)"])
def test_has_is_switched_off_because_it_returns_the_value_itself(env: Environment, text: str) -> None:
    with pytest.raises(ExpressionError, match="undeclared reference to 'has'"):
        env.condition(text)


def test_loops_beyond_the_engines_budget_are_an_error_and_not_the_end(env: Environment) -> None:
    text = "subject.roles.all(a, subject.roles.all(b, subject.roles.all(c, a == b || b != c || true)))"
    assert outcome(env, text, subject__roles=["x"] * 100) is None
    assert Combined(env, [text, "true"]).outcomes({**ROW, "subject.roles": ["x"] * 100}) == (None, True)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x" * 2_001, "is longer than 2000 characters"),
        ("true\0", "holds a character that is not text"),
        ("'\ud800' == ''", "holds a character that is not text"),
        ("(" * 40 + "true" + ")" * 40, "recursion limit"),
        ("true, false", "Syntax error: mismatched input ','"),
        ("true] + [true", "Syntax error"),
    ],
)
def test_what_cannot_be_compiled_is_told(env: Environment, text: str, why: str) -> None:
    with pytest.raises(ExpressionError, match=why.replace("(", r"\(")):
        env.condition(text)


def test_every_problem_of_an_expression_is_told_with_its_place(env: Environment) -> None:
    with pytest.raises(ExpressionError) as told:
        env.condition("subject.statsu == 'x' &&\n subject.rolls == []")
    assert told.value.problems == (
        (1, 8, "undeclared reference to 'subject.statsu'"),
        (2, 9, "undeclared reference to 'subject.rolls'"),
    )


def test_a_comment_at_the_end_of_one_condition_does_not_swallow_the_next(env: Environment) -> None:
    assert Combined(env, ["true // sure", "false // not", "true"]).outcomes({}) == (True, False, True)


def test_more_conditions_than_one_list_can_hold_are_evaluated_all_the_same(env: Environment) -> None:
    padding = " " * 1_500
    texts = [f"group.size > {number}{padding}" for number in range(80)]
    assert Combined(env, texts).outcomes(ROW) == tuple(number < 40 for number in range(80))
    broken = [*texts, "1 / 0 > 1"]
    assert Combined(env, broken).outcomes(ROW) == (*(number < 40 for number in range(80)), None)


def test_a_condition_reads_just_the_facts_it_cannot_do_without(env: Environment) -> None:
    assert env.reads("subject.status == 'group.size' && !subject . opted_out") == {
        "subject.status",
        "subject.opted_out",
    }
    assert env.reads("subject.roles.exists(size, size == subject.status)") == {"subject.roles", "subject.status"}
    assert env.reads("true") == frozenset()


def test_literal_times_durations_and_patterns_are_tried_at_load(env: Environment) -> None:
    good = "timestamp('2020-03-01T00:00:00Z') < subject.consent_at && subject.status.matches('^a') && duration(\"720h\") > duration('1s')"
    assert env.bad_literals(good) == []
    bad = (
        "timestamp('soon') < subject.consent_at || subject.status . matches('(') || params.cool_off > duration( '30d' )"
    )
    assert env.bad_literals(bad) == ["timestamp('soon')", "duration( '30d' )", "'('"]


def test_a_message_that_fails_is_no_message(env: Environment) -> None:
    assert env.message("'size ' + string(group.size)").text(ROW) == "size 40"
    assert env.message("'size ' + string(group.size / 0)").text(ROW) is None
    with pytest.raises(ExpressionError, match="must make a text, and is INT"):
        env.message("group.size")


def test_nothing_is_ever_deserialised_or_compiled_unchecked() -> None:
    text = Path(guarded.__file__).read_text(encoding="utf-8")
    assert ".deserialize(" not in text
    assert "disable_check" not in text


def test_this_is_the_only_file_that_knows_the_engine() -> None:
    package = Path(guarded.__file__).parents[1]
    knowing = [path.name for path in package.rglob("*.py") if "cel_expr_python" in path.read_text(encoding="utf-8")]
    assert knowing == ["cel.py"]
