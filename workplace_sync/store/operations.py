"""The journal of operations: intent before effect, outcome after, and what is still unknown (promise P3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, bindparam, delete, func, select, text, update

from workplace_sync.membership.change import Action
from workplace_sync.store.tables import Instant, OperationRow

_TABLE = OperationRow.__table__  # type: ignore[attr-defined]


class State(StrEnum):
    """Where an operation stands."""

    INTENDED = "intended"  # sent or about to be sent; nothing is known of the outcome
    DONE = "done"
    FAILED = "failed"  # the platform refused this one change
    SKIPPED = "skipped"  # no longer needed or no longer allowed when its turn came


FINISHED = (State.DONE, State.FAILED, State.SKIPPED)


@dataclass(frozen=True, slots=True)
class Operation:
    """One change being carried out. `reason` is a sentence without personal data; empty when nothing needs saying."""

    plan_id: str
    seq: int
    group: str
    key: str
    action: Action
    state: State
    at: datetime
    reason: str = ""
    attempts: int = 1


_INTEND = text("""
INSERT INTO operation (plan_id, seq, group_name, key, action, state, attempts, intended_at, finished_at, reason)
VALUES (:plan_id, :seq, :group_name, :key, :action, 'intended', 1, :at, NULL, '')
ON CONFLICT (plan_id, seq) DO UPDATE SET attempts = operation.attempts + 1, intended_at = excluded.intended_at
WHERE operation.state = 'intended'
""").bindparams(bindparam("at", type_=Instant()))

_SKIP = text("""
INSERT INTO operation (plan_id, seq, group_name, key, action, state, attempts, intended_at, finished_at, reason)
VALUES (:plan_id, :seq, :group_name, :key, :action, 'skipped', 0, :at, :at, :reason)
""").bindparams(bindparam("at", type_=Instant()))


def _values(operation: Operation) -> dict[str, object]:
    return {
        "plan_id": operation.plan_id,
        "seq": operation.seq,
        "group_name": operation.group,
        "key": operation.key,
        "action": operation.action.value,
        "at": operation.at,
        "reason": operation.reason,
    }


def intend(connection: Connection, operations: Sequence[Operation]) -> None:
    """Record that operations are about to be sent, for the first time or again."""
    if operations:
        connection.execute(_INTEND, [_values(operation) for operation in operations])


def skip(connection: Connection, operations: Sequence[Operation]) -> None:
    """Record that changes are not carried out, and why."""
    if operations:
        connection.execute(_SKIP, [_values(operation) for operation in operations])


def finish(connection: Connection, operations: Sequence[Operation]) -> None:
    """Record the outcomes of intended operations."""
    if operations:
        statement = (
            update(_TABLE)
            .where(
                _TABLE.c.plan_id == bindparam("of_plan"),
                _TABLE.c.seq == bindparam("of_seq"),
                _TABLE.c.state == State.INTENDED.value,
            )
            .values(state=bindparam("to_state"), finished_at=bindparam("to_at"), reason=bindparam("to_reason"))
        )
        connection.execute(
            statement,
            [
                {
                    "of_plan": operation.plan_id,
                    "of_seq": operation.seq,
                    "to_state": operation.state.value,
                    "to_at": operation.at,
                    "to_reason": operation.reason,
                }
                for operation in operations
            ],
        )


def withdraw(connection: Connection, plan_id: str, seqs: Sequence[int]) -> None:
    """Take back intents that certainly had no effect, so that the changes are as if never begun."""
    if seqs:
        mine = (
            _TABLE.c.plan_id == plan_id,
            _TABLE.c.seq == bindparam("of_seq"),
            _TABLE.c.state == State.INTENDED.value,
        )
        connection.execute(delete(_TABLE).where(*mine), [{"of_seq": seq} for seq in seqs])


_UNSETTLED = text("""
SELECT o.plan_id, o.seq, o.group_name, o.key, o.action, o.attempts,
       CASE WHEN EXISTS (SELECT 1 FROM presence p WHERE p.group_name = o.group_name AND p.key = o.key AND p.gone_at IS NULL)
            THEN 1 ELSE 0 END AS present
FROM operation o WHERE o.group_name = :group_name AND o.finished_at IS NULL AND o.state = 'intended' ORDER BY o.plan_id, o.seq
""")


def unsettled(connection: Connection, group: str, at: datetime) -> list[tuple[Operation, bool]]:
    """Return the operations of a group without a known outcome, each with whether the person is in the group now."""
    return [
        (
            Operation(
                row.plan_id,
                row.seq,
                row.group_name,
                row.key,
                Action(row.action),
                State.INTENDED,
                at,
                attempts=row.attempts,
            ),
            bool(row.present),
        )
        for row in connection.execute(_UNSETTLED, {"group_name": group})
    ]


def begun(connection: Connection, plan_id: str) -> dict[int, State]:
    """Return the state of each change of a plan that was begun or ended, by its number."""
    rows = connection.execute(select(_TABLE.c.seq, _TABLE.c.state).where(_TABLE.c.plan_id == plan_id))
    return {row.seq: State(row.state) for row in rows}


def count_states(connection: Connection, plan_id: str) -> dict[tuple[Action, State], int]:
    """Return how many operations of a plan are in each state, by action."""
    query = select(_TABLE.c.action, _TABLE.c.state, func.count()).where(_TABLE.c.plan_id == plan_id)
    rows = connection.execute(query.group_by(_TABLE.c.action, _TABLE.c.state))
    return {(Action(row[0]), State(row[1])): row[2] for row in rows}


_OPEN = text("""
SELECT c.effect, count(*) AS number FROM change c
LEFT JOIN operation o ON o.plan_id = c.plan_id AND o.seq = c.seq
WHERE c.plan_id = :plan_id AND (o.seq IS NULL OR o.state = 'intended') GROUP BY c.effect
""")


def open_effects(connection: Connection, plan_id: str) -> dict[str, int]:
    """Return how many changes of a plan have not ended, by the effect that was decided."""
    return {row.effect: int(row.number) for row in connection.execute(_OPEN, {"plan_id": plan_id})}


def failures(connection: Connection, plan_id: str) -> Iterator[tuple[str, str]]:
    """Yield key and reason of each operation of a plan that failed."""
    query = select(_TABLE.c.key, _TABLE.c.reason).where(
        _TABLE.c.plan_id == plan_id, _TABLE.c.state == State.FAILED.value
    )
    for row in connection.execute(query.order_by(_TABLE.c.seq)):
        yield row.key, row.reason


_UNSEEN = text("""
SELECT o.key FROM operation o
WHERE o.plan_id = :plan_id AND o.state = 'done' AND (o.action = 'add') <> EXISTS (
    SELECT 1 FROM presence p WHERE p.group_name = o.group_name AND p.key = o.key AND p.gone_at IS NULL)
ORDER BY o.seq
""")


def unseen(connection: Connection, plan_id: str) -> list[str]:
    """Return the keys of those whose change was accepted, but whom the last complete snapshot does not show so.

    Somebody added whom no reading ever showed is told as that and nothing more. They are no departure: whether they were
    taken out again at once, or never put in at all, cannot be told apart without having seen them (promise P8). A signed
    webhook about them is kept as a hint all the same.
    """
    return [row.key for row in connection.execute(_UNSEEN, {"plan_id": plan_id})]


def done_since(connection: Connection, group: str, action: Action, since: datetime) -> int:
    """Return how many operations of a kind took effect in the group after `since`."""
    query = select(func.count()).where(
        _TABLE.c.group_name == group,
        _TABLE.c.action == action.value,
        _TABLE.c.state == State.DONE.value,
        _TABLE.c.finished_at > since,
    )
    return int(connection.execute(query).scalar_one())


def rolling_counts(connection: Connection, group: str, now: datetime) -> dict[str, int]:
    """Return the additions and removals of the last 24 hours and 7 days, named as `History` names them."""
    windows = {"24h": timedelta(hours=24), "7d": timedelta(days=7)}
    return {
        f"{word}_last_{name}": done_since(connection, group, action, now - window)
        for word, action in (("added", Action.ADD), ("removed", Action.REMOVE))
        for name, window in windows.items()
    }


def added_by(connection: Connection, plan_id: str) -> list[str]:
    """Return the keys of those whom a plan added."""
    query = select(_TABLE.c.key).where(
        _TABLE.c.plan_id == plan_id, _TABLE.c.action == Action.ADD.value, _TABLE.c.state == State.DONE.value
    )
    return [row.key for row in connection.execute(query.order_by(_TABLE.c.seq))]
