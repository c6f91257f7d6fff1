"""Somebody's own account: where they are logged in, their password, their tokens."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from fastapi import Form
from starlette.responses import Response

from workplace_sync.errors import UsageError
from workplace_sync.jobs import accounts, api_tokens
from workplace_sync.jobs.limits import LOGIN_BY_NAME
from workplace_sync.jobs.sessions import Claims
from workplace_sync.store import accounts as store
from workplace_sync.store import api_tokens as tokens
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import OF_NOBODY, Permission
from workplace_sync.web.console.visitor import visitor_of

_AT = "/account"
_SCOPES: Mapping[Permission, str] = {
    Permission.GROUPS_READ: "how groups stand",
    Permission.PLANS_READ: "plans and their decisions",
    Permission.AUDIT_READ: "the audit log",
    Permission.AUDIT_EXPORT: "exports of the audit log",
    Permission.INCIDENTS_READ: "incidents",
    Permission.POLICIES_READ: "policies",
    Permission.EVIDENCE_READ: "the evidence log",
    Permission.RUNS_READ: "runs and metrics",
    Permission.PEOPLE_READ: "what is held about a person",
}


@page(_AT, Permission.SELF, help="account")
def account(ask: Asked) -> Response:
    """Show somebody their own account."""
    return _shown(ask)


@page(f"{_AT}/password", Permission.SELF, method="POST", help="account")
def change_password(
    ask: Asked,
    old: Annotated[str, Form()] = "",
    new: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Change the password; every other session ends."""
    ask.limited(LOGIN_BY_NAME)
    if new != again:
        return ask.done("The two new passwords are not the same. Nothing was changed.", _AT, kind="fault")
    try:
        accounts.change_password(ask.desk, ask.visitor.name, old, new, keep=ask.visitor.session)
    except UsageError as error:
        return ask.done(f"{error.message} {error.hint}".strip() + " Nothing was changed.", _AT, kind="fault")
    ask.console.limits.forget(LOGIN_BY_NAME, ask.visitor.name)
    return ask.done("The password was changed, and every other session has ended.", _AT)


@page(f"{_AT}/sessions", Permission.SELF, method="POST", help="account")
def end_sessions(ask: Asked) -> Response:
    """End every other session."""
    ended = ask.console.sessions.end_all(ask.visitor.name, but=ask.visitor.session)
    return ask.done(f"{ended} other session{'' if ended == 1 else 's'} ended.", _AT)


@page(f"{_AT}/tokens", Permission.SELF, method="POST", help="account")
def issue_token(
    ask: Asked,
    label: Annotated[str, Form()] = "",
    scope: Annotated[list[str] | None, Form()] = None,
    days: Annotated[int, Form(ge=1, le=365)] = 90,
) -> Response:
    """Make a token, and show it this once."""
    offered = {each for each, _ in _offered(ask)}
    chosen = [each for each in scope or [] if each in offered]
    if not label.strip() or not chosen:
        return ask.done("A token needs a label and something it may read. None was made.", _AT, kind="fault")
    issued = api_tokens.issue(ask.desk, ask.visitor.name, label, chosen, timedelta(days=days))
    return _shown(ask, secret=issued.secret)


@page(f"{_AT}/tokens/{{token_id}}/revoke", Permission.SELF, method="POST", help="account")
def revoke_token(ask: Asked, token_id: str) -> Response:
    """Revoke one of somebody's own tokens."""
    api_tokens.revoke(ask.desk, token_id, ask.visitor.name)
    return ask.done("The token was revoked; nothing reads with it any more.", _AT)


def _offered(ask: Ask) -> list[tuple[str, str]]:
    """Return what a token may be for: what the people file alone allows, as no single sign-on tells roles with a token."""
    with ask.app.database.connect() as connection:
        own = store.find(connection, ask.visitor.name)
    allowed = visitor_of(own, ask.console.people(), Claims()).permissions if own else OF_NOBODY
    return [(scope.value, told) for scope, told in _SCOPES.items() if scope in allowed]


def _shown(ask: Ask, *, secret: str = "") -> Response:
    with ask.app.database.connect() as connection:
        own = store.find(connection, ask.visitor.name)
        held = tokens.listed(connection, ask.visitor.name)
    return ask.show(
        "account.html",
        title="Your account",
        account=own,
        sessions=ask.console.sessions.of(ask.visitor.name),
        tokens=held,
        offered=_offered(ask),
        secret=secret,
        settings=ask.app.settings,
    )
