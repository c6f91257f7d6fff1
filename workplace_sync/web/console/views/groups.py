"""A group: how it stands and stood, what binds it, and what was done lately."""

from dataclasses import replace
from datetime import datetime

from starlette.responses import Response

from workplace_sync.errors import InputError, SyncError
from workplace_sync.groups import FileSource
from workplace_sync.jobs.listing import newest_plans, newest_runs
from workplace_sync.jobs.overview import Standing, overview
from workplace_sync.policy.shelf import Policy
from workplace_sync.store import blind, evidence_rows, incidents, leases
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.keeping import kept
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.plan_desk import desk_of
from workplace_sync.web.console.recent import Recent
from workplace_sync.web.console.views.overview import members_chart
from workplace_sync.web.console.views.runs import badge_of

_LATELY = 6
_BLINDS = 10


class Standings(Recent[tuple[str, int, datetime], Standing]):
    """How groups stood, by what the log held and the minute: whatever changes it but for a run is an entry of the log."""

    def __init__(self) -> None:
        super().__init__(100)


@page("/groups/{group}", Permission.GROUPS_READ, group="group", help="groups")
def one_group(ask: Asked, group: str) -> Response:
    """Show a group."""
    found, database, now = ask.groups[group], ask.app.database, ask.app.now()
    standing = _standing(ask, group)
    plans = newest_plans(database, [group], limit=_LATELY).rows
    runs = newest_runs(database, [group], limit=_LATELY).rows
    with database.connect() as connection:
        blinds = blind.periods(connection, group)[-_BLINDS:]
        cases = incidents.listed(connection, group)
    return ask.show(
        "group.html",
        title=found.managed.title,
        crumbs=[("Overview", "/")],
        one=standing,
        managed=found.managed,
        group_file=found,
        chart=members_chart(standing, now),
        plans=[(plan, *desk_of(ask).standing(ask, plan)) for plan in plans],
        runs=[(run, *badge_of(run)) for run in runs],
        blinds=list(reversed(blinds)),
        cases=cases[:_LATELY],
        cases_number=len(cases),
        policies=_policies(ask, group),
        may_plan=ask.may(Permission.PLANS_MAKE, group),
        may_upload=ask.may(Permission.ROSTER_UPLOAD, group)
        and any(isinstance(source, FileSource) for source in found.sources),
        may_consent=ask.may(Permission.CONSENT_WRITE, group),
        may_read={
            name: ask.may(permission, group)
            for name, permission in (
                ("plans", Permission.PLANS_READ),
                ("runs", Permission.RUNS_READ),
                ("incidents", Permission.INCIDENTS_READ),
                ("policies", Permission.POLICIES_READ),
                ("audit", Permission.AUDIT_READ),
            )
        },
        queue=not database.is_sqlite,
    )


def _standing(ask: Ask, group: str) -> Standing:
    """Return how a group stands, with who holds it at this moment."""
    now, database = ask.app.now(), ask.app.database
    with database.connect() as connection:
        size, lease = evidence_rows.read_head(connection).size, leases.current(connection, group)

    def make() -> Standing:
        return overview(database, [group], now, ask.console.remembered)[0]

    key = (group, size, now.replace(second=0, microsecond=0))
    return replace(kept(ask, Standings, Standings).get(key, make), lease=lease)


def _policies(ask: Ask, group: str) -> list[Policy] | None:
    """Return the policies in force now for a group, None where their files cannot be used."""
    try:
        policies = ask.console.rules().policies.in_force(ask.app.now()).policies
    except (InputError, SyncError):
        return None
    return [policy for policy in policies if policy.document.match.fits(group)]
