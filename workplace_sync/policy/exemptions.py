"""The exceptions that are in force, at work: which rules they free from, and whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workplace_sync.policy.cel import Combined, Environment
from workplace_sync.policy.document import ExceptionDocument
from workplace_sync.policy.door import Door, RefusedError
from workplace_sync.policy.facts import Kind

NAMED = "subject.exceptions"  # the fact that says which exceptions name a person


@dataclass(frozen=True, slots=True)
class _Exemption:
    """An exception, with its conditions compiled; the door lets in what these read."""

    id: str
    named: bool
    combined: Combined | None
    door: Door

    @property
    def varies(self) -> bool:
        """Whether it frees some and not others."""
        return self.named or self.combined is not None

    def frees(self, facts: Mapping[str, object]) -> bool:
        """Whether it is about these facts; never where that cannot be known."""
        try:
            data, missing = self.door.admit_known(facts)
        except (RefusedError, TypeError):
            return False
        if missing or (self.named and self.id not in data[NAMED]):  # type: ignore[operator] # a list, by the door
            return False
        return self.combined is None or all(outcome is True for outcome in self.combined.outcomes(data))


class Exemptions:
    """Exceptions from some rules, by `policy/rule`, over facts of the given kinds.

    `rules` are those that exceptions are from, `varying` those whose exceptions depend on the facts, and `variables`
    the facts that they read.
    """

    def __init__(self, exceptions: Sequence[ExceptionDocument], rules: set[str], kinds: Mapping[str, Kind]) -> None:
        self._freeing: dict[str, list[_Exemption]] = {}
        read: set[str] = set()
        for exception in exceptions:
            for name in rules.intersection(exception.rules):
                made, wanted = _compiled(exception, kinds)
                read |= wanted
                self._freeing.setdefault(name, []).append(made)
        self.rules = frozenset(self._freeing)
        self.varying = frozenset(name for name, found in self._freeing.items() if any(one.varies for one in found))
        self.variables = frozenset(read)

    def freeing(self, rule: str, facts: Mapping[str, object]) -> str:
        """Return the id of the first exception that frees from a rule on these facts; empty when there is none."""
        return next((one.id for one in self._freeing[rule] if one.frees(facts)), "")


def _compiled(exception: ExceptionDocument, kinds: Mapping[str, Kind]) -> tuple[_Exemption, frozenset[str]]:
    env = Environment(kinds)
    texts = [condition.expression for condition in exception.match.conditions]
    wanted = frozenset[str]().union(*(env.reads(text) for text in texts), [NAMED] if exception.people else [])
    door = Door({name: kinds[name] for name in sorted(wanted)}, {})
    combined = Combined(env, texts) if texts else None
    return _Exemption(exception.id, bool(exception.people), combined, door), wanted
