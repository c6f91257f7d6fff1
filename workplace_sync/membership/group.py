"""A group as the committee manages it: what the jobs need to know of its configuration, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RemovalRules:
    """Which removals a plan may contain; all off by default, so that a group is only ever added to."""

    opted_out: bool = False
    not_eligible: bool = False


@dataclass(frozen=True, slots=True)
class ManagedGroup:
    """One managed group.

    `platform_id` is the group's id on the platform, `tenant` the employer's tenant whose people it is for,
    `protected` the keys of people who are never removed, `params` overrides of policy parameters by policy id,
    `eligible_statuses` the roster statuses with which a person may be in, `link` the group's join link.
    """

    name: str
    title: str
    tenant: str
    platform_id: str
    link: str = ""
    removals: RemovalRules = RemovalRules()
    eligible_statuses: tuple[str, ...] = ("active",)
    protected: frozenset[str] = frozenset()
    params: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
