"""`workplace-sync plans`: the plans that were made, what each would do, and how they stand."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from typer._click import Context  # Typer vendors Click; pyproject.toml pins the minor version
from typer.core import TyperGroup

from workplace_sync.cli.apply import Plan
from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import Column, counted

if TYPE_CHECKING:
    from workplace_sync.app import Application
    from workplace_sync.jobs.plan_file import PlanFile
    from workplace_sync.membership.group import ManagedGroup
    from workplace_sync.membership.plan import PlannedChange
    from workplace_sync.store.plans import PlanRecord

_SHOWN = 12  # digits of a digest, and reasons
_WORDS = {"added": "to add", "removed": "to remove", "rejected": "(rejected before)"}


class ListsByDefault(TyperGroup):
    """Takes whatever is no command of the group for options and arguments of `list`."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Read the arguments; without a command they are those of `list`."""
        if not args or (args[0] not in self.commands and args[0] not in {"--help", "-h"}):
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=ListsByDefault, rich_markup_mode=None)


@app.command("list")
def list_(
    context: typer.Context,
    group: Annotated[str | None, typer.Argument(metavar="[GROUP]", help="Only plans for this group.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
) -> None:
    """List the newest plans, with what each would do and how it stands. `plans` alone does the same.

    Example: workplace-sync plans list prospect-bt
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs.review import state_of  # noqa: PLC0415
    from workplace_sync.store import plans as store  # noqa: PLC0415

    with Application(call.settings) as opened:
        opened.database.require_current()
        with opened.database.connect() as connection:
            found = store.recent(connection, group, limit=limit)
        rows = [
            (
                plan.digest[:_SHOWN],
                plan.group,
                f"{plan.created_at:%Y-%m-%d %H:%M}",
                plan.header.requested_by,
                *(plan.counts[name] for name in ("added", "removed", "held", "denied")),
                state_of(opened.database, plan, opened.now(), opened.stakes),
            )
            for plan in found
        ]
    columns = [
        Column("plan", "plan"),
        Column("group", "group"),
        Column("made_at", "made (UTC)"),
        Column("requested_by", "asked by"),
        *(Column(name, name, number=True) for name in ("added", "removed", "held", "denied")),
        Column("state", "state"),
    ]
    call.output.table("plans/1", columns, rows)


@app.command()
def show(
    context: typer.Context,
    plan: Plan,
    people: Annotated[bool, typer.Option("--people", help="Name everybody whose change waits or waited.")] = False,
) -> None:
    """Show a plan: who asked, what it would do and why, who approved it, and what moved since.

    The group is not read for it: what moved is told as of the last complete reading.

    Example: workplace-sync plans show 3f9c0a1b2d4e --people
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.plan import find_plan  # noqa: PLC0415
    from workplace_sync.jobs.plan_file import people_in, read_plan  # noqa: PLC0415
    from workplace_sync.jobs.review import waiting_effects  # noqa: PLC0415

    with Application(call.settings) as opened:
        found = find_plan(opened.office, plan)
        percent = opened.settings.drift_percent
        file = read_plan(opened.office, found, _group(opened, found), opened.rules, drift_percent=percent)
        named = list(people_in(opened.office, found, waiting_effects(found))) if people else []
    data = _data(file) | ({"people": [_person(change) for change in named]} if people else {})
    call.output.show("plan-file/1", data, lambda: [*_told(file, percent), *_people(named, people=people)])


def _group(opened: "Application", plan: "PlanRecord") -> "ManagedGroup | None":
    from workplace_sync.errors import UsageError  # noqa: PLC0415

    try:
        return opened.group(plan.group).managed
    except UsageError:  # a plan outlives its group's file
        return None


def _told(file: "PlanFile", percent: int) -> Iterator[str]:
    plan, header = file.plan, file.plan.header
    yield f"Plan {plan.digest[:_SHOWN]} for {plan.group}: {file.state}."
    yield f"  asked for by {header.requested_by} on {plan.created_at:%Y-%m-%d %H:%M} UTC, can be applied until {plan.expires_at:%Y-%m-%d %H:%M} UTC"
    yield f"  policies {header.policy_revision[:19]}, snapshot {header.snapshot}"
    for key in ("added", "removed", "held", "denied", "rejected", "errors", "excepted"):
        if number := plan.counts.get(key, 0):
            yield f"  {_WORDS.get(key, key):<18} {number:>8,}"
    if file.reasons:
        yield "Why not everything simply goes:"
    yield from (f"  {one.effect:<8} {one.number:>6,}  {one.sentence} [{one.rule}]" for one in file.reasons[:_SHOWN])
    if len(file.reasons) > _SHOWN:
        yield f"  … and {len(file.reasons) - _SHOWN} rarer reasons; all are in --output json"
    if header.why:
        yield f"Of the plan as a whole ({header.effect.value}):"
    yield from (f"  {sentence} [{rule}]" for sentence, rule in zip(header.why, header.rules, strict=True))
    if file.erased:
        yield f"{counted(file.erased, 'change is', 'changes are')} about people who were erased, so the plan cannot be carried out."
    yield from _reviews(file)
    yield from _drift(file, percent)


def _reviews(file: "PlanFile") -> Iterator[str]:
    for review in file.reviews:
        reason = f": {review.reason}" if review.reason else ""
        yield f"{review.verdict} by {review.reviewed_by} on {review.reviewed_at:%Y-%m-%d %H:%M} UTC{reason}"
    approvals, needed = file.approvals, file.approvals.needed
    if not needed:
        return
    until = f", until {approvals.until:%Y-%m-%d %H:%M} UTC" if approvals.until else ""
    if file.voided:
        yield f"Approvals: {len(approvals.given)} of {needed} were given, and count no more; a new plan is needed."
    else:
        yield f"Approvals: {len(approvals.given)} of {needed} that count{until}; {counted(file.waiting, 'change')} waiting."


def _drift(file: "PlanFile", percent: int) -> Iterator[str]:
    drift = file.drift
    if drift is None:
        return
    if drift.policies_changed:
        yield "The policies have changed since it was made."
    if not drift.counts:
        yield f"Nothing has moved since: all {drift.stands:,} changes stand as planned."
        return
    limit = f", more than the {percent} % that may" if drift.beyond(percent) else ""
    yield f"No longer as planned: {drift.moved:,} of {counted(drift.remaining, 'change')}{limit}:"
    yield from (f"  {reason}" for reason in drift.reasons())
    yield from (f"    {one.action.value} {one.address}: {one.reason}" for one in drift.examples)


def _people(named: "list[PlannedChange]", *, people: bool) -> Iterator[str]:
    if people:
        yield f"{counted(len(named), 'change')} held, one a line:"
    yield from (f"  {one.action.value:<6} {one.address}  {' '.join(one.why)}".rstrip() for one in named)


def _person(change: "PlannedChange") -> dict[str, object]:
    return {
        "address": change.address,
        "action": change.action.value,
        "effect": change.effect.value,
        "rules": change.rules,
        "why": change.why,
    }


def _data(file: "PlanFile") -> dict[str, object]:
    plan, header, drift = file.plan, file.plan.header, file.drift
    return {
        "plan": plan.id,
        "digest": plan.digest,
        "group": plan.group,
        "state": file.state,
        "requested_by": header.requested_by,
        "made_at": plan.created_at,
        "expires_at": plan.expires_at,
        "policy_revision": header.policy_revision,
        "snapshot": header.snapshot,
        "effect": header.effect.value,
        "rules": header.rules,
        "why": header.why,
        "counts": dict(plan.counts),
        "waiting": file.waiting,
        "erased": file.erased,
        "reasons": [
            {"effect": one.effect, "sentence": one.sentence, "rule": one.rule, "number": one.number}
            for one in file.reasons
        ],
        "reviews": [
            {"verdict": one.verdict, "by": one.reviewed_by, "at": one.reviewed_at, "reason": one.reason}
            for one in file.reviews
        ],
        "approvals": {
            "by": [one.reviewed_by for one in file.approvals.given],
            "needed": file.approvals.needed,
            "until": file.approvals.until,
            "voided": file.voided,
        },
        "drift": None
        if drift is None
        else {
            "stands": drift.stands,
            "moved": drift.moved,
            "policies_changed": drift.policies_changed,
            "counts": {cause.value: number for cause, number in drift.counts.items()},
            "decided_by": dict(drift.decided_by),
            "examples": [
                {"address": one.address, "action": one.action.value, "reason": one.reason} for one in drift.examples
            ],
        },
    }
