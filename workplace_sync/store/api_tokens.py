"""The tokens of programs that read in somebody's name. A token is kept as its hash, made before it comes here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, insert, select, update

from workplace_sync.store.console_tables import ApiTokenRow

_TOKEN = ApiTokenRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token of `account`, good for `scopes` until it expires or is revoked. `id` names it to people."""

    id: str
    digest: str
    account: str
    label: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


def _token(row: Row[tuple[object, ...]]) -> ApiToken:
    values = row._asdict()
    return ApiToken(**values | {"scopes": tuple(str(values["scopes"]).split())})


def add(connection: Connection, token: ApiToken) -> None:
    """Keep a token."""
    values = {field: getattr(token, field) for field in ApiToken.__dataclass_fields__}
    connection.execute(insert(_TOKEN).values(values | {"scopes": " ".join(token.scopes)}))


def find(connection: Connection, digest: str, at: datetime) -> ApiToken | None:
    """Return the token with that hash, if it is good at that time."""
    query = select(_TOKEN).where(_TOKEN.c.digest == digest, _TOKEN.c.expires_at > at, _TOKEN.c.revoked_at.is_(None))
    row = connection.execute(query).first()
    return None if row is None else _token(row)


def listed(connection: Connection, account: str | None = None) -> list[ApiToken]:
    """Return the tokens of one account or of all, newest first, with those that are good no more."""
    query = select(_TOKEN).order_by(_TOKEN.c.created_at.desc(), _TOKEN.c.id)
    if account is not None:
        query = query.where(_TOKEN.c.account == account)
    return [_token(row) for row in connection.execute(query)]


def used(connection: Connection, token_id: str, at: datetime) -> None:
    """Keep when a token was used last."""
    connection.execute(update(_TOKEN).where(_TOKEN.c.id == token_id).values(last_used_at=at))


def revoke(connection: Connection, token_id: str, at: datetime, account: str | None = None) -> bool:
    """Revoke a token, of that account if one is named; returns whether it was good."""
    query = update(_TOKEN).where(_TOKEN.c.id == token_id, _TOKEN.c.revoked_at.is_(None))
    if account is not None:
        query = query.where(_TOKEN.c.account == account)
    return bool(connection.execute(query.values(revoked_at=at)).rowcount)


def revoke_all(connection: Connection, account: str, at: datetime) -> int:
    """Revoke every token of an account; returns how many were good."""
    query = update(_TOKEN).where(_TOKEN.c.account == account, _TOKEN.c.revoked_at.is_(None))
    return int(connection.execute(query.values(revoked_at=at)).rowcount)
