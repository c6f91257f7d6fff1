"""A person a change may be about, and the facts about them that policies are asked with."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from workplace_sync.membership.change import Action
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.roster.consent import Consent

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # stands for "no such time": CEL has no null for a typed variable

DEFAULTS: Mapping[str, object] = {
    "subject.email_domain": "",
    "subject.tenant": "",
    "subject.status": "",
    "subject.roles": [],
    "subject.in_roster": False,
    "subject.is_member": False,
    "subject.administrator": False,
    "subject.consent": "none",
    "subject.consent_at": EPOCH,
    "subject.consent_basis": "",
    "subject.opted_out": False,
    "subject.departed": False,
    "subject.departed_at": EPOCH,
    "subject.departed_cause": "",
    "subject.protected": False,
    "subject.added_by_us": False,
    "subject.exceptions": [],
}


class Candidate(NamedTuple):  # and no dataclass, because a million are made for a large plan
    """What the store knows of a person who is wanted or present in a group, but not both as they should be.

    `platform_id` is empty for someone who was never seen in the group. `departed_at` is None for someone who never
    went from it without our doing.
    """

    key: str
    address: str
    platform_id: str = ""
    tenant: str = ""
    status: str = ""
    roles: tuple[str, ...] = ()
    method: str = ""
    source: str = ""
    in_roster: bool = False
    is_member: bool = False
    administrator: bool = False
    added_by_us: bool = False
    departed_at: datetime | None = None
    departed_cause: str = ""


def wanted_change(candidate: Candidate, consent: Consent, group: ManagedGroup) -> tuple[Action, str] | None:
    """Return what the roster and the group's configuration want done with a person, and the reason in one word.

    Whether it may be done is the policies' business. A removal is wanted only where the group switches it on.
    """
    if not candidate.is_member:
        return (Action.ADD, "rostered") if candidate.in_roster else None
    if consent.opted_out:
        return (Action.REMOVE, "opted_out") if group.removals.opted_out else None
    eligible = candidate.in_roster and candidate.status in group.eligible_statuses and candidate.tenant == group.tenant
    if not eligible and group.removals.not_eligible:
        return Action.REMOVE, "not_eligible"
    return None


def subject_facts(
    candidate: Candidate,
    consent: Consent,
    group: ManagedGroup,
    action: Action,
    reason: str,
    exceptions: Sequence[str] = (),
) -> dict[str, object]:
    """Return the `subject.*` and `action.*` facts of a change, every one of them set.

    `exceptions` are the ids of those in force that name the person. Of the person's key only the domain, the group's
    protection and these may count: decisions are shared by all who differ in nothing else (see jobs.judging).
    """
    return {
        "subject.email_domain": candidate.key.rpartition("@")[2],
        "subject.tenant": candidate.tenant,
        "subject.status": candidate.status,
        "subject.roles": list(candidate.roles),
        "subject.in_roster": candidate.in_roster,
        "subject.is_member": candidate.is_member,
        "subject.administrator": candidate.administrator,
        "subject.consent": str(consent.state),
        "subject.consent_at": consent.at or EPOCH,
        "subject.consent_basis": consent.basis,
        "subject.opted_out": consent.opted_out,
        "subject.departed": candidate.departed_at is not None,
        "subject.departed_at": candidate.departed_at or EPOCH,
        "subject.departed_cause": candidate.departed_cause,
        "subject.protected": candidate.key in group.protected,
        "subject.added_by_us": candidate.added_by_us,
        "subject.exceptions": list(exceptions),
        "action.kind": str(action),
        "action.method": candidate.method,
        "action.source": candidate.source,
        "action.reason": reason,
    }
