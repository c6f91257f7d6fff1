"""The figures of all groups, served to Prometheus on this machine alone."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from workplace_sync.app import Application
from workplace_sync.errors import SyncError
from workplace_sync.jobs.metrics import CONTENT_TYPE, prometheus_text
from workplace_sync.settings import Settings

_log = logging.getLogger(__name__)


@contextmanager
def serving_figures(settings: Settings, port: int) -> Iterator[int]:
    """Serve http://127.0.0.1:<port>/metrics meanwhile, and return the port, which is a free one where 0 was asked for.

    Raises OSError when the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, settings)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's signature
            """Say nothing: every scrape would be a line."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="figures", daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _answer(handler: BaseHTTPRequestHandler, settings: Settings) -> None:
    if handler.path != "/metrics":
        handler.send_error(404)
        return
    try:
        with Application(settings) as app:
            body = prometheus_text(app)
    except SyncError as error:
        _log.warning("The figures cannot be told: %s", error.message)
        handler.send_error(503)
        return
    handler.send_response(200)
    handler.send_header("Content-Type", CONTENT_TYPE)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
