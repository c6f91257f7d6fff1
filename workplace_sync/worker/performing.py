"""Does one job, as the command of the same name would, with everything opened anew: files may have changed meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from workplace_sync.app import Application
from workplace_sync.errors import ExitCode, SyncError, may_pass
from workplace_sync.jobs.apply import ApplyOptions, apply_plan
from workplace_sync.jobs.endings import end_apply, end_observation
from workplace_sync.jobs.observe import observe
from workplace_sync.jobs.plan import find_plan
from workplace_sync.jobs.progress import Steps, ToldReader
from workplace_sync.jobs.reconcile import ReconcileOptions, reconcile
from workplace_sync.jobs.running import Verb
from workplace_sync.jobs.stopping import Stoppable
from workplace_sync.settings import Settings
from workplace_sync.store import accounts
from workplace_sync.store.queue import Job, Task

_GOES_BACK = frozenset({ExitCode.BUSY, ExitCode.INTERRUPTED})


@dataclass(frozen=True, slots=True)
class Done:
    """How a job ended: its exit code, a sentence that names nobody, and whether it ends so until somebody does something."""

    code: ExitCode
    summary: str
    lasting: bool = False


def perform(settings: Settings, job: Job, stop: Callable[[], bool]) -> Done:
    """Do a job and say how it ended; `stop` is asked often whether to end early. No SyncError gets out."""
    try:
        with Application(settings, actor=job.by or None) as app:
            match job.task:
                case Task.RECONCILE:
                    return _watched(app, lambda: _reconcile(app, job, stop))
                case Task.OBSERVE:
                    return _observe(app, job, stop)
                case Task.APPLY:
                    return _apply(app, job, stop)
            assert_never(job.task)
    except SyncError as error:
        return Done(error.exit_code, error.message, lasting=not may_pass(error))


def _watched(app: Application, reconciled: Callable[[], Done]) -> Done:
    """Let the watcher of runs know that a reconcile began and how it ended, unless it only goes back into the queue."""
    ping = app.ping()
    ping.start()
    code, summary = ExitCode.ERROR, "It ended by a mistake of the program."
    try:
        done = reconciled()
        code, summary = done.code, done.summary
    except SyncError as error:
        code, summary = error.exit_code, error.message
        raise
    finally:
        if code not in _GOES_BACK:
            ping.end(ExitCode.DONE if code is ExitCode.HELD else code, summary)
    return done


def _reconcile(app: Application, job: Job, stop: Callable[[], bool]) -> Done:
    settings = app.settings
    options = ReconcileOptions(valid_hours=settings.plan_valid_hours, drift_percent=settings.drift_percent, stop=stop)
    found = reconcile(app, app.group(job.group), options)
    return Done(found.code, found.summary, found.lasting)


def _observe(app: Application, job: Job, stop: Callable[[], bool]) -> Done:
    group = app.group(job.group)
    with app.running(job.group, Verb.OBSERVE) as run, app.platform(group) as platform:
        stoppable = Stoppable(run, stop)
        seen = observe(stoppable.office(), group.managed, ToldReader(platform.reader(), stoppable.progress))
        seen.require_complete()
        end_observation(run, seen)
        return Done(run.ending.code, run.ending.summary)


def _apply(app: Application, job: Job, stop: Callable[[], bool]) -> Done:
    if not _let_in_by_sign_on(app):
        app.require_role(job.group, "apply a plan")
    plan = find_plan(app.office, job.plan)
    group = app.group(plan.group)
    with app.running(plan.group, Verb.APPLY) as run, app.platform(group) as platform:
        stoppable = Stoppable(run, stop)
        sides = (ToldReader(platform.reader(), stoppable.progress), platform.writer())
        steps = Steps(run.progress)
        options = ApplyOptions(
            drift_percent=app.settings.drift_percent, on_start=steps.begin, on_progress=steps.advance
        )
        report = apply_plan(stoppable.office(), group.managed, app.rules, plan, sides, options)
        end_apply(run, report)
        return Done(ExitCode.INTERRUPTED if report.left and stop() else report.exit_code, run.ending.summary)


def _let_in_by_sign_on(app: Application) -> bool:
    """Whether the actor has roles from the single sign-on alone: the console asked for them, and no file here holds them."""
    if app.people is None or app.people.find(app.actor) is not None:
        return False
    with app.database.connect() as connection:
        account = accounts.find(connection, app.actor)
    return account is not None and bool(account.identity) and account.disabled_at is None
