"""Incidents: removals by others that go together, and the people whom each is about."""

from datetime import datetime
from typing import Literal

from workplace_sync.jobs.incident_file import IncidentFile
from workplace_sync.store import incidents as store
from workplace_sync.store.incidents import Incident as Kept
from workplace_sync.store.incidents import Removed
from workplace_sync.web.api.calling import AT_ONCE, V1, AtOnce, Called, Cursor, Id, Word, next_page, went_before
from workplace_sync.web.api.parts import Listing, Part, PersonShown, groups_asked, person_in
from workplace_sync.web.console.asking import Ask
from workplace_sync.web.console.keeping import kept
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.sight import sees
from workplace_sync.web.console.views.incidents import Files, incident_seen

_AT = f"{V1}/incidents"


class IncidentSign(Part):
    """Why it was opened: how many people a sign counts, and from how many on it speaks."""

    kind: str
    people: int
    bar: int
    sentence: str


class IncidentShort(Part):
    """An incident. It began after `began_at`; `closed_at` is null while nobody has closed it."""

    id: str
    group: str
    opened_at: datetime
    began_at: datetime
    last_gone_at: datetime
    people: int
    size_before: int
    signs: list[IncidentSign]
    closed_at: datetime | None
    closed_by: str
    outcome: str


class IncidentPattern(Part):
    """What so many of those removed have in common; `share` is in percent."""

    trait: str
    value: str
    people: int
    share: int


class PublishedThen(Part):
    """A policy of the platform's owner that was in force that day."""

    policy: str
    version: int
    title: str
    owner: str
    since: datetime
    source: str
    url: str
    sha256: str


class IncidentNote(Part):
    """What somebody wrote into the file."""

    written_at: datetime
    written_by: str
    text: str


class Incident(IncidentShort):
    """An incident with its file, its people apart. `not_by_us` counts those whom no plan of ours had added."""

    causes: dict[str, int]
    patterns: list[IncidentPattern]
    not_by_us: int
    published: list[PublishedThen]
    notes: list[IncidentNote]


class RemovedPerson(Part):
    """Somebody who was removed. `plan` is the id of the plan that had added them, '' where it was not us."""

    number: int
    person: PersonShown | None
    first_seen_at: datetime
    last_seen_at: datetime
    gone_at: datetime
    cause: str
    confidence: str
    observations: list[str]
    administrator: bool
    plan: str
    added_at: datetime | None


@page(_AT, Permission.INCIDENTS_READ, api=True)
def list_incidents(
    ask: Called,
    group: Word = "",
    state: Literal["", "open"] = "",
    cursor: Cursor = "",
    limit: AtOnce = AT_ONCE,
) -> Listing[IncidentShort]:
    """List incidents, newest first."""
    seen = groups_asked(ask, group)
    with ask.app.database.connect() as connection:
        found = store.listed(connection, group or None, still_open=state == "open")
    place = went_before(ask, cursor)
    ids = [one.id for one in found]
    start = ids.index(place) + 1 if place in ids else 0
    rest = [one for one in found[start:] if sees(seen, one.group)]
    more = rest[limit - 1].id if len(rest) > limit else ""
    return Listing(items=[IncidentShort.model_validate(one) for one in rest[:limit]], next=next_page(ask, more))


@page(f"{_AT}/{{incident_id}}", Permission.INCIDENTS_READ, api=True)
def get_incident(ask: Called, incident_id: Id) -> Incident:
    """Tell all that is on record about an incident; nobody is named."""
    found = incident_seen(ask, incident_id)
    file = _file(ask, found)
    with ask.app.database.connect() as connection:
        notes = store.notes(connection, found.id)
    own = {name: getattr(found, name) for name in IncidentShort.model_fields}
    more = {
        "causes": dict(file.causes),
        "patterns": list(file.patterns),
        "not_by_us": file.not_by_us,
        "published": list(file.published or ()),
        "notes": notes,
    }
    return Incident.model_validate(own | more)


@page(f"{_AT}/{{incident_id}}/people", Permission.INCIDENTS_READ, api=True)
def list_removed(ask: Called, incident_id: Id, cursor: Cursor = "", limit: AtOnce = AT_ONCE) -> Listing[RemovedPerson]:
    """List the people whom an incident is about."""
    found = incident_seen(ask, incident_id)
    people = _file(ask, found).people
    start = int(went_before(ask, cursor) or 0)
    part = people[start : start + limit]
    ask.noted_read("incident", found.group, [one.key for one in part] or [""])
    more = str(start + limit) if start + limit < len(people) else ""
    return Listing(items=[_removed(ask, found.group, one) for one in part], next=next_page(ask, more))


def _file(ask: Ask, found: Kept) -> IncidentFile:
    return kept(ask, Files, lambda: Files(ask)).of(found, ask.app.now())


def _removed(ask: Ask, group: str, one: Removed) -> RemovedPerson:
    return RemovedPerson(
        number=one.number,
        person=person_in(ask, one.key, group),
        first_seen_at=one.first_seen_at,
        last_seen_at=one.last_seen_at,
        gone_at=one.gone_at,
        cause=one.cause,
        confidence=one.confidence,
        observations=list(one.observations),
        administrator=one.administrator,
        plan=one.plan_id,
        added_at=one.added_at,
    )
