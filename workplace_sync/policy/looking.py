"""What the rules saw: each rule with the value of each of its conditions, and of the facts that these read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from workplace_sync.policy.cel import Environment, Outcome
from workplace_sync.policy.check import variables
from workplace_sync.policy.document import AnyRule, Condition
from workplace_sync.policy.engine import EXCEPTION, Decider, Engine, facts_of
from workplace_sync.policy.facts import Kind
from workplace_sync.policy.params import param_value
from workplace_sync.policy.shelf import Policy, PolicySet


@dataclass(frozen=True, slots=True)
class ConditionSeen:
    """A condition with what became of it (None: it could not be evaluated). `facts` are those it read and had."""

    name: str
    expression: str
    outcome: Outcome
    reads: tuple[str, ...]
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """A rule that was looked at, with its conditions in their order; `guards` are those under which it applies at all."""

    policy: Policy
    decider: Decider
    guards: tuple[ConditionSeen, ...]
    conditions: tuple[ConditionSeen, ...]

    @property
    def rule(self) -> AnyRule:
        """The rule as its file states it."""
        return next(rule for rule in self.policy.document.all_rules if rule.id == self.decider.rule)

    @property
    def cite(self) -> str:
        """The rule as records cite it: `policy@3/rule`."""
        return self.decider.cite

    @property
    def policy_cite(self) -> str:
        """The policy's version: `policy@3`."""
        return f"{self.policy.id}@{self.policy.version}"

    @property
    def holds(self) -> Outcome:
        """Whether it is satisfied; a rule that does not apply is. None where one condition could not be evaluated."""
        if not self.applies:
            return True
        outcomes = [condition.outcome for condition in (*self.guards, *self.conditions)]
        return None if None in outcomes else all(outcomes)

    @property
    def applies(self) -> bool:
        """Whether the policy's own conditions let the rule apply here; one that cannot be evaluated does."""
        return all(guard.outcome is not False for guard in self.guards)


def looked_at(engine: Engine, policies: PolicySet, action: str, row: Mapping[str, object]) -> Iterator[RuleSeen]:
    """Yield every rule in force about an action (or "plan"), with what it made of a row of facts.

    `policies` are those that the engine was made of. What the engine itself supplies (now, the group's name, the
    action) is shown only where the row has it too.
    """
    outcomes = engine.outcomes(action, row)
    versions = {(policy.id, policy.document.metadata.version): policy for policy in policies.policies}
    params = engine.params()
    for decider in engine.deciders():
        if action not in decider.decides:
            continue
        policy = versions[decider.policy, decider.version]
        declared = policy.document.params
        given = params.get(policy.id, {})
        known = {f"params.{name}": param_value(declared[name].type, value) for name, value in given.items()}
        look = _Look(policy, action, {**known, **row}, outcomes)
        empty = RuleSeen(policy, decider, (), ())
        guards = () if action == EXCEPTION else policy.document.match.conditions
        yield replace(
            empty,
            guards=tuple(look.at(decider.rule, guard, f"match.{guard.name}") for guard in guards),
            conditions=tuple(look.at(decider.rule, one, one.name) for one in empty.rule.stated),
        )


class _Look:
    """A policy's conditions on one row."""

    def __init__(self, policy: Policy, action: str, row: Mapping[str, object], outcomes: Mapping[str, Outcome]) -> None:
        kinds = variables(facts_of(action), policy.document)
        self._env = _environment(tuple(sorted(kinds.items())))
        self._policy = policy
        self._row = row
        self._outcomes = outcomes

    def at(self, rule: str, condition: Condition, name: str) -> ConditionSeen:
        reads = tuple(sorted(self._env.reads(condition.expression)))
        outcome = self._outcomes[f"{self._policy.id}/{rule}#{name}"]
        facts = {fact: self._row[fact] for fact in reads if fact in self._row}
        return ConditionSeen(name, condition.expression, outcome, reads, facts)


@lru_cache(maxsize=64)
def _environment(kinds: tuple[tuple[str, Kind], ...]) -> Environment:
    return Environment(dict(kinds))
