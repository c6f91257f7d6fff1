"""`workplace-sync sandbox`: an invented platform on this machine."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, cast

import typer

from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import FAMILY, Format
from workplace_sync.errors import InputError, UsageError


def sandbox(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 picks a free one.")] = 8700,
    people: Annotated[str, typer.Option(help="Accounts of each tenant: 8000, or bt=8000,openreach=3000.")] = "1000",
    seed: Annotated[int, typer.Option(help="The same seed makes the same world.")] = 1,
    latency_ms: Annotated[float, typer.Option(min=0, help="Added to every request, in milliseconds.")] = 0.0,
    state: Annotated[Path | None, typer.Option(metavar="FILE", help="Keeps the world over a restart.")] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve an invented platform with invented people, until interrupted. Its tokens open nothing else.

    Example: workplace-sync sandbox --people bt=8000,openreach=3000
    """
    from workplace_sync.sandbox.ledger import StateFileError  # noqa: PLC0415 - brings the web server
    from workplace_sync.sandbox.options import parse_people  # noqa: PLC0415
    from workplace_sync.sandbox.server import serve  # noqa: PLC0415

    form = invocation(context).format
    try:
        accounts = parse_people(people)
    except ValueError as error:
        raise UsageError(f"{error}.") from None

    def tell(ready: Mapping[str, object]) -> None:
        _tell(ready, form)

    try:
        serve(people=accounts, host=host, port=port, seed=seed, latency_ms=latency_ms, state_file=state, tell=tell)
    except StateFileError as error:
        raise InputError(
            f"{error}", hint="Name another state file, or start with the options it was made with."
        ) from None
    except KeyboardInterrupt:
        pass  # the ordinary way to end it


def _tell(ready: Mapping[str, object], form: Format) -> None:
    if form is Format.TEXT:
        lines = [f"The sandbox listens on {ready['url']} until you press Ctrl+C."]
        for tenant in cast("list[Mapping[str, object]]", ready["tenants"]):
            lines.append(f"Tenant {tenant['name']}: {tenant['people']} people, token {tenant['token']}")
            groups = cast("list[Mapping[str, object]]", tenant["groups"])
            lines += [f"  group {group['id']}: {group['name']}, {group['members']} members" for group in groups]
    else:
        lines = [json.dumps({"schema": f"{FAMILY}/sandbox/1", **ready})]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
