"""Who may log in to the console. Passwords and links are kept as hashes, made before they come here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, func, insert, select, update

from workplace_sync.store.console_tables import AccountRow

_ACCOUNT = AccountRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Account:
    """An account. `password`, `identity` and `setup` are hashes, or '' where there is none."""

    name: str
    password: str
    identity: str
    founder: bool
    created_at: datetime
    created_by: str
    setup: str
    setup_until: datetime | None
    password_at: datetime | None
    disabled_at: datetime | None


def _account(row: Row[tuple[object, ...]]) -> Account:
    return Account(**row._asdict())


def add(connection: Connection, account: Account) -> None:
    """Keep a new account."""
    connection.execute(
        insert(_ACCOUNT).values({field: getattr(account, field) for field in Account.__dataclass_fields__})
    )


def find(connection: Connection, name: str) -> Account | None:
    """Return the account of that name, if there is one."""
    row = connection.execute(select(_ACCOUNT).where(_ACCOUNT.c.name == name)).first()
    return None if row is None else _account(row)


def listed(connection: Connection) -> list[Account]:
    """Return all accounts by name."""
    return [_account(row) for row in connection.execute(select(_ACCOUNT).order_by(_ACCOUNT.c.name))]


def count(connection: Connection) -> int:
    """Return how many accounts there are."""
    return int(connection.execute(select(func.count()).select_from(_ACCOUNT)).scalar_one())


def with_setup(connection: Connection, setup: str, at: datetime) -> Account | None:
    """Return the account whose set-up link has that hash, if the link still holds."""
    query = select(_ACCOUNT).where(
        _ACCOUNT.c.setup == setup, _ACCOUNT.c.setup_until > at, _ACCOUNT.c.disabled_at.is_(None)
    )
    row = connection.execute(query).first() if setup else None
    return None if row is None else _account(row)


def put_setup(connection: Connection, name: str, setup: str, until: datetime) -> None:
    """Give an account a new set-up link, which ends the one before and lets a disabled account in again."""
    values = {"setup": setup, "setup_until": until, "disabled_at": None}
    connection.execute(update(_ACCOUNT).where(_ACCOUNT.c.name == name).values(values))


def put_password(connection: Connection, name: str, password: str, at: datetime) -> None:
    """Give an account a password, which uses up its set-up link."""
    values = {"password": password, "password_at": at, "setup": "", "setup_until": None}
    connection.execute(update(_ACCOUNT).where(_ACCOUNT.c.name == name).values(values))


def put_identity(connection: Connection, name: str, identity: str) -> None:
    """Tie an account to who it is at the single sign-on; a link that was sent for it is of no use any more."""
    values = {"identity": identity, "setup": "", "setup_until": None}
    connection.execute(update(_ACCOUNT).where(_ACCOUNT.c.name == name).values(values))


def disable(connection: Connection, name: str, at: datetime) -> None:
    """Let an account in no more."""
    values = {"disabled_at": at, "setup": "", "setup_until": None}
    connection.execute(update(_ACCOUNT).where(_ACCOUNT.c.name == name).values(values))
