"""What is different between two revisions of the policies, in words: policies, rules, parameters, exceptions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from workplace_sync.policy.document import AnyRule, PolicyDocument
from workplace_sync.policy.params import Param, shown
from workplace_sync.policy.shelf import Policy, PolicySet

What = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `about` is a policy's or exception's id, `part` what of it: '' for the whole, or rules/<id> and so on."""

    about: str
    what: What
    part: str
    sentence: str


def differences(before: PolicySet, after: PolicySet) -> list[Difference]:
    """Return all differences of content, in the order of ids and versions; layout and comments are none."""
    old = {(policy.id, policy.version): policy for policy in before.policies}
    new = {(policy.id, policy.version): policy for policy in after.policies}
    found: list[Difference] = []
    for key in sorted(old.keys() | new.keys()):
        found += _of_version(old.get(key), new.get(key), before)
    return found + list(_of_exceptions(before, after))


def _of_version(old: Policy | None, new: Policy | None, before: PolicySet) -> Iterator[Difference]:
    if new is None and old is not None:
        yield Difference(old.id, "removed", "", f"{_named(old)} is gone.")
    elif new is not None and old is None:
        former = [policy for policy in before.versions(new.id) if policy.version < new.version]
        begins = new.document.metadata.effective_from.date().isoformat()
        yield Difference(
            new.id, "added", "", f"{_named(new)} is new, in force from {begins}: {_counted(new.document)}."
        )
        if former:
            yield from _within(former[-1].document, new.document)
    elif new is not None and old is not None and new.hash != old.hash:
        yield Difference(new.id, "changed", "", f"{_named(new)} is changed under the same version.")
        yield from _within(old.document, new.document)


def _within(old: PolicyDocument, new: PolicyDocument) -> Iterator[Difference]:
    about = new.metadata.id
    changed = sorted(
        {name for name in ("match", "on_error") if getattr(old, name) != getattr(new, name)}
        | {f"metadata.{name}" for name in _changed_fields(old.metadata.model_dump(), new.metadata.model_dump())}
        - {"metadata.version"}
    )
    for field in changed:
        yield Difference(about, "changed", field, f"Its {field} is changed.")
    yield from _of_params(about, old.params, new.params)
    yield from _of_rules(about, old, new)


def _of_params(about: str, old: Mapping[str, Param], new: Mapping[str, Param]) -> Iterator[Difference]:
    for name in sorted(old.keys() | new.keys()):
        part = f"params.{name}"
        if name not in new:
            yield Difference(about, "removed", part, f"Its parameter {name} is gone.")
        elif name not in old:
            yield Difference(about, "added", part, f"Its parameter {name} is new: {shown(new[name].value)}.")
        elif old[name].value != new[name].value:
            told = f"{shown(old[name].value)} becomes {shown(new[name].value)}"
            yield Difference(about, "changed", part, f"Its parameter {name}: {told}.")
        elif old[name] != new[name]:
            yield Difference(about, "changed", part, f"What a group may set for its parameter {name} is changed.")


def _of_rules(about: str, old: PolicyDocument, new: PolicyDocument) -> Iterator[Difference]:
    before = {rule.id: rule for rule in old.all_rules}
    after = {rule.id: rule for rule in new.all_rules}
    for name in sorted(before.keys() | after.keys()):
        part = f"rules/{name}"
        if name not in after:
            yield Difference(about, "removed", part, f"Its rule {name} is gone.")
        elif name not in before:
            yield Difference(
                about, "added", part, f"Its rule {name} is new ({after[name].effect}): {after[name].message}"
            )
        elif before[name] != after[name]:
            yield Difference(
                about, "changed", part, f"Its rule {name} is changed: {_rule_change(before[name], after[name])}."
            )


def _rule_change(old: AnyRule, new: AnyRule) -> str:
    plain = {"effect", "mode", "remedy", "severity"}
    told = []
    for field in _changed_fields(old.model_dump(), new.model_dump()):
        was, now = str(getattr(old, field, "") or "none"), str(getattr(new, field, "") or "none")
        told.append(f"{field} {was} becomes {now}" if field in plain else f"another {field}")
    return ", ".join(told) or "another kind of rule"


def _of_exceptions(before: PolicySet, after: PolicySet) -> Iterator[Difference]:
    old = {exception.id: exception for exception in before.exceptions}
    new = {exception.id: exception for exception in after.exceptions}
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield Difference(name, "removed", "", f"The exception {name} is gone.")
        elif name not in old:
            rules = ", ".join(new[name].document.rules)
            yield Difference(name, "added", "", f"The exception {name} is new, from {rules}.")
        elif old[name].hash != new[name].hash:
            yield Difference(name, "changed", "", f"The exception {name} is changed.")


def _changed_fields(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    return [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)]


def _named(policy: Policy) -> str:
    return f"{policy.id} version {policy.version} ({policy.document.metadata.title})"


def _counted(document: PolicyDocument) -> str:
    number = len(document.all_rules)
    return "1 rule" if number == 1 else f"{number} rules"
