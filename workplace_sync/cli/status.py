"""`workplace-sync status`: how all groups stand, on one screen."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import counted
from workplace_sync.errors import ExitCode

if TYPE_CHECKING:
    from workplace_sync.jobs.figures import Figures, GroupFigures


def status(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="End with another code than 0 where something needs a person.")
    ] = False,
) -> int:
    """Show all groups: size, last reading, what waits, incidents, blindness, runs; and the evidence log.

    With --check it ends with 7 when the evidence does not verify, else 6 when a group is blind, else 1 when a last run
    failed, a group was never read, or the committee could not be told, else 4 when changes wait or an incident is open.

    Example: workplace-sync status --check
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it

    with Application(call.settings) as app:
        found = app.figures()
    call.output.show("status/1", _data(found), lambda: list(_lines(found)))
    return exit_code(found) if check else ExitCode.DONE


def exit_code(found: "Figures") -> ExitCode:
    """Return the code that says what needs a person, the most urgent first."""
    if found.evidence_trouble:
        return ExitCode.EVIDENCE
    if any(group.blind for group in found.groups):
        return ExitCode.BLIND
    if found.troubled or any(group.seen is None or group.failed for group in found.groups):
        return ExitCode.ERROR
    waiting = any(group.waiting or group.incidents for group in found.groups)
    return ExitCode.HELD if waiting else ExitCode.DONE


def _lines(found: "Figures") -> Iterator[str]:
    for group in found.groups:
        yield from _group(group, found.at)
    if not found.groups:
        yield "There are no groups yet: workplace-sync init writes the first one's file."
    trouble = found.evidence_trouble
    agrees = f"TROUBLE: {trouble}" if trouble else "and the last checkpoints agree with it"
    yield f"evidence log: {counted(found.evidence_size, 'entry', 'entries')}, {agrees}"
    for told in found.troubled:
        tried = counted(told.attempts, "time")
        yield f"not told through {told.channel} ({told.matter} of {told.group or 'all groups'}), tried {tried}: {told.trouble}"


def _group(group: "GroupFigures", now: datetime) -> Iterator[str]:
    size = "never read completely" if group.seen is None else f"{counted(group.seen.members, 'member')}"
    seen = "" if group.seen is None else f", seen {_ago(group.seen.at, now)}"
    yield f"{group.group}: {size}, {group.desired:,} wanted{seen}"
    if group.blind:
        yield f"  BLIND     since {_time(group.blind.since)}: {group.blind.cause.replace('_', ' ')}"
    if group.incidents:
        about = f"{counted(group.incidents, 'incident')} open, {counted(group.incident_people, 'person', 'people')}"
        yield f"  INCIDENT  {about}: workplace-sync incident list"
    if group.waiting:
        waits = f"{counted(group.waiting.changes, 'change waits', 'changes wait')} since {_time(group.waiting.since)}"
        yield f"  HELD      {waits}: workplace-sync approve {group.waiting.digest[:12]} --by NAME"
    if group.lease:
        holder = group.lease.claim
        yield f"  running   {holder.verb} by {holder.holder} on {holder.host} since {_time(group.lease.acquired_at)}"
    for run in group.runs:
        how = run.state if run.exit_code is None else f"ended with {run.exit_code}"
        yield f"  last run  {run.verb} {_ago(run.began_at, now)}: {how}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _ago(at: datetime, now: datetime) -> str:
    from workplace_sync.cases.notice_words import duration  # noqa: PLC0415 - `--help` needs none of it

    return f"{duration(now - at)} ago"


def _data(found: "Figures") -> dict[str, object]:
    return {
        "at": found.at,
        "groups": [_group_data(group) for group in found.groups],
        "evidence": {
            "entries": found.evidence_size,
            "ok": not found.evidence_trouble,
            "trouble": found.evidence_trouble,
        },
        "webhook_deliveries": dict(found.deliveries),
        "channels": found.channels,
        "not_told": [
            {
                "channel": one.channel,
                "about": one.matter.value,
                "group": one.group,
                "first_tried_at": one.first_tried_at,
                "attempts": one.attempts,
                "trouble": one.trouble,
            }
            for one in found.troubled
        ],
    }


def _group_data(group: "GroupFigures") -> dict[str, object]:
    held, lease = group.waiting, group.lease
    return {
        "group": group.group,
        "members": group.seen.members if group.seen else None,
        "desired": group.desired,
        "seen_at": group.seen.at if group.seen else None,
        "held": None if held is None else {"changes": held.changes, "since": held.since, "plan": held.digest},
        "open_incidents": group.incidents,
        "open_incident_people": group.incident_people,
        "blind": None if group.blind is None else {"since": group.blind.since, "cause": group.blind.cause},
        "lease": None
        if lease is None
        else {
            "holder": lease.claim.holder,
            "host": lease.claim.host,
            "verb": lease.claim.verb,
            "since": lease.acquired_at,
            "heartbeat_at": lease.heartbeat_at,
        },
        "runs": [
            {
                "verb": run.verb,
                "state": run.state,
                "began_at": run.began_at,
                "ended_at": run.ended_at,
                "exit_code": run.exit_code,
            }
            for run in group.runs
        ],
        "operations": [
            {"kind": kind, "outcome": outcome, "number": number}
            for (kind, outcome), number in sorted(group.operations.items())
        ],
    }
