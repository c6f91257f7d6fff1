"""How often each plan rule would have tripped over the plans since a time, and how close the others came."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from workplace_sync.policy.overrides import effective_params
from workplace_sync.policy.shelf import PolicySet
from workplace_sync.policy.tuning import Guard, Tuner
from workplace_sync.store import plans
from workplace_sync.store.database import Database
from workplace_sync.store.reading import reading

Params = Mapping[str, Mapping[str, object]]


@dataclass(slots=True)
class Tuning:
    """Of each plan rule in force, by group and citation, what it made of `plans`; plans without any change are left out."""

    plans: int = 0
    guards: dict[tuple[str, str], Guard] = field(default_factory=dict)


def tune(
    database: Database,
    policies: PolicySet,
    *,
    now: datetime,
    since: datetime | None,
    params: Callable[[str], Params],
    group: str | None = None,
) -> Tuning:
    """Ask the plan rules in force `now` about all plans since a time, for one group or all. Nothing is written.

    `params` returns a group's own values for its name.
    """
    found = Tuning()
    held = policies.in_force(now).policies
    tuners: dict[str, Tuner] = {}
    with reading(database) as connection:
        for plan in plans.made_since(connection, since or datetime.fromisoformat("1970-01-01T00:00:00Z"), group):
            if not plan.counts["changes"]:
                continue
            if plan.group not in tuners:
                fitting = [policy for policy in held if policy.document.match.fits(plan.group)]
                effective = effective_params(policies, fitting, plan.group, params(plan.group))
                tuners[plan.group] = Tuner([policy.document for policy in fitting], plan.group, effective)
            found.plans += 1
            tuners[plan.group].look({**plan.header.facts, "now": plan.header.now}, found.guards)
    return found
