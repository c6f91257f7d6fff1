"""A second engine decides the same: every condition of the shipped shelf, and the whole of it, through cel-python.

cel-python is slow and written in another language by other people, so a mistake of the one is hardly one of the other.
Where the two differ is listed below, with the reason; the rules that are shipped stay clear of it.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import celpy
import pytest
from celpy import celtypes
from celpy.evaluation import CELEvalError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox_server import ROOT
from workplace_sync.policy.cel import Environment, Outcome
from workplace_sync.policy.decision import Effect, strictest
from workplace_sync.policy.document import PolicyDocument
from workplace_sync.policy.engine import PLAN, Engine
from workplace_sync.policy.facts import CHANGE_FACTS, PLAN_FACTS, Fact, FactValue, Kind
from workplace_sync.policy.shelf import PolicySet, load_policies

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
GROUP = "prospect-bt"
_TEXT = re.compile(r"'([^']*)'")


@cache
def shelf() -> PolicySet:
    folder = ROOT / "policies"
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.glob("**/*.yaml"))}
    return load_policies({name: text for name, text in files.items() if not name.startswith("tests/")})


class Oracle:
    """The second engine: facts are nested maps there, and a failure is an exception."""

    def __init__(self) -> None:
        self._environment = celpy.Environment()
        self._programs: dict[str, celpy.Runner] = {}

    def outcome(self, expression: str, facts: Mapping[str, object]) -> Outcome:
        if expression not in self._programs:
            self._programs[expression] = self._environment.program(self._environment.compile(expression))
        try:
            found = self._programs[expression].evaluate(_nested(facts))
        except CELEvalError:
            return None
        return bool(found) if isinstance(found, celtypes.BoolType) else None


ORACLE = Oracle()


def _nested(facts: Mapping[str, object]) -> dict[str, celtypes.Value]:
    made: dict[str, celtypes.Value] = {}
    for name, value in facts.items():
        first, _, rest = name.partition(".")
        if rest:
            inner = made.setdefault(first, celtypes.MapType())
            assert isinstance(inner, celtypes.MapType)
            inner[celtypes.StringType(rest)] = _value(value)
        else:
            made[first] = _value(value)
    return made


def _value(value: object) -> celtypes.Value:
    match value:
        case bool():
            return celtypes.BoolType(value)
        case int():
            return celtypes.IntType(value)
        case str():
            return celtypes.StringType(value)
        case datetime():
            return celtypes.TimestampType(value)
        case timedelta():
            return celtypes.DurationType(value)
        case list():
            return celtypes.ListType([_value(item) for item in value])
    raise TypeError(type(value).__name__)


def _rules(document: PolicyDocument, action: str) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...], Effect]]:
    """Yield each rule about an action: its name, the expressions of its guards and of its conditions, its effect."""
    if action != PLAN and action not in document.match.actions:
        return
    guards = tuple(guard.expression for guard in document.match.conditions)
    for rule in document.plan_rules if action == PLAN else document.rules:
        if rule.mode == "enforce":
            stated = tuple(condition.expression for condition in rule.stated)
            yield f"{document.metadata.id}/{rule.id}", guards, stated, Effect(rule.effect)


@cache
def _literals() -> list[str]:
    every = (c.expression for p in shelf().policies for r in p.document.all_rules for c in r.stated)
    params = (v for p in shelf().policies for param in p.document.params.values() for v in _texts(param.value))
    return sorted({text for expression in every for text in _TEXT.findall(expression)} | set(params))


def _texts(value: FactValue) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value] if isinstance(value, list) else []


def _values(fact: Fact) -> st.SearchStrategy[object]:
    near = st.sampled_from(
        [NOW, NOW - timedelta(days=30), NOW + timedelta(seconds=1), datetime(1970, 1, 1, tzinfo=UTC)]
    )
    anywhen = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
    text = st.sampled_from(_literals()) | st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8
    )
    kinds: dict[Kind, st.SearchStrategy[object]] = {
        Kind.STRING: text,
        Kind.BOOL: st.booleans(),
        Kind.INT: st.integers(0, 30) | st.integers(0, 10_000) | st.integers(0, 2**40),
        Kind.TIMESTAMP: near | anywhen,
        Kind.STRINGS: st.lists(text, max_size=4),
    }
    return kinds[fact.kind]


def _facts(facts: Mapping[str, Fact]) -> st.SearchStrategy[dict[str, object]]:
    fixed = {"now": st.just(NOW), "group.name": st.just(GROUP)}
    return st.fixed_dictionaries(
        {name: fixed[name] if name in fixed else _values(fact) for name, fact in facts.items()}
    )


def _decided(action: str, facts: Mapping[str, object], engine: Engine) -> tuple[Effect, set[str]]:
    """Return what the second engine makes of it, by the rule that the strictest wins."""
    failed: dict[str, Effect] = {}
    values = {policy: {f"params.{n}": v for n, v in found.items()} for policy, found in _params(engine).items()}
    for policy in shelf().in_force(NOW).policies:
        if not policy.document.match.fits(GROUP):
            continue
        known = {**facts, **values.get(policy.id, {})}
        for name, guards, stated, effect in _rules(policy.document, action):
            applies = [ORACLE.outcome(guard, known) for guard in guards]
            if False in applies:
                continue
            outcomes = [*applies, *(ORACLE.outcome(expression, known) for expression in stated)]
            if None in outcomes:
                failed[name] = Effect.ERROR
            elif False in outcomes:
                failed[name] = effect
    return strictest(*failed.values()), set(failed)


def _params(engine: Engine) -> dict[str, dict[str, FactValue]]:
    assert engine.revision == shelf().revision
    return {p.id: {n: param.value for n, param in p.document.params.items()} for p in shelf().in_force(NOW).policies}


@cache
def engine() -> Engine:
    return Engine(shelf(), group=GROUP, now=NOW)


SEARCH = settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.slow
@SEARCH
@given(facts=_facts(CHANGE_FACTS), action=st.sampled_from(["add", "remove"]))
def test_the_whole_shelf_decides_the_same_about_anybody(facts: dict[str, object], action: str) -> None:
    facts = facts | {"action.kind": action}
    decision = next(engine().decide(action, [facts]))
    assert (decision.effect, set(decision.rules)) == _decided(action, facts, engine())


@pytest.mark.slow
@SEARCH
@given(facts=_facts(PLAN_FACTS))
def test_the_whole_shelf_decides_the_same_about_any_plan(facts: dict[str, object]) -> None:
    decision = engine().decide_plan(facts)
    assert (decision.effect, set(decision.rules)) == _decided(PLAN, facts, engine())


@pytest.mark.slow
@settings(SEARCH, max_examples=15)
@given(change=_facts(CHANGE_FACTS), plan=_facts(PLAN_FACTS))
def test_every_condition_of_every_version_has_the_same_outcome(
    change: dict[str, object], plan: dict[str, object]
) -> None:
    for policy in shelf().policies:
        document = policy.document
        params = {f"params.{name}": param.value for name, param in document.params.items()}
        for rules, facts in ((document.rules, change), (document.plan_rules, plan)):
            for rule in rules:
                for condition in (*document.match.conditions, *rule.stated):
                    known = {**facts, **params}
                    ours = _environment(policy.hash, bool(rules is document.plan_rules)).condition(condition.expression)
                    assert ours.outcome(known) == ORACLE.outcome(condition.expression, known), condition.expression


@cache
def _environment(policy: str, plan: bool) -> Environment:  # noqa: FBT001
    (document,) = {found.hash: found.document for found in shelf().policies if found.hash == policy}.values()
    declared = {name: fact.kind for name, fact in (PLAN_FACTS if plan else CHANGE_FACTS).items()}
    return Environment(declared | {f"params.{name}": param.type for name, param in document.params.items()})


DIFFERENCES: list[tuple[str, Outcome, Outcome, str]] = [
    ("0.0 / 0.0 == 0.0 / 0.0", False, True, "no number equals itself by IEEE 754; rules have whole numbers only"),
    ("duration('1d') > duration('1h')", None, True, "days are no unit of CEL; refused when the policy is loaded"),
    ("dyn(1) == 1.0", True, None, "numbers of two types became comparable in a later CEL"),
    ("string(1.0) == '1'", True, False, "the text of a fraction is not laid down"),
    ("string(true) == 'true'", True, False, "written as Python has it: 'True'"),
    ("timestamp(0) < now", True, None, "a time from seconds is a later addition to CEL"),
]


@pytest.mark.parametrize(("expression", "ours", "theirs", "reason"), DIFFERENCES)
def test_the_differences_that_are_known_are_still_there(
    expression: str, ours: Outcome, theirs: Outcome, reason: str
) -> None:
    assert ours is not theirs
    assert reason
    facts = {"subject.status": "active", "subject.roles": ["rep"], "group.size": 40, "now": NOW}
    env = Environment({name: {**CHANGE_FACTS, **PLAN_FACTS}[name].kind for name in facts})
    assert (env.condition(expression).outcome(facts), ORACLE.outcome(expression, facts)) == (ours, theirs)


def test_the_page_of_notes_lists_the_same_differences() -> None:
    told = Path(ROOT / "docs" / "policies-engine-notes.md").read_text()
    assert [expression for expression, *_ in DIFFERENCES if f"`{expression}`" not in told] == []
