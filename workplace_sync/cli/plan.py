"""`workplace-sync plan`: what would be done, and why, before anything is done."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.invocation import Invocation, invocation
from workplace_sync.cli.output import counted
from workplace_sync.errors import ExitCode

if TYPE_CHECKING:
    from workplace_sync.app import Application
    from workplace_sync.jobs.plan import MadePlan
    from workplace_sync.store.plans import PlanRecord

_SHOWN = 10  # people listed for each reason on a terminal; all are in --out and --output json
_REASONS = 12


def plan(
    context: typer.Context,
    group: Annotated[str, typer.Argument(metavar="GROUP", help="The group, as its file in config/groups is named.")],
    add: Annotated[
        list[str] | None,
        typer.Option(
            "--add", metavar="ADDRESS", help="Someone wanted besides the roster; - reads addresses, one a line."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the whole plan to a new file, a change a line.")
    ] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="End with 2 when the plan holds changes.")
    ] = False,
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who asks, if not the settings' actor.")
    ] = None,
) -> int:
    """Compare the roster with the group, ask the policies about every change, and keep the plan. Writes nothing there.

    Example: workplace-sync plan prospect-bt --out plan.ndjson
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it

    with Application(call.settings, actor=by) as app:
        made = _make(app, group, _extra(add or []), call)
        if out is not None:
            write_plan(app, made.record, out)
        _show(call, app, made, out)
    return _exit_code(made.record, detailed=detailed_exitcode)


def _extra(add: list[str]) -> list[str]:
    if "-" not in add:
        return add
    import sys  # noqa: PLC0415 - only here

    return [one for one in add if one != "-"] + [line.strip() for line in sys.stdin if line.strip()]


def _make(app: "Application", name: str, extra: list[str], call: Invocation) -> "MadePlan":
    from workplace_sync.jobs.endings import end_plan  # noqa: PLC0415
    from workplace_sync.jobs.observe import observe  # noqa: PLC0415
    from workplace_sync.jobs.plan import make_plan  # noqa: PLC0415
    from workplace_sync.jobs.rosters import import_rosters  # noqa: PLC0415
    from workplace_sync.jobs.running import Verb  # noqa: PLC0415

    group = app.group(name)
    app.require_role(name, "make a plan")
    rules = app.rules
    with (
        app.running(name, Verb.PLAN) as run,
        app.platform(group) as platform,
        app.sources(group, platform, extra=extra) as sources,
    ):
        report = import_rosters(run.office, group.managed, sources)
        if report.rejected:
            call.output.note(f"{report.rejected} faulty rows were left out; `workplace-sync roster check` lists them.")
        snapshot = observe(run.office, group.managed, run.reading(platform.reader())).require_complete()
        made = make_plan(run.office, group.managed, rules, snapshot, valid=app.plan_valid)
        end_plan(run, made)
        return made


def _exit_code(plan: "PlanRecord", *, detailed: bool) -> ExitCode:
    from workplace_sync.policy.decision import Effect  # noqa: PLC0415

    if plan.header.effect is Effect.DENY:
        return ExitCode.GUARD
    going = plan.counts["added"] + plan.counts["removed"] + plan.counts["held"]
    return ExitCode.CHANGES if detailed and going else ExitCode.DONE


def write_plan(app: "Application", plan: "PlanRecord", out: Path) -> None:
    """Write the lines that the digest covers to a new private file, so that `sha256sum` prints the digest."""
    from workplace_sync.cli.spreadsheet import new_private_file  # noqa: PLC0415
    from workplace_sync.store import plans  # noqa: PLC0415

    with new_private_file(out) as stream, app.database.connect() as connection:
        for line in plans.lines(connection, plan.id):
            stream.write(line + "\n")
        stream.write(plan.header_line + "\n")


def _show(call: Invocation, app: "Application", made: "MadePlan", out: Path | None) -> None:
    plan = made.record
    header = plan.header
    data: dict[str, object] = {
        "plan": plan.id,
        "digest": plan.digest,
        "group": plan.group,
        "policy_revision": header.policy_revision,
        "snapshot": header.snapshot,
        "expires_at": plan.expires_at,
        "effect": header.effect.value,
        "rules": header.rules,
        "why": header.why,
        "excepted": header.excepted,
        "counts": dict(plan.counts),
        "already_in": made.already_in,
    }
    call.output.show("plan/1", data, lambda: list(_told(app, made, out)), news=bool(plan.counts["changes"]))


def _told(app: "Application", made: "MadePlan", out: Path | None) -> Iterator[str]:
    from workplace_sync.policy.decision import Effect  # noqa: PLC0415

    plan, counts, header = made.record, made.record.counts, made.record.header
    yield f"Plan {plan.digest[:12]} for {plan.group}: the roster wants {counted(counts['changes'], 'change')}; {counted(made.already_in, 'person is', 'people are')} in already."
    for word, key in (
        ("to add", "added"),
        ("to remove", "removed"),
        ("held", "held"),
        ("denied", "denied"),
        ("errors", "errors"),
        ("excepted", "excepted"),
    ):
        if counts[key]:
            yield f"  {word:<10} {counts[key]:>8,}"
    if rejected := counts.get("rejected", 0):
        yield f"  of those denied, {counted(rejected, 'was', 'were')} rejected by somebody before, and nobody is asked again"
    if counts["invited"]:
        yield f"  of those not added, {counts['invited']:,} can be invited: workplace-sync invite {plan.group} --out FOLDER"
    yield from _reasons(app, plan)
    if header.effect is Effect.HOLD:
        yield "The plan as a whole is held:"
    elif header.effect not in (Effect.ALLOW, Effect.EXCEPTED):
        yield (
            "The plan as a whole is not allowed:" if header.effect is not Effect.WARN else "A warning about the whole:"
        )
    yield from (f"  {sentence} [{rule}]" for sentence, rule in zip(header.why, header.rules, strict=True))
    yield from (f"An exception frees the whole from {rule}" for rule in header.excepted)
    if out is not None:
        yield f"The whole plan is in {out}; its sha256sum is the digest."
    yield from _next_step(plan)


def _next_step(plan: "PlanRecord") -> Iterator[str]:
    from workplace_sync.policy.decision import Effect  # noqa: PLC0415

    going = plan.counts["added"] + plan.counts["removed"]
    if plan.header.effect is Effect.DENY:
        yield "Nothing can be applied. Change the roster or the policy, and plan again."
    elif plan.header.effect is Effect.HOLD or plan.counts["held"]:
        yield f"Next: a second person runs  workplace-sync approve {plan.digest[:12]} --by NAME"
    if going and plan.header.effect in (Effect.ALLOW, Effect.EXCEPTED, Effect.WARN):
        yield f"Next: workplace-sync apply {plan.digest[:12]}"
    if not plan.counts["changes"]:
        yield "Nothing to do."


def _reasons(app: "Application", plan: "PlanRecord") -> Iterator[str]:
    """Tell each reason why somebody is not simply added or removed, with how many and who first."""
    from collections import Counter  # noqa: PLC0415

    from workplace_sync.store import plans  # noqa: PLC0415

    counted: Counter[tuple[str, str, str]] = Counter()
    excepted: Counter[str] = Counter()
    first: dict[tuple[str, str, str], list[str]] = {}
    with app.database.connect() as connection:
        for change in plans.changes(connection, plan.id, effects=("excepted", "warn", "hold", "deny")):
            excepted.update(change.excepted)
            if change.rejected:
                found = [("deny", change.rejected, ", ".join(change.rules) or "no rule")]
            else:
                found = [(change.effect.value, why, rule) for rule, why in zip(change.rules, change.why, strict=True)]
            for reason in found:
                counted[reason] += 1
                if len(first.setdefault(reason, [])) < _SHOWN:
                    first[reason].append(change.address)
    for reason, number in counted.most_common(_REASONS):
        effect, why, rule = reason
        yield f"  {effect:<6} {number:>6,}  {why} [{rule}]"
        if number <= _SHOWN:
            yield from (f"                  {address}" for address in first[reason])
    yield from (f"  excepted {number:>4,}  from {rule}" for rule, number in sorted(excepted.items()))
    if len(counted) > _REASONS:
        yield f"  … and {len(counted) - _REASONS} rarer reasons"
