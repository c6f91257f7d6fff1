"""Plans, their changes and the reviews of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    and_,
    func,
    insert,
    literal,
    or_,
    select,
)

from workplace_sync.membership.plan import Header, PlannedChange
from workplace_sync.store.privacy import ERASED
from workplace_sync.store.staging import Staging, staging
from workplace_sync.store.tables import ChangeRow, OperationRow, PlanRow, ReviewRow

_PLAN = PlanRow.__table__  # type: ignore[attr-defined]
_CHANGE = ChangeRow.__table__  # type: ignore[attr-defined]
_OPERATION = OperationRow.__table__  # type: ignore[attr-defined]
_REVIEW = ReviewRow.__table__  # type: ignore[attr-defined]

_STAGED = Table(
    "staged_change",
    MetaData(),
    Column("seq", Integer),
    *(Column(name, Text) for name in ("key", "action", "effect", "remedy", "body")),
    prefixes=["TEMPORARY"],
)

_AT_ONCE = 5_000

_SHORTEST_DIGEST = 8  # fewer digits of a digest would name the wrong plan too easily

StagedRow = tuple[int, str, str, str, str, str]
"""A change's number, key, action, effect and remedy, and the line that the digest covers."""


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A plan as it is kept; its changes are read apart. `header_line` is what the digest covers."""

    id: str
    group: str
    digest: str
    created_at: datetime
    expires_at: datetime
    header_line: str
    counts: Mapping[str, int]

    @property
    def header(self) -> Header:
        """The header, parsed."""
        return Header.parse(self.header_line)


@dataclass(frozen=True, slots=True)
class Review:
    """A person's verdict ("approved" or "rejected") on the plan with that digest."""

    plan_id: str
    digest: str
    verdict: str
    reviewed_by: str
    reviewed_at: datetime
    expires_at: datetime
    reason: str


class StagedChanges:
    """The changes of a plan in the making."""

    def __init__(self, area: Staging) -> None:
        self._area = area

    def add(self, changes: Sequence[StagedRow]) -> None:
        """Stage changes."""
        self._area.add(changes)


@contextmanager
def staged(connection: Connection) -> Iterator[StagedChanges]:
    """Lend a staging area for changes on `connection`."""
    with staging(connection, _STAGED) as area:
        yield StagedChanges(area)


def add(connection: Connection, plan: PlanRecord) -> None:
    """Keep the plan with the changes staged on `connection`, inside the caller's transaction: wholly or not at all."""
    header = plan.header
    connection.execute(
        insert(_PLAN).values(
            id=plan.id,
            group_name=plan.group,
            digest=plan.digest,
            created_at=plan.created_at,
            expires_at=plan.expires_at,
            requested_by=header.requested_by,
            policy_revision=header.policy_revision,
            snapshot_id=header.snapshot,
            effect=header.effect.value,
            header=plan.header_line,
            counts=json.dumps(dict(plan.counts)),
        )
    )
    names = [column.name for column in _STAGED.c]
    changes = select(literal(plan.id), *_STAGED.c).order_by(_STAGED.c.seq)
    connection.execute(insert(_CHANGE).from_select(["plan_id", *names], changes))


def _plan(row: Row[tuple[object, ...]]) -> PlanRecord:
    return PlanRecord(
        id=row.id,
        group=row.group_name,
        digest=row.digest,
        created_at=row.created_at,
        expires_at=row.expires_at,
        header_line=row.header,
        counts=json.loads(row.counts),
    )


def find(connection: Connection, name: str) -> list[PlanRecord]:
    """Return the plans that `name` may mean: an id, a digest, or the beginning of one (eight digits at least)."""
    by_name = or_(_PLAN.c.id == name, _PLAN.c.digest == name)
    if len(name) >= _SHORTEST_DIGEST and name.isalnum():
        by_name = or_(by_name, _PLAN.c.digest.startswith(name))
    return [_plan(row) for row in connection.execute(select(_PLAN).where(by_name).limit(5))]


def recent(
    connection: Connection,
    group: str | None = None,
    *,
    limit: int = 20,
    before: tuple[datetime, str] | None = None,
    open_at: datetime | None = None,
) -> list[PlanRecord]:
    """Return the newest plans, of one group or of all: those that come after `before`, a plan's time and id.

    With `open_at` only those that have not expired by then.
    """
    query = select(_PLAN).order_by(_PLAN.c.created_at.desc(), _PLAN.c.id.desc()).limit(limit)
    if group is not None:
        query = query.where(_PLAN.c.group_name == group)
    if before is not None:
        at, plan_id = before
        query = query.where(
            or_(_PLAN.c.created_at < at, and_(_PLAN.c.created_at == at, _PLAN.c.id < plan_id)), _PLAN.c.created_at <= at
        )
    if open_at is not None:
        query = query.where(_PLAN.c.expires_at > open_at)
    return [_plan(row) for row in connection.execute(query)]


def made_since(connection: Connection, since: datetime, group: str | None = None) -> Iterator[PlanRecord]:
    """Yield the plans made from a time on, oldest first, of one group or of all, in flat memory."""
    query = select(_PLAN).where(_PLAN.c.created_at >= since).order_by(_PLAN.c.created_at, _PLAN.c.id)
    if group is not None:
        query = query.where(_PLAN.c.group_name == group)
    rows = connection.execution_options(stream_results=True, max_row_buffer=_AT_ONCE).execute(query)
    for part in rows.partitions(_AT_ONCE):
        yield from map(_plan, part)


def outcomes(connection: Connection, plan_id: str) -> Iterator[tuple[str, str]]:
    """Yield the line of each change of a plan, in their order, and the state of its operation ('' where there is none)."""
    same = (_OPERATION.c.plan_id == _CHANGE.c.plan_id) & (_OPERATION.c.seq == _CHANGE.c.seq)
    query = select(_CHANGE.c.body, func.coalesce(_OPERATION.c.state, "")).join(_OPERATION, same, isouter=True)
    query = query.where(_CHANGE.c.plan_id == plan_id).order_by(_CHANGE.c.seq)
    rows = connection.execution_options(stream_results=True, max_row_buffer=_AT_ONCE).execute(query)
    for part in rows.partitions(_AT_ONCE):
        yield from ((row[0], row[1]) for row in part)


def lines(connection: Connection, plan_id: str) -> Iterator[str]:
    """Yield the lines of a plan's changes, in their order, in flat memory."""
    query = select(_CHANGE.c.body).where(_CHANGE.c.plan_id == plan_id).order_by(_CHANGE.c.seq)
    rows = connection.execution_options(stream_results=True, max_row_buffer=_AT_ONCE).execute(query)
    for part in rows.partitions(_AT_ONCE):
        for row in part:
            yield row.body


def changes(
    connection: Connection, plan_id: str, *, effects: Sequence[str] = (), remedy: str | None = None
) -> Iterator[PlannedChange]:
    """Yield a plan's changes in their order; only those with one of `effects`, or with a remedy, if given."""
    query = select(_CHANGE.c.body).where(_CHANGE.c.plan_id == plan_id).order_by(_CHANGE.c.seq)
    if effects:
        query = query.where(_CHANGE.c.effect.in_(effects))
    if remedy is not None:
        query = query.where(_CHANGE.c.remedy == remedy)
    rows = connection.execution_options(stream_results=True, max_row_buffer=_AT_ONCE).execute(query)
    for part in rows.partitions(_AT_ONCE):
        for row in part:
            yield PlannedChange.parse(row.body)


def changes_numbered(connection: Connection, plan_id: str, seqs: Sequence[int]) -> list[PlannedChange]:
    """Return some of a plan's changes by their numbers, in their order."""
    found: list[PlannedChange] = []
    ordered = sorted(seqs)
    for start in range(0, len(ordered), _AT_ONCE):
        part = ordered[start : start + _AT_ONCE]
        query = select(_CHANGE.c.body).where(_CHANGE.c.plan_id == plan_id, _CHANGE.c.seq.in_(part))
        found.extend(PlannedChange.parse(row.body) for row in connection.execute(query.order_by(_CHANGE.c.seq)))
    return found


def decisions_about(
    connection: Connection, key: str, group: str | None = None
) -> list[tuple[PlanRecord, PlannedChange]]:
    """Return every planned change about one person with its plan, oldest first."""
    query = select(_PLAN, _CHANGE.c.body).join(_CHANGE, _CHANGE.c.plan_id == _PLAN.c.id).where(_CHANGE.c.key == key)
    if group is not None:
        query = query.where(_PLAN.c.group_name == group)
    rows = connection.execute(query.order_by(_PLAN.c.created_at))
    return [(_plan(row), PlannedChange.parse(row.body)) for row in rows]


def waiting(
    connection: Connection, plan_id: str, effects: Sequence[str], keys: Sequence[str] = ()
) -> Iterator[PlannedChange]:
    """Yield a plan's changes with one of `effects` that were neither begun nor ended, in their order.

    Only those about some people, if `keys` names any; never those about people who were erased.
    """
    begun = select(_OPERATION.c.seq).where(_OPERATION.c.plan_id == plan_id)
    query = select(_CHANGE.c.body).where(
        _CHANGE.c.plan_id == plan_id,
        _CHANGE.c.effect.in_(effects),
        _CHANGE.c.seq.not_in(begun),
        _CHANGE.c.key != ERASED,
    )
    if keys:
        query = query.where(_CHANGE.c.key.in_(keys))
    rows = connection.execution_options(stream_results=True, max_row_buffer=_AT_ONCE).execute(
        query.order_by(_CHANGE.c.seq)
    )
    for part in rows.partitions(_AT_ONCE):
        for row in part:
            yield PlannedChange.parse(row.body)


def count_waiting(connection: Connection, plan_id: str, effects: Sequence[str]) -> int:
    """Return how many of a plan's changes with one of `effects` were neither begun nor ended."""
    begun = select(_OPERATION.c.seq).where(_OPERATION.c.plan_id == plan_id)
    mine = (_CHANGE.c.plan_id == plan_id, _CHANGE.c.effect.in_(effects), _CHANGE.c.seq.not_in(begun))
    return int(connection.execute(select(func.count()).select_from(_CHANGE).where(*mine)).scalar_one())


def count_effects(connection: Connection, plan_id: str) -> dict[str, int]:
    """Return how many changes of a plan ended in each effect."""
    query = select(_CHANGE.c.effect, func.count()).where(_CHANGE.c.plan_id == plan_id).group_by(_CHANGE.c.effect)
    return {row[0]: row[1] for row in connection.execute(query)}


def numbered(connection: Connection, plan_id: str, seqs: Sequence[int]) -> list[tuple[PlannedChange, str]]:
    """Return a plan's changes of these few numbers, in their order, each with its operation's state ('' for none)."""
    return _with_states(connection, plan_id, _CHANGE.c.seq.in_(seqs)) if seqs else []


def about(connection: Connection, plan_id: str, key: str) -> list[tuple[PlannedChange, str]]:
    """Return a plan's changes about one person, each with its operation's state ('' where there is none)."""
    return _with_states(connection, plan_id, _CHANGE.c.key == key)


def _with_states(connection: Connection, plan_id: str, wanted: ColumnElement[bool]) -> list[tuple[PlannedChange, str]]:
    same = (_OPERATION.c.plan_id == _CHANGE.c.plan_id) & (_OPERATION.c.seq == _CHANGE.c.seq)
    query = select(_CHANGE.c.body, func.coalesce(_OPERATION.c.state, "")).join(_OPERATION, same, isouter=True)
    rows = connection.execute(query.where(_CHANGE.c.plan_id == plan_id, wanted).order_by(_CHANGE.c.seq))
    return [(PlannedChange.parse(row[0]), row[1]) for row in rows]


def add_review(connection: Connection, review: Review) -> None:
    """Keep a verdict."""
    connection.execute(
        insert(_REVIEW).values(
            plan_id=review.plan_id,
            digest=review.digest,
            verdict=review.verdict,
            reviewed_by=review.reviewed_by,
            reviewed_at=review.reviewed_at,
            expires_at=review.expires_at,
            reason=review.reason,
        )
    )


def reviews(connection: Connection, plan_id: str) -> list[Review]:
    """Return the verdicts on a plan, oldest first."""
    rows = connection.execute(select(_REVIEW).where(_REVIEW.c.plan_id == plan_id).order_by(_REVIEW.c.id))
    return [
        Review(row.plan_id, row.digest, row.verdict, row.reviewed_by, row.reviewed_at, row.expires_at, row.reason)
        for row in rows
    ]
