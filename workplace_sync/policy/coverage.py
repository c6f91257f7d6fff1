"""How much of a shelf its cases showed: every condition seen true, and seen false."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from workplace_sync.errors import Fault
from workplace_sync.policy.places import CONSTANT, Shown
from workplace_sync.policy.shelf import Policy, PolicySet
from workplace_sync.policy.testing import Result


@dataclass(frozen=True, slots=True)
class Unseen:
    """A condition that no case showed to be `value` ("true" or "false"), and where it stands; line 0: built in."""

    name: str
    value: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.line else ""
        return f"{where}{self.name} never {self.value}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of `wanted` values of conditions (two each), all but `unseen` were seen."""

    wanted: int
    unseen: tuple[Unseen, ...]

    @property
    def percent(self) -> float:
        """The share that was seen, from 0 to 100; 100 where there are no conditions."""
        return 100.0 * (self.wanted - len(self.unseen)) / self.wanted if self.wanted else 100.0


def coverage(policy_set: PolicySet, results: Iterable[Result], shown: Iterable[Shown] = ()) -> Coverage:
    """Return what the results showed of every condition in the shelf, in all versions of all policies.

    Rules that are tagged as constant on purpose do not count. With `shown`, the policies beside their files, what was
    not seen comes with its place.
    """
    seen = {(name, outcome) for result in results for name, outcome in result.outcomes.items()}
    names = [name for policy in policy_set.policies for name in _names(policy)]
    places = dict(place for one in shown for place in _places(one))
    missing = tuple(
        _unseen(name, value, places) for name in names for value in (True, False) if (name, value) not in seen
    )
    return Coverage(2 * len(names), missing)


def _unseen(name: str, value: bool, places: Mapping[str, Fault]) -> Unseen:  # noqa: FBT001 - it is the value
    place = places.get(name)
    where = (place.file, place.line) if place else ("", 0)
    return Unseen(name, str(value).lower(), *where)


def _names(policy: Policy) -> Iterator[str]:
    document, cite = policy.document, f"{policy.id}@{policy.version}"
    yield from (f"{cite}#match.{condition.name}" for condition in document.match.conditions)
    for rule in document.all_rules:
        if CONSTANT not in rule.tags:
            yield from (f"{cite}/{rule.id}#{condition.name}" for condition in rule.stated)


def _places(shown: Shown) -> Iterator[tuple[str, Fault]]:
    cite = f"{shown.policy.id}@{shown.policy.version}"
    for stated in shown.stated():
        of = f"{cite}#match." if stated.rule is None else f"{cite}/{stated.rule.id}#"
        yield from ((f"{of}{condition.name}", shown.fault(path, "")) for condition, path in stated.conditions)
