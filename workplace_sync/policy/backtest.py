"""A draft of policies, tried on what was decided before: as if it had been in force all the time.

Only the draft's own rules are asked: what the other policies said then is on record. Exceptions are left out, so what
comes out is what the rules themselves would have done.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from workplace_sync.errors import InputError
from workplace_sync.policy.bench import Seat
from workplace_sync.policy.decision import Decision
from workplace_sync.policy.facts import ACTIONS, CHANGE_FACTS, PLAN_FACTS, FactValue
from workplace_sync.policy.overrides import Values, effective_params
from workplace_sync.policy.panel import Panel
from workplace_sync.policy.shelf import Policy, PolicySet, load_policies


@dataclass(frozen=True, slots=True)
class Draft:
    """The newest version of each policy of a draft."""

    policies: tuple[Policy, ...]
    loaded: PolicySet

    @property
    def ids(self) -> frozenset[str]:
        """The policies whose present versions the draft stands in for."""
        return frozenset(policy.id for policy in self.policies)


def read_draft(files: Mapping[str, bytes], archive: Mapping[str, bytes] | None = None) -> Draft:
    """Return the draft in the files (name -> content); raises InputError with every fault, or where there is no policy."""
    loaded = load_policies(files, archive)
    newest = {policy.id: policy for policy in loaded.policies if policy.file in files}
    if not newest:
        raise InputError("There is no policy in the draft.", [], hint="Name a file with a policy, or a folder of such.")
    return Draft(tuple(newest.values()), loaded)


class Replay:
    """The draft's rules for one group, compiled once for any number of plans. `params` are the group's own values.

    Raises InputError for a value that the draft does not let the group set.
    """

    def __init__(self, draft: Draft, group: str, params: Values) -> None:
        fitting = [policy for policy in draft.policies if policy.document.match.fits(group)]
        mine = {policy: values for policy, values in params.items() if policy in draft.ids}
        effective = effective_params(draft.loaded, fitting, group, mine)
        self._panels = {
            action: Panel(
                [
                    Seat(policy.document, rule, effective[policy.id])
                    for policy in fitting
                    if action in policy.document.match.actions
                    for rule in policy.document.rules
                ],
                CHANGE_FACTS,
                {"group.name": group, "action.kind": action},
            )
            for action in ACTIONS
        }
        about_plans = [
            Seat(policy.document, rule, effective[policy.id])
            for policy in fitting
            for rule in policy.document.plan_rules
        ]
        self._about_plans = Panel(about_plans, PLAN_FACTS, {"group.name": group})

    def decide(
        self, action: str, rows: Iterable[Mapping[str, object]], shared: Mapping[str, FactValue]
    ) -> Iterator[Decision]:
        """Yield what the draft says of each row of facts; `shared` are `now` and the facts about the group."""
        return self._panels[action].decide(rows, shared)

    def decide_plan(self, facts: Mapping[str, object]) -> Decision:
        """Return what the draft says of a whole plan, `now` among its facts."""
        return next(self._about_plans.decide([facts], {}))
