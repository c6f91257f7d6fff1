"""Incidents, the notes in their files, and the people whom they are about."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, insert, select, text, update

from workplace_sync.cases.incident import Sign, SignKind
from workplace_sync.store.tables import OperationRow
from workplace_sync.store.watch_tables import DepartureEventRow, IncidentNoteRow, IncidentRow

_TABLE = IncidentRow.__table__  # type: ignore[attr-defined]
_NOTE = IncidentNoteRow.__table__  # type: ignore[attr-defined]
_EVENT = DepartureEventRow.__table__  # type: ignore[attr-defined]
_OPERATION = OperationRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as it is kept.

    It began after `began_at`, when the first of those removed was last seen; `last_gone_at` is when the last of them
    was first missed. `size_before` are the members before it. `closed_at` is None while it is open.
    """

    id: str
    group: str
    opened_at: datetime
    began_at: datetime
    last_gone_at: datetime
    people: int
    size_before: int
    signs: tuple[Sign, ...]
    closed_at: datetime | None = None
    closed_by: str = ""
    outcome: str = ""

    @property
    def open(self) -> bool:
        """Whether nobody has closed it."""
        return self.closed_at is None


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote into the file."""

    written_at: datetime
    written_by: str
    text: str


@dataclass(frozen=True, slots=True)
class Removed:
    """Somebody whom an incident is about: when they were seen, why they are gone, and how they had come in.

    `plan_id` and `seq` name the change that added them, empty and 0 where it was not us; `added_at` is when it was
    done. `tenant` and `roles` are as the roster has them.
    """

    number: int
    key: str
    platform_id: str
    administrator: bool
    first_seen_at: datetime
    last_seen_at: datetime
    gone_at: datetime
    cause: str
    confidence: str
    removed_by: str
    observations: tuple[str, ...]
    tenant: str
    roles: tuple[str, ...]
    plan_id: str = ""
    seq: int = 0
    added_at: datetime | None = None


def add(connection: Connection, incident: Incident) -> None:
    """Keep a new incident."""
    connection.execute(
        insert(_TABLE).values(
            id=incident.id,
            group_name=incident.group,
            opened_at=incident.opened_at,
            began_at=incident.began_at,
            last_gone_at=incident.last_gone_at,
            people=incident.people,
            size_before=incident.size_before,
            signs=json.dumps([asdict(sign) for sign in incident.signs]),
            closed_by="",
            outcome="",
        )
    )


def grow(connection: Connection, incident: Incident) -> None:
    """Keep how far an incident has gone on: its people, times and signs."""
    connection.execute(
        update(_TABLE)
        .where(_TABLE.c.id == incident.id)
        .values(
            people=incident.people,
            began_at=incident.began_at,
            last_gone_at=incident.last_gone_at,
            signs=json.dumps([asdict(sign) for sign in incident.signs]),
        )
    )


def close(connection: Connection, incident: str, at: datetime, by: str, outcome: str) -> bool:
    """Close an incident; returns whether it was open."""
    closing = update(_TABLE).where(_TABLE.c.id == incident, _TABLE.c.closed_at.is_(None))
    return bool(connection.execute(closing.values(closed_at=at, closed_by=by, outcome=outcome)).rowcount)


def find(connection: Connection, name: str) -> list[Incident]:
    """Return the incidents whose id is, or begins with, `name`."""
    return _incidents(connection, _TABLE.c.id.startswith(name, autoescape=True))


def listed(connection: Connection, group: str | None = None, *, still_open: bool = False) -> list[Incident]:
    """Return the incidents, of one group or of all, newest first; with `still_open` those that nobody closed."""
    wanted = [] if group is None else [_TABLE.c.group_name == group]
    return _incidents(connection, *wanted, *([_TABLE.c.closed_at.is_(None)] if still_open else []))


def _incidents(connection: Connection, *wanted: ColumnElement[bool]) -> list[Incident]:
    query = select(_TABLE).where(*wanted).order_by(_TABLE.c.opened_at.desc(), _TABLE.c.id)
    return [
        Incident(
            row.id,
            row.group_name,
            row.opened_at,
            row.began_at,
            row.last_gone_at,
            row.people,
            row.size_before,
            tuple(_sign(sign) for sign in json.loads(row.signs)),
            row.closed_at,
            row.closed_by,
            row.outcome,
        )
        for row in connection.execute(query)
    ]


def _sign(stored: dict[str, object]) -> Sign:
    return Sign(
        SignKind(str(stored["kind"])), int(str(stored["people"])), int(str(stored["bar"])), str(stored["sentence"])
    )


def add_note(connection: Connection, incident: str, note: Note) -> None:
    """Write a note into an incident's file."""
    connection.execute(
        insert(_NOTE).values(
            incident_id=incident, written_at=note.written_at, written_by=note.written_by, text=note.text
        )
    )


def notes(connection: Connection, incident: str) -> list[Note]:
    """Return the notes of an incident, oldest first."""
    rows = connection.execute(select(_NOTE).where(_NOTE.c.incident_id == incident).order_by(_NOTE.c.id))
    return [Note(row.written_at, row.written_by, row.text) for row in rows]


def count_causes(connection: Connection, incident: str) -> dict[str, int]:
    """Return how many of those removed are gone for each cause and confidence, as `cause (confidence)`."""
    columns = (_EVENT.c.cause, _EVENT.c.confidence)
    query = select(*columns, func.count()).where(_EVENT.c.incident_id == incident).group_by(*columns).order_by(*columns)
    return {f"{row[0]} ({row[1]})": row[2] for row in connection.execute(query)}


_PEOPLE = text("""
SELECT e.id, e.key, e.platform_id, e.administrator, e.first_seen_at, e.last_seen_at, e.gone_at, e.cause, e.confidence,
       e.removed_by, e.observations, coalesce(d.tenant, '') AS tenant, coalesce(d.roles, '') AS roles
FROM departure_event e LEFT JOIN desired d ON d.group_name = e.group_name AND d.key = e.key
WHERE e.incident_id = :incident ORDER BY e.key, e.id
""").columns(
    _EVENT.c.id,
    _EVENT.c.key,
    _EVENT.c.platform_id,
    _EVENT.c.administrator,
    _EVENT.c.first_seen_at,
    _EVENT.c.last_seen_at,
    _EVENT.c.gone_at,
)

# Times are compared by us: SQLite would walk the index by time for each person instead of looking the person up.
_ADDED = text("""
SELECT e.id, e.gone_at, o.plan_id, o.seq, o.finished_at FROM departure_event e
JOIN operation o ON o.group_name = e.group_name AND o.key = e.key AND o.action = 'add' AND o.state = 'done'
WHERE e.incident_id = :incident
""").columns(_EVENT.c.id, _EVENT.c.gone_at, _OPERATION.c.plan_id, _OPERATION.c.seq, _OPERATION.c.finished_at)


def people(connection: Connection, incident: str) -> list[Removed]:
    """Return whom an incident is about, by key."""
    found = sorted(connection.execute(_ADDED, {"incident": incident}), key=lambda row: row.finished_at)
    added = {row.id: (row.plan_id, row.seq, row.finished_at) for row in found if row.finished_at <= row.gone_at}
    return [
        Removed(
            row.id,
            row.key,
            row.platform_id,
            row.administrator,
            row.first_seen_at,
            row.last_seen_at,
            row.gone_at,
            row.cause,
            row.confidence,
            row.removed_by,
            tuple(json.loads(row.observations)),
            row.tenant,
            tuple(filter(None, row.roles.split("|"))),
            *added.get(row.id, ("", 0, None)),
        )
        for row in connection.execute(_PEOPLE, {"incident": incident})
    ]


def keys(connection: Connection, incident: str) -> Sequence[str]:
    """Return the keys of those whom an incident is about."""
    query = select(_EVENT.c.key).where(_EVENT.c.incident_id == incident).order_by(_EVENT.c.key)
    return list(connection.execute(query).scalars())
