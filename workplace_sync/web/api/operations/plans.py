"""Plans: what each would do and why, whom it is about, who approved, and what moved since."""

from bisect import bisect_right
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from pydantic import Field

from workplace_sync.jobs import review
from workplace_sync.jobs.consent import key_of
from workplace_sync.jobs.limits import SEARCH
from workplace_sync.jobs.listing import newest_plans
from workplace_sync.membership.plan import PlannedChange
from workplace_sync.store import plans as store
from workplace_sync.store.plans import PlanRecord
from workplace_sync.web.api.calling import AT_ONCE, V1, AtOnce, Called, Cursor, Id, Word, next_page, went_before
from workplace_sync.web.api.parts import Listing, Part, PersonShown, Wanted, groups_asked, person_in
from workplace_sync.web.console.asking import Ask
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.places import place_of, told
from workplace_sync.web.console.plan_desk import Sheet, desk_of
from workplace_sync.web.console.refusal import RefusalError
from workplace_sync.web.console.views.plans import plan_of

_AT = f"{V1}/plans"
_LONGEST = 2_000
_NO_CONTROL = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"

Effect = Literal["", "allow", "excepted", "warn", "hold", "deny"]


class PlanShort(Part):
    """A plan. `state` says in a few words how it stands, `effect` what the rules over the whole say, `why` for which reasons."""

    id: str
    digest: str
    group: str
    state: str
    effect: str
    why: list[str]
    requested_by: str
    created_at: datetime
    expires_at: datetime
    counts: dict[str, int]


class PlanReason(Part):
    """Why some changes are not simply carried out, and how many they are."""

    effect: str
    sentence: str
    rule: str
    number: int


class PlanReview(Part):
    """What somebody said of a plan."""

    verdict: str
    reviewed_by: str
    reviewed_at: datetime
    expires_at: datetime
    reason: str


class PlanApprovals(Part):
    """How many approvals count now, of how many needed, and until when."""

    given: int
    needed: int
    enough: bool
    until: datetime | None


class Plan(PlanShort):
    """A plan with its reasons and reviews. `waiting` changes lack an approval; `operations` counts them by outcome."""

    policy_revision: str
    waiting: int
    erased: int
    reasons: list[PlanReason]
    reviews: list[PlanReview]
    approvals: PlanApprovals
    operations: dict[str, int]


class PlanChange(Part):
    """A change of a plan, with its decision. `outcome` is '' until it was carried out."""

    number: int
    person: PersonShown | None
    action: str
    reason: str
    effect: str
    rules: list[str]
    why: list[str]
    remedy: str
    excepted: list[str]
    rejected: str
    outcome: str


class PlanDrift(Part):
    """What moved since a plan was made; `voids` says that approvals no longer count."""

    stands: int
    moved: int
    causes: dict[str, int]
    decided_by: dict[str, int]
    policies_changed: bool
    voids: bool


class Verdict(Wanted):
    """A verdict on the plan with that whole digest, so that it is about what was read."""

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    reason: Annotated[str, Field(max_length=_LONGEST, pattern=_NO_CONTROL)] = ""


class PersonWanted(Wanted):
    """Somebody, by their address."""

    address: Annotated[str, Field(min_length=1, max_length=320)]


@page(_AT, Permission.PLANS_READ, api=True)
def list_plans(
    ask: Called, group: Word = "", only: Literal["", "open"] = "", cursor: Cursor = "", limit: AtOnce = AT_ONCE
) -> Listing[PlanShort]:
    """List plans, newest first."""
    found = newest_plans(
        ask.app.database,
        groups_asked(ask, group),
        limit=limit,
        before=place_of(went_before(ask, cursor)),
        open_at=ask.app.now() if only else None,
    )
    return Listing(
        items=[PlanShort.model_validate(_short(plan, desk_of(ask).standing(ask, plan)[0])) for plan in found.rows],
        next=next_page(ask, told(found.older)),
    )


@page(f"{_AT}/{{plan_id}}", Permission.PLANS_READ, api=True)
def get_plan(ask: Called, plan_id: Id) -> Plan:
    """Tell what a plan would do, why, and how it stands; nobody is named."""
    plan, _ = plan_of(ask, plan_id)
    return _whole(ask, plan)


@page(f"{_AT}/{{plan_id}}/changes", Permission.PLANS_READ, api=True)
def list_changes(
    ask: Called, plan_id: Id, effect: Effect = "", cursor: Cursor = "", limit: AtOnce = AT_ONCE
) -> Listing[PlanChange]:
    """List a plan's changes, in its order; those about people who were erased are left out."""
    plan, _ = plan_of(ask, plan_id)
    after = int(went_before(ask, cursor) or -1)
    desk = desk_of(ask)
    outline = desk.outline(ask, plan, desk.sheet(ask, plan).erased)
    seqs = outline.seqs.get(effect, ()) if effect else outline.every
    start = bisect_right(seqs, after)
    part = seqs[start : start + limit]
    with ask.app.database.connect() as connection:
        found = store.numbered(connection, plan.id, part)
    ask.noted_read("plan", plan.group, sorted({change.key for change, _ in found}) or [""])
    more = str(part[-1]) if start + limit < len(seqs) else ""
    return Listing(items=[_change(ask, plan, *each) for each in found], next=next_page(ask, more))


@page(f"{_AT}/{{plan_id}}/changes/search", Permission.PLANS_READ, method="POST", api=True)
def find_changes(ask: Called, plan_id: Id, wanted: PersonWanted) -> Listing[PlanChange]:
    """Tell what a plan says of one person."""
    ask.limited(SEARCH)
    plan, _ = plan_of(ask, plan_id)
    key = key_of(wanted.address.strip())
    with ask.app.database.connect() as connection:
        found = store.about(connection, plan.id, key)
    ask.noted_read("plan", plan.group, [key])
    return Listing(items=[_change(ask, plan, *each) for each in found])


@page(f"{_AT}/{{plan_id}}/drift", Permission.PLANS_READ, api=True)
def get_drift(ask: Called, plan_id: Id) -> PlanDrift | None:
    """Tell what moved since a plan was made; null where it is over, or its group was never read completely."""
    plan, group = plan_of(ask, plan_id)
    sheet = desk_of(ask).sheet(ask, plan)
    drift = desk_of(ask).drift(ask, sheet, group) if group and not sheet.over else None
    if drift is None:
        return None
    return PlanDrift(
        stands=drift.stands,
        moved=drift.moved,
        causes={cause.value: number for cause, number in drift.counts.items()},
        decided_by=dict(drift.decided_by),
        policies_changed=drift.policies_changed,
        voids=drift.voids(ask.app.settings.drift_percent),
    )


@page(f"{_AT}/{{plan_id}}/approve", Permission.PLANS_REVIEW, method="POST", api=True)
def approve_plan(ask: Called, plan_id: Id, verdict: Verdict) -> Plan:
    """Approve what a plan holds, as whose token it is."""
    plan = _deciding(ask, plan_id, verdict)
    approvers = ask.groups[plan.group].approvers
    review.approve(ask.desk, plan, approvers=approvers, reason=verdict.reason.strip(), valid=ask.app.approval_valid)
    return _whole(ask, plan)


@page(f"{_AT}/{{plan_id}}/reject", Permission.PLANS_REVIEW, method="POST", api=True)
def reject_plan(ask: Called, plan_id: Id, verdict: Verdict) -> Plan:
    """Reject a plan for good, with a reason."""
    plan = _deciding(ask, plan_id, verdict)
    review.reject(ask.desk, plan, reason=verdict.reason.strip(), valid=ask.app.approval_valid)
    return _whole(ask, plan)


def _deciding(ask: Ask, plan_id: str, verdict: Verdict) -> PlanRecord:
    """Return the plan that a verdict is about; refuses with 409 one that is not the plan that was read."""
    plan, _ = plan_of(ask, plan_id)
    ask.require_group(plan.group)
    if plan.digest != verdict.digest:
        raise RefusalError(
            HTTPStatus.CONFLICT,
            "The verdict is about a plan with another digest.",
            hint="Read the plan, and send the digest that it has.",
        )
    return plan


def _short(plan: PlanRecord, state: str) -> dict[str, object]:
    header = plan.header
    return {
        "id": plan.id,
        "digest": plan.digest,
        "group": plan.group,
        "state": state,
        "effect": header.effect.value,
        "why": list(header.why),
        "requested_by": header.requested_by,
        "created_at": plan.created_at,
        "expires_at": plan.expires_at,
        "counts": dict(plan.counts),
    }


def _whole(ask: Ask, plan: PlanRecord) -> Plan:
    desk = desk_of(ask)
    sheet = desk.sheet(ask, plan)
    outline = desk.outline(ask, plan, sheet.erased)
    more = {
        "policy_revision": plan.header.policy_revision,
        "waiting": sheet.waiting,
        "erased": sheet.erased,
        "reasons": list(outline.reasons),
        "reviews": list(sheet.reviews),
        "approvals": _approvals(sheet),
        "operations": sheet.states,
    }
    return Plan.model_validate(_short(plan, sheet.state) | more)


def _approvals(sheet: Sheet) -> PlanApprovals:
    found = sheet.approvals
    return PlanApprovals(given=len(found.given), needed=found.needed, enough=found.enough, until=found.until)


def _change(ask: Ask, plan: PlanRecord, change: PlannedChange, outcome: str) -> PlanChange:
    return PlanChange(
        number=change.seq,
        person=person_in(ask, change.key, plan.group),
        action=change.action.value,
        reason=change.reason,
        effect=change.effect.value,
        rules=list(change.rules),
        why=list(change.why),
        remedy=change.remedy,
        excepted=list(change.excepted),
        rejected=change.rejected,
        outcome=outcome,
    )
