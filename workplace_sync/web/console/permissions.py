"""What somebody may do in the console, by their roles."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from workplace_sync.people import Role


class Permission(StrEnum):
    """What a page asks of whoever opens it. The values are also the scopes of tokens."""

    PUBLIC = "public"  # anybody, logged in or not
    SELF = "self"  # whoever is logged in: their own account, help
    GROUPS_READ = "groups:read"
    PLANS_READ = "plans:read"
    PLANS_MAKE = "plans:make"
    PLANS_REVIEW = "plans:review"
    PLANS_APPLY = "plans:apply"
    AUDIT_READ = "audit:read"
    AUDIT_EXPORT = "audit:export"
    PEOPLE_READ = "people:read"
    ADDRESSES_READ = "addresses:read"  # members' addresses in full, where a list masks them for others
    CONSENT_WRITE = "consent:write"
    ROSTER_UPLOAD = "roster:upload"
    INCIDENTS_READ = "incidents:read"
    INCIDENTS_WRITE = "incidents:write"
    POLICIES_READ = "policies:read"
    EVIDENCE_READ = "evidence:read"
    RUNS_READ = "runs:read"
    CASES = "cases"
    CASE_FIGURES_READ = "case-figures:read"
    ACCOUNTS = "accounts"
    ACCESS_READ = "access:read"  # who read about whom


_READS = frozenset(
    {
        Permission.SELF,
        Permission.GROUPS_READ,
        Permission.PLANS_READ,
        Permission.AUDIT_READ,
        Permission.PEOPLE_READ,
        Permission.INCIDENTS_READ,
        Permission.POLICIES_READ,
        Permission.EVIDENCE_READ,
        Permission.RUNS_READ,
    }
)
_ADMIN = _READS | {
    Permission.PLANS_MAKE,
    Permission.PLANS_REVIEW,
    Permission.PLANS_APPLY,
    Permission.ADDRESSES_READ,
    Permission.CONSENT_WRITE,
    Permission.ROSTER_UPLOAD,
    Permission.INCIDENTS_WRITE,
    Permission.AUDIT_EXPORT,
}

BY_ROLE: Mapping[Role, frozenset[Permission]] = {
    Role.REP: _READS,
    Role.ADMIN: _ADMIN,
    Role.AUDITOR: _READS
    | {Permission.AUDIT_EXPORT, Permission.ADDRESSES_READ, Permission.CASE_FIGURES_READ, Permission.ACCESS_READ},
    Role.OFFICER: frozenset({Permission.SELF, Permission.CASES, Permission.CASE_FIGURES_READ}),
    Role.OWNER: _ADMIN | {Permission.CASE_FIGURES_READ, Permission.ACCOUNTS, Permission.ACCESS_READ},
}
"""What each role may. Members' cases are for officers alone: an owner can make somebody one, and that is seen."""

HIDDEN = frozenset({Permission.CASES, Permission.CASE_FIGURES_READ})
"""Whoever is logged in without one of these is told that there is no such page, not that it is not for them."""

OF_NOBODY = frozenset({Permission.PUBLIC})


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """Return what somebody with these roles may; whoever is logged in at least see their own account."""
    return OF_NOBODY | {Permission.SELF} | frozenset().union(*(BY_ROLE[role] for role in roles))
