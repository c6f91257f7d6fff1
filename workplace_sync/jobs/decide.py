"""Ask the policies about candidates, a chunk at a time: the same way when planning and when applying."""

from collections.abc import Iterator, Sequence
from itertools import chain

from sqlalchemy import Connection

from workplace_sync.jobs.crowd import Crowd, usable_workers
from workplace_sync.jobs.judging import Judge, Judged, Question, judged_changes
from workplace_sync.membership.plan import PlannedChange
from workplace_sync.store import candidates as candidate_store
from workplace_sync.store.candidate_rows import CandidateRow, whole_persons

_LARGE = 20_000  # candidates (about): with fewer, starting processes takes longer than they save


def decide(
    question: Question, streaming: Connection, *, workers: int | None = None, large: int = _LARGE
) -> Iterator[Judged]:
    """Yield every change that the roster and the configuration want, decided, in chunks, always in the same order.

    `streaming` is the connection on which the candidates stream. More than about `large` of them are spread over
    `workers` processes (one for each processor that we may use, unless told); 0 keeps everything in this one.
    """
    chunks = _chunks(question, streaming, None)
    first = list(_until(chunks, large))
    number = usable_workers() if workers is None else workers
    if number and sum(map(len, first)) >= large:
        with Crowd(question, number) as crowd:
            yield from crowd.judge(chain(_emptied(first), chunks))
    else:
        judge = Judge(question)
        yield from (judge.judge(rows) for rows in chain(_emptied(first), chunks))


def decide_again(question: Question, connection: Connection, keys: Sequence[str]) -> dict[str, PlannedChange]:
    """Return what would be decided now about some people, by key; those about whom nothing is wanted are left out."""
    chunks = _chunks(question, connection, keys)
    return {change.key: change for rows in chunks for change in judged_changes(question, rows)}


def _chunks(question: Question, connection: Connection, keys: Sequence[str] | None) -> Iterator[list[CandidateRow]]:
    group = question.group
    yield from whole_persons(candidate_store.addition_rows(connection, group.name, keys=keys))
    if group.removals.opted_out or group.removals.not_eligible:
        parts = candidate_store.removal_rows(
            connection, group.name, tenant=group.tenant, statuses=group.eligible_statuses, keys=keys
        )
        yield from whole_persons(parts)


def _until(chunks: Iterator[list[CandidateRow]], large: int) -> Iterator[list[CandidateRow]]:
    """Yield chunks until there are so many rows in them, or no more."""
    seen = 0
    for rows in chunks:
        seen += len(rows)
        yield rows
        if seen >= large:
            return


def _emptied(chunks: list[list[CandidateRow]]) -> Iterator[list[CandidateRow]]:
    """Yield the chunks in order, holding on to none that was handed out."""
    chunks.reverse()
    while chunks:
        yield chunks.pop()
