"""Before a plan is carried out, each of its changes is decided again: only what still decides the same goes (promise P1)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from workplace_sync.jobs.decide import decide_again
from workplace_sync.jobs.judging import Question
from workplace_sync.jobs.office import Office
from workplace_sync.membership.plan import GOES, POSSIBLE, PlannedChange, Tally
from workplace_sync.policy.decision import Effect
from workplace_sync.store import operations, plans

_AT_ONCE = 2_000
_POSSIBLE = tuple(effect.value for effect in POSSIBLE)

NOT_NEEDED = "no longer needed: the group is as the roster wants it, or the roster wants it no more"


@dataclass(frozen=True, slots=True)
class Rechecked:
    """A change of the plan as it stands now: it goes, or it is skipped for `reason`."""

    change: PlannedChange
    reason: str = ""

    @property
    def goes(self) -> bool:
        """Whether it may be carried out."""
        return not self.reason


@dataclass(slots=True)
class Standing:
    """How a plan stands now. `remaining` changes were neither begun nor ended; `waiting` ones lack an approval."""

    tally: Tally = field(default_factory=Tally)
    going: int = 0
    drifted: int = 0
    waiting: int = 0


def recheck(office: Office, question: Question, plan: plans.PlanRecord, *, approved: bool) -> Iterator[Rechecked]:
    """Yield the changes of `plan` that remain to be done, each decided again, in the plan's order and flat memory.

    What is held and not approved is left out: it waits.
    """
    effects = _POSSIBLE if approved else tuple(effect.value for effect in GOES)
    with office.database.connect() as streaming, office.database.connect() as looking:
        begun = operations.begun(looking, plan.id)
        remaining = (change for change in plans.changes(streaming, plan.id, effects=effects) if change.seq not in begun)
        while chunk := list(islice(remaining, _AT_ONCE)):
            now = decide_again(question, looking, [change.key for change in chunk])
            looking.rollback()  # let go of the read snapshot: the journal is being written meanwhile
            for change in chunk:
                yield Rechecked(change, _objection(change, now.get(change.key)))


def _objection(planned: PlannedChange, now: PlannedChange | None) -> str:
    if now is None or now.action is not planned.action:
        return NOT_NEEDED
    if (now.effect, now.rules, now.excepted) != (planned.effect, planned.rules, planned.excepted):
        rules = ", ".join((*now.rules, *now.excepted)) or "no rule"
        return f"decided differently now: {now.effect.value} by {rules}"
    return ""


def standing(office: Office, question: Question, plan: plans.PlanRecord, *, approved: bool) -> Standing:
    """Return how the plan stands now, without changing anything."""
    found = Standing()
    for one in recheck(office, question, plan, approved=approved):
        if one.goes:
            found.going += 1
            found.tally.add(one.change)
        else:
            found.drifted += 1
    if not approved:
        with office.database.connect() as connection:
            begun = operations.begun(connection, plan.id)
            held = plans.changes(connection, plan.id, effects=(Effect.HOLD.value,))
            found.waiting = sum(1 for change in held if change.seq not in begun)
    return found
