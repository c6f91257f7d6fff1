"""The facts that rules may read: every one declared, typed, and with its meaning.

A fact is a dotted variable. A rule that misspells one fails when the policies are loaded, not when somebody is decided on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

FactValue = str | bool | int | datetime | timedelta | Sequence[str]


class Kind(StrEnum):
    """The type of a fact or of a parameter, as policy files write it."""

    STRING = "string"
    BOOL = "bool"
    INT = "int"
    TIMESTAMP = "timestamp"
    DURATION = "duration"
    STRINGS = "list<string>"


@dataclass(frozen=True, slots=True)
class Fact:
    """A declared variable. `meaning` says what it holds and from where, for those who write rules."""

    name: str
    kind: Kind
    meaning: str


_SUBJECT = (
    Fact("subject.email_domain", Kind.STRING, "the part of their address after the @, lower case"),
    Fact("subject.tenant", Kind.STRING, "the employer's tenant that the roster names for them"),
    Fact("subject.status", Kind.STRING, "union membership status as the roster writes it, lower case"),
    Fact("subject.roles", Kind.STRINGS, "roles in the union as the roster writes them"),
    Fact("subject.in_roster", Kind.BOOL, "whether they are on the roster"),
    Fact("subject.is_member", Kind.BOOL, "whether they are in the group now"),
    Fact("subject.administrator", Kind.BOOL, "whether they are an administrator of the group now"),
    Fact("subject.consent", Kind.STRING, "'opted_in', 'withdrawn', 'expired' or 'none'"),
    Fact("subject.consent_at", Kind.TIMESTAMP, "when they consented; 1970-01-01 when there is no consent"),
    Fact("subject.consent_basis", Kind.STRING, "how the consent was given, as recorded; compared exactly"),
    Fact("subject.opted_out", Kind.BOOL, "whether they asked never to be added"),
    Fact("subject.departed", Kind.BOOL, "whether they were in the group, then gone, and not by our doing"),
    Fact("subject.departed_at", Kind.TIMESTAMP, "when they were first missed; 1970-01-01 when they did not depart"),
    Fact("subject.departed_cause", Kind.STRING, "'left', 'removed_by_other', 'account_closed', 'unknown' or ''"),
    Fact("subject.protected", Kind.BOOL, "whether the group's configuration protects them from removal"),
    Fact("subject.added_by_us", Kind.BOOL, "whether our own record shows that we added them"),
    Fact("subject.exceptions", Kind.STRINGS, "the ids of the exceptions in force that name them"),
)

_ACTION = (
    Fact("action.kind", Kind.STRING, "'add' or 'remove'"),
    Fact("action.method", Kind.STRING, "'roster_file', 'command_line' or 'group_copy'"),
    Fact("action.source", Kind.STRING, "the name of the file or group that the wish comes from"),
    Fact("action.reason", Kind.STRING, "why the change is wanted: 'rostered', 'opted_out', 'not_eligible' and so on"),
)

_GROUP = (
    Fact("group.name", Kind.STRING, "the group's name in our configuration"),
    Fact("group.tenant", Kind.STRING, "the tenant in which the group lives"),
    Fact("group.size", Kind.INT, "members in the group now"),
)

_NOW = (Fact("now", Kind.TIMESTAMP, "the one time at which the whole plan is decided"),)

_PLAN = (
    Fact("plan.changes", Kind.INT, "wanted changes, before any rule was asked"),
    Fact("plan.additions", Kind.INT, "additions that no rule denies (allowed or held)"),
    Fact("plan.removals", Kind.INT, "removals that no rule denies (allowed or held)"),
    Fact("plan.role_changes", Kind.INT, "role changes that no rule denies (allowed or held)"),
    Fact("plan.allowed", Kind.INT, "changes that may go ahead, with a warning or without, and without an exception"),
    Fact("plan.excepted", Kind.INT, "changes that an exception frees from a rule, whether they then go ahead or not"),
    Fact("plan.held", Kind.INT, "changes that wait for a second person"),
    Fact("plan.denied", Kind.INT, "changes that are denied"),
    Fact("plan.errors", Kind.INT, "changes with a rule that could not be evaluated"),
    Fact("plan.size_before", Kind.INT, "members in the group now"),
    Fact("plan.size_after", Kind.INT, "members after everything that no rule denies was carried out"),
    Fact("plan.administrators_before", Kind.INT, "administrators of the group now"),
    Fact("plan.administrators_after", Kind.INT, "administrators after everything that no rule denies"),
    Fact("plan.added_last_24h", Kind.INT, "people we added in the 24 hours before now"),
    Fact("plan.added_last_7d", Kind.INT, "people we added in the 7 days before now"),
    Fact("plan.removed_last_24h", Kind.INT, "people we removed in the 24 hours before now"),
    Fact("plan.removed_last_7d", Kind.INT, "people we removed in the 7 days before now"),
    Fact("plan.removals_protected", Kind.INT, "removals of protected members that no rule denies"),
)

_EXCEPTION = (
    Fact("exception.id", Kind.STRING, "its id"),
    Fact("exception.owner", Kind.STRING, "who asked for it"),
    Fact("exception.approver", Kind.STRING, "who approved it"),
    Fact("exception.approved_at", Kind.TIMESTAMP, "when it was approved"),
    Fact("exception.expires_at", Kind.TIMESTAMP, "when it ends"),
    Fact("exception.days", Kind.INT, "for how many days it holds; a begun day counts"),
    Fact("exception.rules", Kind.STRINGS, "the rules it is from, as policy/rule"),
    Fact("exception.groups", Kind.STRINGS, "the groups it is limited to; '*' is every group"),
    Fact("exception.people", Kind.INT, "how many people it names; 0: it is not about named people"),
    Fact("exception.conditions", Kind.INT, "how many conditions limit it"),
)


def _by_name(*facts: Fact) -> Mapping[str, Fact]:
    return MappingProxyType({fact.name: fact for fact in facts})


ACTIONS = ("add", "remove")
CHANGE_FACTS = _by_name(*_SUBJECT, *_ACTION, *_GROUP, *_NOW)
PLAN_FACTS = _by_name(*_PLAN, *_GROUP, *_NOW)
EXCEPTION_FACTS = _by_name(*_EXCEPTION, *_NOW)
EVERY_FACT = {**CHANGE_FACTS, **PLAN_FACTS, **EXCEPTION_FACTS}
