"""Record that someone gives or withdraws consent. A withdrawal wins over every roster file and every rule (promise P4)."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from workplace_sync.errors import UsageError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.office import Office
from workplace_sync.roster.consent import EVERY_GROUP, Consent, ConsentEvent, ConsentKind, ConsentOrigin, standing
from workplace_sync.roster.person import BadAddressError, person_key
from workplace_sync.store import consent as store
from workplace_sync.store import privacy, suppression
from workplace_sync.store.erasure_journal import recorded


def key_of(address: str) -> str:
    """Return the person's key; raises UsageError when the text cannot be an address."""
    try:
        return person_key(address)
    except BadAddressError as error:
        raise UsageError(f"That is not an e-mail address: {error}.", hint="Give it as it is on the roster.") from None


def record_consent(
    office: Office,
    address: str,
    kind: ConsentKind,
    *,
    scope: str,
    at: datetime | None = None,
    wording: str = "",
    basis: str = "",
    source: str = "",
    expires_at: datetime | None = None,
) -> Consent:
    """Add an event to the ledger, log it, and return how consent stands for that scope afterwards.

    `at` is when the person said so (now when None); a time in the future raises UsageError, and so does a consent from
    before the person was erased. A later one lets them be read in again.
    """
    now = office.now()
    at = at or now
    if at > now:
        raise UsageError(
            "The time of the consent lies in the future.", hint="Give the day on which the person said so."
        )
    event = ConsentEvent(
        key=key_of(address),
        scope=scope,
        kind=kind,
        at=at,
        recorded_at=now,
        origin=ConsentOrigin.LEDGER,
        wording=wording,
        basis=basis,
        source=source,
        recorded_by=office.actor,
        expires_at=expires_at,
    )
    with office.log.transaction() as transaction:
        if kind is ConsentKind.GIVEN:
            _take_in_again(office, transaction.connection, event)
        store.record(transaction.connection, [event])
        transaction.log(
            Record(
                kind=Kind.CONSENT_CHANGED,
                at=now,
                group="" if scope == EVERY_GROUP else scope,
                subject=event.key,
                actor=office.actor,
                outcome=kind.value,
                data={
                    "at": at.isoformat(),
                    "basis": basis,
                    "expires_at": expires_at.isoformat() if expires_at else None,
                    "scope": scope,
                    "source": source,
                    "wording": wording,
                },
            )
        )
    return consent_of(office, event.key, None if scope == EVERY_GROUP else scope)


def _take_in_again(office: Office, connection: Connection, event: ConsentEvent) -> None:
    """Let somebody who was erased be read in again, as they consent anew, and no further than they do.

    What they had said of other groups was erased with them, so to those they are as if they had opted out (promise P4).
    """
    if office.veil is None or not suppression.stand_ins(connection):
        return
    digest = office.veil.digest(event.key)
    erased_at = max((one.at for one in recorded(connection) if digest in one.people), default=None)
    if erased_at is not None and digest in suppression.stand_ins(connection) and event.at <= erased_at:
        raise UsageError(
            f"This person was erased on {erased_at:%Y-%m-%d}, and a consent from before that does not count any more.",
            hint="Ask them anew, and give the day on which they said so.",
        )
    stand_in = suppression.lift(connection, office.veil, event.key)
    if stand_in is None:
        return
    privacy.close_stand_in(connection, stand_in, event.recorded_at)
    if event.scope != EVERY_GROUP:
        before = event.at - timedelta(microseconds=1)
        rest = event._replace(scope=EVERY_GROUP, kind=ConsentKind.WITHDRAWN, at=before, expires_at=None)
        store.record(connection, [rest._replace(wording="", basis="", source="was erased; consents to one group only")])


def consent_of(office: Office, key: str, group: str | None) -> Consent:
    """Return how a person's consent stands now, for one group or over all scopes together."""
    with office.database.connect() as connection:
        events = store.events_of(connection, [key], group).get(key, [])
    return standing(events, now=office.now())


def history_of(office: Office, key: str, group: str | None) -> list[ConsentEvent]:
    """Return the events of the ledger about a person, oldest first."""
    with office.database.connect() as connection:
        return store.events_of(connection, [key], group).get(key, [])
