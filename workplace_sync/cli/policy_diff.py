"""`workplace-sync policy diff`: what two revisions say differently, and whom a stored plan would treat otherwise."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.invocation import invocation

if TYPE_CHECKING:
    from workplace_sync.jobs.policy_diff import Flips
    from workplace_sync.jobs.revisions import Revision
    from workplace_sync.policy.compare import Difference


def diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(metavar="REV1", help="The beginning of a revision's hash, or `disk`.")],
    after: Annotated[str, typer.Argument(metavar="REV2", help="Another one, or `disk`: the files as they lie there.")],
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="PLAN", help="Decide this stored plan under both, too.")
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Show the differences of the files, line by line.")] = False,
    limit: Annotated[int, typer.Option(min=0, max=100_000, help="List so many people at most.")] = 20,
) -> None:
    """Compare two revisions of the policies: in words, and by whose decision in a plan would be another.

    Example: workplace-sync policy diff 3f2a disk --plan 5b1c9a2e
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs.plan import plan_named  # noqa: PLC0415
    from workplace_sync.jobs.policy_diff import flips, text_diff  # noqa: PLC0415
    from workplace_sync.jobs.revisions import find_revision  # noqa: PLC0415
    from workplace_sync.policy.compare import differences  # noqa: PLC0415

    with Application(call.settings) as app:
        app.database.require_current()
        one, other = (find_revision(app.database, name, lambda: app.rules) for name in (before, after))
        found = differences(one.policies, other.policies)
        lines = list(text_diff(one, other)) if text else []
        decided = None
        if plan is not None:
            record = plan_named(app.database, plan)
            params = app.params_of(record.group)
            decided = flips(app.database, record, one, other, params, listed=limit)
    data: dict[str, object] = {
        "before": one.name,
        "after": other.name,
        "differences": [_difference(each) for each in found],
    }
    if text:
        data["text"] = lines
    if decided is not None:
        data["plan"] = _decided(decided)
    call.output.show("policy-diff/1", data, lambda: list(_told(one, other, found, lines, decided)))


def _difference(found: "Difference") -> dict[str, str]:
    return {"policy": found.about, "what": found.what, "part": found.part, "sentence": found.sentence}


def _decided(found: "Flips") -> dict[str, object]:
    return {
        "decisions": found.decisions,
        "flipped": found.flipped,
        "flips": [
            {"action": action, "before": before, "after": after, "people": number}
            for (action, before, after), number in found.flips.most_common()
        ],
        "people": [
            {
                "address": one.address,
                "action": one.action,
                "before": one.before,
                "after": one.after,
                "rules_before": one.rules_before,
                "rules_after": one.rules_after,
            }
            for one in found.examples
        ],
        "whole_before": {"effect": found.plan_before.effect, "rules": found.plan_before.rules},
        "whole_after": {"effect": found.plan_after.effect, "rules": found.plan_after.rules},
    }


def _told(
    before: "Revision", after: "Revision", found: list["Difference"], lines: list[str], decided: "Flips | None"
) -> Iterator[str]:
    yield f"From {before.name[:19]} to {after.name[:19]}:"
    about = ""
    for one in found:
        indent = "    " if one.part and one.about == about else "  "
        yield f"{indent}{one.sentence}"
        about = one.about
    if not found:
        yield "  The policies say the same."
    yield from lines
    if decided is not None:
        yield from _told_of_plan(decided)


def _told_of_plan(found: "Flips") -> Iterator[str]:
    yield f"Of {found.decisions:,} decisions of the plan, {found.flipped:,} would be others."
    for (action, before, after), number in found.flips.most_common():
        yield f"  {number:>8,}  {action}: {before} → {after}"
    for one in found.examples:
        rules = ", ".join(one.rules_after or one.rules_before)
        yield f"    {one.address}  {one.before} → {one.after}  [{rules}]"
    if len(found.examples) < found.flipped:
        yield f"    … and {found.flipped - len(found.examples):,} more; --limit lists them"
    if found.plan_before != found.plan_after:
        rules = ", ".join(found.plan_after.rules or found.plan_before.rules)
        yield f"The plan as a whole: {found.plan_before.effect} → {found.plan_after.effect} [{rules}]"
