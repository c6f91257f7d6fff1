"""Tokens with which programs read in somebody's name: made once, told once, kept as a hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from workplace_sync.errors import UsageError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.accounts import digest, fresh_secret, known
from workplace_sync.jobs.office import Office
from workplace_sync.store import accounts
from workplace_sync.store import api_tokens as store
from workplace_sync.store.accounts import Account
from workplace_sync.store.api_tokens import ApiToken

PREFIX = "wps_"  # so that a token that lies about can be told for one
LONGEST = timedelta(days=365)

_NOTED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token, with its secret, which is told once."""

    token: ApiToken
    secret: str


def issue(office: Office, account: str, label: str, scopes: Sequence[str], valid: timedelta) -> Issued:
    """Make a token for an account. Raises UsageError without label or scopes, or when it should last over a year."""
    if not label.strip() or not scopes:
        raise UsageError("A token needs a label and something it may read.")
    if not timedelta(0) < valid <= LONGEST:
        raise UsageError(f"A token lasts {LONGEST.days} days at most.")
    secret, now = PREFIX + fresh_secret(), office.now()
    token = ApiToken(
        office.new_id(), digest(secret), account, label.strip()[:100], tuple(sorted(set(scopes))), now, now + valid
    )
    with office.log.transaction() as transaction:
        known(transaction.connection, account)
        store.add(transaction.connection, token)
        transaction.log(_record(office, Kind.TOKEN_ISSUED, token))
    return Issued(token, secret)


def find(office: Office, secret: str) -> tuple[ApiToken, Account] | None:
    """Return the token with that secret and its account; None when it is not good, or the account is disabled."""
    if not secret.startswith(PREFIX):
        return None
    now = office.now()
    with office.database.connect() as connection:
        token = store.find(connection, digest(secret), now)
        account = accounts.find(connection, token.account) if token else None
    if token is None or account is None or account.disabled_at is not None:
        return None
    if token.last_used_at is None or now >= token.last_used_at + _NOTED_EVERY:
        with office.database.write() as connection:
            store.used(connection, token.id, now)
    return token, account


def listed(office: Office, account: str | None = None) -> list[ApiToken]:
    """Return the tokens of an account or of all, newest first, with those that are good no more."""
    with office.database.connect() as connection:
        return store.listed(connection, account)


def revoke(office: Office, token_id: str, account: str | None = None) -> None:
    """Revoke a token, of that account if one is named. Raises UsageError when there is none that is good."""
    with office.log.transaction() as transaction:
        found = next((one for one in store.listed(transaction.connection, account) if one.id == token_id), None)
        if found is None or not store.revoke(transaction.connection, token_id, office.now(), account):
            raise UsageError("There is no such token, or it was revoked already.")
        transaction.log(_record(office, Kind.TOKEN_REVOKED, found))


def _record(office: Office, kind: Kind, token: ApiToken) -> Record:
    data = {"account": token.account, "expires_at": token.expires_at.isoformat(), "scopes": list(token.scopes)}
    return Record(kind=kind, at=office.now(), actor=office.actor, outcome=kind.value.split(".")[1], data=data)
