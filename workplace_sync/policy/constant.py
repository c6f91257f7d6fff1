"""Finds conditions that are always true, or never, by trying them on the values they mention and their neighbours."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from workplace_sync.errors import Fault
from workplace_sync.policy.cel import Environment
from workplace_sync.policy.document import Condition
from workplace_sync.policy.facts import FactValue
from workplace_sync.policy.places import Shown, Stated
from workplace_sync.policy.samples import samples

_OPAQUE = (".matches(",)  # no sample can be made from what it mentions


def constants(shown: Shown) -> Iterator[tuple[str, Fault]]:
    """Yield what a policy's conditions, each alone and those of a rule together, can never be: (check, fault)."""
    for stated in shown.stated():
        if not stated.is_constant:
            yield from _of_rule(shown, stated)


def _of_rule(shown: Shown, stated: Stated) -> Iterator[tuple[str, Fault]]:
    env = Environment(shown.variables(stated.facts))
    params = shown.params()
    actions = shown.policy.document.match.actions
    fixed: dict[str, FactValue] = {"action.kind": actions[0]} if len(actions) == 1 else {}
    found = False
    for condition, path in stated.conditions:
        never = _never(env, [condition], params, fixed)
        found |= bool(never)
        for value in never:
            yield f"never-{value}", shown.fault(path, *_told(value))
    if len(stated.conditions) > 1 and not found:
        conditions = [condition for condition, _ in stated.conditions]
        if "true" in _never(env, conditions, params, fixed):
            message = "its conditions are never true together on the samples that were tried"
            yield "never-true", shown.fault((*stated.path, "conditions"), message, "one contradicts another")


def _told(value: str) -> tuple[str, str]:
    if value == "true":
        return "is never true on the samples that were tried", "so it stops everybody; tag the rule `constant` if meant"
    return "is never false on the samples that were tried", "so it stops nobody; tag the rule `constant` if meant"


def _never(
    env: Environment,
    conditions: Sequence[Condition],
    params: Mapping[str, FactValue],
    fixed: Mapping[str, FactValue],
) -> list[str]:
    """Return which of "true" and "false" the conditions together never were; nothing where it cannot be known."""
    texts = [condition.expression for condition in conditions]
    if any(opaque in text for text in texts for opaque in _OPAQUE):
        return []
    read = frozenset[str]().union(*map(env.reads, texts))
    kinds = {name: env.variables[name] for name in sorted(read)}
    used = {name: value for name, value in params.items() if name in read}
    known = {name: value for name, value in fixed.items() if name in read}
    return _unseen(env, texts, samples(texts, kinds, used, known))


def _unseen(env: Environment, texts: Sequence[str], rows: Iterable[Mapping[str, FactValue]]) -> list[str]:
    compiled = [env.condition(text) for text in texts]
    open_values = {True, False}
    for row in rows:
        activation = env.activation(row)
        outcomes = [one.outcome_in(activation) for one in compiled]
        if None not in outcomes:
            open_values.discard(all(outcomes))
        if not open_values:
            break
    return [str(value).lower() for value in sorted(open_values, reverse=True)]
