"""Where each rule, condition and field of a loaded policy stands in its file, for those who must point at it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from workplace_sync.errors import Fault
from workplace_sync.policy.check import variables
from workplace_sync.policy.document import AnyRule, Condition, PlanRule
from workplace_sync.policy.facts import CHANGE_FACTS, EVERY_FACT, EXCEPTION_FACTS, PLAN_FACTS, Fact, FactValue, Kind
from workplace_sync.policy.shelf import Policy, PolicySet
from workplace_sync.policy.source import Path, Source, read_sources

CONSTANT = "constant"
"""The tag of a rule that is always true or never true on purpose."""


@dataclass(frozen=True, slots=True)
class Stated:
    """Conditions with the places of their texts: a rule's, or (`rule` is None) those under which a policy applies.

    `facts` are those that they may read, `path` is the place of the rule.
    """

    rule: AnyRule | None
    path: Path
    conditions: tuple[tuple[Condition, Path], ...]
    facts: Mapping[str, Fact]

    @property
    def is_constant(self) -> bool:
        """Whether the rule is tagged as always or never true on purpose."""
        return self.rule is not None and CONSTANT in self.rule.tags


@dataclass(frozen=True, slots=True)
class Shown:
    """A policy beside its file."""

    policy: Policy
    source: Source

    def fault(self, path: Path, message: str, advice: str = "") -> Fault:
        """Return a fault at the value under `path`."""
        return self.source.fault(path, message, advice)

    def key_fault(self, path: Path, message: str, advice: str = "") -> Fault:
        """Return a fault at the key that ends `path`."""
        return self.source.key_fault(path, message, advice)

    def params(self) -> dict[str, FactValue]:
        """Return the policy's own values of its parameters, as rules name them."""
        return {f"params.{name}": param.value for name, param in self.policy.document.params.items()}

    def variables(self, facts: Mapping[str, Fact] = EVERY_FACT) -> dict[str, Kind]:
        """Return everything that a rule of the policy over these facts (all, if not given) may read."""
        return variables(facts, self.policy.document)

    def rules(self) -> Iterator[Stated]:
        """Yield the rules in the order of the file."""
        document = self.policy.document
        parts: list[tuple[str, Sequence[AnyRule], Mapping[str, Fact]]] = [
            ("rules", document.rules, CHANGE_FACTS),
            ("plan_rules", document.plan_rules, PLAN_FACTS),
            ("exception_rules", document.exception_rules, EXCEPTION_FACTS),
        ]
        for part, rules, facts in parts:
            for index, rule in enumerate(rules):
                path: Path = (part, index)
                if isinstance(rule, PlanRule) and rule.expression:
                    yield Stated(rule, path, ((rule.stated[0], (*path, "expression")),), facts)
                else:
                    yield Stated(rule, path, _placed(rule.conditions, (*path, "conditions")), facts)

    def stated(self) -> Iterator[Stated]:
        """Yield the rules, and before them the conditions under which they apply."""
        document = self.policy.document
        if document.match.conditions:
            conditions = _placed(document.match.conditions, ("match", "conditions"))
            yield Stated(None, ("match",), conditions, {**PLAN_FACTS, **CHANGE_FACTS})
        yield from self.rules()

    def texts(self) -> Iterator[str]:
        """Yield every expression of the policy."""
        for stated in self.stated():
            yield from (condition.expression for condition, _ in stated.conditions)
            if stated.rule is not None and stated.rule.message_expression:
                yield stated.rule.message_expression


def shown_policies(policies: PolicySet, files: Mapping[str, bytes]) -> Iterator[Shown]:
    """Yield the policies that were loaded from these files, each with its place in them; not the program's own."""
    for policy in policies.policies:
        for source in read_sources(policy.file, files[policy.file]) if policy.file in files else ():
            about = source.data.get("metadata") if isinstance(source.data, dict) else None
            if isinstance(about, dict) and (about.get("id"), about.get("version")) == (policy.id, policy.version):
                yield Shown(policy, source)


def _placed(conditions: Sequence[Condition], path: Path) -> tuple[tuple[Condition, Path], ...]:
    return tuple((condition, (*path, index, "expression")) for index, condition in enumerate(conditions))
