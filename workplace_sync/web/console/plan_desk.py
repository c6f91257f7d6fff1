"""How plans stand, for pages: what has to be counted is counted once, until something happens.

Whatever changes how a plan stands is an entry of the evidence log, so its size says whether what was counted still holds;
and a minute, as approvals and plans run out.
"""

from dataclasses import dataclass, field
from datetime import datetime

from workplace_sync.groups import GroupFile
from workplace_sync.jobs.drift import Drift, drift_of
from workplace_sync.jobs.plan_outline import PlanOutline, outline_of
from workplace_sync.jobs.review import Approvals, approvals_of, held_whole, state_of, waiting_effects
from workplace_sync.store import evidence_rows, operations, plans, privacy, snapshots
from workplace_sync.store.operations import State
from workplace_sync.store.plans import PlanRecord, Review
from workplace_sync.web.console.asking import Ask
from workplace_sync.web.console.keeping import kept
from workplace_sync.web.console.recent import Recent

OVER = frozenset({"applied", "nothing to do", "rejected", "void", "expired", "outdated", "forbidden"})
"""How a plan stands of which nothing can be carried out any more."""

KINDS = {"applied": "good", "rejected": "bad", "forbidden": "bad", "approved": "good", "open": "info", "held": "warn"}
_INLINE = 1_000  # changes; what moved in a larger plan is worked out on a page of its own
_LAST = frozenset({"applied", "rejected", "nothing to do", "forbidden"})


@dataclass(frozen=True, slots=True)
class Sheet:
    """How one plan stands. `waiting` changes lack an approval; `states` counts its operations by outcome."""

    plan: PlanRecord
    state: str
    waiting: int
    erased: int
    states: dict[str, int]
    reviews: tuple[Review, ...]
    approvals: Approvals

    @property
    def word(self) -> str:
        """The state without what follows its comma."""
        return self.state.partition(",")[0]

    @property
    def over(self) -> bool:
        """Whether nothing of it can be carried out any more."""
        return self.word in OVER

    @property
    def kind(self) -> str:
        """How its badge looks."""
        return KINDS.get(self.word, "")

    @property
    def may_go(self) -> bool:
        """Whether something of it could be carried out now, as far as approvals go."""
        if self.over:
            return False
        going = self.plan.counts["added"] + self.plan.counts["removed"]
        return not self.waiting or self.approvals.enough or (going > 0 and not held_whole(self.plan))

    @property
    def asks(self) -> bool:
        """Whether it waits for somebody's approval."""
        return self.word == "held"


@dataclass
class PlanDesk:
    """The plans that were looked at."""

    _outlines: Recent[tuple[str, int], PlanOutline] = field(default_factory=lambda: Recent(16))
    _sheets: Recent[tuple[str, int, datetime], Sheet] = field(default_factory=lambda: Recent(512))
    _ended: Recent[str, str] = field(default_factory=lambda: Recent(4_096))
    _drifts: Recent[tuple[str, int, str, datetime], Drift | None] = field(default_factory=lambda: Recent(16))

    def sheet(self, ask: Ask, plan: PlanRecord) -> Sheet:
        """Return how a plan stands."""
        minute = ask.app.now().replace(second=0, microsecond=0)
        return self._sheets.get((plan.id, _size(ask), minute), lambda: _sheet(ask, plan))

    def standing(self, ask: Ask, plan: PlanRecord) -> tuple[str, str]:
        """Return in a few words how a plan stands, and how its badge looks; what has ended for good is not asked again."""
        state = self._ended.get(plan.id, str) or self.sheet(ask, plan).state
        if state in _LAST:
            self._ended.put(plan.id, state)
        return state, KINDS.get(state.partition(",")[0], "")

    def outline(self, ask: Ask, plan: PlanRecord, erased: int) -> PlanOutline:
        """Return a plan's reasons, and which changes they are about."""
        return self._outlines.get((plan.id, erased), lambda: outline_of(ask.app.database, plan))

    def drift(self, ask: Ask, sheet: Sheet, group: GroupFile) -> Drift | None:
        """Return what moved since the plan was made; None where the group was never read completely."""
        rules, now = ask.console.rules(), ask.app.now()
        size, revision = _size(ask), rules.policies.revision
        quarter = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)

        def make() -> Drift | None:
            with ask.app.database.connect() as connection:
                snapshot = snapshots.latest(connection, sheet.plan.group, complete=True)
            return drift_of(ask.desk, group.managed, rules, sheet.plan, snapshot) if snapshot else None

        return self._drifts.get((sheet.plan.id, size, revision, quarter), make)


def desk_of(ask: Ask) -> PlanDesk:
    """Return the console's one."""
    return kept(ask, PlanDesk, PlanDesk)


def at_once(plan: PlanRecord) -> bool:
    """Whether what moved in a plan is worked out quickly enough for its own page."""
    return plan.counts["changes"] <= _INLINE


def _size(ask: Ask) -> int:
    with ask.app.database.connect() as connection:
        return evidence_rows.read_head(connection).size


def _sheet(ask: Ask, plan: PlanRecord) -> Sheet:
    database, now, stakes = ask.app.database, ask.app.now(), ask.app.stakes
    with database.connect() as connection:
        reviews = tuple(plans.reviews(connection, plan.id))
        counted = operations.count_states(connection, plan.id)
        waiting = plans.count_waiting(connection, plan.id, waiting_effects(plan))
        erased = privacy.erased_changes(connection, plan.id)
    states = {state.value: sum(number for (_, each), number in counted.items() if each is state) for state in State}
    return Sheet(
        plan,
        state_of(database, plan, now, stakes),
        waiting,
        erased,
        states,
        reviews,
        approvals_of(database, plan, now, stakes),
    )
