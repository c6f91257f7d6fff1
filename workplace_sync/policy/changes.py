"""What is different between two sets of policies: by policy, by rule and by exception, as data and in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from workplace_sync.policy.shelf import PolicySet, content_hash

Summary: TypeAlias = Mapping[str, Mapping[str, str]]
"""The hashes of all "policies" (by `id@version`), of the "rules" of each policy's newest version, of all "exceptions"."""

Difference: TypeAlias = Mapping[str, Mapping[str, list[dict[str, str]]]]
"""By part ("policies", "rules", "exceptions") what was "added", "removed" and "changed": names and hashes."""

PARTS = ("policies", "rules", "exceptions")
_KINDS = {"policies": "policy", "rules": "rule", "exceptions": "exception"}
_VERBS = {"added": "is new", "removed": "is gone", "changed": "has changed"}


@dataclass(frozen=True, slots=True)
class _Change:
    name: str
    former: str | None
    now: str | None

    @property
    def verb(self) -> str:
        if self.former is None:
            return "added"
        return "removed" if self.now is None else "changed"

    def data(self) -> dict[str, str]:
        hashes = {"former_hash": self.former, "hash": self.now}
        return {"name": self.name} | {name: value for name, value in hashes.items() if value is not None}


def summary(policy_set: PolicySet) -> dict[str, dict[str, str]]:
    """Return the hashes of everything in the set, from which it can later be told what has changed."""
    newest = {policy.id: policy for policy in policy_set.policies}  # versions are in order: the last one stays
    return {
        "policies": {f"{policy.id}@{policy.version}": policy.hash for policy in policy_set.policies},
        "rules": {
            f"{policy.id}/{rule.id}": content_hash(rule)
            for policy in newest.values()
            for rule in policy.document.all_rules
        },
        "exceptions": {exception.id: exception.hash for exception in policy_set.exceptions},
    }


def difference(before: Summary, after: Summary) -> dict[str, dict[str, list[dict[str, str]]]]:
    """Return what is different, as data for a record."""
    return {
        part: {
            verb: [
                change.data() for change in _changes(before.get(part, {}), after.get(part, {})) if change.verb == verb
            ]
            for verb in _VERBS
        }
        for part in PARTS
    }


def in_words(found: Difference) -> Iterator[str]:
    """Yield a sentence for each difference."""
    for part in PARTS:
        for verb, words in _VERBS.items():
            for change in found.get(part, {}).get(verb, []):
                yield f"{_KINDS[part]} {_named(change['name'])} {words}{_remark(part, verb)}"


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[_Change]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield _Change(name, before.get(name), after.get(name))


def _named(name: str) -> str:
    policy, mark, version = name.partition("@")
    return f"{policy} version {version}" if mark else name


def _remark(part: str, verb: str) -> str:
    return ", without a new version" if (part, verb) == ("policies", "changed") else ""
