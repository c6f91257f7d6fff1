"""Keeps NUL out of what people send: PostgreSQL holds it in no text, and a book with it could never move there."""

from http import HTTPStatus

from fastapi import Request
from starlette.datastructures import UploadFile

from workplace_sync.web.console.refusal import RefusalError

NUL = "\0"
_ESCAPED = b"%00"


def nul_in_address(path: str, query: bytes) -> tuple[HTTPStatus, str] | None:
    """Return why an address is refused, None where it is plain. The path is unescaped already, the query is not."""
    if NUL in path:
        return HTTPStatus.NOT_FOUND, "There is no such page."
    if _ESCAPED in query:
        return HTTPStatus.UNPROCESSABLE_ENTITY, "The address holds a character that is in no text."
    return None


async def plain_form(request: Request) -> None:
    """Refuse with 422 a form with NUL in a text or in a file's name; what is in a file is for whoever reads that."""
    if getattr(request.scope.get("route"), "body_field", None) is None:
        return  # nobody has read the form, and nobody will
    form = await request.form()  # as it was read for the page
    wrong = sorted({name for name, value in form.multi_items() if NUL in _text(value)})
    if wrong:
        raise RefusalError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"There is a character that is in no text in: {', '.join(wrong)}.",
            hint="Go back, type it anew, and send it again.",
        )


def _text(value: str | UploadFile) -> str:
    return (value.filename or "") if isinstance(value, UploadFile) else value
