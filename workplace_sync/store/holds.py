"""Legal holds: what must not be erased while a claim is pending, or can still be brought."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, or_, select, update

from workplace_sync.store.privacy_tables import LegalHoldRow

_TABLE = LegalHoldRow.__table__  # type: ignore[attr-defined]

EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold on a person's key, or on EVERYBODY. `lifted_at` is None while it is in force."""

    id: int
    key: str
    reason: str
    placed_at: datetime
    placed_by: str
    lifted_at: datetime | None
    lifted_by: str
    lifted_because: str


def place(connection: Connection, key: str, *, reason: str, at: datetime, by: str) -> int:
    """Place a hold and return its number."""
    values = {"key": key, "reason": reason, "placed_at": at, "placed_by": by, "lifted_by": "", "lifted_because": ""}
    return int(connection.execute(insert(_TABLE).values(values).returning(_TABLE.c.id)).scalar_one())


def lift(connection: Connection, number: int, *, reason: str, at: datetime, by: str) -> Hold | None:
    """Lift a hold that is in force and return it; None when there is no such hold in force."""
    statement = (
        update(_TABLE)
        .where(_TABLE.c.id == number, _TABLE.c.lifted_at.is_(None))
        .values(lifted_at=at, lifted_by=by, lifted_because=reason)
    )
    if not connection.execute(statement).rowcount:
        return None
    return next(hold for hold in holds(connection) if hold.id == number)


def holds(connection: Connection, *, in_force: bool = False) -> list[Hold]:
    """Return all holds, oldest first; only those in force, if asked."""
    query = select(_TABLE).order_by(_TABLE.c.id)
    if in_force:
        query = query.where(_TABLE.c.lifted_at.is_(None))
    return [Hold(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - SQLAlchemy's public name for it


def holding(connection: Connection, key: str) -> list[Hold]:
    """Return the holds in force that keep what is known of a person."""
    query = select(_TABLE).where(_TABLE.c.lifted_at.is_(None), or_(_TABLE.c.key == key, _TABLE.c.key == EVERYBODY))
    return [Hold(**row._mapping) for row in connection.execute(query.order_by(_TABLE.c.id))]  # noqa: SLF001
