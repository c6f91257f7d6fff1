"""What people do with plans: have one made, approve, reject, reject single changes, carry out.

Who may do it is asked here once more, whatever buttons a page has shown.
"""

from typing import Annotated

from fastapi import Form
from starlette.responses import Response

from workplace_sync.errors import ReviewError
from workplace_sync.groups import GroupFile
from workplace_sync.jobs import review
from workplace_sync.jobs.rejections import changes_to_reject, reject_changes, take_back
from workplace_sync.jobs.running import Verb
from workplace_sync.store.plans import PlanRecord
from workplace_sync.store.queue import Job, Task
from workplace_sync.web.console import work
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.plan_desk import desk_of
from workplace_sync.web.console.references import referred
from workplace_sync.web.console.views.plans import AT, plan_of

_LONGEST = 2_000

Reason = Annotated[str, Form(max_length=_LONGEST)]


@page(AT, Permission.PLANS_MAKE, method="POST", help="plans")
def make_plan(ask: Asked, group: Annotated[str, Form()] = "") -> Response:
    """Have a plan made for a group: by the next worker, who reconciles it, or else in this process, which plans only."""
    ask.require_group(group)
    if work.has_queue(ask):
        ask.require(Permission.PLANS_APPLY, group)
        return work.enqueue(ask, Job(Task.RECONCILE, group, ask.visitor.name))
    return work.begin(ask, group, work.planning(group), f"/groups/{group}")


@page(f"{AT}/{{plan_id}}/approve", Permission.PLANS_REVIEW, method="POST", help="plans")
def approve(ask: Asked, plan_id: str, reason: Reason = "") -> Response:
    """Approve what a plan holds."""
    plan, group = _deciding(ask, plan_id)
    given = review.approve(
        ask.desk, plan, approvers=group.approvers, reason=reason.strip(), valid=ask.app.approval_valid
    )
    approvals = review.approvals_of(ask.app.database, plan, ask.app.now(), ask.app.stakes)
    so_far = f"{len(approvals.given)} of {approvals.needed} approvals are given."
    if not approvals.enough:
        so_far += " Somebody else gives the next one."
    elif ask.desk.enqueue_approved and work.has_queue(ask):
        so_far += " It is in the queue to be carried out."
    return ask.done(f"Approved until {given.expires_at:%Y-%m-%d %H:%M} UTC: {so_far}", f"{AT}/{plan.id}")


@page(f"{AT}/{{plan_id}}/reject", Permission.PLANS_REVIEW, method="POST", help="plans")
def reject(ask: Asked, plan_id: str, reason: Reason = "") -> Response:
    """Reject a plan for good."""
    plan, _ = _deciding(ask, plan_id)
    if not reason.strip():
        return _without_reason(ask, plan)
    review.reject(ask.desk, plan, reason=reason.strip(), valid=ask.app.approval_valid)
    told = "The plan was rejected and cannot be carried out any more. What waited in it stays rejected until its facts or rules change."
    return ask.done(told, f"{AT}/{plan.id}")


@page(f"{AT}/{{plan_id}}/reject-changes", Permission.PLANS_REVIEW, method="POST", help="plans")
def reject_some(
    ask: Asked, plan_id: str, person: Annotated[list[str] | None, Form()] = None, reason: Reason = ""
) -> Response:
    """Reject the changes of a plan about some people, who are named by their references."""
    plan, group = _deciding(ask, plan_id)
    if not person:
        return ask.done("Nobody was ticked, so nothing was rejected.", f"{AT}/{plan.id}#people", kind="fault")
    if not reason.strip():
        return _without_reason(ask, plan)
    keys = [referred(ask, one) for one in dict.fromkeys(person)]
    changes_to_reject(ask.desk, plan, keys, reason)  # what cannot be rejected is no run that failed
    with work.holding(ask, plan.group, Verb.REVIEW) as run:
        number = reject_changes(run.office, group.managed, plan, keys, reason=reason.strip())
    told = f"{number:,} change{'' if number == 1 else 's'} rejected. The rest of the plan stays as it is."
    return ask.done(told, f"{AT}/{plan.id}")


@page(f"{AT}/{{plan_id}}/take-back", Permission.PLANS_REVIEW, method="POST", help="plans")
def take_back_rejection(ask: Asked, plan_id: str, reason: Reason = "") -> Response:
    """Let what was rejected in a plan be asked again in the next one."""
    plan, _ = _deciding(ask, plan_id)
    if not reason.strip():
        return _without_reason(ask, plan)
    number = take_back(ask.desk, plan, reason=reason.strip())
    told = f"{number:,} change{'' if number == 1 else 's'} may be asked again. The next plan does."
    return ask.done(told, f"{AT}/{plan.id}")


@page(f"{AT}/{{plan_id}}/apply", Permission.PLANS_APPLY, method="POST", help="plans")
def carry_out(ask: Asked, plan_id: str) -> Response:
    """Carry out what a plan allows and an approval covers: by the next worker, or in this process."""
    plan, _ = _deciding(ask, plan_id)
    sheet = desk_of(ask).sheet(ask, plan)
    if not sheet.may_go:
        raise ReviewError(
            f"Nothing of this plan can be carried out now: it is {sheet.state}.",
            hint="An approval by somebody else may lack, or a new plan.",
        )
    if work.has_queue(ask):
        return work.enqueue(ask, Job(Task.APPLY, plan.group, ask.visitor.name, plan.digest))
    return work.begin(ask, plan.group, work.applying(plan.group, plan.digest), f"{AT}/{plan.id}")


def _deciding(ask: Ask, plan_id: str) -> tuple[PlanRecord, GroupFile]:
    """Return a plan, if the visitor may do this with plans of its group; refuses with 404 where it is none of theirs."""
    plan, _ = plan_of(ask, plan_id)
    ask.require_group(plan.group)
    return plan, ask.groups[plan.group]


def _without_reason(ask: Ask, plan: PlanRecord) -> Response:
    return ask.done("Say why: those who read the log will ask. Nothing was rejected.", f"{AT}/{plan.id}", kind="fault")
