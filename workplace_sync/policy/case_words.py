"""A case that came out otherwise, in words: what was expected, what came, and the values behind it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from workplace_sync.policy.cel import Outcome
from workplace_sync.policy.looking import ConditionSeen
from workplace_sync.policy.params import shown
from workplace_sync.policy.testing import UNCHANGED, Expectation, Result

_OUTCOMES = {True: "true", False: "false", None: "could not be evaluated"}


def failure_lines(result: Result) -> Iterator[str]:
    """Yield what is to be known about a failure: the rules that were expected or came, with all their values."""
    yield f"expected: {_told(result.expected)}"
    yield f"got:      {_told(result.got)}"
    named = {*result.expected.rules, *result.expected.audited, *result.got.rules, *result.got.audited}
    for rule in result.seen:
        if rule.decider.rule in named or not named:
            yield f"{rule.cite}"
            for condition in rule.conditions:
                yield from (f"  {line}" for line in condition_lines(condition))


def condition_lines(condition: ConditionSeen) -> Iterator[str]:
    """Yield a condition with its value, and each fact that it read."""
    yield f"{condition.name}: {outcome_text(condition.outcome)}  ({' '.join(condition.expression.split())})"
    for name in condition.reads:
        value = value_text(condition.facts[name]) if name in condition.facts else "not known"
        yield f"  {name} = {value}"


def outcome_text(outcome: Outcome) -> str:
    """Return a condition's value in words."""
    return _OUTCOMES[outcome]


def value_text(value: object) -> str:
    """Return a fact's value as rules and cases write it."""
    match value:
        case bool():
            return str(value).lower()
        case timedelta():
            return shown(value)
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case str():
            return repr(value)
        case list() | tuple():
            return f"[{', '.join(map(value_text, value))}]"
        case _:
            return str(value)


def _told(expected: Expectation) -> str:
    if expected.effect == UNCHANGED:
        return "unchanged: nothing is wanted of this person"
    parts: list[str] = [expected.effect]
    parts += [f"by {', '.join(expected.rules)}"] if expected.rules else []
    parts += [f"audited {', '.join(expected.audited)}"] if expected.audited else []
    parts += [f"remedy {expected.remedy}"] if expected.remedy else []
    parts += [f"message {expected.message!r}"] if expected.message else []
    return "; ".join(parts)
