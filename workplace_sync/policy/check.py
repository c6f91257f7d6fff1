"""What can be wrong with a policy beyond its form: expressions, names used twice, dates that never come."""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from workplace_sync.errors import Fault
from workplace_sync.policy.cel import Environment, Expression, ExpressionError
from workplace_sync.policy.document import AnyRule, Condition, PlanRule, PlatformDocument, PolicyDocument
from workplace_sync.policy.facts import CHANGE_FACTS, EXCEPTION_FACTS, PLAN_FACTS, Fact, Kind
from workplace_sync.policy.params import Param
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
    return _variables(facts, document.params)


def faults_of(source: Source, document: PolicyDocument) -> list[Fault]:
    """Return every fault of a policy whose form is right."""
    found = [*_date_faults(source, document), *_name_faults(source, document), *_clause_faults(source, document)]
    for part, rules, facts in _parts(document):
        checker = Checker(source, facts, document.params)
        for index, rule in enumerate(rules):
            found += checker.rule_faults(rule, (part, index))
        if rules and facts is not EXCEPTION_FACTS:
            found += checker.conditions_faults(document.match.conditions, ("match", "conditions"))
    return list(dict.fromkeys(found))


def _parts(document: PolicyDocument) -> list[tuple[str, Sequence[AnyRule], Mapping[str, Fact]]]:
    return [
        ("rules", document.rules, CHANGE_FACTS),
        ("plan_rules", document.plan_rules, PLAN_FACTS),
        ("exception_rules", document.exception_rules, EXCEPTION_FACTS),
    ]


def _date_faults(source: Source, document: PolicyDocument) -> Iterator[Fault]:
    dates = document.metadata
    if dates.effective_until is not None and dates.effective_until <= dates.effective_from:
        yield source.fault(
            ("metadata", "effective_until"), "is not after effective_from", "the policy would never hold"
        )
    if dates.withdrawn and dates.effective_until is None:
        advice = "write when it ended as effective_until"
        yield source.fault(("metadata", "withdrawn"), "says why the policy ended, and it has no end", advice)


def _name_faults(source: Source, document: PolicyDocument) -> Iterator[Fault]:
    parts = _parts(document)
    ids: list[tuple[str, Path]] = [
        (rule.id, (part, index, "id")) for part, rules, _ in parts for index, rule in enumerate(rules)
    ]
    yield from _repeated(source, ids, "a rule's id stands for one rule, for good")
    lists: list[tuple[Sequence[Condition], Path]] = [(document.match.conditions, ("match", "conditions"))]
    lists += [(r.conditions, (part, i, "conditions")) for part, rules, _ in parts for i, r in enumerate(rules)]
    for conditions, path in lists:
        names: list[tuple[str, Path]] = [(one.name, (*path, i, "name")) for i, one in enumerate(conditions)]
        yield from _repeated(source, names, "name each condition of a rule differently")


def _clause_faults(source: Source, document: PolicyDocument) -> Iterator[Fault]:
    clauses = document.clauses if isinstance(document, PlatformDocument) else ()
    ids: list[tuple[str, Path]] = [(clause.id, ("clauses", index, "id")) for index, clause in enumerate(clauses)]
    yield from _repeated(source, ids, "cite each clause once")
    known = [clause.id for clause in clauses]
    for part, rules, _ in _parts(document):
        for index, rule in enumerate(rules):
            if rule.clause and rule.clause not in known:
                message = f"the published text has no clause {rule.clause!r} here"
                yield source.fault((part, index, "clause"), message, f"there are: {', '.join(known) or 'none'}")


def _repeated(source: Source, names: list[tuple[str, Path]], advice: str) -> Iterator[Fault]:
    seen: Counter[str] = Counter()
    for name, path in names:
        seen[name] += 1
        if seen[name] > 1:
            yield source.fault(path, f"{name!r} is used twice", advice)


def _variables(facts: Mapping[str, Fact], params: Mapping[str, Param]) -> dict[str, Kind]:
    declared = {name: fact.kind for name, fact in facts.items()}
    return declared | {f"params.{name}": param.type for name, param in params.items()}


class Checker:
    """Compiles expressions over one set of facts and parameters, and tries them on sample values."""

    def __init__(self, source: Source, facts: Mapping[str, Fact], params: Mapping[str, Param]) -> None:
        self._source = source
        self._env = Environment(_variables(facts, params))
        values = {f"params.{name}": param.value for name, param in params.items()}
        self._samples = [
            {name: _SAMPLES[fact.kind][turn] for name, fact in facts.items()} | values for turn in range(3)
        ]

    def rule_faults(self, rule: AnyRule, path: Path) -> Iterator[Fault]:
        """Yield the faults of a rule's expressions."""
        yield from self.conditions_faults(rule.conditions, (*path, "conditions"))
        if isinstance(rule, PlanRule) and rule.expression:
            yield from self._condition_faults(rule.expression, (*path, "expression"))
        if rule.message_expression:
            yield from self._message_faults(rule.message_expression, (*path, "message_expression"))

    def conditions_faults(self, conditions: Sequence[Condition], path: Path) -> Iterator[Fault]:
        """Yield the faults of a list of conditions."""
        for index, condition in enumerate(conditions):
            yield from self._condition_faults(condition.expression, (*path, index, "expression"))

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
