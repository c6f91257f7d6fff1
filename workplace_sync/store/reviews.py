"""Changes that were rejected, by group and person; the verdicts on whole plans are in `plans`."""

from collections.abc import Iterable, Sequence
from itertools import islice

from sqlalchemy import Connection, bindparam, delete, select, text

from workplace_sync.membership.plan import PlannedChange
from workplace_sync.membership.rejection import Rejection, fingerprint_of
from workplace_sync.store.review_tables import RejectionRow
from workplace_sync.store.tables import Instant

_TABLE = RejectionRow.__table__  # type: ignore[attr-defined]
_AT_ONCE = 2_000

_ADD = text("""
INSERT INTO rejection (group_name, key, action, fingerprint, plan_id, rejected_by, rejected_at, reason)
VALUES (:group_name, :key, :action, :fingerprint, :plan_id, :by, :at, :reason)
ON CONFLICT (group_name, key, action) DO UPDATE SET fingerprint = excluded.fingerprint, plan_id = excluded.plan_id,
    rejected_by = excluded.rejected_by, rejected_at = excluded.rejected_at, reason = excluded.reason
""").bindparams(bindparam("at", type_=Instant()))


def add(connection: Connection, group: str, plan_id: str, changes: Iterable[PlannedChange], verdict: Rejection) -> int:
    """Keep that these changes were rejected, as `verdict` says by whom, when and why; returns how many they were.

    The fingerprint of `verdict` is not looked at: each change has its own.
    """
    iterator, number = iter(changes), 0
    while part := list(islice(iterator, _AT_ONCE)):
        number += len(part)
        values = {"group_name": group, "plan_id": plan_id, "by": verdict.by, "at": verdict.at, "reason": verdict.reason}
        connection.execute(
            _ADD,
            [
                {**values, "key": one.key, "action": one.action.value, "fingerprint": fingerprint_of(one)}
                for one in part
            ],
        )
    return number


def of_group(connection: Connection, group: str) -> dict[str, tuple[Rejection, ...]]:
    """Return what was rejected in a group, by person."""
    found: dict[str, tuple[Rejection, ...]] = {}
    for row in connection.execute(select(_TABLE).where(_TABLE.c.group_name == group).order_by(_TABLE.c.action)):
        one = Rejection(row.fingerprint, row.rejected_by, row.rejected_at, row.reason)
        found[row.key] = (*found.get(row.key, ()), one)
    return found


def take_back(connection: Connection, plan_id: str, keys: Sequence[str] = ()) -> int:
    """Forget what was rejected in a plan, of some people or of all; returns how many changes that were."""
    statement = delete(_TABLE).where(_TABLE.c.plan_id == plan_id)
    if keys:
        statement = statement.where(_TABLE.c.key.in_(keys))
    return connection.execute(statement).rowcount


_MEMBERS = text("SELECT key FROM presence WHERE group_name = :group_name AND gone_at IS NULL AND key IN :keys")
_WANTED = text("SELECT key FROM desired WHERE group_name = :group_name AND key IN :keys")


def whereabouts(connection: Connection, group: str, keys: Sequence[str]) -> tuple[set[str], set[str]]:
    """Return which of some thousand people are in the group by its last complete reading, and who is on the roster."""
    given = {"group_name": group, "keys": list(keys)}
    members, wanted = (
        set(connection.execute(query.bindparams(bindparam("keys", expanding=True)), given).scalars()) if keys else set()
        for query in (_MEMBERS, _WANTED)
    )
    return members, wanted
