"""What can be wrong with a policy beyond its form: expressions, names used twice, dates that never come."""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from workplace_sync.errors import Fault
from workplace_sync.policy.cel import Environment, Expression, ExpressionError
from workplace_sync.policy.document import PlanRule, PolicyDocument, Rule
from workplace_sync.policy.facts import CHANGE_FACTS, PLAN_FACTS, Fact, Kind
from workplace_sync.policy.source import Path, Source

_DAY = datetime(2020, 3, 1, tzinfo=UTC)
_SAMPLES: Mapping[Kind, tuple[object, ...]] = {
    Kind.STRING: ("", "sample", "1"),
    Kind.BOOL: (False, True, True),
    Kind.INT: (0, 1, 50),
    Kind.TIMESTAMP: (datetime(1970, 1, 1, tzinfo=UTC), _DAY, _DAY + timedelta(days=400)),
    Kind.STRINGS: ([], ["sample"], ["sample", "other"]),
}


def variables(facts: Mapping[str, Fact], document: PolicyDocument) -> dict[str, Kind]:
    """Return all that a policy's rules over these facts may read, its own parameters included."""
    declared = {name: fact.kind for name, fact in facts.items()}
    return declared | {f"params.{name}": param.type for name, param in document.params.items()}


def faults_of(source: Source, document: PolicyDocument) -> list[Fault]:
    """Return every fault of a policy whose form is right."""
    found = [*_date_faults(source, document), *_name_faults(source, document)]
    change = _Checker(source, document, CHANGE_FACTS)
    plan = _Checker(source, document, PLAN_FACTS)
    for index, rule in enumerate(document.rules):
        found += change.rule_faults(rule, ("rules", index))
    for index, plan_rule in enumerate(document.plan_rules):
        found += plan.rule_faults(plan_rule, ("plan_rules", index))
    return found


def _date_faults(source: Source, document: PolicyDocument) -> Iterator[Fault]:
    dates = document.metadata
    if dates.effective_until is not None and dates.effective_until <= dates.effective_from:
        yield source.fault(
            ("metadata", "effective_until"), "is not after effective_from", "the policy would never hold"
        )


def _name_faults(source: Source, document: PolicyDocument) -> Iterator[Fault]:
    ids: list[tuple[str, Path]] = [(rule.id, ("rules", i, "id")) for i, rule in enumerate(document.rules)]
    ids += [(rule.id, ("plan_rules", i, "id")) for i, rule in enumerate(document.plan_rules)]
    yield from _repeated(source, ids, "a rule's id stands for one rule, for good")
    for part, rules in (("rules", document.rules), ("plan_rules", document.plan_rules)):
        for index, rule in enumerate(rules):
            path: Path = (part, index, "conditions")
            names = [(condition.name, (*path, i, "name")) for i, condition in enumerate(rule.conditions)]
            yield from _repeated(source, names, "name each condition of a rule differently")


def _repeated(source: Source, names: list[tuple[str, Path]], advice: str) -> Iterator[Fault]:
    seen: Counter[str] = Counter()
    for name, path in names:
        seen[name] += 1
        if seen[name] > 1:
            yield source.fault(path, f"{name!r} is used twice", advice)


class _Checker:
    """Compiles the expressions of one policy over one set of facts, and tries them on sample values."""

    def __init__(self, source: Source, document: PolicyDocument, facts: Mapping[str, Fact]) -> None:
        self._source = source
        self._env = Environment(variables(facts, document))
        params = {f"params.{name}": param.value for name, param in document.params.items()}
        self._samples = [
            {name: _SAMPLES[fact.kind][turn] for name, fact in facts.items()} | params for turn in range(3)
        ]

    def rule_faults(self, rule: Rule | PlanRule, path: Path) -> Iterator[Fault]:
        for index, condition in enumerate(rule.conditions):
            yield from self._condition_faults(condition.expression, (*path, "conditions", index, "expression"))
        if isinstance(rule, PlanRule) and rule.expression:
            yield from self._condition_faults(rule.expression, (*path, "expression"))
        if rule.message_expression:
            yield from self._message_faults(rule.message_expression, (*path, "message_expression"))

    def _condition_faults(self, text: str, path: Path) -> Iterator[Fault]:
        try:
            condition = self._env.condition(text)
        except ExpressionError as error:
            yield from self._compile_faults(error, path)
        else:
            yield from self._literal_faults(text, path) or self._sample_faults(condition, path)

    def _message_faults(self, text: str, path: Path) -> Iterator[Fault]:
        try:
            message = self._env.message(text)
        except ExpressionError as error:
            yield from self._compile_faults(error, path)
        else:
            if all(message.text(sample) is None for sample in self._samples):
                yield self._source.fault(path, "fails on every sample that was tried", "check its parts")

    def _literal_faults(self, text: str, path: Path) -> list[Fault]:
        advice = "durations are written in hours, minutes and seconds: 720h; times like 2020-03-01T00:00:00Z"
        return [self._source.fault(path, f"{bad} cannot be read", advice) for bad in self._env.bad_literals(text)]

    def _sample_faults(self, condition: Expression, path: Path) -> list[Fault]:
        if any(condition.outcome(sample) is not None for sample in self._samples):
            return []
        return [self._source.fault(path, "fails on every sample that was tried", "check its parts")]

    def _compile_faults(self, error: ExpressionError, path: Path) -> Iterator[Fault]:
        for line, column, message in error.problems:
            yield self._source.fault(path, message, self._advice(message), at=(line, column))

    def _advice(self, message: str) -> str:
        if not message.startswith("undeclared reference to '"):
            return ""
        name = message.split("'")[1]
        near = difflib.get_close_matches(name, sorted(self._env.variables), n=1, cutoff=0.75)
        return f"did you mean {near[0]}?" if near else "it is not among the facts that rules may read"
