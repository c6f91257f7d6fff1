"""Runs: what was done for which group and when, and how far one is that runs now."""

from datetime import datetime

from workplace_sync.jobs.listing import newest_runs
from workplace_sync.store import runs as store
from workplace_sync.store.runs import RunRecord
from workplace_sync.web.api.calling import AT_ONCE, V1, AtOnce, Called, Cursor, Id, Word, next_page, went_before
from workplace_sync.web.api.parts import Listing, Part, groups_asked
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.places import place_of, told
from workplace_sync.web.console.refusal import not_found
from workplace_sync.web.console.sight import groups_seen, sees
from workplace_sync.web.console.views.runs import badge_of

_AT = f"{V1}/runs"


class Run(Part):
    """A run. `word` says how it stands, `exit_code` is null while it runs; `done` of `total` of what `stage` names."""

    id: str
    group: str
    verb: str
    by: str
    state: str
    word: str
    began_at: datetime
    ended_at: datetime | None
    exit_code: int | None
    summary: str
    counts: dict[str, int]
    stage: str
    done: int
    total: int | None


@page(_AT, Permission.RUNS_READ, api=True)
def list_runs(ask: Called, group: Word = "", cursor: Cursor = "", limit: AtOnce = AT_ONCE) -> Listing[Run]:
    """List runs, newest first."""
    before = place_of(went_before(ask, cursor))
    found = newest_runs(ask.app.database, groups_asked(ask, group), limit=limit, before=before)
    return Listing(items=[_run(run) for run in found.rows], next=next_page(ask, told(found.older)))


@page(f"{_AT}/{{run_id}}", Permission.RUNS_READ, api=True)
def get_run(ask: Called, run_id: Id) -> Run:
    """Tell how far a run is, or how it ended."""
    with ask.app.database.connect() as connection:
        found = store.find(connection, run_id)
    if found is None or not sees(groups_seen(ask), found.group):
        raise not_found()
    return _run(found)


def _run(run: RunRecord) -> Run:
    return Run(
        id=run.id,
        group=run.group,
        verb=run.verb,
        by=run.actor,
        state=run.state.value,
        word=badge_of(run)[0],
        began_at=run.began_at,
        ended_at=run.ended_at,
        exit_code=run.exit_code,
        summary=run.summary,
        counts=dict(run.counts),
        stage=run.stage,
        done=run.done,
        total=run.total,
    )
