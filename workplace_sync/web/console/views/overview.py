"""The first page: how every group stands, to be read in five seconds."""

from collections.abc import Sequence
from datetime import datetime

from starlette.responses import Response

from workplace_sync.jobs.overview import Standing
from workplace_sync.jobs.overview import overview as overview_of
from workplace_sync.web.console.asking import Asked
from workplace_sync.web.console.charts import Chart, line_chart
from workplace_sync.web.console.pages import Menu, page
from workplace_sync.web.console.permissions import Permission


@page("/", Permission.SELF, menu=Menu("Overview", 0), help="begin")
def overview(ask: Asked) -> Response:
    """Show the groups that are the visitor's; who has none is told what to do."""
    names = [name for name in ask.groups if ask.may(Permission.GROUPS_READ, name)]
    standings = overview_of(ask.app.database, names, ask.app.now(), ask.console.remembered)
    return ask.show(
        "overview.html",
        title="Overview",
        groups=[(ask.groups[one.group].managed, one, members_chart(one, ask.app.now())) for one in standings],
    )


def members_chart(standing: Standing, now: datetime) -> Chart | None:
    """Return the chart of a group's size over time, with when it could not be seen, and how many are wanted in it."""
    bands: Sequence[tuple[datetime, datetime, str]] = [
        (blind.began_at, blind.ended_at or now, "could not be seen") for blind in standing.blinds
    ]
    level = ("wanted", standing.desired) if standing.desired else None
    return line_chart("Members over time", standing.history, level=level, bands=bands)
