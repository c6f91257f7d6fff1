"""All that is to be told of one plan: who asked, what it would do and why, who said what of it, and what moved since."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workplace_sync.jobs.drift import Drift, drift_of
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.plan import Rules
from workplace_sync.jobs.review import Approvals, approvals_of, state_of, waiting_effects
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.plan import PlannedChange
from workplace_sync.store import plans, privacy, snapshots
from workplace_sync.store.plans import PlanRecord, Review

_SAYS_NO_MORE = "no rule"
_OVER = frozenset({"applied", "nothing to do", "rejected", "void", "expired", "forbidden"})


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some changes are not simply carried out: the effect, the sentence, the rule behind it, and how many they are."""

    effect: str
    sentence: str
    rule: str
    number: int


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan and how it stands. `waiting` changes lack an approval still.

    `drift` is None where the plan is over, the group was never read completely, or the group is configured no more.
    `voided` says that approvals do not count, for what drifted or because the policies changed.
    """

    plan: PlanRecord
    state: str
    waiting: int
    erased: int
    reasons: tuple[Reason, ...]
    reviews: tuple[Review, ...]
    approvals: Approvals
    drift: Drift | None
    voided: bool


def read_plan(
    office: Office, plan: PlanRecord, group: ManagedGroup | None, rules: Rules, *, drift_percent: int
) -> PlanFile:
    """Return all about a plan, its people apart, without changing anything or reading the group again."""
    now = office.now()
    state = state_of(office.database, plan, now, office.stakes)
    with office.database.connect() as connection:
        reviews = tuple(plans.reviews(connection, plan.id))
        waiting = plans.count_waiting(connection, plan.id, waiting_effects(plan))
        erased = privacy.erased_changes(connection, plan.id)
        snapshot = snapshots.latest(connection, plan.group, complete=True)
        reasons = tuple(_reasons(plans.changes(connection, plan.id, effects=("warn", "hold", "deny"))))
    drift = None
    if snapshot is not None and group is not None and state.partition(",")[0] not in _OVER:
        drift = drift_of(office, group, rules, plan, snapshot)
    approvals = approvals_of(office.database, plan, now, office.stakes)
    voided = drift is not None and bool(approvals.given) and drift.voids(drift_percent)
    return PlanFile(plan, state, waiting, erased, reasons, reviews, approvals, drift, voided)


def reasons_of(change: PlannedChange) -> Iterator[tuple[str, str, str]]:
    """Yield effect, sentence and rule of each reason why a change is not simply carried out, each once.

    There are none for one about somebody who was erased.
    """
    if change.key == privacy.ERASED:
        return
    if change.rejected:
        yield "rejected", change.rejected, ", ".join(change.rules) or _SAYS_NO_MORE
        return
    yield from dict.fromkeys(
        (change.effect.value, why, rule) for rule, why in zip(change.rules, change.why, strict=True)
    )


def _reasons(changes: Iterator[PlannedChange]) -> Iterator[Reason]:
    counted = Counter(reason for change in changes for reason in reasons_of(change))
    for (effect, sentence, rule), number in counted.most_common():
        yield Reason(effect, sentence, rule, number)


def people_in(office: Office, plan: PlanRecord, effects: Sequence[str] = ()) -> Iterator[PlannedChange]:
    """Yield the plan's changes with one of `effects`, or all, in flat memory; those about people erased are left out."""
    with office.database.connect() as connection:
        yield from (
            change for change in plans.changes(connection, plan.id, effects=effects) if change.key != privacy.ERASED
        )
