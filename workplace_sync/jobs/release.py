"""Free a group from a run that never ends, on an owner's word, and for the record."""

from workplace_sync.errors import UsageError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.office import Office
from workplace_sync.store import leases, runs
from workplace_sync.store.leases import Lease

RELEASED = "The group was taken from this run by hand."


def release(office: Office, group: str, reason: str) -> Lease:
    """Take the group from the run that has it, and log that with the reason; return the lease as it was.

    That run writes nothing more, wherever it is, and is closed as abandoned. Raises UsageError when nobody has the
    group, or without a reason.
    """
    if not reason.strip():
        raise UsageError("A group is not freed without a reason.", hint="Say with --reason why the run cannot end.")
    with office.log.transaction() as transaction:
        lease = leases.current(transaction.connection, group)
        if lease is None or not leases.release(transaction.connection, lease):
            raise UsageError(f"No run holds {group}.", hint="Nothing has to be freed: `workplace-sync runs list`.")
        now, claim = office.now(), lease.claim
        runs.abandon(transaction.connection, group, now, RELEASED)
        transaction.log(
            Record(
                kind=Kind.LEASE_RELEASED,
                at=now,
                group=group,
                actor=office.actor,
                outcome="released",
                data={
                    "fence": lease.fence,
                    "holder": claim.holder,
                    "host": claim.host,
                    "last_heard_of": lease.heartbeat_at.isoformat(),
                    "reason": reason.strip(),
                    "run": claim.run_id,
                    "since": lease.acquired_at.isoformat(),
                    "verb": claim.verb,
                },
            )
        )
    return lease
