"""`workplace-sync incident ...`: removals by others that go together, and the file of each."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.observe import mean_data, received
from workplace_sync.cli.output import Column
from workplace_sync.cli.people import read_address

if TYPE_CHECKING:
    from workplace_sync.jobs.incident_file import IncidentFile
    from workplace_sync.store.incidents import Incident, Removed

app = typer.Typer(rich_markup_mode=None)

Id = Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id, or the beginning of it.")]


@app.command("list")
def list_(
    context: typer.Context,
    group: Annotated[str | None, typer.Option(metavar="GROUP", help="Only of this group.")] = None,
    still_open: Annotated[bool, typer.Option("--open", help="Only those that nobody has closed.")] = False,
) -> None:
    """List incidents, newest first.

    Example: workplace-sync incident list --open
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.store import incidents  # noqa: PLC0415

    with Application(call.settings) as opened, opened.office.database.connect() as connection:
        found = incidents.listed(connection, group, still_open=still_open)
    columns = [
        Column("incident", "incident"),
        Column("group", "group"),
        Column("after", "after (UTC)"),
        Column("until", "until (UTC)"),
        Column("people", "people", number=True),
        Column("members", "of members", number=True),
        Column("signs", "signs"),
        Column("state", "state"),
    ]
    rows = (
        (
            one.id,
            one.group,
            f"{one.began_at:%Y-%m-%d %H:%M}",
            f"{one.last_gone_at:%Y-%m-%d %H:%M}",
            one.people,
            one.size_before,
            ", ".join(sign.kind.value for sign in one.signs),
            "open" if one.open else "closed",
        )
        for one in found
    )
    call.output.table("incident-list/1", columns, rows, about={"number": len(found)})


@app.command()
def show(
    context: typer.Context,
    incident: Id,
    people: Annotated[bool, typer.Option("--people", help="Name everybody who was removed.")] = False,
) -> None:
    """Show an incident: when, how many, how they had come in, which rules the platform's owner had published by then.

    Example: workplace-sync incident show 5f1c --people
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.incident_file import read_file  # noqa: PLC0415
    from workplace_sync.jobs.incidents import find_incident  # noqa: PLC0415

    with Application(call.settings) as opened:
        office = opened.office
        file = read_file(office, find_incident(office, incident), opened.rules)
    call.output.show("incident/1", _data(file, named=people), lambda: list(_lines(file, named=people)))


@app.command()
def note(
    context: typer.Context,
    incident: Id,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to write; - reads a line of standard input.")],
    by: By = None,
) -> None:
    """Write a note into an incident's file, and into the evidence log. Leave people's names out where you can.

    Example: workplace-sync incident note 5f1c "Asked the employer for its reasons today."
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.incidents import add_note, find_incident  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        found = find_incident(opened.office, incident)
        add_note(opened.office, found, read_address(text))
    call.output.show("incident-noted/1", {"incident": found.id}, f"Written into the file of incident {found.id}.")


@app.command()
def close(
    context: typer.Context,
    incident: Id,
    outcome: Annotated[str, typer.Option("--outcome", metavar="TEXT", help="How it ended.")],
    by: By = None,
) -> None:
    """Close an incident, saying how it ended; removals after that open a new one.

    Example: workplace-sync incident close 5f1c --outcome "The employer put everybody back."
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.incidents import close_incident, find_incident  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        found = find_incident(opened.office, incident)
        close_incident(opened.office, found, read_address(outcome))
    call.output.show("incident-closed/1", {"incident": found.id}, f"Incident {found.id} is closed.")


def _data(file: "IncidentFile", *, named: bool) -> dict[str, object]:
    data: dict[str, object] = {
        **_head(file.incident),
        "causes": dict(file.causes),
        "patterns": [
            {"trait": each.trait, "value": each.value, "people": each.people, "share_percent": each.share}
            for each in file.patterns
        ],
        "came_in": [
            {
                "plan": each.plan,
                "made_at": each.made_at,
                "requested_by": each.requested_by,
                "approved_by": each.approved_by,
                "policy_revision": each.policy_revision,
                "methods": dict(each.methods),
                "people": each.people,
            }
            for each in file.came_in
        ],
        "not_added_by_us": file.not_by_us,
        "platform_policies_in_force": [
            {
                "policy": each.policy,
                "version": each.version,
                "title": each.title,
                "owner": each.owner,
                "since": each.since,
                "source": each.source,
                "url": each.url,
                "sha256": each.sha256,
            }
            for each in file.published or ()
        ],
        "blind": [
            {"cause": each.blind.cause.value, "began_at": each.blind.began_at, "ended_at": each.blind.ended_at}
            for each in file.blind
        ],
        "engagement": {"before": mean_data(file.before), "after": mean_data(file.after)},
        "notes": [{"at": each.written_at, "by": each.written_by, "text": each.text} for each in file.notes],
    }
    return data | ({"removed": [_person(one) for one in file.people]} if named else {})


def _head(incident: "Incident") -> dict[str, object]:
    return {
        "incident": incident.id,
        "group": incident.group,
        "opened_at": incident.opened_at,
        "began_at": incident.began_at,
        "last_gone_at": incident.last_gone_at,
        "people": incident.people,
        "size_before": incident.size_before,
        "signs": [
            {"kind": sign.kind.value, "people": sign.people, "bar": sign.bar, "sentence": sign.sentence}
            for sign in incident.signs
        ],
        "closed_at": incident.closed_at,
        "closed_by": incident.closed_by,
        "outcome": incident.outcome,
    }


def _person(one: "Removed") -> dict[str, object]:
    return {
        "person": one.key,
        "first_seen_at": one.first_seen_at,
        "last_seen_at": one.last_seen_at,
        "missing_at": one.gone_at,
        "cause": one.cause,
        "confidence": one.confidence,
        "removed_by": one.removed_by,
        "observations": one.observations,
        "roles": one.roles,
        "administrator": one.administrator,
        "added_by_plan": one.plan_id,
        "added_at": one.added_at,
    }


def _lines(file: "IncidentFile", *, named: bool) -> Iterator[str]:
    incident = file.incident
    yield (
        f"Incident {incident.id} in {incident.group}: {incident.people:,} of {incident.size_before:,} members gone,"
        f" after {incident.began_at:%Y-%m-%d %H:%M} and before {incident.last_gone_at:%Y-%m-%d %H:%M} UTC."
    )
    yield from (f"  sign: {sign.sentence}" for sign in incident.signs)
    yield from (f"  cause: {number:,} {cause.replace('_', ' ')}" for cause, number in file.causes.items())
    yield from (
        f"  in common: {each.people:,} ({each.share} %) have {each.trait.replace('_', ' ')} {each.value}"
        for each in file.patterns
    )
    for came in file.came_in:
        methods = ", ".join(f"{number:,} by {method.replace('_', ' ')}" for method, number in came.methods.items())
        approved = f", approved by {', '.join(came.approved_by)}" if came.approved_by else ""
        yield (
            f"  had come in: {came.people:,} by plan {came.plan[:12]} of {came.made_at:%Y-%m-%d}, asked for by"
            f" {came.requested_by}{approved} ({methods}; policies {came.policy_revision[:19]})"
        )
    if file.not_by_us:
        yield f"  had come in: {file.not_by_us:,} otherwise, as far as is on record"
    yield from _circumstances(file)
    yield from (f"  note of {each.written_at:%Y-%m-%d %H:%M} by {each.written_by}: {each.text}" for each in file.notes)
    if incident.closed_at:
        yield f"  closed {incident.closed_at:%Y-%m-%d %H:%M} by {incident.closed_by}: {incident.outcome}"
    if named:
        yield from (
            f"  {one.key}  last seen {one.last_seen_at:%Y-%m-%d %H:%M}, missing {one.gone_at:%Y-%m-%d %H:%M},"
            f" {one.cause.replace('_', ' ')} ({one.confidence}): {'; '.join(one.observations)}"
            for one in file.people
        )


def _circumstances(file: "IncidentFile") -> Iterator[str]:
    if file.published:
        for each in file.published:
            yield f"  published by {each.owner}, in force since {each.since:%Y-%m-%d}: {each.title} ({each.source} {each.url})"
    elif file.published is not None:
        yield "  published by the platform's owner and in force that day: nothing on the shelf"
    for period in file.blind:
        ended = f"{period.blind.ended_at:%Y-%m-%d %H:%M}" if period.blind.ended_at else "now"
        yield f"  not seen from {period.blind.began_at:%Y-%m-%d %H:%M} to {ended}: {period.blind.cause.value.replace('_', ' ')}"
    for when, mean in (("before", file.before), ("after", file.after)):
        if mean is not None:
            yield f"  posts in the four weeks {when}: {mean.posts}, {received(mean)}"
