"""`workplace-sync serve`: the console."""

import json
import sys
from contextlib import suppress
from typing import Annotated

import typer

from workplace_sync.cli.invocation import invocation
from workplace_sync.cli.output import FAMILY, Format
from workplace_sync.errors import SettingsError
from workplace_sync.loopback import LOOPBACK

_PAGES_AT_ONCE = 3  # they mostly compute, one at a time: eight at once take a third longer each, and some twice as long


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on; put a proxy with HTTPS in front.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 picks a free one.")] = 8080,
) -> None:
    """Serve the console until interrupted. Invite the first person, who becomes its owner, with `account invite`.

    Example: workplace-sync serve --port 8080
    """
    call = invocation(context)
    from workplace_sync.app import Application  # noqa: PLC0415 - `--help` needs none of it
    from workplace_sync.web.console.application import make_console  # noqa: PLC0415
    from workplace_sync.web.server import serve as serve_on  # noqa: PLC0415

    if host not in LOOPBACK and not call.settings.console_https:
        raise SettingsError(
            "Passwords and names would go over the network in the clear.",
            hint="Set WORKPLACE_SYNC_CONSOLE_URL to the https address of the proxy in front, or serve on 127.0.0.1.",
        )
    with Application(call.settings) as opened:
        app = make_console(opened)
        with suppress(KeyboardInterrupt):  # the ordinary way to end it
            serve_on(
                app,
                host,
                port,
                lambda url: _tell(call.format, url),
                proxies=call.settings.console_proxies,
                threads=_PAGES_AT_ONCE,
            )


def _tell(form: Format, url: str) -> None:
    if form is Format.TEXT:
        text = f"The console is at {url} until you press Ctrl+C."
    else:
        text = json.dumps({"schema": f"{FAMILY}/serve/1", "ready": True, "url": url})
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
