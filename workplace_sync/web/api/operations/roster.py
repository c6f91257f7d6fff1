"""A group's roster: what another file would change, before anything is changed."""

from io import BytesIO
from typing import Annotated

from fastapi import Body, Query

from workplace_sync.groups import FileSource
from workplace_sync.jobs.limits import SEARCH
from workplace_sync.jobs.roster_change import roster_change
from workplace_sync.roster.readers import read_roster
from workplace_sync.web.api.calling import V1, Called
from workplace_sync.web.api.parts import Part
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.refusal import not_found


class RosterFault(Part):
    """One thing that is wrong with the file: its line (0 is the whole file), the field, and what to do."""

    line: int
    field: str
    message: str
    advice: str


class RosterPreview(Part):
    """What the file says, and what it would change. Nobody is named; of the faults the first 500 are told."""

    rows: int
    good: int
    opted_in: int
    withdrawn: int
    silent: int
    come: int
    go: int
    stay: int
    fault_count: int
    faults: list[RosterFault]


@page(
    f"{V1}/roster/{{group}}/preview",
    Permission.ROSTER_UPLOAD,
    method="POST",
    group="group",
    api=True,
    uploads=True,
)
def preview_roster(
    ask: Called,
    group: str,
    file: Annotated[
        bytes, Body(media_type="application/octet-stream", description="A file as the group's file names it.")
    ],
    source: Annotated[int, Query(ge=0, le=100, description="Which source of the group, from 0.")] = 0,
) -> RosterPreview:
    """Tell what would change if this were the group's roster; nothing is kept of it."""
    ask.limited(SEARCH)
    sources = ask.groups[group].sources
    found = sources[source] if source < len(sources) else None
    if not isinstance(found, FileSource):
        raise not_found()
    items = read_roster(BytesIO(file), name=found.path.name, mapping=found.columns, now=ask.app.now())
    change = roster_change(ask.app.database, group, str(found.path), items)
    ask.noted_read("roster preview", group)
    report = change.report
    return RosterPreview(
        rows=report.rows,
        good=report.good,
        opted_in=report.opted_in,
        withdrawn=report.withdrawn,
        silent=report.silent,
        come=change.come.number,
        go=change.go.number,
        stay=change.stay,
        fault_count=report.fault_count,
        faults=[RosterFault.model_validate(fault) for fault in report.faults],
    )
