"""For owners: who may log in. For owners and auditors: who read what is held about members."""

from typing import Annotated

from fastapi import Form, Query
from starlette.responses import Response

from workplace_sync.jobs import accounts as jobs
from workplace_sync.people import EVERY_GROUP, People, Role
from workplace_sync.store import access_reads
from workplace_sync.store.accounts import Account
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.pages import Menu, page
from workplace_sync.web.console.permissions import Permission

_AT = "/accounts"
_SHOWN = 100


@page(_AT, Permission.ACCOUNTS, menu=Menu("Accounts", 90), help="accounts")
def accounts(ask: Asked) -> Response:
    """List the accounts, and those of the people file who have none."""
    return _shown(ask)


@page(f"{_AT}/invite", Permission.ACCOUNTS, method="POST", help="accounts")
def invite(ask: Asked, name: Annotated[str, Form()] = "") -> Response:
    """Make an account or a new link, and show the link this once."""
    ask.require_everywhere()
    made = jobs.invite(ask.desk, name)
    own = ask.app.settings.console_url or f"http://{ask.request.headers['host']}"
    return _shown(ask, invitation=made, link=f"{own}/setup/{made.secret}")


@page(f"{_AT}/disable", Permission.ACCOUNTS, method="POST", help="accounts")
def disable(ask: Asked, name: Annotated[str, Form()] = "") -> Response:
    """Shut an account out; not one's own, so that somebody is left who can let others in."""
    ask.require_everywhere()
    if name == ask.visitor.name:
        return ask.done("You cannot shut yourself out. Another owner can.", _AT, kind="fault")
    ended = jobs.disable(ask.desk, name)
    return ask.done(f"{name} cannot log in any more; sessions that ended: {ended}.", _AT)


@page(f"{_AT}/sessions", Permission.ACCOUNTS, method="POST", help="accounts")
def end_sessions(ask: Asked, name: Annotated[str, Form()] = "") -> Response:
    """Log an account out everywhere."""
    ask.require_everywhere()
    ended = ask.console.sessions.end_all(name, but=ask.visitor.session)
    return ask.done(f"{name} was logged out; sessions that ended: {ended}.", _AT)


@page("/reads", Permission.ACCESS_READ, menu=Menu("Who read", 95), help="reads")
def reads(
    ask: Asked, reader: Annotated[str, Query(max_length=100)] = "", before: Annotated[int, Query(ge=0)] = 0
) -> Response:
    """List who read about whom, newest first. Whom it was about is masked: the list is about the readers."""
    ask.require_everywhere()
    with ask.app.database.connect() as connection:
        found = access_reads.listed(connection, reader=reader or None, before=before or None, limit=_SHOWN + 1)
    shown, older = found[:_SHOWN], len(found) > _SHOWN
    return ask.show(
        "reads.html",
        title="Who read what is held about members",
        reads=shown,
        older=older,
        reader=reader,
        before=before,
    )


def _shown(ask: Ask, *, invitation: jobs.Invitation | None = None, link: str = "") -> Response:
    ask.require_everywhere()
    people = ask.console.people()
    found = jobs.overview(ask.app.office)
    known = {account.name for account, _, _ in found}
    missing = [person.name for person in people.people if person.name not in known] if people else []
    return ask.show(
        "accounts.html",
        title="Accounts",
        accounts=[(account, state, sessions, _roles(account, people)) for account, state, sessions in found],
        missing=missing,
        with_file=people is not None,
        invitation=invitation,
        link=link,
    )


def _roles(account: Account, people: People | None) -> str:
    if people is None:
        return f"{Role.OWNER} for every group" if account.founder else ""
    person = people.find(account.name)
    if person is None:
        return "by the single sign-on" if account.identity else ""
    where = "every group" if EVERY_GROUP in person.groups else ", ".join(sorted(person.groups))
    return f"{', '.join(sorted(person.roles))} for {where}"
