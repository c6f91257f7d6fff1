"""How the groups stand, and everything in a few numbers."""

from datetime import datetime

from workplace_sync import __version__
from workplace_sync.jobs.overview import Standing
from workplace_sync.jobs.overview import overview as overview_of
from workplace_sync.store import evidence_rows
from workplace_sync.web.api.calling import V1, Called
from workplace_sync.web.api.parts import Listing, Part
from workplace_sync.web.console.asking import Ask
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission


class WaitingChanges(Part):
    """Changes that wait for an approval, in the plan with that digest, since its waiting began."""

    changes: int
    digest: str
    since: datetime


class BlindNow(Part):
    """Why a group cannot be seen, and since when."""

    cause: str
    since: datetime


class RunEnd(Part):
    """How a run stands; `exit_code` is null while it runs, and where it was abandoned."""

    verb: str
    state: str
    began_at: datetime
    ended_at: datetime | None
    exit_code: int | None


class GroupShort(Part):
    """How a group stands. `members` and `seen_at` are of the last complete reading, null where there was none."""

    name: str
    title: str
    tenant: str
    desired: int
    members: int | None
    seen_at: datetime | None
    waiting: WaitingChanges | None
    open_incidents: int
    incident_people: int
    blind: BlindNow | None
    held_by_run: str | None
    last_run: RunEnd | None
    troubled: bool


class SizeThen(Part):
    """How many members a group had on a day."""

    at: datetime
    members: int


class BlindPeriod(Part):
    """A time in which a group could not be seen; `ended_at` is null while it lasts."""

    cause: str
    began_at: datetime
    ended_at: datetime | None


class Group(GroupShort):
    """A group with its last three months."""

    link: str
    history: list[SizeThen]
    blind_periods: list[BlindPeriod]


class Status(Part):
    """Everything in a few numbers. `troubled` and `blind` are names of groups."""

    version: str
    groups: int
    troubled: list[str]
    waiting: int
    open_incidents: int
    blind: list[str]
    evidence_size: int


@page(f"{V1}/groups", Permission.GROUPS_READ, api=True)
def list_groups(ask: Called) -> Listing[GroupShort]:
    """Tell how each group stands."""
    return Listing(items=[GroupShort.model_validate(_short(ask, one)) for one in _standings(ask, sorted(ask.groups))])


@page(f"{V1}/groups/{{group}}", Permission.GROUPS_READ, group="group", api=True)
def get_group(ask: Called, group: str) -> Group:
    """Tell how a group stands and stood."""
    (one,) = _standings(ask, [group])
    more = {
        "link": ask.groups[group].managed.link,
        "history": [SizeThen(at=at, members=size) for at, size in one.history],
        "blind_periods": [BlindPeriod.model_validate(each) for each in one.blinds],
    }
    return Group.model_validate(_short(ask, one) | more)


@page(f"{V1}/status", Permission.GROUPS_READ, api=True)
def get_status(ask: Called) -> Status:
    """Tell what somebody should look at."""
    found = _standings(ask, sorted(ask.groups))
    with ask.app.database.connect() as connection:
        size = evidence_rows.read_head(connection).size
    return Status(
        version=__version__,
        groups=len(found),
        troubled=[one.group for one in found if one.troubled],
        waiting=sum(one.waiting.changes for one in found if one.waiting),
        open_incidents=sum(one.incidents for one in found),
        blind=[one.group for one in found if one.blind],
        evidence_size=size,
    )


def _standings(ask: Ask, names: list[str]) -> list[Standing]:
    return overview_of(ask.app.database, names, ask.app.now(), ask.console.remembered)


def _short(ask: Ask, one: Standing) -> dict[str, object]:
    managed = ask.groups[one.group].managed
    return {
        "name": one.group,
        "title": managed.title,
        "tenant": managed.tenant,
        "desired": one.desired,
        "members": one.seen.members if one.seen else None,
        "seen_at": one.seen.at if one.seen else None,
        "waiting": one.waiting,
        "open_incidents": one.incidents,
        "incident_people": one.incident_people,
        "blind": one.blind,
        "held_by_run": one.lease.claim.verb if one.lease else None,
        "last_run": one.last_run,
        "troubled": one.troubled,
    }
