"""Invitations that were made, so that nobody is invited twice."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select

from workplace_sync.store.tables import InvitationRow

_TABLE = InvitationRow.__table__  # type: ignore[attr-defined]


def invited(connection: Connection, group: str) -> set[str]:
    """Return the keys of those invited to a group so far."""
    return {row.key for row in connection.execute(select(_TABLE.c.key).where(_TABLE.c.group_name == group))}


def add(connection: Connection, group: str, keys: Sequence[str], *, plan_id: str, at: datetime, by: str) -> None:
    """Record invitations."""
    if keys:
        connection.execute(
            insert(_TABLE),
            [{"group_name": group, "key": key, "plan_id": plan_id, "made_at": at, "made_by": by} for key in keys],
        )
