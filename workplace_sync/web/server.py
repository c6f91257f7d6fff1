"""Serves an ASGI application on an address of this machine; in front of it stands a proxy that speaks HTTPS."""

import gc
import socket
from collections.abc import Callable, Sequence

import uvicorn
from anyio.to_thread import current_default_thread_limiter
from starlette.types import ASGIApp

from workplace_sync.errors import UsageError

_AT_ONCE = 500  # connections and requests; more are answered with 503, and the platform sends them again


def serve(
    app: ASGIApp,
    host: str,
    port: int,
    tell: Callable[[str], None],
    *,
    proxies: Sequence[str] | None = None,
    threads: int | None = None,
) -> None:
    """Serve until interrupted or terminated, then pass KeyboardInterrupt on; port 0 picks a free one.

    `tell` is given the URL once connections are taken, `proxies` and `threads` are as in `make_server`. Raises
    UsageError when the address cannot be had.
    """
    with listen(host, port) as listening:
        shown = f"[{host}]" if listening.family == socket.AF_INET6 else host
        url = f"http://{shown}:{listening.getsockname()[1]}"
        make_server(app, lambda: tell(url), proxies=proxies, threads=threads).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Tells once it serves: whoever ends it from then on ends it in order."""

    def __init__(self, config: uvicorn.Config, tell: Callable[[], None], threads: int | None) -> None:
        super().__init__(config)
        self._tell = tell
        self._threads = threads

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        if self._threads is not None:
            current_default_thread_limiter().total_tokens = self._threads
        gc.collect()
        gc.freeze()  # what stays for good is not looked through again and again: 115 ms each time, in which all wait
        self._tell()


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that takes connections; raises UsageError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise UsageError(
            f"Port {port} of {host} cannot be listened on: {error.strerror}.", hint="Choose another --port or --host."
        ) from None
    # asyncio does this only for sockets that name their protocol, which those of accept() then do not; without it each
    # answer on a kept connection waits 40 ms for the other side's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def make_server(
    app: ASGIApp,
    tell: Callable[[], None] = lambda: None,
    *,
    proxies: Sequence[str] | None = None,
    threads: int | None = None,
) -> uvicorn.Server:
    """Return a server of the application, which calls `tell` once it serves.

    `proxies` are the addresses that are believed when they say for which client they ask; None where it matters to
    nobody. `threads` is how many endpoints that are no coroutines run at once; None for what is usual, which is 40: more
    than a few that compute hold each other up. No line is logged for a request: the verify token stands in one's URL, and what is searched in another's.
    """
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        access_log=False,
        proxy_headers=proxies is not None,
        forwarded_allow_ips=list(proxies or ()),
        server_header=False,
        limit_concurrency=_AT_ONCE,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
    )
    return _Server(config, tell, threads)
