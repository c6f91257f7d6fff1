"""The file of an incident: who was removed, how they had come in, what the rules were, and how the group fared."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from workplace_sync.cases.incident import Engagement, Pattern, engagement, patterns
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.plan import Rules
from workplace_sync.policy.decision import Shelf
from workplace_sync.store import blind, incidents, plans
from workplace_sync.store import engagement as posts
from workplace_sync.store.blind import Period
from workplace_sync.store.incidents import Incident, Note, Removed

WEEKS = timedelta(weeks=4)  # of engagement, before and after


@dataclass(frozen=True, slots=True)
class CameIn:
    """How some of those removed had come in: by a plan of ours, who asked for it and who approved it, by which methods."""

    plan: str
    made_at: datetime
    requested_by: str
    approved_by: tuple[str, ...]
    policy_revision: str
    methods: Mapping[str, int]
    people: int


@dataclass(frozen=True, slots=True)
class Published:
    """A policy of the platform's owner that was in force that day."""

    policy: str
    version: int
    title: str
    owner: str
    since: datetime
    source: str
    url: str
    sha256: str


@dataclass(frozen=True, slots=True)
class IncidentFile:
    """All that is on record about an incident.

    `not_by_us` counts those whom no plan of ours had added. `published` is None where the policies were not at hand.
    `before` and `after` are how posts of the four weeks around it were received, None where that was not taken.
    """

    incident: Incident
    people: tuple[Removed, ...]
    causes: Mapping[str, int]
    patterns: tuple[Pattern, ...]
    came_in: tuple[CameIn, ...]
    not_by_us: int
    published: tuple[Published, ...] | None
    blind: tuple[Period, ...]
    before: Engagement | None
    after: Engagement | None
    notes: tuple[Note, ...]


def read_file(office: Office, incident: Incident, rules: Rules | None = None) -> IncidentFile:
    """Return the file of an incident; nothing is written. With `rules` it names what the platform's owner had published."""
    since, until = incident.began_at, incident.last_gone_at
    with office.database.connect() as connection:
        people = incidents.people(connection, incident.id)
        methods = _methods(connection, people)
        around = posts.posts(connection, incident.group, since - WEEKS, until + WEEKS)
        periods = blind.periods(connection, incident.group, since=since)
        return IncidentFile(
            incident,
            tuple(people),
            incidents.count_causes(connection, incident.id),
            tuple(patterns([_traits(one, methods.get(one.number, "")) for one in people])),
            tuple(_came_in(connection, people, methods)),
            sum(not one.plan_id for one in people),
            None if rules is None else tuple(_published(rules, since)),
            tuple(each for each in periods if each.blind.began_at < until),
            engagement(around, since - WEEKS, since),
            engagement(around, until, until + WEEKS),
            tuple(incidents.notes(connection, incident.id)),
        )


def _methods(connection: Connection, people: Sequence[Removed]) -> dict[int, str]:
    """Return by which method each of them had been added, by their number."""
    found: dict[int, str] = {}
    for plan_id in dict.fromkeys(one.plan_id for one in people if one.plan_id):
        numbers = {one.seq: one.number for one in people if one.plan_id == plan_id}
        for change in plans.changes_numbered(connection, plan_id, list(numbers)):
            found[numbers[change.seq]] = str(change.facts.get("action.method", ""))
    return found


def _traits(one: Removed, method: str) -> dict[str, str]:
    return {
        "added_by": method.replace("_", " ") or "not by us",
        "added_on": f"{one.added_at or one.first_seen_at:%Y-%m-%d}",
        "tenant": one.tenant or one.key.rpartition("@")[2],
        "role": "administrator" if one.administrator else ", ".join(one.roles),
    }


def _came_in(connection: Connection, people: Sequence[Removed], methods: Mapping[int, str]) -> Iterator[CameIn]:
    for plan_id, number in Counter(one.plan_id for one in people if one.plan_id).most_common():
        used = Counter(methods.get(one.number, "") for one in people if one.plan_id == plan_id)
        for plan in plans.find(connection, plan_id):
            yield CameIn(
                plan.digest,
                plan.created_at,
                plan.header.requested_by,
                tuple(one.reviewed_by for one in plans.reviews(connection, plan_id) if one.verdict == "approved"),
                plan.header.policy_revision,
                dict(used.most_common()),
                number,
            )


def _published(rules: Rules, day: datetime) -> Iterator[Published]:
    for policy in rules.policies.in_force(day).policies:
        about = policy.document.metadata
        if policy.shelf is Shelf.PLATFORM:
            yield Published(
                policy.id,
                about.version,
                about.title,
                about.owner,
                about.effective_from,
                about.source.title,
                about.source.url,
                about.source.sha256,
            )
