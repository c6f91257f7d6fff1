"""The vault: seal who reported, open it with officers' own keys, and seal it anew when officers or keys change.

A named case opens to any one officer. All others open to two: the first asks, and hands the own share on, sealed to the
second one's key; the second answers with the own key, and only then and there it is shown. Every asking and opening is an
entry in the evidence log with the reason and both officers, committed before anything is shown, and without what is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Connection

from workplace_sync.cases.escalation import Confidentiality, Escalation, Report, Step, Unsealing, escalation_of
from workplace_sync.cases.escalation_steps import Role, step
from workplace_sync.errors import CaseError, UsageError
from workplace_sync.evidence.entry import JsonValue, Kind, Record
from workplace_sync.jobs.case_desk import CaseDesk, read_events, require_part
from workplace_sync.jobs.case_steps import keep_event, writing
from workplace_sync.jobs.identity import Identity
from workplace_sync.store import sealing
from workplace_sync.store import vault as store
from workplace_sync.store.evidence import Transaction
from workplace_sync.store.sealing import SealedIdentity, SealedShare
from workplace_sync.store.sharing import Share
from workplace_sync.store.vault import Request

_LONGEST_REASON = 1_000
_ID = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """Another officer was asked to open a case together, until `until` (UTC)."""

    case: str
    second: str
    until: datetime


@dataclass(slots=True)
class Resealed:
    """What sealing anew did, as ids of cases: whose shares moved to new keys, were made anew for all, or wait for a second officer."""

    moved: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def seal(desk: CaseDesk, connection: Connection, case: str, report: Report, identity: Identity, at: datetime) -> None:
    """Seal who reported a new case, inside the caller's transaction, to the officers whom it is not about.

    Where nothing was said, nothing is sealed in its place, so that nobody can tell the two apart. Raises CaseError where
    something was said and there are too few officers to seal it to.
    """
    needs = 1 if report.confidentiality is Confidentiality.NAMED else sealing.TWO
    officers = desk.sealers(frozenset(report.recused))
    if identity.empty and len(officers) < needs:
        return
    sealed = sealing.seal_identity(identity.as_bytes(), case, officers, needs, desk.entropy)
    store.put(connection, case, sealed, at.date().isoformat())


def recuse(connection: Connection, case: str, officer: str) -> None:
    """Take an officer's share away, inside the caller's transaction, unless the case could then no longer be opened."""
    sealed = store.get(connection, case)
    if sealed is not None and len([one for one in sealed.shares if one.officer != officer]) >= sealed.needs:
        store.drop_shares(connection, case, [officer])


def unseal(desk: CaseDesk, case: str, reason: str, private: X25519PrivateKey, second: str = "") -> Identity | Asked:
    """Open who reported a named case; of any other, ask another officer to open it together.

    Raises CaseError where the one who asks is no officer or has no part in the case, where nothing is sealed, the key is
    not theirs, or no second officer with a key was named.
    """
    reason = _checked(reason)
    now = desk.office.now()
    with writing(desk) as transaction:
        connection = transaction.connection
        found, sealed = _sealed_case(desk, connection, case)
        share = sealing.open_share(_share_of(sealed, desk.actor), case, private)
        if sealed.needs == 1:
            identity = _open(sealed, case, [share])
            _note(desk, transaction, found, second="", by=desk.actor, reason=reason, at=now)
            return identity
        request = _request(desk, found, sealed, share, second, reason, now)
        store.ask(connection, request)
        transaction.log(_record(desk, Kind.ESCALATION_UNSEAL_ASKED, "asked", case, reason, desk.actor, second, now))
    return Asked(case, second, request.expires_at)


def list_requests(desk: CaseDesk) -> list[Request]:
    """Return what the one who asks here was asked by other officers, the earliest first."""
    desk.require_sight()
    with desk.office.database.connect() as connection:
        return [one for one in store.requests(connection, desk.office.now()) if one.second == desk.actor]


def reason_of(desk: CaseDesk, request: Request) -> str:
    """Return why an officer asks."""
    return desk.key.open(f"reason/{request.id}", request.reason).decode()


def confirm(desk: CaseDesk, case: str, private: X25519PrivateKey) -> Identity:
    """Open who reported a case as the second officer, whom the first one asked.

    Raises CaseError where nobody asked, its time is over, the first one is no officer any more, or the key is not theirs.
    """
    now = desk.office.now()
    with writing(desk) as transaction:
        connection = transaction.connection
        found, sealed = _sealed_case(desk, connection, case)
        mine = (one for one in store.requests(connection, now) if one.case == case and one.second == desk.actor)
        request = next(mine, None)
        if request is None or request.asked_by not in desk.officers or request.asked_by in found.recused:
            raise CaseError(
                f"Nobody asked you to open case {case} with them, or the time to answer is over.",
                hint="The other officer asks with `workplace-sync escalation unseal`.",
            )
        theirs = Share.parse(sealing.open_with(private, request.sealed, f"request/{request.id}/{case}"))
        own = sealing.open_share(_share_of(sealed, desk.actor), case, private)
        identity = _open(sealed, case, [theirs, own])
        reason = reason_of(desk, request)
        _note(desk, transaction, found, second=desk.actor, by=request.asked_by, reason=reason, at=now)
        store.answered(connection, request.id, now)
    return identity


def reseal(desk: CaseDesk, privates: Mapping[str, X25519PrivateKey]) -> Resealed:
    """Bring all sealed identities up to today's officers and their keys, as far as these private keys can.

    `privates` are officers' keys by their names, older ones too. An officer's share moves to the officer's newest key with
    the old one alone. Sharing anew, without those who left and with those who came, takes as many officers at one desk as
    opening does; nothing is shown. Raises CaseError where the one who asks is no officer.
    """
    _require_officer(desk)
    done = Resealed()
    with writing(desk) as transaction:
        connection = transaction.connection
        for case in store.cases(connection):
            sealed, found = store.get(connection, case), escalation_of(case, read_events(desk, connection, case))
            if sealed is not None:
                _reseal_one(desk, connection, found, sealed, privates, done)
        if done.moved or done.shared:
            data: dict[str, JsonValue] = {
                "moved": len(done.moved),
                "shared": len(done.shared),
                "with": sorted(privates),
            }
            at, outcome = desk.office.now(), "resealed"
            transaction.log(Record(Kind.ESCALATION_RESEALED, at, actor=desk.actor, outcome=outcome, data=data))
    return done


def _reseal_one(
    desk: CaseDesk,
    connection: Connection,
    case: Escalation,
    sealed: SealedIdentity,
    privates: Mapping[str, X25519PrivateKey],
    done: Resealed,
) -> None:
    officers = desk.sealers(case.recused)
    opened = {
        one.officer: sealing.open_share(one, case.id, privates[one.officer])
        for one in sealed.shares
        if one.officer in privates and _fits(one, privates[one.officer])
    }
    stale = {one.officer for one in sealed.shares} != {name for name, _ in officers}
    if stale and len(opened) >= sealed.needs and len(officers) >= sealed.needs:
        key = sealing.data_key(list(opened.values()), sealed.needs)
        sealing.open_identity(sealed.sealed, case.id, key)  # before the old shares go
        store.drop_shares(connection, case.id)
        store.put_shares(connection, case.id, sealing.share_out(key, case.id, officers, sealed.needs, desk.entropy))
        done.shared.append(case.id)
        return
    public = dict(officers)
    moved = [
        sealing.seal_share(opened[one.officer], case.id, one.officer, public[one.officer])
        for one in sealed.shares
        if one.officer in opened and one.officer in public and one.key_id != sealing.key_id(public[one.officer])
    ]
    for share in moved:
        store.replace_share(connection, case.id, share)
    if moved:
        done.moved.append(case.id)
    if stale:
        done.waiting.append(case.id)


def _fits(share: SealedShare, private: X25519PrivateKey) -> bool:
    return share.key_id == sealing.key_id(private.public_key().public_bytes_raw())


def _require_officer(desk: CaseDesk) -> None:
    desk.require_sight()
    if desk.role is not Role.OFFICER or desk.actor not in desk.officers:
        raise CaseError("Only officers open who reported.", hint="Ask an officer.")


def _sealed_case(desk: CaseDesk, connection: Connection, case: str) -> tuple[Escalation, SealedIdentity]:
    _require_officer(desk)
    found = escalation_of(case, read_events(desk, connection, case))
    require_part(desk, found)
    sealed = store.get(connection, case)
    if sealed is None:
        raise CaseError(f"Nothing is sealed of who reported case {case}.", hint="It was never told, or was erased.")
    return found, sealed


def _share_of(sealed: SealedIdentity, officer: str) -> SealedShare:
    found = next((one for one in sealed.shares if one.officer == officer), None)
    if found is None:
        raise CaseError(
            "You have no share of this identity.", hint="Two officers give you one with `escalation key reseal`."
        )
    return found


def _open(sealed: SealedIdentity, case: str, shares: list[Share]) -> Identity:
    return Identity.parse(sealing.open_identity(sealed.sealed, case, sealing.data_key(shares, sealed.needs)))


def _request(
    desk: CaseDesk, case: Escalation, sealed: SealedIdentity, share: Share, second: str, reason: str, at: datetime
) -> Request:
    if not second or second == desk.actor or second in case.recused:
        raise CaseError(
            f"Who reported case {case.id} opens to two officers only.", hint="Name another officer as the second."
        )
    _share_of(sealed, second)
    other, name = desk.keyed(second), desk.entropy(_ID).hex()
    handed = sealing.seal_to(other.public_key, share.as_bytes(), f"request/{name}/{case.id}")
    why = desk.key.seal(f"reason/{name}", reason.encode())
    return Request(name, case.id, desk.actor, second, at, at + desk.unseal_valid, why, handed)


def _note(
    desk: CaseDesk, transaction: Transaction, case: Escalation, *, second: str, by: str, reason: str, at: datetime
) -> None:
    """Keep the opening as a step of the case, and as an entry of its own that has the reason."""
    events = read_events(desk, transaction.connection, case.id)
    event = step(case, Step.UNSEALED, by=by, role=Role.OFFICER, at=at, facts=Unsealing(second), words=reason)
    keep_event(desk, transaction, case.id, events, event)
    transaction.log(_record(desk, Kind.ESCALATION_UNSEALED, "unsealed", case.id, reason, by, second, at))


def _record(
    desk: CaseDesk, kind: Kind, outcome: str, case: str, reason: str, by: str, second: str, at: datetime
) -> Record:
    data = {"asked_by": by, "case": case, "reason": reason, "second": second}
    return Record(kind, at, actor=desk.actor, outcome=outcome, data=data)


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > _LONGEST_REASON:
        raise UsageError(
            f"Say why in 1 to {_LONGEST_REASON:,} characters.", hint="The reason goes into the evidence log: no names."
        )
    return reason
