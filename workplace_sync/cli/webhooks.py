"""`workplace-sync webhooks ...`: take in what the platform sends of its own accord, and see what came."""

import json
import sys
from datetime import timedelta
from typing import Annotated

import typer

from workplace_sync.cli.apply import By
from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import FAMILY, Column, Format, counted
from workplace_sync.errors import UsageError

app = typer.Typer(rich_markup_mode=None)

_SHOWN_DAYS = 7


@app.command()
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on; put a proxy with HTTPS in front.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 picks a free one.")] = 8710,
    by: By = None,
) -> None:
    """Take in webhooks at /webhooks/workplace until interrupted; each is a hint, and no proof of anything.

    Example: workplace-sync webhooks serve --port 8710
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.web.receiving import open_receiving  # noqa: PLC0415
    from workplace_sync.web.server import serve as serve_on  # noqa: PLC0415

    with Application(call.settings, actor=by) as opened:
        receiving = open_receiving(opened)
        names = [group.name for group in receiving.watched]
        receiving.intake.start()
        try:
            serve_on(receiving.app, host, port, lambda url: _tell(call.format, url, names))
        except KeyboardInterrupt:
            pass  # the ordinary way to end it
        finally:
            receiving.intake.stop()


def _tell(form: Format, url: str, names: list[str]) -> None:
    from workplace_sync.web.webhooks import PATH  # noqa: PLC0415

    if form is Format.TEXT:
        text = f"Webhooks are taken in at {url}{PATH} until you press Ctrl+C, for: {', '.join(names)}."
    else:
        ready = {"schema": f"{FAMILY}/webhooks-serve/1", "ready": True, "url": f"{url}{PATH}", "groups": names}
        text = json.dumps(ready)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@app.command("list")
def list_(
    context: typer.Context,
    status: Annotated[
        str | None, typer.Option(metavar="STATUS", help="Only waiting, used, kept, not_ours or failed ones.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many deliveries.")] = 50,
) -> None:
    """List the webhooks that came, newest first; what they said is in the audit log.

    Example: workplace-sync webhooks list --status kept
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.store import webhooks as store  # noqa: PLC0415

    if status is not None and status not in set(store.Status):
        raise UsageError("There is no such status.", hint=f"Statuses: {', '.join(store.Status)}.")
    with Application(call.settings) as opened:
        office = opened.office
        day = f"{office.now() - timedelta(days=_SHOWN_DAYS - 1):%Y-%m-%d}"
        with office.database.connect() as connection:
            rows = store.newest(connection, status=store.Status(status) if status else None, limit=limit)
            refused = store.refused(connection, day)
    columns = [
        *(Column(name, name) for name in ("received", "topic", "status", "signature", "signed_by", "timing")),
        *(Column(name, name, number=True) for name in ("bytes", "times")),
        Column("digest", "digest"),
    ]
    shown = (
        (
            *(f"{r.received_at:%Y-%m-%d %H:%M:%S}", r.topic, r.status.value, r.proof, ", ".join(r.signed_by)),
            *(r.timing, r.size, r.times, r.digest),
        )
        for r in rows
    )
    call.output.table("webhooks-list/1", columns, shown, about={"refused_in_7_days": refused})
    if refused:
        told = ", ".join(f"{number:,} for {reason}" for reason, number in sorted(refused.items()))
        call.output.note(f"Refused in the last {_SHOWN_DAYS} days: {told}.")


@app.command()
def wanted(context: typer.Context) -> None:
    """List the groups of which a webhook told something since they were read last; `observe` takes them off.

    Example: workplace-sync webhooks wanted
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415
    from workplace_sync.jobs.webhooks import wishes  # noqa: PLC0415

    with Application(call.settings) as opened:
        found = wishes(opened.office)
    groups = [
        {"group": one.group, "since": one.since, "latest": one.latest, "deliveries": one.deliveries} for one in found
    ]
    lines = [f"{one.group}: {counted(one.deliveries, 'webhook')} since {one.since:%Y-%m-%d %H:%M} UTC" for one in found]
    call.output.show("webhooks-wanted/1", {"groups": groups}, lines or "No group wants to be read.", news=bool(found))
