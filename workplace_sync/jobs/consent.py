"""Record that someone gives or withdraws consent. A withdrawal wins over every roster file and every rule (promise P4)."""

from datetime import datetime

from workplace_sync.errors import UsageError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.office import Office
from workplace_sync.roster.consent import EVERY_GROUP, Consent, ConsentEvent, ConsentKind, ConsentOrigin, standing
from workplace_sync.roster.person import BadAddressError, person_key
from workplace_sync.store import consent as store


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

    `at` is when the person said so (now when None); a time in the future raises UsageError.
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


def consent_of(office: Office, key: str, group: str | None) -> Consent:
    """Return how a person's consent stands now, for one group or over all scopes together."""
    with office.database.connect() as connection:
        events = store.events_of(connection, [key], group).get(key, [])
    return standing(events, now=office.now())


def history_of(office: Office, key: str, group: str | None) -> list[ConsentEvent]:
    """Return the events of the ledger about a person, oldest first."""
    with office.database.connect() as connection:
        return store.events_of(connection, [key], group).get(key, [])
