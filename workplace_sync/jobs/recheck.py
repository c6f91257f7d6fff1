"""Before a plan is carried out, each of its changes is decided again: only what still decides the same goes (promise P1)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from workplace_sync.jobs.decide import decide_again
from workplace_sync.jobs.judging import Question
from workplace_sync.jobs.office import Office
from workplace_sync.membership.change import Action
from workplace_sync.membership.plan import POSSIBLE, PlannedChange, Tally
from workplace_sync.policy.decision import GOES, Effect
from workplace_sync.store import operations, plans, reviews

_AT_ONCE = 2_000
_SAMPLES = 5  # of each cause
_POSSIBLE = tuple(effect.value for effect in POSSIBLE)


class Cause(StrEnum):
    """Why a change no longer stands as it was planned."""

    ALREADY_IN = "already in the group"
    LEFT = "left the group meanwhile"
    OFF_ROSTER = "no longer on the roster"
    TO_STAY = "may stay in the group after all"
    CONSENT = "consent withdrawn or ended"
    REJECTED = "rejected meanwhile"
    DECISION = "decided differently now"


_NOT_WANTED = frozenset({Cause.ALREADY_IN, Cause.OFF_ROSTER, Cause.TO_STAY})


@dataclass(frozen=True, slots=True)
class Rechecked:
    """A change of the plan as it stands now: it goes, or it is skipped for `reason`, of which `cause` is the kind.

    `rules` cites what decides it now, where it is decided differently.
    """

    change: PlannedChange
    reason: str = ""
    cause: Cause | None = None
    rules: tuple[str, ...] = ()

    @property
    def goes(self) -> bool:
        """Whether it may be carried out."""
        return not self.reason


@dataclass(slots=True)
class Standing:
    """How a plan stands now. Of those neither begun nor ended, `going` changes go, and `waiting` ones lack an approval.

    `causes` counts the others by cause and deciding rules, `samples` are some of each.
    """

    tally: Tally = field(default_factory=Tally)
    going: int = 0
    waiting: int = 0
    causes: Counter[tuple[Cause, str]] = field(default_factory=Counter)
    samples: list[Rechecked] = field(default_factory=list)

    def add(self, one: Rechecked) -> None:
        """Count a change."""
        if one.cause is None:
            self.going += 1
            self.tally.add(one.change)
            return
        found = (one.cause, ", ".join(one.rules))
        self.causes[found] += 1
        if self.causes[found] <= _SAMPLES:
            self.samples.append(one)


def recheck(office: Office, question: Question, plan: plans.PlanRecord, *, approved: bool) -> Iterator[Rechecked]:
    """Yield the changes of `plan` that remain to be done, each decided again, in the plan's order and flat memory.

    What is held and not approved is left out: it waits.
    """
    effects = _POSSIBLE if approved else tuple(effect.value for effect in GOES)
    with office.database.connect() as streaming, office.database.connect() as looking:
        begun = operations.begun(looking, plan.id)
        remaining = (change for change in plans.changes(streaming, plan.id, effects=effects) if change.seq not in begun)
        while chunk := list(islice(remaining, _AT_ONCE)):
            keys = [change.key for change in chunk]
            now = decide_again(question, looking, keys)
            lost = [key for key in keys if key not in now]
            members, _ = reviews.whereabouts(looking, question.group.name, lost)
            looking.rollback()  # let go of the read snapshot: the journal is being written meanwhile
            for change in chunk:
                yield _compared(change, now.get(change.key), member=change.key in members)


def _compared(planned: PlannedChange, now: PlannedChange | None, *, member: bool) -> Rechecked:
    cause = _cause(planned, now, member=member)
    if cause is None:
        return Rechecked(planned)
    if cause in _NOT_WANTED or now is None:
        return Rechecked(planned, f"no longer needed: {cause.value}", cause)
    if cause is Cause.REJECTED:
        return Rechecked(planned, now.rejected, cause)
    rules = (*now.rules, *now.excepted)
    reason = f"decided differently now: {now.effect.value} by {', '.join(rules) or 'no rule'}"
    return Rechecked(planned, reason if cause is Cause.DECISION else f"{cause.value}; {reason}", cause, rules)


def _cause(planned: PlannedChange, now: PlannedChange | None, *, member: bool) -> Cause | None:
    if now is None or now.action is not planned.action:
        inside = member if now is None else now.action is Action.REMOVE
        if planned.action is Action.ADD:
            return Cause.ALREADY_IN if inside else Cause.OFF_ROSTER
        return Cause.TO_STAY if inside else Cause.LEFT
    if now.rejected:
        return Cause.REJECTED
    if (now.effect, now.rules, now.excepted) == (planned.effect, planned.rules, planned.excepted):
        return None
    if _consents(planned) and not _consents(now):
        return Cause.CONSENT
    departed = "subject.departed"
    return Cause.LEFT if departed in now.facts and departed not in planned.facts else Cause.DECISION


def _consents(change: PlannedChange) -> bool:
    return change.facts.get("subject.consent") == "opted_in" and not change.facts.get("subject.opted_out")


def standing(office: Office, question: Question, plan: plans.PlanRecord, *, approved: bool) -> Standing:
    """Return how the plan stands now, without changing anything."""
    found = Standing()
    for one in recheck(office, question, plan, approved=approved):
        found.add(one)
    if not approved:
        with office.database.connect() as connection:
            found.waiting = plans.count_waiting(connection, plan.id, (Effect.HOLD.value,))
    return found
