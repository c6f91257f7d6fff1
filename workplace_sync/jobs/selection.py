"""Which entries to hand out: those that are named, those about a person, those that tell of an incident."""

import re
from collections.abc import Iterator

from workplace_sync.errors import UsageError
from workplace_sync.evidence.entry import Kind
from workplace_sync.jobs.bundle import MAX_ENTRIES
from workplace_sync.jobs.office import Office
from workplace_sync.store import audit, incidents
from workplace_sync.store.audit import AuditFilter, AuditRow
from workplace_sync.store.incidents import Incident

_SPAN = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}))?")
_NAMING_IT = (Kind.INCIDENT_OPENED, Kind.INCIDENT_UPDATED, Kind.INCIDENT_CLOSED)


def parse_entries(text: str) -> list[int]:
    """Return the numbers in a text such as `3,5-9`, in order; raises UsageError when it is none."""
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        match = _SPAN.fullmatch(part)
        if match is None:
            raise UsageError("The entries are not numbers and spans.", hint="Write them like 3,5-9.")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last - first >= MAX_ENTRIES:
            raise UsageError(
                f"The span {first}-{last} cannot be handed out.",
                hint=f"Begin it with the smaller number, and name at most {MAX_ENTRIES:,} entries.",
            )
        found.update(range(first, last + 1))
    return sorted(found)


def entries_of_person(office: Office, key: str) -> list[int]:
    """Return the numbers of all entries about a person, by the person's key."""
    with office.database.connect() as connection:
        return [row.seq for row in audit.iterate_entries(connection, audit.AuditFilter(subject=key))]


def entries_of_incident(office: Office, incident: Incident) -> list[int]:
    """Return the numbers of the entries that tell of an incident, in order.

    They are those about the incident itself, those of everybody found gone in it, and those of our adding them before.
    """
    with office.database.connect() as connection:
        removed = sorted(set(incidents.keys(connection, incident.id)))

        def rows(kind: Kind) -> Iterator[AuditRow]:
            return audit.iterate_entries(connection, AuditFilter(incident.group, kind=kind))

        def about(kind: Kind) -> Iterator[AuditRow]:
            return audit.iterate_about(connection, removed, AuditFilter(incident.group, kind=kind))

        telling = [*about(Kind.MEMBER_DEPARTED), *(row for kind in _NAMING_IT for row in rows(kind))]
        named = {row.seq for row in telling if row.data.get("incident") == incident.id}
        added = {row.seq for row in about(Kind.OPERATION_OUTCOME) if row.data.get("action") == "add"}
        return sorted(named | added)
