"""Logging in and out, and the link with which somebody sets their password."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Form
from starlette.responses import RedirectResponse, Response

from workplace_sync.errors import UsageError
from workplace_sync.jobs import accounts
from workplace_sync.jobs.limits import LINK_BY_CLIENT, LOGIN_BY_CLIENT, LOGIN_BY_NAME
from workplace_sync.jobs.passwords import SHORTEST
from workplace_sync.web.console.asking import Ask, Asked, local_path
from workplace_sync.web.console.cookies import drop_session, give_session
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.refusal import RefusalError

_NOT_RIGHT = "The name or the password is not right."


@page("/login", Permission.PUBLIC, help="log-in")
def login(ask: Asked, next: str = "/") -> Response:  # noqa: A002 - the word in the address
    """Show the form; who is logged in already goes on."""
    if ask.visitor.known:
        return RedirectResponse(local_path(next), HTTPStatus.SEE_OTHER)
    return _form(ask, next)


@page("/login", Permission.PUBLIC, method="POST", help="log-in")
def log_in(
    ask: Asked,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Begin a session, or say the same whatever it was that is not right."""
    ask.limited(LOGIN_BY_CLIENT, ask.client)
    ask.limited(LOGIN_BY_NAME, name)
    account = accounts.log_in(ask.app.office, name, password)
    if account is None:
        return _form(ask, next, name=name, fault=_NOT_RIGHT)
    ask.console.limits.forget(LOGIN_BY_NAME, name)
    answer = RedirectResponse(local_path(next), HTTPStatus.SEE_OTHER)
    give_session(ask, answer, ask.console.sessions.begin(account.name, instead_of=ask.secret))
    return answer


@page("/logout", Permission.SELF, method="POST")
def log_out(ask: Asked) -> Response:
    """End the session."""
    if ask.visitor.session:
        ask.console.sessions.end(ask.visitor.session)
    answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    drop_session(ask, answer)
    return answer


@page("/setup/{secret}", Permission.PUBLIC, help="log-in")
def setup(ask: Asked, secret: str) -> Response:
    """Show where somebody who was invited chooses a password."""
    ask.limited(LINK_BY_CLIENT, ask.client)
    return _setup_form(ask, _invited(ask, secret))


@page("/setup/{secret}", Permission.PUBLIC, method="POST", help="log-in")
def set_up(
    ask: Asked, secret: str, password: Annotated[str, Form()] = "", again: Annotated[str, Form()] = ""
) -> Response:
    """Set the password, which uses up the link, and begin a session."""
    ask.limited(LINK_BY_CLIENT, ask.client)
    name = _invited(ask, secret)
    if password != again:
        return _setup_form(ask, name, fault="The two are not the same.")
    try:
        account = accounts.set_up(ask.app.office, secret, password)
    except UsageError as error:
        return _setup_form(ask, name, fault=f"{error.message} {error.hint}".strip())
    began = ask.console.sessions.begin(account.name, instead_of=ask.secret)
    answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    give_session(ask, answer, began)
    return answer


def _form(ask: Ask, onward: str, *, name: str = "", fault: str = "") -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK
    return ask.show(
        "login.html",
        title="Log in",
        status=status,
        onward=local_path(onward),
        name=name,
        fault=fault,
        sign_on=bool(ask.app.settings.oidc_issuer),
    )


def _invited(ask: Ask, secret: str) -> str:
    with ask.app.database.connect() as connection:
        account = accounts.invited(connection, secret, ask.app.now())
    if account is None:
        raise RefusalError(
            HTTPStatus.NOT_FOUND,
            "This link works no more.",
            hint="It works once, and for a day. Ask whoever sent it for a new one.",
        )
    return account.name


def _setup_form(ask: Ask, name: str, *, fault: str = "") -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK
    return ask.show("setup.html", title="Choose a password", status=status, name=name, fault=fault, shortest=SHORTEST)
