"""Plans: which there are, what each would do and why, whom it is about, and what moved since."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Query
from starlette.responses import Response

from workplace_sync.errors import UsageError
from workplace_sync.groups import GroupFile
from workplace_sync.jobs.consent import key_of
from workplace_sync.jobs.limits import SEARCH
from workplace_sync.jobs.listing import newest_plans
from workplace_sync.jobs.plan import find_plan
from workplace_sync.jobs.plan_file import Reason
from workplace_sync.jobs.plan_outline import PlanOutline
from workplace_sync.membership.plan import POSSIBLE, PlannedChange
from workplace_sync.store import plans as store
from workplace_sync.store.plans import PlanRecord
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.pages import Menu, page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.places import address, place_of, told
from workplace_sync.web.console.plan_desk import Sheet, at_once, desk_of
from workplace_sync.web.console.references import person_path, reference, referred
from workplace_sync.web.console.refusal import not_found
from workplace_sync.web.console.sight import groups_seen, in_full, person_shown, sees

AT = "/plans"
_ROWS = 25
_PEOPLE = 50
_REASONS = 30
_SAME_NAME = 12  # digits of a digest, as everywhere

WORDS = {
    "allow": "allowed",
    "excepted": "allowed by an exception",
    "warn": "allowed with a warning",
    "hold": "held",
    "deny": "denied",
}
"""The effects in words."""

BADGES = {"allow": "good", "excepted": "good", "warn": "warn", "hold": "warn", "deny": "bad", "rejected": "bad"}


@dataclass(frozen=True, slots=True)
class Line:
    """A change of a plan as it is shown; `person` is the page about them, `reference` names them in a form."""

    change: PlannedChange
    outcome: str
    shown: str
    person: str
    reference: str
    open: bool


@page(AT, Permission.PLANS_READ, menu=Menu("Plans", 20), help="plans")
def all_plans(ask: Asked, group: str = "", only: str = "", before: str = "") -> Response:
    """List plans, newest first."""
    seen = groups_seen(ask)
    if group and not sees(seen, group):
        raise not_found()
    desk, now = desk_of(ask), ask.app.now()
    found = newest_plans(
        ask.app.database,
        (group,) if group else seen,
        limit=_ROWS,
        before=place_of(before),
        open_at=now if only == "open" else None,
    )
    return ask.show(
        "plans.html",
        title="Plans",
        rows=[(plan, plan.header, *desk.standing(ask, plan)) for plan in found.rows],
        older=address(AT, {"group": group, "only": only, "before": told(found.older)}) if found.older else "",
        groups=sorted(ask.groups),
        group=group,
        only=only,
        may_plan=[name for name in sorted(ask.groups) if ask.may(Permission.PLANS_MAKE, name)],
    )


@page(f"{AT}/{{plan_id}}", Permission.PLANS_READ, help="plans")
def one_plan(
    ask: Asked,
    plan_id: str,
    effect: str = "",
    reason: Annotated[int | None, Query(ge=0, le=10_000)] = None,
    after: Annotated[int, Query(ge=-1, le=2**31 - 1)] = -1,
    person: str = "",
) -> Response:
    """Show a plan: what it would do, why, whom it is about, and what may be done with it."""
    plan, group = plan_of(ask, plan_id)
    desk = desk_of(ask)
    sheet = desk.sheet(ask, plan)
    outline = desk.outline(ask, plan, sheet.erased)
    chosen = outline.reasons[reason] if reason is not None and reason < len(outline.reasons) else None
    key = referred(ask, person) if person else ""
    lines, more = _people(ask, plan, (outline, effect, chosen), after, key)
    ask.noted_read("plan", plan.group, [key])
    drift = desk.drift(ask, sheet, group) if group and not sheet.over and at_once(plan) else None
    given = {"effect": effect, "reason": "" if reason is None else str(reason)}
    return ask.show(
        "plan.html",
        title=f"Plan {plan.digest[:_SAME_NAME]}",
        crumbs=[("Plans", AT)],
        sheet=sheet,
        plan=plan,
        header=plan.header,
        reasons=list(enumerate(outline.reasons[:_REASONS])),
        rarer=max(0, len(outline.reasons) - _REASONS),
        lines=lines,
        person=person,
        chosen=chosen,
        effect=effect,
        effects_shown=[
            (name, f"{WORDS[name]} ({len(outline.seqs[name]):,})") for name in WORDS if name in outline.seqs
        ],
        next_page=address(f"{AT}/{plan.id}", given | {"after": str(more)}) + "#people" if more is not None else "",
        first_page=address(f"{AT}/{plan.id}", given) + "#people" if after >= 0 else "",
        drift=drift,
        drift_apart=bool(group) and not sheet.over and not at_once(plan),
        drift_percent=ask.app.settings.drift_percent,
        words=WORDS,
        badges=BADGES,
        may=_may(ask, sheet, group),
        queue=not ask.app.database.is_sqlite,
    )


@page(f"{AT}/{{plan_id}}/drift", Permission.PLANS_READ, help="plans")
def drift_page(ask: Asked, plan_id: str) -> Response:
    """Show what moved since a plan was made; for a large one this takes its time, so it has a page of its own."""
    plan, group = plan_of(ask, plan_id)
    sheet = desk_of(ask).sheet(ask, plan)
    drift = desk_of(ask).drift(ask, sheet, group) if group and not sheet.over else None
    keys = [moved.key for moved in drift.examples] if drift else []
    ask.noted_read("what moved in a plan", plan.group, keys or [""])
    return ask.show(
        "plan-drift.html",
        title="What moved since",
        crumbs=[("Plans", AT), (f"Plan {plan.digest[:_SAME_NAME]}", f"{AT}/{plan.id}")],
        sheet=sheet,
        plan=plan,
        drift=drift,
        drift_percent=ask.app.settings.drift_percent,
        examples=[(moved, person_shown(ask, moved.key, plan.group)) for moved in drift.examples] if drift else [],
    )


@page(f"{AT}/{{plan_id}}/person", Permission.PLANS_READ, method="POST", help="plans")
def find_person(ask: Asked, plan_id: str, address: Annotated[str, Form()] = "") -> Response:
    """Go on to what the plan says of one person, whose address is in no address of ours."""
    ask.limited(SEARCH)
    plan, _ = plan_of(ask, plan_id)
    return ask.done("", f"{AT}/{plan.id}?person={reference(ask, key_of(address.strip()))}#people")


def plan_of(ask: Ask, plan_id: str) -> tuple[PlanRecord, GroupFile | None]:
    """Return a plan that the visitor may see and its group's file, None where the group is configured no more."""
    try:
        plan = find_plan(ask.desk, plan_id)
    except UsageError:
        raise not_found() from None  # what is not there looks like what is not theirs
    if not sees(groups_seen(ask), plan.group):
        raise not_found()
    return plan, ask.groups.get(plan.group)


def _people(
    ask: Ask, plan: PlanRecord, wanted: tuple[PlanOutline, str, Reason | None], after: int, key: str
) -> tuple[list[Line], int | None]:
    """Return a page of the plan's changes, and the number after which the next page begins."""
    outline, effect, reason = wanted
    with ask.app.database.connect() as connection:
        if key:
            return [_line(ask, plan, *each) for each in store.about(connection, plan.id, key)], None
        seqs = _seqs(outline, effect, reason)
        start = bisect_right(seqs, after)
        part = seqs[start : start + _PEOPLE]
        found = store.numbered(connection, plan.id, part)
    more = part[-1] if start + _PEOPLE < len(seqs) else None
    return [_line(ask, plan, *each) for each in found], more


def _seqs(outline: PlanOutline, effect: str, reason: Reason | None) -> Sequence[int]:
    if reason is not None:
        return outline.about[reason]
    return outline.seqs.get(effect, ()) if effect else outline.every


def _line(ask: Ask, plan: PlanRecord, change: PlannedChange, outcome: str) -> Line:
    named = ask.may(Permission.PEOPLE_READ, plan.group)
    shown = change.address if in_full(ask, plan.group) else person_shown(ask, change.key, plan.group)
    return Line(
        change,
        outcome,
        shown,
        person_path(ask, change.key) if named else "",
        reference(ask, change.key),
        not outcome and change.effect in POSSIBLE and "@" in change.key,
    )


def _may(ask: Ask, sheet: Sheet, group: GroupFile | None) -> dict[str, bool]:
    """Return what the visitor may do with the plan now; the server asks again when they do it."""
    here = group is not None and not sheet.over
    reviews = here and ask.may(Permission.PLANS_REVIEW, sheet.plan.group)
    own = _same(sheet.plan.header.requested_by, ask.visitor.name)
    given = any(_same(one.reviewed_by, ask.visitor.name) for one in sheet.approvals.given)
    named = group is None or not group.approvers or ask.visitor.name in group.approvers
    return {
        "reject": reviews,
        "approve": reviews and sheet.asks and not own and not given and named,
        "own": reviews and sheet.asks and own,
        "given": reviews and sheet.asks and given,
        "apply": here and sheet.may_go and ask.may(Permission.PLANS_APPLY, sheet.plan.group),
    }


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
