"""Puts the console together: every declared page, what stands before them, and what is shown when one refuses."""

from http import HTTPStatus

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import compile_path

from workplace_sync.app import Application
from workplace_sync.errors import SyncError
from workplace_sync.logs import get_logger
from workplace_sync.web.api.application import add_operations
from workplace_sync.web.api.problems import MEDIA, problem, wrong_fields
from workplace_sync.web.console import views
from workplace_sync.web.console.asking import Ask, ask
from workplace_sync.web.console.desk import Console, open_console
from workplace_sync.web.console.guard import Door, Guard
from workplace_sync.web.console.pages import Page, declared_in, page_of
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.plain_text import plain_form
from workplace_sync.web.console.refusal import RefusalError, not_found, refusal_of
from workplace_sync.web.console.visitor import NOBODY

API = "/api/"

_log = get_logger(__name__)


def make_console(opened: Application) -> FastAPI:
    """Return the ASGI application over an application that is open, and stays open while it is served.

    Raises what opening the books raises: StoreError, SettingsError, EvidenceError.
    """
    opened.office  # noqa: B018 - checks the books now, and not with the first page
    found = list(declared_in(views))
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for page, endpoint in found:
        app.add_api_route(
            page.path,
            endpoint,
            methods=[page.method, "HEAD"] if page.method == "GET" else [page.method],
            dependencies=[Depends(plain_form), Depends(ask)],
            response_model=None,
            include_in_schema=page.api,
        )
    operations = add_operations(app)
    check_declared(app)
    app.state.console = console = open_console(opened, [*(page for page, _ in found), *operations])
    app.add_middleware(Guard, door=_door(console))
    for kind in (RefusalError, SyncError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _refuse)
    return app


def check_declared(app: FastAPI) -> None:
    """Raise TypeError for a route that does not say what it asks of whoever opens it."""
    bare = [
        str(getattr(route, "path", route)) for route in app.routes if page_of(getattr(route, "endpoint", 0)) is None
    ]
    if bare:
        raise TypeError(f"these routes declare no permission: {', '.join(bare)}")


def _door(console: Console) -> Door:
    settings = console.app.settings
    uploads = [compile_path(page.path)[0] for page in console.pages if page.uploads]
    return Door(
        frozenset(host.strip("[]") for host in settings.console_trusted_hosts),
        settings.console_url,
        settings.console_body_limit,
        settings.console_upload_limit,
        uploads,
        lambda path, status, sentence: _plain_answer(console, path, status, sentence),
    )


def _plain_answer(console: Console, path: str, status: HTTPStatus, sentence: str) -> tuple[str, bytes]:
    if path.startswith(API):
        return MEDIA, bytes(problem(RefusalError(status, sentence)).body)
    page = console.renderer.render("plain.html", {"title": status.phrase, "sentence": sentence})
    return "text/html; charset=utf-8", page.encode()


def _refuse(request: Request, error: Exception) -> Response:
    refusal = _told(request, error)
    if request.url.path.startswith(API):
        return problem(refusal, errors=wrong_fields(error), headers=_headers(refusal) | _of_an_answer(request, error))
    if refusal.login and request.method in {"GET", "HEAD"}:
        onward = request.url.path
        return RedirectResponse(f"/login?next={onward}" if onward != "/" else "/login", HTTPStatus.SEE_OTHER)
    return _refusal_page(request, refusal)


def _told(request: Request, error: Exception) -> RefusalError:
    if isinstance(error, RefusalError):
        return error
    if isinstance(error, SyncError):
        refusal = refusal_of(error, request.method)
        if refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("A page could not be made: " + error.message, hint=error.hint)
        return refusal
    if isinstance(error, RequestValidationError):
        fields = sorted({str(fault["loc"][-1]) for fault in error.errors()})
        return RefusalError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"Something is missing or not as it should be: {', '.join(fields)}.",
            hint="Go back, correct it, and send it again.",
        )
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    return not_found() if status is HTTPStatus.NOT_FOUND else RefusalError(status, error.detail.rstrip(".") + ".")


def _of_an_answer(request: Request, error: Exception) -> dict[str, str]:
    """Return what a program is told with a refusal: how near the limit is, and which methods there are instead."""
    allowed = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return {**getattr(request.state, "rate", {}), **allowed}


def _refusal_page(request: Request, refusal: RefusalError) -> Response:
    console: Console = request.app.state.console
    try:
        visitor, _ = console.visitor(request)
    except SyncError:  # the people file may be what is wrong
        visitor = NOBODY
    asked = Ask(console, request, Page(request.url.path, Permission.PUBLIC), visitor)
    page = asked.render("refused.html", title=refusal.status.phrase, refusal=refusal)
    return HTMLResponse(page, refusal.status, _headers(refusal))


def _headers(refusal: RefusalError) -> dict[str, str]:
    return {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
