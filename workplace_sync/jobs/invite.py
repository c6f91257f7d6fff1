"""Make the list of people to invite with the group's link, where the policies do not let us add them."""

from dataclasses import dataclass

from workplace_sync.errors import UsageError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.office import Office
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.policy.decision import Effect
from workplace_sync.store import invitations, plans, roster

_HELD_BACK = (Effect.HOLD.value, Effect.DENY.value)


@dataclass(frozen=True, slots=True)
class Invitee:
    """Someone to invite."""

    address: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Invitations:
    """Who is to be invited, after which plan, with which text; `before` counts those invited earlier."""

    plan_id: str
    invitees: tuple[Invitee, ...]
    keys: tuple[str, ...]
    before: int
    message: str


def invitations_for(office: Office, group: ManagedGroup) -> Invitations:
    """Return the people whom the group's newest plan would not add but offers to invite, less those invited before.

    Raises UsageError when there is no plan yet, or the group's file has no join link.
    """
    if not group.link:
        raise UsageError(f"The group {group.name} has no join link.", hint="Set `link:` in the group's file.")
    with office.database.connect() as connection:
        newest = plans.recent(connection, group.name, limit=1)
        if not newest:
            raise UsageError(
                "There is no plan for this group yet.", hint=f"Run `workplace-sync plan {group.name}` first."
            )
        before = invitations.invited(connection, group.name)
        changes = [
            change
            for change in plans.changes(connection, newest[0].id, effects=_HELD_BACK, remedy="invite")
            if change.invitable
        ]
        fresh = [change for change in changes if change.key not in before]
        names = roster.names_of(connection, group.name, [change.key for change in fresh])
    return Invitations(
        plan_id=newest[0].id,
        invitees=tuple(Invitee(c.address, names.get(c.key, ""), " ".join(c.why)) for c in fresh),
        keys=tuple(change.key for change in fresh),
        before=len(changes) - len(fresh),
        message=_message(group),
    )


def _message(group: ManagedGroup) -> str:
    return (
        f"Subject: Join {group.title}\n\n"
        "Hello,\n\n"
        f"your union has a group for you at work: {group.title}.\n"
        "We have not added you ourselves. If you would like to be in it, open this link and ask to join:\n\n"
        f"    {group.link}\n\n"
        "If you would rather not, do nothing, or tell us and we will not ask again.\n"
    )


def record_invitations(office: Office, group: ManagedGroup, made: Invitations) -> None:
    """Record that the list was made, so that nobody on it is invited twice."""
    if not made.keys:
        return
    now = office.now()
    with office.log.transaction() as transaction:
        invitations.add(transaction.connection, group.name, made.keys, plan_id=made.plan_id, at=now, by=office.actor)
        transaction.log(
            Record(
                kind=Kind.INVITATIONS_MADE,
                at=now,
                group=group.name,
                actor=office.actor,
                outcome="made",
                data={"number": len(made.keys), "plan": made.plan_id},
            )
        )
