"""Jobs that take a while: carried out in a thread of this process, under the group's lease, while pages show how far they are.

Where there is a queue, its workers do them instead. A job that ends with the process is as one that was killed: what was
sent is settled by reading the group, and the next run goes on from there (promise P3).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.responses import Response

from workplace_sync.app import Application
from workplace_sync.errors import SyncError
from workplace_sync.jobs.apply import ApplyOptions, apply_plan
from workplace_sync.jobs.endings import end_apply, end_plan
from workplace_sync.jobs.observe import observe
from workplace_sync.jobs.plan import find_plan, make_plan
from workplace_sync.jobs.rosters import import_rosters
from workplace_sync.jobs.running import Run, Verb, running
from workplace_sync.logs import bound, get_logger
from workplace_sync.store import queue
from workplace_sync.store.queue import Job
from workplace_sync.web.console.asking import Ask

_SOON = 5.0  # seconds to wait for a job to begin, so that its page can be shown next

_log = get_logger(__name__)


@dataclass
class Begun:
    """A job on its way: `run` is its run's id once it has one, `error` why it has none."""

    run: str = ""
    error: SyncError | None = None
    known: threading.Event = field(default_factory=threading.Event)

    def tell(self, run: str) -> None:
        """Say that it runs."""
        self.run = run
        self.known.set()


Work = Callable[[Application, Begun], None]


def has_queue(ask: Ask) -> bool:
    """Whether there are workers who do jobs."""
    return not ask.app.database.is_sqlite


def begin(ask: Ask, group: str, work: Work, back: str) -> Response:
    """Begin a job in the visitor's name, and go on to its run; back with the reason where it cannot begin."""
    begun = Begun()
    opened = Application(ask.app.settings, actor=ask.visitor.name, now=ask.app.now, new_id=ask.app.new_id)
    thread = threading.Thread(target=_carry_out, args=(opened, group, work, begun), name=f"work {group}", daemon=True)
    thread.start()
    begun.known.wait(_SOON)
    if begun.error is not None:
        return ask.done(f"{begun.error.message} {begun.error.hint}".strip(), back, kind="fault")
    if begun.run:
        return ask.done("", f"/runs/{begun.run}")
    return ask.done("It begins in a moment. Look at this page again then.", f"/runs?group={group}")


def enqueue(ask: Ask, job: Job) -> Response:
    """Leave a job to the next free worker, and go on to the list of runs."""
    with ask.app.database.write() as connection:
        number = queue.enqueue(connection, job)
    told = (
        "It waits in the queue already." if number is None else "It is in the queue, and the next free worker does it."
    )
    return ask.done(f"{told} This page shows it once it runs.", f"/runs?group={job.group}")


@contextmanager
def holding(ask: Ask, group: str, verb: Verb) -> Iterator[Run]:
    """Hold a group in the visitor's name, for something short. Raises BusyError where another run holds it."""
    settings = ask.app.settings
    request = settings.connect_timeout + settings.read_timeout
    with running(ask.desk, group, verb, lease_seconds=settings.lease_seconds, request_seconds=request) as run:
        yield run


def planning(group: str) -> Work:
    """Return the work of reading roster and group, and making a plan; it writes nothing to the platform."""

    def work(app: Application, begun: Begun) -> None:
        found = app.group(group)
        with app.running(group, Verb.PLAN) as run:
            begun.tell(run.id)
            run.progress(0, None, "reading the roster")
            with app.platform(found) as platform, app.sources(found, platform) as sources:
                import_rosters(run.office, found.managed, sources)
                seen = observe(run.office, found.managed, run.reading(platform.reader()))
                run.progress(0, None, "asking the policies")
                snapshot = seen.require_complete()
                end_plan(run, make_plan(run.office, found.managed, app.rules, snapshot, valid=app.plan_valid))

    return work


def applying(group: str, digest: str) -> Work:
    """Return the work of carrying a plan out."""

    def work(app: Application, begun: Begun) -> None:
        found, plan = app.group(group), find_plan(app.office, digest)
        with app.running(group, Verb.APPLY) as run:
            begun.tell(run.id)
            with app.platform(found) as platform:
                steps = run.steps()
                options = ApplyOptions(
                    drift_percent=app.settings.drift_percent, on_start=steps.begin, on_progress=steps.advance
                )
                sides = (run.reading(platform.reader()), platform.writer())
                end_apply(run, apply_plan(run.office, found.managed, app.rules, plan, sides, options))

    return work


def _carry_out(app: Application, group: str, work: Work, begun: Begun) -> None:
    try:
        with app, bound(group=group):
            try:
                work(app, begun)
            except SyncError as error:
                begun.error = None if begun.run else error
                _log.warning("The job ended early: " + error.message)
    except Exception:  # noqa: BLE001 - a mistake of the program, told with its traceback, redacted like every line
        _log.exception("Something went wrong that should not.")
        begun.error = (
            None if begun.run else SyncError("Something went wrong that should not. It is in the console's log.")
        )
    finally:
        begun.known.set()
