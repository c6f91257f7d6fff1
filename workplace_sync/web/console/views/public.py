"""What is served to anybody: the look, and whether the console is there."""

from http import HTTPStatus

from fastapi import Request
from starlette.responses import PlainTextResponse, Response

from workplace_sync.web.console.asking import Asked
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.refusal import not_found

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}  # the address changes with the content


@page("/static/{digest}/{name}", Permission.PUBLIC)
def static(request: Request, digest: str, name: str) -> Response:
    """Return a file of the look."""
    found = request.app.state.console.renderer.file(digest, name)
    if found is None:
        raise not_found()
    content, kind = found
    return Response(content, media_type=kind, headers=_FOR_EVER)


@page("/healthz", Permission.PUBLIC)
def healthz(ask: Asked) -> Response:
    """Say that the console serves and its database answers; 503 where it does not."""
    with ask.app.database.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    return PlainTextResponse("ok\n", HTTPStatus.OK)
