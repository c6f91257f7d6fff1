"""Logging in with the union's single sign-on."""

from http import HTTPStatus

from starlette.responses import RedirectResponse, Response

from workplace_sync.jobs import accounts
from workplace_sync.jobs.accounts import digest
from workplace_sync.jobs.limits import LOGIN_BY_CLIENT
from workplace_sync.store import sessions as store
from workplace_sync.web.console import sign_on
from workplace_sync.web.console.asking import Ask, Asked, local_path
from workplace_sync.web.console.cookies import drop, give, give_session
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.refusal import not_found

_BACK = "/login/sign-on/back"


@page("/login/sign-on", Permission.PUBLIC, help="log-in")
def begin(ask: Asked, next: str = "/") -> Response:  # noqa: A002 - the word in the address
    """Send the browser to the single sign-on."""
    _require_set(ask)
    ask.limited(LOGIN_BY_CLIENT, ask.client)
    begun = sign_on.begin(ask.app.settings, _own_address(ask), local_path(next), ask.app.now())
    with ask.app.database.write() as connection:
        store.sweep(connection, ask.app.now())
        store.begin_sign_on(connection, begun.kept)
    answer = RedirectResponse(begun.address, HTTPStatus.SEE_OTHER)
    give(ask, answer, _cookie(ask), begun.secret)
    return answer


@page(_BACK, Permission.PUBLIC, help="log-in")
def back(ask: Asked) -> Response:
    """Begin a session for whoever comes back, if they have a role here."""
    _require_set(ask)
    ask.limited(LOGIN_BY_CLIENT, ask.client)
    held = ask.request.cookies.get(_cookie(ask), "")
    with ask.app.database.write() as connection:
        kept = store.take_sign_on(connection, digest(held), ask.app.now())
    if kept is None:
        raise sign_on.refused("this browser began no login, or too long ago")
    brought = dict(ask.request.query_params)
    identity = sign_on.finish(ask.app.settings, _own_address(ask), kept, brought, ask.app.now())
    people = ask.console.people()
    if not identity.claims.grants and (people is None or people.find(identity.name) is None):
        raise sign_on.refused("the people file does not name them, and none of their groups means a role")
    account = accounts.enter(ask.app.office, identity.name, identity.id)
    if account is None:
        raise sign_on.refused("the name has a password here, is another identity's, or is disabled")
    answer = RedirectResponse(local_path(kept.onward), HTTPStatus.SEE_OTHER)
    give_session(ask, answer, ask.console.sessions.begin(account.name, identity.claims, instead_of=ask.secret))
    drop(ask, answer, _cookie(ask))
    return answer


def _require_set(ask: Ask) -> None:
    if not ask.app.settings.oidc_issuer:
        raise not_found()


def _own_address(ask: Ask) -> str:
    return (ask.app.settings.console_url or f"http://{ask.request.headers['host']}") + _BACK


def _cookie(ask: Ask) -> str:
    return f"{ask.console.cookie}-sign-on"
