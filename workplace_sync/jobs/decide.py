"""Ask the policies about candidates, a chunk at a time: the same way when planning and when applying."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count, islice

from sqlalchemy import Connection

from workplace_sync.membership.change import Action
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.plan import PlannedChange, planned
from workplace_sync.membership.subject import Candidate, subject_facts, wanted_change
from workplace_sync.policy.engine import Engine
from workplace_sync.policy.facts import FactValue
from workplace_sync.roster.consent import standing
from workplace_sync.store import candidates as candidate_store
from workplace_sync.store import consent as consent_store

_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: about which group, of which rules, as of when, with the group's size at that time."""

    group: ManagedGroup
    engine: Engine
    now: datetime
    size: int

    def group_facts(self) -> dict[str, FactValue]:
        """Return the facts that are the same for everybody."""
        return {
            "group.name": self.group.name,
            "group.tenant": self.group.tenant,
            "group.size": self.size,
            "now": self.now,
        }


def decide(question: Question, streaming: Connection, looking: Connection) -> Iterator[PlannedChange]:
    """Yield every change that the roster and the configuration want, with its decision; numbered from 0.

    `streaming` is the connection on which the candidates stream, `looking` another one for looking up consent.
    """
    candidates = _candidates(question, streaming, None)
    numbers = count()
    while chunk := list(islice(candidates, _AT_ONCE)):
        yield from _decide_chunk(question, looking, chunk, numbers.__next__)


def decide_again(question: Question, connection: Connection, keys: Sequence[str]) -> dict[str, PlannedChange]:
    """Return what would be decided now about some people, by key; those about whom nothing is wanted are left out."""
    chunk = list(_candidates(question, connection, keys))
    return {change.key: change for change in _decide_chunk(question, connection, chunk, lambda: 0)}


def _candidates(question: Question, connection: Connection, keys: Sequence[str] | None) -> Iterator[Candidate]:
    group = question.group
    yield from candidate_store.additions(connection, group.name, keys=keys)
    if group.removals.opted_out or group.removals.not_eligible:
        yield from candidate_store.removals(
            connection, group.name, tenant=group.tenant, statuses=group.eligible_statuses, keys=keys
        )


def _decide_chunk(
    question: Question, looking: Connection, chunk: list[Candidate], number: Callable[[], int]
) -> Iterator[PlannedChange]:
    events = consent_store.events_of(looking, [candidate.key for candidate in chunk], question.group.name)
    everybody = question.group_facts()
    asked: dict[Action, list[tuple[Candidate, dict[str, object]]]] = {action: [] for action in Action}
    for candidate in chunk:
        consent = standing(events.get(candidate.key, []), now=question.now)
        wanted = wanted_change(candidate, consent, question.group)
        if wanted is not None:
            asked[wanted[0]].append((candidate, subject_facts(candidate, consent, question.group, *wanted)))
    for action, rows in asked.items():
        decisions = question.engine.decide(action.value, [facts for _, facts in rows], shared=everybody)
        for (candidate, facts), decision in zip(rows, decisions, strict=True):
            yield planned(number(), candidate.key, candidate.address, candidate.platform_id, facts, decision)
