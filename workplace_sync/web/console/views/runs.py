"""Runs: what was done for which group and when, and how far one is that runs now."""

import re
from datetime import timedelta

from starlette.responses import Response

from workplace_sync.errors import ExitCode
from workplace_sync.jobs.listing import newest_runs
from workplace_sync.jobs.speed import Mark, Speed, speed_of
from workplace_sync.store import queue
from workplace_sync.store import runs as store
from workplace_sync.store.queue import Queued
from workplace_sync.store.runs import RunRecord, State
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.keeping import kept
from workplace_sync.web.console.pages import Menu, page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.places import address, place_of, told
from workplace_sync.web.console.recent import Recent
from workplace_sync.web.console.refusal import not_found
from workplace_sync.web.console.sight import groups_seen, sees

AT = "/runs"
_ROWS = 30
_AGAIN = "3"  # seconds after which a page about something that runs is asked for again
_PLAN = re.compile(r"plan ([0-9a-f]{12})\b")

_ENDED = {
    ExitCode.DONE: ("done", "good"),
    ExitCode.CHANGES: ("done", "good"),
    ExitCode.HELD: ("waits for approval", "warn"),
    ExitCode.PARTIAL: ("partly done", "warn"),
    ExitCode.BUSY: ("was busy", ""),
    ExitCode.GUARD: ("stopped by a guard", "bad"),
    ExitCode.BLIND: ("could not see", "bad"),
    ExitCode.INTERRUPTED: ("interrupted", "warn"),
}


class Marks(Recent[tuple[str, str], Mark]):
    """How far runs were in their stages when a page first showed them so."""

    def __init__(self) -> None:
        super().__init__(200)


@page(AT, Permission.RUNS_READ, menu=Menu("Runs", 70), help="runs")
def all_runs(ask: Asked, group: str = "", before: str = "", still: str = "") -> Response:
    """List runs, newest first; what runs now and what waits in the queue comes with it."""
    seen = groups_seen(ask)
    if group and not sees(seen, group):
        raise not_found()
    groups = (group,) if group else seen
    found = newest_runs(ask.app.database, groups, limit=_ROWS, before=place_of(before))
    going = not before and any(run.state is State.RUNNING for run in found.rows)
    return _again(
        ask.show(
            "runs.html",
            title="Runs",
            rows=[(run, *badge_of(run)) for run in found.rows],
            older=address(AT, {"group": group, "before": told(found.older)}) if found.older else "",
            groups=sorted(ask.groups),
            group=group,
            going=going,
            still=bool(still),
            here=address(AT, {"group": group}),
            stopped=address(AT, {"group": group, "still": "yes"}),
            queued=[] if before else _queued(ask, group, seen),
        ),
        when=going and not still,
    )


@page(f"{AT}/{{run_id}}", Permission.RUNS_READ, help="runs")
def one_run(ask: Asked, run_id: str, still: str = "") -> Response:
    """Show a run: how far it is, how fast, how long it will still take; or how it ended."""
    with ask.app.database.connect() as connection:
        run = store.find(connection, run_id)
    if run is None or not sees(groups_seen(ask), run.group):
        raise not_found()
    going = run.state is State.RUNNING
    speed = _speed(ask, run) if going else None
    plan = _PLAN.search(run.summary)
    text, kind = badge_of(run)
    return _again(
        ask.show(
            "run.html",
            title=f"{run.verb.capitalize()} of {run.group}",
            crumbs=[("Runs", AT)],
            run=run,
            badge_text=text,
            badge_kind=kind,
            going=going,
            still=bool(still),
            share=_share(run),
            speed=speed,
            left=duration(speed.left) if speed and speed.left is not None else "",
            took=duration((run.ended_at or ask.app.now()) - run.began_at),
            plan=plan[1] if plan and ask.may(Permission.PLANS_READ, run.group) else "",
        ),
        when=going and not still,
    )


def badge_of(run: RunRecord) -> tuple[str, str]:
    """Return how a run stands in a word or two, and how its badge looks."""
    if run.state is State.RUNNING:
        return "running", "info"
    if run.state is State.ABANDONED or run.exit_code is None:
        return "abandoned", "bad"
    known = {int(code): words for code, words in _ENDED.items()}
    return known.get(run.exit_code, ("failed", "bad"))


def duration(span: timedelta) -> str:
    """Return a span of time in words: "40 seconds", "3 minutes", "2 hours"."""
    seconds = max(0, round(span.total_seconds()))
    for size, word, most in ((1, "second", 90), (60, "minute", 90), (3600, "hour", 48), (86400, "day", 10**9)):
        number = round(seconds / size)
        if number < most:
            return f"{number:,} {word}{'' if number == 1 else 's'}"
    return ""


def _again(answer: Response, *, when: bool) -> Response:
    """Have the browser ask again by itself; a link of the page stops that (WCAG 2.2.2)."""
    if when:
        answer.headers["Refresh"] = _AGAIN
    return answer


def _share(run: RunRecord) -> int | None:
    """Return how many per cent are done, None where nobody knows of how many."""
    return min(100, run.done * 100 // run.total) if run.total else None


def _speed(ask: Ask, run: RunRecord) -> Speed | None:
    """Return how fast a run goes, measured from when a page first showed it in its stage."""
    marks = kept(ask, Marks, Marks)
    since = marks.get((run.id, run.stage), lambda: Mark.of(run))
    first_look = since == Mark.of(run)
    return speed_of(run, None if first_look else since)


def _queued(ask: Ask, group: str, seen: tuple[str, ...] | None) -> list[Queued]:
    with ask.app.database.connect() as connection:
        if not queue.has_queue(connection):
            return []
        return queue.jobs(connection, group or None, among=seen, limit=_ROWS)
