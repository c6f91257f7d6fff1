"""Puts the operations into the console's application, and describes them."""

import hashlib
from collections.abc import Callable, Coroutine, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse, Response

from workplace_sync import __version__
from workplace_sync.web.api import operations
from workplace_sync.web.api.calling import V1
from workplace_sync.web.api.problems import Problem, WrongField, documented
from workplace_sync.web.console.pages import Page, declared_in, page, page_of
from workplace_sync.web.console.permissions import Permission

_ABOUT = """What the console's pages show, for programs, with the permissions of the person whose token it is.

Make a token with `workplace-sync account token NAME --scopes groups:read,plans:read --days 90`; each operation names the
scope that it needs. Lists are told a page at a time: pass `next` back as `cursor`. An answer to GET has an ETag; sent
back as `If-None-Match`, it is answered with 304 while nothing has changed. At most 600 requests a minute are answered."""


class Operation(APIRoute):
    """A route of the API: its good answers have an ETag, and all tell how near the limit is."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            made = await handle(request)
            if request.method == "GET" and made.status_code == HTTPStatus.OK:
                made = _unless_known(request, made)
            made.headers.update(getattr(request.state, "rate", {}))
            return made

        return answer


def add_operations(app: FastAPI) -> Sequence[Page]:
    """Add every operation, and what describes them; returns their declarations."""
    found = list(declared_in(operations))
    for declared, endpoint in found:
        app.router.add_api_route(
            declared.path,
            endpoint,
            methods=[declared.method],
            responses=documented(declared.method),
            tags=[declared.path.removeprefix(V1).split("/")[1]],
            summary=(endpoint.__doc__ or "").strip().partition("\n")[0],
            operation_id=endpoint.__name__,
            openapi_extra=_needs(declared),
            route_class_override=Operation,
        )
    described: list[dict[str, Any]] = []

    @page(f"{V1}/openapi.json", Permission.PUBLIC, api=True, anonymous=True)
    def openapi() -> Response:
        """Describe the API. Nothing in it is secret, so that programs can be written before there is a token."""
        if not described:
            described.append(description(app))
        return JSONResponse(described[0], headers={"Cache-Control": "public, max-age=300"})

    app.add_api_route(f"{V1}/openapi.json", openapi, response_model=None, include_in_schema=False)
    return [*(declared for declared, _ in found), *filter(None, [page_of(openapi)])]


def description(app: FastAPI) -> dict[str, Any]:
    """Return the API's description in the words of OpenAPI 3.1."""
    routes = [route for route in app.routes if isinstance(route, Operation)]
    told = get_openapi(title="workplace_sync", version=__version__, description=_ABOUT, routes=routes)
    parts = told["components"]
    for model in (Problem, WrongField):
        made = model.model_json_schema(ref_template="#/components/schemas/{model}")
        made.pop("$defs", None)
        parts["schemas"][model.__name__] = made
    parts["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token; its scopes are permissions."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "workplace-sync",
            "description": "A login; for GET alone.",
        },
    }
    for path in told["paths"].values():
        for operation in path.values():
            wrong = operation["responses"].get(str(int(HTTPStatus.UNPROCESSABLE_ENTITY)))
            if wrong is not None:
                wrong.update(documented("POST")[int(HTTPStatus.UNPROCESSABLE_ENTITY)])
    for name in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(name, None)
    return told


def _needs(declared: Page) -> dict[str, Any]:
    ways: list[dict[str, list[str]]] = [{"token": [declared.permission.value]}]
    return {"security": ways + ([{"session": []}] if declared.method == "GET" else [])}


def _unless_known(request: Request, made: Response) -> Response:
    """Return the answer with its ETag, or 304 where the program has it already. It is weak: the same in meaning."""
    tag = f'W/"{hashlib.sha256(bytes(made.body)).hexdigest()[:32]}"'
    known = {each.strip() for each in request.headers.get("if-none-match", "").split(",")}
    if tag in known or tag.removeprefix("W/") in known or "*" in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    made.headers["ETag"] = tag
    return made
