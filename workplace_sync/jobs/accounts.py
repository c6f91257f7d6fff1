"""Who may log in to the console: invite by a link that works once, set a password, disable."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection

from workplace_sync.errors import UsageError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs import passwords
from workplace_sync.jobs.office import Office
from workplace_sync.store import accounts as store
from workplace_sync.store import api_tokens, sessions
from workplace_sync.store.accounts import Account
from workplace_sync.store.sessions import Session

LINK_VALID = timedelta(hours=24)

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link's secret, told once and kept nowhere, and until when it works. `founder` is whether nobody had an account before."""

    name: str
    secret: str
    until: datetime
    founder: bool


def digest(secret: str) -> str:
    """Return the hash under which a secret of 256 random bits is kept; nothing slower is needed for those."""
    return sha256(secret.encode()).hexdigest()


def fresh_secret() -> str:
    """Return 256 random bits, fit for a URL."""
    return secrets.token_urlsafe(32)


def invite(office: Office, name: str) -> Invitation:
    """Make an account for `name`, or a new link for the one there is; a link from before works no more.

    Somebody who has a password keeps it until they set another with the link. Raises UsageError for what is no name.
    """
    if not name.strip() or not name.isprintable() or name != name.strip() or len(name) > _LONGEST_NAME or "@" in name:
        raise UsageError("That is not a name for an account.", hint="Use the name from the people file, like grace.")
    secret, now = fresh_secret(), office.now()
    until = now + LINK_VALID
    with office.log.transaction() as transaction:
        connection = transaction.connection
        found = store.find(connection, name)
        founder = found.founder if found else store.count(connection) == 0
        if found is None:
            store.add(connection, Account(name, "", "", founder, now, office.actor, digest(secret), until, None, None))
        else:
            store.put_setup(connection, name, digest(secret), until)
        transaction.log(_record(office, Kind.ACCOUNT_INVITED, name, "invited again" if found else "invited"))
    return Invitation(name, secret, until, founder)


def invited(connection: Connection, secret: str, at: datetime) -> Account | None:
    """Return the account whose set-up link has that secret, None when the link works no more."""
    return store.with_setup(connection, digest(secret), at)


def set_up(office: Office, secret: str, password: str) -> Account:
    """Use up a set-up link: its account gets the password, and every session of it ends.

    Raises UsageError when the link works no more, or the password may not be chosen.
    """
    hint = "Ask for a new one: workplace-sync account invite NAME."
    with office.database.connect() as connection:
        account = invited(connection, secret, office.now())
    if account is None:
        raise UsageError("This link works no more.", hint=hint)
    passwords.check_choice(password, account.name)
    kept = passwords.hashed(password)
    with office.log.transaction() as transaction:
        connection = transaction.connection
        if invited(connection, secret, office.now()) is None:
            raise UsageError("This link works no more.", hint=hint)
        store.put_password(connection, account.name, kept, office.now())
        sessions.end_all(connection, account.name)
        transaction.log(_record(office, Kind.ACCOUNT_SET_UP, account.name, "password set", actor=account.name))
    return account


def log_in(office: Office, name: str, password: str) -> Account | None:
    """Return the account of that name if the password is its own and it is not disabled; None in every other case.

    It takes the same time whether there is such an account or not.
    """
    with office.database.connect() as connection:
        account = store.find(connection, name)
    right = passwords.fits(account.password if account else "", password)
    if account is None or not right or account.disabled_at is not None:
        return None
    if passwords.outdated(account.password):
        with office.database.write() as connection:
            store.put_password(connection, name, passwords.hashed(password), account.password_at or office.now())
    return account


def change_password(office: Office, name: str, old: str, new: str, *, keep: str = "") -> None:
    """Give an account another password; ends its sessions but the one with the id `keep`. Raises UsageError."""
    if log_in(office, name, old) is None:
        raise UsageError("The password you have now is not right.")
    passwords.check_choice(new, name)
    kept = passwords.hashed(new)
    with office.log.transaction() as transaction:
        store.put_password(transaction.connection, name, kept, office.now())
        sessions.end_all(transaction.connection, name, but=keep)
        transaction.log(_record(office, Kind.ACCOUNT_SET_UP, name, "password changed", actor=name))


def disable(office: Office, name: str) -> int:
    """Let an account in no more, end its sessions, revoke its tokens; returns how many sessions ended.

    Raises UsageError when there is no such account.
    """
    with office.log.transaction() as transaction:
        connection = transaction.connection
        known(connection, name)
        store.disable(connection, name, office.now())
        ended = sessions.end_all(connection, name)
        api_tokens.revoke_all(connection, name, office.now())
        transaction.log(_record(office, Kind.ACCOUNT_DISABLED, name, "disabled"))
    return ended


def overview(office: Office) -> list[tuple[Account, str, int]]:
    """Return all accounts by name, how each stands in a word or two, and in how many places it is logged in."""
    now = office.now()
    with office.database.connect() as connection:
        found = store.listed(connection)
        return [(one, _state(one, now), len(sessions.of_account(connection, one.name, now))) for one in found]


def _state(account: Account, now: datetime) -> str:
    if account.disabled_at is not None:
        return "disabled"
    if account.password or account.identity:
        return "in use"
    return "invited" if account.setup_until and now < account.setup_until else "link is over"


def sessions_of(office: Office, name: str) -> list[Session]:
    """Return where an account is logged in; raises UsageError when there is none of that name."""
    with office.database.connect() as connection:
        known(connection, name)
        return sessions.of_account(connection, name, office.now())


def end_sessions(office: Office, name: str) -> int:
    """Log an account out everywhere; returns how many sessions ended."""
    with office.database.write() as connection:
        return sessions.end_all(connection, name)


def known(connection: Connection, name: str) -> Account:
    """Return the account of that name; raises UsageError when there is none."""
    account = store.find(connection, name)
    if account is None:
        raise UsageError("There is no such account.", hint="See `workplace-sync account list`.")
    return account


def enter(office: Office, name: str, identity: str) -> Account | None:
    """Return the account for somebody whom the single sign-on sent under that name, made if there is none yet.

    The first identity under a name keeps it: whoever takes somebody's name over there is not taken for them here. A
    name that has a password here, or is disabled, is not entered so. `identity` is the hash of issuer and subject.
    """
    with office.log.transaction() as transaction:
        connection = transaction.connection
        account = store.find(connection, name)
        if account is None:
            account = Account(name, "", identity, False, office.now(), name, "", None, None, None)
            store.add(connection, account)
        elif account.disabled_at or account.password or account.identity not in {"", identity}:
            return None
        elif account.identity == identity:
            return account
        else:
            store.put_identity(connection, name, identity)
        transaction.log(_record(office, Kind.ACCOUNT_SET_UP, name, "tied to the single sign-on", actor=name))
    return account


def _record(office: Office, kind: Kind, name: str, outcome: str, actor: str = "") -> Record:
    return Record(kind=kind, at=office.now(), actor=actor or office.actor, outcome=outcome, data={"account": name})
