"""`workplace-sync apply`: carry a plan out, once it may be."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.options import LAST_NUMBER
from workplace_sync.cli.output import counted

if TYPE_CHECKING:
    from workplace_sync.jobs.apply import ApplyReport

Plan = Annotated[str, typer.Argument(metavar="PLAN", help="The plan: its digest, or the first eight digits or more.")]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who this is, if not the settings' actor.")]

_LISTED = 50


def apply(
    context: typer.Context,
    plan: Plan,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, max=LAST_NUMBER, help="Carry out at most so many: a first careful slice."),
    ] = None,
    by: By = None,
) -> int:
    """Carry out what the plan allows and an approval covers, then read the group again and say what is seen.

    Every change is decided again first. Killed half-way, run it again: it goes on where it was, and adds nobody twice.

    Example: workplace-sync apply 3f9c0a1b2d4e --limit 20
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs.apply import ApplyOptions, apply_plan  # noqa: PLC0415
    from workplace_sync.jobs.endings import end_apply  # noqa: PLC0415
    from workplace_sync.jobs.plan import find_plan  # noqa: PLC0415
    from workplace_sync.jobs.running import Verb  # noqa: PLC0415

    with Application(call.settings, actor=by) as app:
        found = find_plan(app.office, plan)
        group = app.group(found.group)
        app.require_role(found.group, "apply a plan")
        with (
            app.running(found.group, Verb.APPLY) as run,
            app.platform(group) as platform,
            call.output.progress(f"Applying to {found.group}") as advance,
        ):
            steps = run.steps(advance)
            options = ApplyOptions(limit, call.settings.drift_percent, on_start=steps.begin, on_progress=steps.advance)
            sides = (run.reading(platform.reader()), platform.writer())
            report = apply_plan(run.office, group.managed, app.rules, found, sides, options)
            requests = platform.requests_sent
            end_apply(run, report)
    data = {
        "plan": report.plan_id,
        "digest": report.digest,
        "group": found.group,
        **{name: getattr(report, name) for name in ("asked", "accepted", "refused", "skipped", "done", "seen")},
        **{name: getattr(report, name) for name in ("left", "waiting", "unsettled", "blind")},
        "failures": [{"address": key, "reason": reason} for key, reason in report.failures],
        "unseen": report.unseen,
        "stopped": report.stopped.message if report.stopped else "",
        "requests_sent": requests,
    }
    call.output.show("apply/1", data, lambda: list(_told(report)), news=not report.nothing_done or bool(report.waiting))
    return report.exit_code


def _told(report: "ApplyReport") -> Iterator[str]:
    name = report.digest[:12]
    if report.nothing_done and report.waiting:
        yield f"Plan {name}: nothing was done; {counted(report.waiting, 'change waits', 'changes wait')} for an approval."
    elif report.nothing_done:
        yield f"Plan {name}: nothing is left to do; {counted(report.done, 'change of it was', 'changes of it were')} carried out before."
    else:
        yield f"Plan {name}: asked {report.asked:,}, accepted {report.accepted:,}, seen in the group {report.seen:,} of {report.done:,}."
    if report.skipped:
        yield f"  {counted(report.skipped, 'was', 'were')} no longer needed or no longer allowed; the audit log says why for each."
    if report.left and not report.stopped:
        yield f"  {counted(report.left, 'is', 'are')} left for the next apply."
    yield from _troubles(report)
    if report.waiting:
        yield f"  {counted(report.waiting, 'waits', 'wait')} for an approval: workplace-sync approve {name} --by NAME"


def _troubles(report: "ApplyReport") -> Iterator[str]:
    if report.stopped:
        yield f"  Stopped: {report.stopped.message} {counted(report.left, 'is', 'are')} left. {report.stopped.hint}"
    if report.blind:
        yield f"  The group could not be read back: {report.blind}. The next apply settles what is unknown."
    if report.unsettled:
        yield f"  Of {report.unsettled:,} nothing is known yet; the next apply settles that by reading the group."
    for key, reason in report.failures[:_LISTED]:
        yield f"  failed: {key}: {reason}"
    if len(report.failures) > _LISTED:
        yield f"  … and {len(report.failures) - _LISTED:,} more; all are in --output json and in the audit log."
    for key in report.unseen[:_LISTED]:
        yield f"  accepted, but not seen: {key}"
    if len(report.unseen) > _LISTED:
        yield f"  … and {len(report.unseen) - _LISTED:,} more not seen"
