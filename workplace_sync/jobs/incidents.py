"""Incidents: open one when removals by others go together, carry it on while they do, and keep its file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from workplace_sync.cases.incident import (
    BASELINE,
    EPISODE,
    Burst,
    Group,
    Removal,
    Usual,
    detect,
    goes_on,
    recent,
    usual_day,
)
from workplace_sync.errors import UsageError
from workplace_sync.evidence.entry import JsonValue, Kind, Record
from workplace_sync.jobs.office import Office
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.timeline import DAY, daily_counts
from workplace_sync.store import departures, snapshots
from workplace_sync.store import incidents as store
from workplace_sync.store.evidence import Transaction
from workplace_sync.store.incidents import Incident, Note
from workplace_sync.store.snapshots import SnapshotRecord

_LONGEST_NOTE = 10_000


@dataclass(frozen=True, slots=True)
class Episode:
    """What an observation did to an incident: opened it, or carried it on with `more` people; `keys` are all whom it is about."""

    incident: Incident
    more: int
    new: bool
    keys: tuple[str, ...] = ()


def watch(office: Office, connection: Connection, group: ManagedGroup, snapshot: SnapshotRecord) -> Episode | None:
    """Look at the removals that belong to no incident yet, inside the caller's transaction; None when nothing stands out.

    An open incident grows while removals go on. After a week without any, or once it is closed, the next burst is a
    new incident.
    """
    free = departures.unexplained_since(connection, group.name, snapshot.taken_at - EPISODE - DAY)
    if not free:
        return None
    facts = _facts(connection, group.name, free)
    lasting = next(iter(store.listed(connection, group.name, still_open=True)), None)
    if lasting is not None and (burst := goes_on(free, facts, lasting.last_gone_at)):
        return _carry_on(connection, lasting, burst, detect(free, facts))
    found = detect(free, facts)
    return None if found is None else _open(office, connection, group, facts, found)


def size_before(connection: Connection, group: str, until: datetime) -> int:
    """Return how many members the last complete reading up to a time shows; 0 where there was none."""
    found = snapshots.latest(connection, group, complete=True, until=until)
    return found.members if found else 0


def _facts(connection: Connection, group: str, free: Sequence[Removal]) -> Group:
    together = recent(free)
    until = began = min(one.last_seen_at for one in together)
    first = snapshots.first_complete(connection, group)
    since = max(until - BASELINE, first) if first else until
    counts = (
        daily_counts(departures.quiet_times(connection, group, since, until), since, until) if since < until else ()
    )
    roles = departures.count_with_role(connection, group) + sum(one.role for one in together)
    return Group(
        size_before(connection, group, began) or len(together), roles, usual_day(counts) if counts else Usual()
    )


def _open(office: Office, connection: Connection, group: ManagedGroup, facts: Group, found: Burst) -> Episode:
    incident = Incident(
        office.new_id(),
        group.name,
        office.now(),
        found.began_at,
        found.last_gone_at,
        len(found.removals),
        facts.size,
        found.signs,
    )
    store.add(connection, incident)
    departures.assign(connection, incident.id, [one.number for one in found.removals])
    return Episode(incident, len(found.removals), new=True, keys=tuple(store.keys(connection, incident.id)))


def _carry_on(connection: Connection, lasting: Incident, burst: Burst, found: Burst | None) -> Episode:
    more = len(burst.removals)
    known = {sign.kind for sign in lasting.signs}
    grown = replace(
        lasting,
        people=lasting.people + more,
        began_at=min(lasting.began_at, burst.began_at),
        last_gone_at=burst.last_gone_at,
        signs=(*lasting.signs, *(sign for sign in (found.signs if found else ()) if sign.kind not in known)),
    )
    store.grow(connection, grown)
    departures.assign(connection, grown.id, [one.number for one in burst.removals])
    return Episode(grown, more, new=False, keys=tuple(store.keys(connection, grown.id)))


def log_episode(office: Office, transaction: Transaction, episode: Episode) -> None:
    """Log that an incident was opened, or goes on; who was removed is told by their own entries, which name it."""
    incident = episode.incident
    data: dict[str, JsonValue] = {
        "began_at": incident.began_at.isoformat(),
        "causes": store.count_causes(transaction.connection, incident.id),
        "incident": incident.id,
        "last_gone_at": incident.last_gone_at.isoformat(),
        "more": episode.more,
        "people": incident.people,
        "signs": [
            {"bar": sign.bar, "kind": sign.kind.value, "people": sign.people, "sentence": sign.sentence}
            for sign in incident.signs
        ],
        "size_before": incident.size_before,
    }
    kind = Kind.INCIDENT_OPENED if episode.new else Kind.INCIDENT_UPDATED
    _log(office, transaction, incident, kind, "opened" if episode.new else "grown", data)


def find_incident(office: Office, name: str) -> Incident:
    """Return the incident of that id, or of an id that begins so; raises UsageError when not exactly one."""
    with office.database.connect() as connection:
        found = store.find(connection, name) if name else []
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError("More than one incident begins like that.", hint="Give more of its id.")
    raise UsageError("There is no such incident.", hint="`workplace-sync incident list` lists them.")


def add_note(office: Office, incident: Incident, text: str) -> None:
    """Write a note into the file of an incident, and into the evidence log. Raises UsageError for one without text."""
    text = _checked(text)
    note = Note(office.now(), office.actor, text)
    with office.log.transaction() as transaction:
        store.add_note(transaction.connection, incident.id, note)
        data: dict[str, JsonValue] = {"incident": incident.id, "text": text}
        _log(office, transaction, incident, Kind.INCIDENT_UPDATED, "noted", data)


def close_incident(office: Office, incident: Incident, outcome: str) -> None:
    """Close an incident, saying how it ended; raises UsageError when that is not said, or it is closed already."""
    outcome = _checked(outcome)
    with office.log.transaction() as transaction:
        if not store.close(transaction.connection, incident.id, office.now(), office.actor, outcome):
            raise UsageError("The incident is closed already.", hint="`workplace-sync incident note` adds to its file.")
        data: dict[str, JsonValue] = {"incident": incident.id, "outcome": outcome, "people": incident.people}
        _log(office, transaction, incident, Kind.INCIDENT_CLOSED, "closed", data)


def _checked(text: str) -> str:
    text = text.strip()
    if not text or len(text) > _LONGEST_NOTE:
        raise UsageError(f"Write between 1 and {_LONGEST_NOTE:,} characters.", hint="Put long texts into files.")
    return text


def _log(
    office: Office, transaction: Transaction, incident: Incident, kind: Kind, outcome: str, data: dict[str, JsonValue]
) -> None:
    at = office.now()
    transaction.log(Record(kind=kind, at=at, group=incident.group, actor=office.actor, outcome=outcome, data=data))
