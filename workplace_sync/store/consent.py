"""The consent ledger in the database. Rows are added, never changed."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from workplace_sync.roster.consent import EVERY_GROUP, ConsentEvent, ConsentKind, ConsentOrigin
from workplace_sync.store.tables import ConsentEventRow

_TABLE = ConsentEventRow.__table__  # type: ignore[attr-defined]
_COLUMNS = [_TABLE.c[name] for name in ConsentEvent._fields]
_KINDS = {kind.value: kind for kind in ConsentKind}
_ORIGINS = {origin.value: origin for origin in ConsentOrigin}


def record(connection: Connection, events: Sequence[ConsentEvent]) -> None:
    """Add events to the ledger."""
    if events:
        names = [column.name for column in _COLUMNS]
        connection.execute(insert(_TABLE), [{name: getattr(event, name) for name in names} for event in events])


def events_of(connection: Connection, keys: Sequence[str], group: str | None) -> dict[str, list[ConsentEvent]]:
    """Return the events of each of up to some thousand people that count for `group`; all scopes when it is None."""
    found: dict[str, list[ConsentEvent]] = defaultdict(list)
    query = select(*_COLUMNS).where(_TABLE.c.key.in_(keys))
    if group is not None:
        query = query.where(_TABLE.c.scope.in_((group, EVERY_GROUP)))
    for row in connection.execute(query.order_by(_TABLE.c.id)):
        key, scope, kind, at, recorded_at, origin, *rest = row
        found[key].append(ConsentEvent(key, scope, _KINDS[kind], at, recorded_at, _ORIGINS[origin], *rest))
    return found
