"""Runs: what was begun for a group, how far it is, how it ended."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update
from sqlalchemy import Row as Found

from workplace_sync.store.run_tables import RunRow

_RUN = RunRow.__table__  # type: ignore[attr-defined]

ABANDONED = "It ended without a word: killed, or cut off from the database."


class State(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    ENDED = "ended"
    ABANDONED = "abandoned"  # its process was killed, or its group was taken from it


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run. `exit_code` is None while it runs and where it was abandoned; `total` is None where nobody knows it."""

    id: str
    group: str
    verb: str
    actor: str
    host: str
    began_at: datetime
    updated_at: datetime
    state: State = State.RUNNING
    ended_at: datetime | None = None
    exit_code: int | None = None
    summary: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    done: int = 0
    total: int | None = None
    stage: str = ""


def begin(connection: Connection, run: RunRecord) -> None:
    """Store a run that begins. Any other of its group still said to be running was abandoned, as it holds the group."""
    abandon(connection, run.group, run.began_at, ABANDONED)
    values = {
        "id": run.id,
        "group_name": run.group,
        "verb": run.verb,
        "actor": run.actor,
        "host": run.host,
        "state": State.RUNNING.value,
        "began_at": run.began_at,
        "summary": "",
        "counts": "{}",
        "done": 0,
        "stage": "",
        "updated_at": run.updated_at,
    }
    connection.execute(insert(_RUN).values(values))


def abandon(connection: Connection, group: str, at: datetime, summary: str) -> int:
    """Close the runs of a group that are said to be running, as they are not any more; return how many there were."""
    values = {"state": State.ABANDONED.value, "ended_at": at, "updated_at": at, "summary": summary}
    open_ones = and_(_RUN.c.group_name == group, _RUN.c.state == State.RUNNING.value)
    return connection.execute(update(_RUN).where(open_ones).values(values)).rowcount


def progress(connection: Connection, run_id: str, at: datetime, *, done: int, total: int | None, stage: str) -> None:
    """Store how far a run is; nothing where it was closed meanwhile."""
    values = {"done": done, "total": total, "stage": stage, "updated_at": at}
    connection.execute(update(_RUN).where(_open(run_id)).values(values))


def end(
    connection: Connection, run_id: str, at: datetime, *, exit_code: int, summary: str, counts: Mapping[str, int]
) -> None:
    """Store how a run ended; nothing where it was closed meanwhile."""
    values = {
        "state": State.ENDED.value,
        "ended_at": at,
        "updated_at": at,
        "exit_code": exit_code,
        "summary": summary,
        "counts": json.dumps(dict(counts), sort_keys=True),
    }
    connection.execute(update(_RUN).where(_open(run_id)).values(values))


def find(connection: Connection, run_id: str) -> RunRecord | None:
    """Return the run of that id, None when there is none."""
    row = connection.execute(select(_RUN).where(_RUN.c.id == run_id)).first()
    return None if row is None else _record(row)


def last(connection: Connection, group: str, verb: str | None = None) -> RunRecord | None:
    """Return the run of a group that began last, of one verb where that is given; None when there was none."""
    query = select(_RUN).where(_RUN.c.group_name == group)
    if verb is not None:
        query = query.where(_RUN.c.verb == verb)
    row = connection.execute(query.order_by(_RUN.c.began_at.desc(), _RUN.c.id.desc()).limit(1)).first()
    return None if row is None else _record(row)


def recent(
    connection: Connection, group: str | None, limit: int, before: tuple[datetime, str] | None = None
) -> list[RunRecord]:
    """Return the newest runs, of one group where that is given: those that come after `before`, a run's beginning and id."""
    query = select(_RUN)
    if group is not None:
        query = query.where(_RUN.c.group_name == group)
    if before is not None:
        at, run_id = before
        query = query.where(or_(_RUN.c.began_at < at, and_(_RUN.c.began_at == at, _RUN.c.id < run_id)))
    rows = connection.execute(query.order_by(_RUN.c.began_at.desc(), _RUN.c.id.desc()).limit(limit))
    return [_record(row) for row in rows]


def _open(run_id: str) -> ColumnElement[bool]:
    return and_(_RUN.c.id == run_id, _RUN.c.state == State.RUNNING.value)


def _record(row: Found[tuple[object, ...]]) -> RunRecord:
    return RunRecord(
        row.id,
        row.group_name,
        row.verb,
        row.actor,
        row.host,
        row.began_at,
        row.updated_at,
        State(row.state),
        row.ended_at,
        row.exit_code,
        row.summary,
        json.loads(row.counts),
        row.done,
        row.total,
        row.stage,
    )
