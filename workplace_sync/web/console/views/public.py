"""What is served to anybody: the look, and whether the console is there; and the figures, to programs that may have them."""

from http import HTTPStatus

from fastapi import Request
from starlette.responses import PlainTextResponse, Response

from workplace_sync.errors import SyncError
from workplace_sync.jobs.metrics import prometheus_text
from workplace_sync.loopback import LOOPBACK
from workplace_sync.people import EVERY_GROUP
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.refusal import not_found

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}  # the address changes with the content


@page("/static/{digest}/{name}", Permission.PUBLIC, anonymous=True)
def static(request: Request, digest: str, name: str) -> Response:
    """Return a file of the look."""
    found = request.app.state.console.renderer.file(digest, name)
    if found is None:
        raise not_found()
    content, kind = found
    return Response(content, media_type=kind, headers=_FOR_EVER)


@page("/healthz", Permission.PUBLIC, anonymous=True)
def healthz(ask: Asked) -> Response:
    """Say that the console serves and its database answers; 503 where it does not."""
    try:
        ask.app.database.require_current()
    except SyncError:
        return PlainTextResponse("the database does not answer\n", HTTPStatus.SERVICE_UNAVAILABLE)
    return PlainTextResponse("ok\n", HTTPStatus.OK)


@page("/metrics", Permission.PUBLIC, api=True)
def metrics(ask: Asked) -> Response:
    """Return the figures of all groups as Prometheus reads them.

    They are for programs on this machine, asked under a name of this machine, so that no proxy passes them on; and for
    whoever has a token that reads runs of every group.
    """
    if not (_from_here(ask) or ask.visitor.may(Permission.RUNS_READ, EVERY_GROUP)):
        raise not_found()
    return Response(prometheus_text(ask.app), media_type="text/plain; version=0.0.4; charset=utf-8")


def _from_here(ask: Ask) -> bool:
    client, host = ask.request.client, ask.request.url.hostname
    return client is not None and client.host in LOOPBACK and host in LOOPBACK
