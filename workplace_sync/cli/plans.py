"""`workplace-sync plans`: the plans that were made, and how they stand."""

from itertools import islice
from typing import Annotated

import typer

from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import Column


def plans(
    context: typer.Context,
    group: Annotated[str | None, typer.Argument(metavar="[GROUP]", help="Only plans for this group.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
) -> None:
    """List the newest plans, with what each would do and how it stands.

    Example: workplace-sync plans prospect-bt
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.review import state_of  # noqa: PLC0415
    from workplace_sync.store import plans as store  # noqa: PLC0415

    with Application(call.settings) as app:
        app.database.require_current()
        with app.database.connect() as connection:
            found = store.recent(connection, group, limit=limit)
        rows = [
            (
                plan.digest[:12],
                plan.group,
                f"{plan.created_at:%Y-%m-%d %H:%M}",
                plan.header.requested_by,
                *(plan.counts[name] for name in ("added", "removed", "held", "denied")),
                state_of(app.database, plan, app.now()),
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
    call.output.table("plans/1", columns, islice(rows, limit))
