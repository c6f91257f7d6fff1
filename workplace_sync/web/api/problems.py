"""Refusals as problem details (https://www.rfc-editor.org/rfc/rfc9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from workplace_sync.web.console.refusal import RefusalError

MEDIA = "application/problem+json"

_STATUSES = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_OF_A_BODY = {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}


class WrongField(BaseModel):
    """What is wrong with one value that was sent; the value is not repeated."""

    where: str
    message: str


class Problem(BaseModel):
    """Why a request was refused, and what to do about it."""

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""
    errors: list[WrongField] = []


def problem(refusal: RefusalError, *, errors: Sequence[WrongField] = (), headers: Mapping[str, str] = {}) -> Response:
    """Return a refusal as a problem."""
    told = Problem(
        type="about:blank",
        title=refusal.status.phrase,
        status=int(refusal.status),
        detail=refusal.message,
        hint=refusal.hint,
        errors=list(errors),
    )
    own = {"WWW-Authenticate": "Bearer"} if refusal.login else {}
    return JSONResponse(told.model_dump(), refusal.status, {**headers, **own}, MEDIA)


def wrong_fields(error: Exception) -> list[WrongField]:
    """Return what is wrong with which value, for an error about what was sent; nothing for any other error."""
    if not isinstance(error, RequestValidationError):
        return []
    return [WrongField(where=_place(fault["loc"]), message=str(fault["msg"])) for fault in error.errors()]


def documented(method: str) -> dict[int | str, dict[str, Any]]:
    """Return how an operation may be refused, as OpenAPI has it."""
    told = {"content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    refused: dict[int | str, dict[str, Any]] = {
        int(status): {"description": status.phrase, **told}
        for status in _STATUSES
        if method != "GET" or status not in _OF_A_BODY
    }
    if method == "GET":
        refused[int(HTTPStatus.NOT_MODIFIED)] = {"description": "It is as it was."}
    return refused


def _place(parts: Sequence[object]) -> str:
    """Return where a value was sent; what cannot be written as text, as half a character, is escaped."""
    return ".".join(str(part) for part in parts).encode("utf-8", "backslashreplace").decode()[:200]
