"""What is on record of one person and one group, as far as it was so at a time; the roster only as it is now."""

from datetime import datetime

from sqlalchemy import Connection, or_, select

from workplace_sync.membership.subject import Candidate
from workplace_sync.store.tables import DepartureRow, DesiredRow, OperationRow, PresenceRow, RosterImportRow

_DESIRED = DesiredRow.__table__  # type: ignore[attr-defined]
_IMPORT = RosterImportRow.__table__  # type: ignore[attr-defined]
_PRESENCE = PresenceRow.__table__  # type: ignore[attr-defined]
_DEPARTURE = DepartureRow.__table__  # type: ignore[attr-defined]
_OPERATION = OperationRow.__table__  # type: ignore[attr-defined]


def person_at(connection: Connection, group: str, key: str, at: datetime) -> Candidate:
    """Return what is known of a person: membership, departure and our own doing as of `at`, the roster as of now.

    A person of whom nothing is known is on no roster and in no group.
    """
    desired = connection.execute(
        select(_DESIRED, _IMPORT.c.source)
        .join(_IMPORT, _IMPORT.c.id == _DESIRED.c.import_id)
        .where(_DESIRED.c.group_name == group, _DESIRED.c.key == key)
    ).first()
    present = connection.execute(
        select(_PRESENCE).where(
            _PRESENCE.c.group_name == group,
            _PRESENCE.c.key == key,
            _PRESENCE.c.first_seen_at <= at,
            or_(_PRESENCE.c.gone_at.is_(None), _PRESENCE.c.gone_at > at),
        )
    ).first()
    departure = connection.execute(
        select(_DEPARTURE.c.gone_at, _DEPARTURE.c.cause).where(
            _DEPARTURE.c.group_name == group, _DEPARTURE.c.key == key, _DEPARTURE.c.gone_at <= at
        )
    ).first()
    found = Candidate(
        key,
        key,
        departed_at=None if departure is None else departure.gone_at,
        departed_cause="" if departure is None else departure.cause,
    )
    if desired is not None:
        found = found._replace(
            address=desired.address,
            tenant=desired.tenant,
            status=desired.status,
            roles=tuple(desired.roles.split("|")) if desired.roles else (),
            method=desired.method,
            source=desired.source,
            in_roster=True,
        )
    if present is None:
        return found
    return found._replace(
        platform_id=present.platform_id,
        is_member=True,
        administrator=bool(present.administrator),
        added_by_us=_added_by_us(connection, group, key, at),
    )


def _added_by_us(connection: Connection, group: str, key: str, at: datetime) -> bool:
    query = select(_OPERATION.c.seq).where(
        _OPERATION.c.group_name == group,
        _OPERATION.c.key == key,
        _OPERATION.c.action == "add",
        _OPERATION.c.state == "done",
        _OPERATION.c.finished_at <= at,
    )
    return connection.execute(query.limit(1)).first() is not None
