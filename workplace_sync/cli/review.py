"""`workplace-sync approve` and `reject`: a second person's word on what a plan holds."""

from typing import Annotated

import typer

from workplace_sync.cli.apply import By, Plan
from workplace_sync.cli.invocation import invocation
from workplace_sync.errors import ExitCode


def approve(
    context: typer.Context,
    plan: Plan,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")] = "",
    by: By = None,
) -> int:
    """Approve what a plan holds. The one who asked for the plan cannot; the approval ends with its time or the plan's.

    Example: workplace-sync approve 3f9c0a1b2d4e --by grace --reason "as the committee decided on Monday"
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs import review  # noqa: PLC0415
    from workplace_sync.jobs.plan import find_plan  # noqa: PLC0415

    with Application(call.settings, actor=by) as app:
        found = find_plan(app.office, plan)
        approvers = app.group(found.group).approvers
        given = review.approve(app.office, found, approvers=approvers, reason=reason, valid=app.approval_valid)
    call.output.show(
        "review/1",
        {
            "plan": found.id,
            "digest": found.digest,
            "verdict": given.verdict,
            "by": given.reviewed_by,
            "expires_at": given.expires_at,
        },
        f"{given.reviewed_by} approved plan {found.digest[:12]} until {given.expires_at:%Y-%m-%d %H:%M} UTC. Next: workplace-sync apply {found.digest[:12]}",
    )
    return ExitCode.DONE


def reject(
    context: typer.Context,
    plan: Plan,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; those who read the log will ask.")],
    by: By = None,
) -> int:
    """Reject a plan for good. Anybody may, the one who asked for it too.

    Example: workplace-sync reject 3f9c0a1b2d4e --by grace --reason "the roster is last month's"
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs import review  # noqa: PLC0415
    from workplace_sync.jobs.plan import find_plan  # noqa: PLC0415

    with Application(call.settings, actor=by) as app:
        found = find_plan(app.office, plan)
        given = review.reject(app.office, found, reason=reason, valid=app.approval_valid)
    call.output.show(
        "review/1",
        {
            "plan": found.id,
            "digest": found.digest,
            "verdict": given.verdict,
            "by": given.reviewed_by,
            "expires_at": given.expires_at,
        },
        f"{given.reviewed_by} rejected plan {found.digest[:12]}. It cannot be applied any more.",
    )
    return ExitCode.DONE
