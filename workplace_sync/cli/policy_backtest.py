"""`workplace-sync policy backtest` and `tune`: a draft, and the guards, tried on what was planned before."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import Column

if TYPE_CHECKING:
    from workplace_sync.jobs.backtest import Backtest, Stopped
    from workplace_sync.policy.tuning import Guard

Group = Annotated[str | None, typer.Option("--group", metavar="GROUP", help="Only plans for this group.")]


def backtest(
    context: typer.Context,
    draft: Annotated[Path, typer.Argument(metavar="DRAFT", help="A policy's file, or a folder of such.")],
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="Plans made from this time on (UTC).")],
    group: Group = None,
    people: Annotated[bool, typer.Option("--people", help="List who would have been denied or held, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="List so many people at most.")] = 100,
) -> None:
    """Try a draft on all that was planned since a time: what it would have denied or held. Nothing is written.

    Example: workplace-sync policy backtest drafts/consent.yaml --since 2024-01-01 --people
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.cli.people import parse_time  # noqa: PLC0415
    from workplace_sync.jobs.backtest import backtest as run  # noqa: PLC0415
    from workplace_sync.jobs.backtest import counted  # noqa: PLC0415
    from workplace_sync.jobs.policy_folder import read_draft_files  # noqa: PLC0415
    from workplace_sync.policy.backtest import read_draft  # noqa: PLC0415

    begin = parse_time(since)
    with Application(call.settings) as app:
        app.database.require_current()
        files, archive = read_draft_files(draft, app.settings.policies_dir)
        read = read_draft(files, archive)
        listed = limit if people else 0
        found = run(app.database, read, since=begin, params=app.params_of, group=group, listed=listed)
    data: dict[str, object] = {
        "since": begin,
        "policies": sorted(read.ids),
        "plans": found.plans,
        "decisions": found.decisions,
        "stopped": found.stopped,
        "newly_stopped": found.newly,
        "carried_out": found.done,
        "released": found.released,
        "rules": [
            {
                "rule": one.rule,
                "effect": one.effect,
                "about": one.about,
                "stopped": one.changes,
                "went_ahead": one.went,
                "carried_out": one.done,
            }
            for one in counted(found)
        ],
    }
    if people:
        data["people"] = [_person(one) for one in found.examples]
    call.output.show("policy-backtest/1", data, lambda: list(_told(found, sorted(read.ids))))


def _person(one: "Stopped") -> dict[str, object]:
    return {
        "address": one.address,
        "rule": one.rule,
        "effect": one.effect,
        "action": one.action,
        "group": one.group,
        "plan": one.plan,
        "at": one.at,
        "then": one.then,
        "carried_out": one.carried_out,
    }


def _told(found: "Backtest", policies: list[str]) -> Iterator[str]:
    from workplace_sync.jobs.backtest import counted  # noqa: PLC0415

    yield f"{', '.join(policies)}, tried on {found.decisions:,} decisions in {found.plans:,} plans:"
    yield f"  {found.stopped:,} would have been denied or held; {found.newly:,} of them went ahead, {found.done:,} were carried out."
    if found.released:
        yield f"  {found.released:,} that these policies alone had stopped would have gone ahead."
    words = {"add": "additions", "remove": "removals", "plan": "plans"}
    for one in counted(found):
        yield (
            f"  {one.changes:>8,} {words[one.about]:<9} {one.effect:<5} {one.rule}"
            f"  (went ahead: {one.went:,}, carried out: {one.done:,})"
        )
    for each in found.examples:
        done = ", carried out" if each.carried_out else ""
        yield f"    {each.at:%Y-%m-%d}  {each.address}  {each.then} → {each.effect}{done}  [{each.rule}]"


def tune(
    context: typer.Context,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Plans made from this time on (UTC); all otherwise.")
    ] = None,
    group: Group = None,
) -> None:
    """Tell how often each rule about plans would have tripped before, and how close the other plans came to it.

    Example: workplace-sync policy tune --since 2024-01-01
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.cli.people import parse_time  # noqa: PLC0415
    from workplace_sync.jobs.tune import tune as run  # noqa: PLC0415

    begin = None if since is None else parse_time(since)
    with Application(call.settings) as app:
        app.database.require_current()
        policies = app.rules.policies
        found = run(app.database, policies, now=app.now(), since=begin, params=app.params_of, group=group)
    columns = [
        Column("group", "group"),
        Column("rule", "rule"),
        Column("effect", "effect"),
        Column("plans", "plans", number=True),
        Column("tripped", "tripped", number=True),
        Column("errors", "errors", number=True),
        Column("param", "parameter"),
        Column("value", "value", number=True),
        Column("closest", "closest", number=True),
        Column("margin", "margin", number=True),
    ]
    rows = [row for _, guard in sorted(found.guards.items()) for row in _rows(guard)]
    call.output.table("policy-tune/1", columns, rows, about={"since": begin, "plans": found.plans})


def _rows(guard: "Guard") -> Iterator[tuple[object, ...]]:
    about = (guard.group, guard.rule, guard.effect.value, guard.plans, guard.tripped, guard.errors)
    for one in guard.params.values():
        yield (*about, one.param, one.value, one.closest, one.margin)
    if not guard.params:
        yield (*about, None, None, None, None)
