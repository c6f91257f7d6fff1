"""Who is logged in, and logins at the single sign-on that are under way. Ids are hashes, made before they come here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, delete, insert, select, update

from workplace_sync.store.console_tables import SessionRow, SignOnRow

_SESSION = SessionRow.__table__  # type: ignore[attr-defined]
_SIGN_ON = SignOnRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody logged in, until `expires_at` at the latest. `claims` and `flash` are JSON, or ''."""

    id: str
    account: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    claims: str = ""
    flash: str = ""


@dataclass(frozen=True, slots=True)
class SignOn:
    """What must come back from the single sign-on, and where to go then."""

    id: str
    state: str
    nonce: str
    verifier: str
    onward: str
    expires_at: datetime


def _session(row: Row[tuple[object, ...]]) -> Session:
    return Session(**row._asdict())


def add(connection: Connection, session: Session) -> None:
    """Keep a session."""
    connection.execute(
        insert(_SESSION).values({field: getattr(session, field) for field in Session.__dataclass_fields__})
    )


def find(connection: Connection, session_id: str) -> Session | None:
    """Return the session of that id, expired or not."""
    row = connection.execute(select(_SESSION).where(_SESSION.c.id == session_id)).first()
    return None if row is None else _session(row)


def of_account(connection: Connection, account: str, at: datetime) -> list[Session]:
    """Return the sessions of an account that are not past their time, newest first."""
    query = select(_SESSION).where(_SESSION.c.account == account, _SESSION.c.expires_at > at)
    return [_session(row) for row in connection.execute(query.order_by(_SESSION.c.created_at.desc()))]


def used(connection: Connection, session_id: str, at: datetime) -> None:
    """Keep that a session is in use."""
    connection.execute(update(_SESSION).where(_SESSION.c.id == session_id).values(last_used_at=at))


def put_flash(connection: Connection, session_id: str, flash: str) -> None:
    """Keep what the next page shows, or '' once it was shown."""
    connection.execute(update(_SESSION).where(_SESSION.c.id == session_id).values(flash=flash))


def end(connection: Connection, session_id: str) -> None:
    """End a session."""
    connection.execute(delete(_SESSION).where(_SESSION.c.id == session_id))


def end_all(connection: Connection, account: str, *, but: str = "") -> int:
    """End all sessions of an account but one; returns how many there were."""
    gone = connection.execute(delete(_SESSION).where(_SESSION.c.account == account, _SESSION.c.id != but))
    return int(gone.rowcount)


def sweep(connection: Connection, at: datetime) -> None:
    """Forget what is past its time."""
    connection.execute(delete(_SESSION).where(_SESSION.c.expires_at <= at))
    connection.execute(delete(_SIGN_ON).where(_SIGN_ON.c.expires_at <= at))


def begin_sign_on(connection: Connection, sign_on: SignOn) -> None:
    """Keep a login at the single sign-on that is under way."""
    connection.execute(
        insert(_SIGN_ON).values({field: getattr(sign_on, field) for field in SignOn.__dataclass_fields__})
    )


def take_sign_on(connection: Connection, sign_on_id: str, at: datetime) -> SignOn | None:
    """Return a login under way, once; None where there is none, or its time is over."""
    row = connection.execute(select(_SIGN_ON).where(_SIGN_ON.c.id == sign_on_id)).first()
    gone = connection.execute(delete(_SIGN_ON).where(_SIGN_ON.c.id == sign_on_id)).rowcount
    if row is None or not gone or row.expires_at <= at:
        return None
    return SignOn(**row._asdict())
