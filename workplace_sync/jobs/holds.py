"""Place and lift legal holds, each an entry of the log."""

from workplace_sync.errors import UsageError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.office import Office
from workplace_sync.store import holds as store
from workplace_sync.store.holds import EVERYBODY, Hold


def place_hold(office: Office, key: str, *, reason: str) -> Hold:
    """Keep everything about the person with that key, or about EVERYBODY, until the hold is lifted; return the hold.

    Raises UsageError without a reason.
    """
    _check(reason)
    now = office.now()
    with office.log.transaction() as transaction:
        number = store.place(transaction.connection, key, reason=reason, at=now, by=office.actor)
        transaction.log(
            Record(
                kind=Kind.HOLD_PLACED,
                at=now,
                subject="" if key == EVERYBODY else key,
                actor=office.actor,
                outcome="placed",
                data={"hold": number, "reason": reason},
            )
        )
    return Hold(number, key, reason, now, office.actor, None, "", "")


def lift_hold(office: Office, number: int, *, reason: str) -> Hold:
    """Lift a hold and return it; raises UsageError without a reason, or where there is no such hold in force."""
    _check(reason)
    now = office.now()
    with office.log.transaction() as transaction:
        lifted = store.lift(transaction.connection, number, reason=reason, at=now, by=office.actor)
        if lifted is None:
            raise UsageError(
                f"There is no legal hold {number} in force.", hint="`workplace-sync privacy hold list` shows them."
            )
        transaction.log(
            Record(
                kind=Kind.HOLD_LIFTED,
                at=now,
                subject="" if lifted.key == EVERYBODY else lifted.key,
                actor=office.actor,
                outcome="lifted",
                data={"hold": number, "reason": reason},
            )
        )
    return lifted


def list_holds(office: Office) -> list[Hold]:
    """Return all holds, oldest first."""
    with office.database.connect() as connection:
        return store.holds(connection)


def _check(reason: str) -> None:
    if not reason.strip():
        raise UsageError("A legal hold is placed and lifted for a reason.", hint='Say why: --reason "..."')
