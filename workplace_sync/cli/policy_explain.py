"""`workplace-sync policy explain`: what the rules make of one person, and what would change it."""

from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.people import Group, parse_time, read_address
from workplace_sync.errors import UsageError

if TYPE_CHECKING:
    from workplace_sync.jobs.explain import Explained


def explain(
    context: typer.Context,
    group: Group,
    email: Annotated[
        str, typer.Argument(metavar="EMAIL", help="The person's address; - reads it from standard input.")
    ],
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="As of this time (UTC); now otherwise.")
    ] = None,
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="PLAN", help="As a plan decided it: its id or digest.")
    ] = None,
) -> None:
    """Explain what the rules make of one person: every rule with what it saw, and what would change the answer.

    Example: workplace-sync policy explain prospect-bt amina@bt.example.org
    """
    call = invocation(context)
    if at is not None and plan is not None:
        raise UsageError("A plan has a time of its own.", hint="Give either --at or --plan.")
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.jobs.explain import explain_in_plan, explain_person  # noqa: PLC0415
    from workplace_sync.jobs.plan import find_plan  # noqa: PLC0415

    address = read_address(email)
    with Application(call.settings) as app:
        if plan is None:
            time = None if at is None else parse_time(at)
            told = explain_person(app.office, app.group(group).managed, app.rules, address, at=time)
        else:
            found = find_plan(app.office, plan)
            if found.group != group:
                raise UsageError(f"That plan is for {found.group}.", hint="Name the group that the plan is for.")
            told = explain_in_plan(app.office, found, address)
    call.output.show("policy-explain/1", _data(told), lambda: _lines(told))


def _data(told: "Explained") -> dict[str, object]:
    from workplace_sync.policy.explain_words import explanation_data  # noqa: PLC0415

    data: dict[str, object] = {
        "group": told.group,
        "at": told.at,
        "plan": told.plan,
        "policy_revision": told.revision,
        "about": told.about,
    }
    return data | {"explanation": None if told.explanation is None else explanation_data(told.explanation)}


def _lines(told: "Explained") -> list[str]:
    from workplace_sync.policy.explain_words import explanation_lines  # noqa: PLC0415

    plan = f"plan {told.plan[:12]}, " if told.plan else ""
    head = f"{told.group}, {plan}as of {told.at:%Y-%m-%d %H:%M} UTC, policies {told.revision[:19]}"
    lines = [head, *told.about]
    return lines if told.explanation is None else [*lines, *explanation_lines(told.explanation)]
