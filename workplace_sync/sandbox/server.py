"""Serving the sandbox: one process, one event loop, uvicorn's plain HTTP/1.1."""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from workplace_sync.sandbox.application import CONTROL, SandboxApplication
from workplace_sync.sandbox.options import Options
from workplace_sync.sandbox.state import Sandbox
from workplace_sync.sandbox.world import describe_tenants

Tell = Callable[[Mapping[str, object]], None]


class _Protocol(H11Protocol):
    """Hands the connection to the application, which has faults that close it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


class _Server(uvicorn.Server):
    """Tells when it listens, and where."""

    def __init__(self, config: uvicorn.Config, tell: Callable[[int], None]) -> None:
        super().__init__(config)
        self._tell = tell

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets=sockets)  # type: ignore[arg-type]
        self._tell(self.servers[0].sockets[0].getsockname()[1])


def serve(
    *,
    people: Mapping[str, int],
    host: str = "127.0.0.1",
    port: int = 0,
    seed: int = 1,
    latency_ms: float = 0.0,
    state_file: Path | None = None,
    tell: Tell | None = None,
) -> None:
    """Serve a sandbox until interrupted or terminated; the parameters are those of Options, and see `serve_with`."""
    serve_with(Options(host, port, people, seed, latency_ms, state_file), tell)


def serve_with(options: Options, tell: Tell | None = None) -> None:
    """Serve until interrupted or terminated.

    `tell` is given the ready line (see `ready_line`) once the server listens; by default it goes to stdout as one line
    of JSON. Raises StateFileError when the state file belongs to another world, and passes KeyboardInterrupt on once all
    is kept; a port that is taken ends the process with a line on stderr.
    """
    sandbox = Sandbox(options)
    say = tell or _print

    config = uvicorn.Config(
        SandboxApplication(sandbox),
        host=options.host,
        port=options.port,
        http=_Protocol,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,
        backlog=1024,
    )
    try:
        _Server(config, lambda port: say(ready_line(sandbox, port))).run()
    finally:
        sandbox.ledger.close()


def ready_line(sandbox: Sandbox, port: int) -> dict[str, object]:
    """Return what is told on start: the addresses, and each tenant with its token and groups."""
    url = f"http://{sandbox.options.host}:{port}"
    return {"ready": True, "url": url, "control": url + CONTROL, "tenants": describe_tenants(sandbox.world)}


def _print(line: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
