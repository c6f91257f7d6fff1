"""Decides changes and plans for one group, by the policies in force at one time. Same input, same decision."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from workplace_sync.policy.bench import Seat
from workplace_sync.policy.cel import Outcome
from workplace_sync.policy.decision import Decision, Effect, Mode
from workplace_sync.policy.document import AnyRule, PolicyDocument
from workplace_sync.policy.exceptions import NamedPeople
from workplace_sync.policy.facts import ACTIONS, CHANGE_FACTS, EXCEPTION_FACTS, PLAN_FACTS, Fact, FactValue
from workplace_sync.policy.overrides import effective_params
from workplace_sync.policy.panel import Panel
from workplace_sync.policy.params import param_text
from workplace_sync.policy.shelf import Policy, PolicySet

PLAN = "plan"
EXCEPTION = "exception"
_FACTS = {PLAN: PLAN_FACTS, EXCEPTION: EXCEPTION_FACTS}


@dataclass(frozen=True, slots=True)
class Decider:
    """A rule in force, for the record of a plan.

    `decides` are actions, or ('plan',), or ('exception',); `hash` is that of its policy.
    """

    policy: str
    version: int
    hash: str
    rule: str
    title: str
    effect: Effect
    mode: Mode
    decides: tuple[str, ...]

    @property
    def cite(self) -> str:
        """The rule as findings cite it: `policy@3/rule`."""
        return f"{self.policy}@{self.version}/{self.rule}"


class Engine:
    """The rules in force at `now` for one group.

    `params` are the group's own values for parameters, by policy and name; durations and times may be given as text.
    Raises InputError naming every policy or parameter that does not exist, or whose value is of the wrong type or
    looser than the policy lets a group set.
    `now` is one aware time for everything decided here; rules never see another clock.
    """

    def __init__(
        self,
        policy_set: PolicySet,
        *,
        group: str,
        params: Mapping[str, Mapping[str, object]] | None = None,
        now: datetime,
    ) -> None:
        if now.utcoffset() is None:
            raise ValueError("now is a time without its zone")
        self._made_from = (policy_set, group, params, now)
        held = policy_set.in_force(now)
        self._policies = tuple(found for found in held.policies if found.document.match.fits(group))
        self._params = effective_params(policy_set, self._policies, group, params or {})
        self._exceptions = [found.document for found in held.exceptions if found.fits(group)]
        self._named = NamedPeople(self._exceptions)
        self.revision = policy_set.revision
        self._now = now
        self._group = group
        self._panels: dict[str, Panel] = {}

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        """Travel to another process as what this was made from: what is compiled cannot, and is compiled there anew."""
        return _made, self._made_from

    def variables(self, action: str) -> frozenset[str]:
        """Return the facts that rows about this action (or "plan") must bring; the rest need not be computed."""
        return self._panel(action).variables

    def decide(
        self,
        action: str,
        rows: Iterable[Mapping[str, object]],
        *,
        shared: Mapping[str, FactValue] | None = None,
        alone: bool = False,
    ) -> Iterator[Decision]:
        """Return the decisions on rows of facts (dotted name -> value), in order, pulled one by one.

        `shared` are facts that are the same for all rows, such as group.size: given here they are converted faster.
        A fact that is missing makes an ERROR of the rules that read it; a value that may not be trusted (wrong type,
        NUL, a time without its zone, an over-long list) makes one of every rule, and the next row goes on.
        `alone` evaluates every condition by itself: slow, and the same decisions.
        """
        return self._panel(action).decide(rows, shared or {}, alone=alone)

    def undecided(self, action: str, reason: str) -> Decision:
        """Return the decision where no rule can be evaluated, for whatever reason: every rule is an ERROR."""
        return self._panel(action).undecided(reason)

    def decide_plan(self, facts: Mapping[str, object]) -> Decision:
        """Return what the plan rules say of a plan, given its `plan.*` and `group.*` facts."""
        return next(self._panel(PLAN).decide((facts,), {}))

    def exceptions_naming(self, key: str) -> list[str]:
        """Return the ids of the exceptions in force here that name the person: their `subject.exceptions`."""
        return self._named.naming(key)

    def outcomes(self, action: str, row: Mapping[str, object]) -> dict[str, Outcome]:
        """Return what became of each condition on a row, by "policy/rule#condition"; None where it was not evaluated."""
        return self._panel(action).outcomes(row)

    def deciders(self) -> list[Decider]:
        """Return all rules in force here, in the order of their policies' ids."""
        return [decider for policy in self._policies for decider in _deciders(policy)]

    def params(self) -> dict[str, dict[str, str | bool | int | list[str]]]:
        """Return the parameters in effect, by policy and name, as JSON has them, for the record of a plan."""
        return {
            policy: {name.removeprefix("params."): param_text(value) for name, value in values.items()}
            for policy, values in self._params.items()
            if values
        }

    def _panel(self, action: str) -> Panel:
        """Return the rules about an action, compiled when they are first asked: most runs find nothing to ask them."""
        if action not in self._panels:
            self._panels[action] = self._compiled(action)
        return self._panels[action]

    def _compiled(self, action: str) -> Panel:
        fixed: dict[str, FactValue] = {"now": self._now}
        if action == EXCEPTION:
            return Panel(self._seats(EXCEPTION), EXCEPTION_FACTS, fixed)
        fixed["group.name"] = self._group
        if action == PLAN:
            return Panel(self._seats(PLAN), PLAN_FACTS, fixed, self._exceptions)
        if action not in ACTIONS:
            raise ValueError(f"no rules are about the action {action!r}")
        return Panel(self._seats(action), CHANGE_FACTS, {**fixed, "action.kind": action}, self._exceptions)

    def _seats(self, action: str) -> list[Seat]:
        return [
            Seat(policy.document, rule, self._params[policy.id])
            for policy in self._policies
            for rule in _rules(policy.document, action)
        ]


def facts_of(action: str) -> Mapping[str, Fact]:
    """Return the facts that rules about an action, about plans or about exceptions may read."""
    return _FACTS.get(action, CHANGE_FACTS)


def _made(
    policy_set: PolicySet, group: str, params: Mapping[str, Mapping[str, object]] | None, now: datetime
) -> Engine:
    return Engine(policy_set, group=group, params=params, now=now)


def _rules(document: PolicyDocument, action: str) -> Sequence[AnyRule]:
    if action == PLAN:
        return document.plan_rules
    if action == EXCEPTION:
        return document.exception_rules
    return document.rules if action in document.match.actions else ()


def _deciders(policy: Policy) -> Iterator[Decider]:
    document = policy.document
    parts: list[tuple[Sequence[AnyRule], tuple[str, ...]]] = [
        (document.rules, document.match.actions),
        (document.plan_rules, (PLAN,)),
        (document.exception_rules, (EXCEPTION,)),
    ]
    for rule, decides in [(rule, decides) for rules, decides in parts for rule in rules]:
        yield Decider(
            policy=policy.id,
            version=document.metadata.version,
            hash=policy.hash,
            rule=rule.id,
            title=rule.title or document.metadata.title,
            effect=Effect(rule.effect),
            mode=rule.mode,
            decides=decides,
        )
