"""`workplace-sync approve` and `reject`: people's word on what a plan holds."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.apply import By, Plan
from workplace_sync.cli.invocation import Invocation, invocation
from workplace_sync.cli.output import counted
from workplace_sync.errors import ExitCode

if TYPE_CHECKING:
    from workplace_sync.app import Application
    from workplace_sync.store.plans import PlanRecord, Review

_SHOWN = 12  # digits of a digest


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
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs import review  # noqa: PLC0415
    from workplace_sync.jobs.plan import find_plan  # noqa: PLC0415

    with Application(call.settings, actor=by) as app:
        found = find_plan(app.office, plan)
        approvers = app.group(found.group).approvers
        app.require_role(found.group, "approve a plan")
        given = review.approve(app.office, found, approvers=approvers, reason=reason, valid=app.approval_valid)
        approvals = review.approvals_of(app.database, found, app.now(), app.office.stakes)
    name, so_far = found.digest[:_SHOWN], f"{len(approvals.given)} of {approvals.needed} approvals"
    told = f"{given.reviewed_by} approved plan {name} until {given.expires_at:%Y-%m-%d %H:%M} UTC: {so_far}."
    next_step = f"workplace-sync {'apply' if approvals.enough else 'approve'} {name}"
    data = {"expires_at": given.expires_at, "approvals": len(approvals.given), "needed": approvals.needed}
    _show(call, found, given, data, f"{told} Next: {next_step}{'' if approvals.enough else ' --by ANOTHER'}")
    return ExitCode.DONE


def reject(
    context: typer.Context,
    plan: Plan,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; those who read the log will ask.")],
    change: Annotated[
        list[str] | None,
        typer.Option("--change", metavar="ADDRESS", help="Only the change about this person; give it for each."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--take-back", help="The other way: what was rejected in this plan may be asked again.")
    ] = False,
    by: By = None,
) -> int:
    """Reject a plan for good, or single changes of it. The one who asked for it may, too.

    What waited in it stays rejected in later plans, until the facts or the rules behind it are different.

    Example: workplace-sync reject 3f9c0a1b2d4e --by grace --reason "the roster is last month's"
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.plan import find_plan  # noqa: PLC0415

    with Application(call.settings, actor=by) as app:
        found = find_plan(app.office, plan)
        app.require_role(found.group, "reject a plan")
        if again:
            _take_back(call, app, found, change or [], reason)
        elif change:
            _reject_changes(call, app, found, change, reason)
        else:
            _reject_whole(call, app, found, reason)
    return ExitCode.DONE


def _reject_whole(call: Invocation, app: "Application", plan: "PlanRecord", reason: str) -> None:
    from workplace_sync.jobs import review  # noqa: PLC0415

    given = review.reject(app.office, plan, reason=reason, valid=app.approval_valid)
    told = f"{given.reviewed_by} rejected plan {plan.digest[:_SHOWN]}. It cannot be applied any more. {_STAYS}"
    _show(call, plan, given, {"expires_at": given.expires_at}, told)


_STAYS = "What waited in it stays rejected until its facts or rules change."


def _reject_changes(
    call: Invocation, app: "Application", plan: "PlanRecord", addresses: Sequence[str], reason: str
) -> None:
    from workplace_sync.jobs.rejections import changes_to_reject, reject_changes  # noqa: PLC0415
    from workplace_sync.jobs.running import Verb  # noqa: PLC0415

    group = app.group(plan.group).managed
    changes_to_reject(app.office, plan, addresses, reason)  # what is mistyped is no run that failed
    with app.running(plan.group, Verb.REVIEW) as run:
        number = reject_changes(run.office, group, plan, addresses, reason=reason)
    data = {"plan": plan.id, "digest": plan.digest, "verdict": "partly rejected", "by": app.actor, "changes": number}
    told = f"{app.actor} rejected {counted(number, 'change')} of plan {plan.digest[:_SHOWN]}. The rest of it stays as it is."
    call.output.show("review/1", data, told)


def _take_back(call: Invocation, app: "Application", plan: "PlanRecord", addresses: Sequence[str], reason: str) -> None:
    from workplace_sync.jobs.rejections import take_back  # noqa: PLC0415

    number = take_back(app.office, plan, addresses, reason=reason)
    data = {"plan": plan.id, "digest": plan.digest, "verdict": "rejection lifted", "by": app.actor, "changes": number}
    told = f"{counted(number, 'change')} rejected in plan {plan.digest[:_SHOWN]} may be asked again. Next: workplace-sync plan {plan.group}"
    call.output.show("review/1", data, told)


def _show(call: Invocation, plan: "PlanRecord", given: "Review", more: dict[str, object], told: str) -> None:
    data = {"plan": plan.id, "digest": plan.digest, "verdict": given.verdict, "by": given.reviewed_by, **more}
    call.output.show("review/1", data, told)
