"""The vault: who reported which case, sealed to the officers' keys. Nothing here opens without a private key of theirs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, delete, insert, select, update

from workplace_sync.store.case_tables import VaultRequestRow, VaultRow, VaultShareRow
from workplace_sync.store.sealing import SealedIdentity, SealedShare

_VAULT = VaultRow.__table__  # type: ignore[attr-defined]
_SHARE = VaultShareRow.__table__  # type: ignore[attr-defined]
_REQUEST = VaultRequestRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Request:
    """An officer's asking another to open an identity together; `reason` is encrypted, `sealed` is the first one's share."""

    id: str
    case: str
    asked_by: str
    second: str
    asked_at: datetime
    expires_at: datetime
    reason: bytes
    sealed: bytes


def put(connection: Connection, case: str, identity: SealedIdentity, day: str) -> None:
    """Keep a sealed identity, with the day (ISO 8601) on which it was sealed."""
    connection.execute(insert(_VAULT).values(case_id=case, day=day, needs=identity.needs, sealed=identity.sealed))
    put_shares(connection, case, identity.shares)


def get(connection: Connection, case: str) -> SealedIdentity | None:
    """Return a case's sealed identity with all shares; None where there is none, or it was erased."""
    row = connection.execute(select(_VAULT).where(_VAULT.c.case_id == case)).first()
    if row is None:
        return None
    query = select(_SHARE).where(_SHARE.c.case_id == case).order_by(_SHARE.c.officer)
    shares = tuple(SealedShare(one.officer, one.key_id, one.sealed) for one in connection.execute(query))
    return SealedIdentity(row.needs, row.sealed, shares)


def cases(connection: Connection) -> list[str]:
    """Return the cases that have a sealed identity."""
    return list(connection.execute(select(_VAULT.c.case_id).order_by(_VAULT.c.case_id)).scalars())


def put_shares(connection: Connection, case: str, shares: Iterable[SealedShare]) -> None:
    """Keep shares."""
    rows = [
        {"case_id": case, "officer": one.officer, "key_id": one.key_id, "sealed": one.sealed}
        for one in sorted(shares, key=lambda share: share.officer)
    ]
    connection.execute(insert(_SHARE), rows)


def replace_share(connection: Connection, case: str, share: SealedShare) -> None:
    """Keep an officer's share sealed anew."""
    mine = (_SHARE.c.case_id == case, _SHARE.c.officer == share.officer)
    connection.execute(update(_SHARE).where(*mine).values(key_id=share.key_id, sealed=share.sealed))


def drop_shares(connection: Connection, case: str, officers: Collection[str] | None = None) -> None:
    """Take away some officers' shares, or all of them."""
    gone = delete(_SHARE).where(_SHARE.c.case_id == case)
    connection.execute(gone if officers is None else gone.where(_SHARE.c.officer.in_(list(officers))))


def ask(connection: Connection, request: Request) -> None:
    """Keep a request; one of the same officer about the same case is replaced, and those past their time are forgotten."""
    connection.execute(delete(_REQUEST).where(_REQUEST.c.expires_at <= request.asked_at))
    connection.execute(
        delete(_REQUEST).where(_REQUEST.c.case_id == request.case, _REQUEST.c.asked_by == request.asked_by)
    )
    connection.execute(
        insert(_REQUEST).values(
            id=request.id,
            case_id=request.case,
            asked_by=request.asked_by,
            second=request.second,
            asked_at=request.asked_at,
            expires_at=request.expires_at,
            reason=request.reason,
            sealed=request.sealed,
        )
    )


def requests(connection: Connection, at: datetime) -> list[Request]:
    """Return the requests whose time is not over, the earliest first."""
    query = select(_REQUEST).where(_REQUEST.c.expires_at > at).order_by(_REQUEST.c.asked_at, _REQUEST.c.id)
    return [_request(row) for row in connection.execute(query)]


def _request(row: Row[tuple[object, ...]]) -> Request:
    return Request(row.id, row.case_id, row.asked_by, row.second, row.asked_at, row.expires_at, row.reason, row.sealed)


def answered(connection: Connection, request: str, at: datetime) -> None:
    """Forget a request that was answered, and all whose time is over."""
    connection.execute(delete(_REQUEST).where((_REQUEST.c.id == request) | (_REQUEST.c.expires_at <= at)))


def erase(connection: Connection, cases: Collection[str]) -> int:
    """Erase the identities of these cases, with what was asked about them; returns how many there were."""
    gone = 0
    for case in cases:
        gone += int(connection.execute(delete(_VAULT).where(_VAULT.c.case_id == case)).rowcount)
        connection.execute(delete(_SHARE).where(_SHARE.c.case_id == case))
        connection.execute(delete(_REQUEST).where(_REQUEST.c.case_id == case))
    return gone
