"""Who is confirmed to be gone: find out why, as far as that can be seen, and put it on record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs import incidents
from workplace_sync.jobs.incidents import Episode
from workplace_sync.jobs.office import Office
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.removals import (
    Account,
    Finding,
    Hint,
    Observed,
    classify,
    meaning_of_former,
)
from workplace_sync.membership.timeline import DAY, blind_between
from workplace_sync.platforms.base import AccountsSeen, GroupReader
from workplace_sync.store import blind as periods
from workplace_sync.store import departures as store
from workplace_sync.store import webhooks
from workplace_sync.store.departures import Departure, Missing
from workplace_sync.store.snapshots import SnapshotRecord
from workplace_sync.store.suppression import is_stand_in

_TIMELY = frozenset({"fresh", "untimed"})


@dataclass(frozen=True, slots=True)
class Gone:
    """Those put on record as gone, and the incident that this opened or carried on."""

    departures: tuple[Departure, ...] = ()
    episode: Episode | None = None


def hints_about(connection: Connection, group: str, missing: Sequence[Missing]) -> dict[str, Hint]:
    """Return what signed webhooks said last of those missing, by their platform ids, where it was that they are out.

    What is older than the platform's own retries explain counts for nothing here: somebody may have sent it once more.
    """
    if not missing:
        return {}
    said: dict[str, webhooks.Hint] = {}
    for hint in webhooks.hints_for(connection, group, min(one.last_seen_at for one in missing)):
        if hint.about == "membership" and hint.timing in _TIMELY:
            said[hint.member_platform_id] = hint
    return {
        one.platform_id: Hint(one.platform_id, found.actor_platform_id, delivery=found.digest)
        for one in missing
        if (found := said.get(one.platform_id)) is not None and found.direction == "out"
    }


def record_gone(
    office: Office,
    connection: Connection,
    group: ManagedGroup,
    snapshot: SnapshotRecord,
    confirmed: Sequence[Missing],
    reader: GroupReader,
    hints: Mapping[str, Hint],
) -> Gone:
    """Look those up who are gone, judge each cause, end their intervals, and log it all in one transaction.

    `snapshot` is the reading that confirmed it. Nothing is kept when this is killed before the end: they stay missing,
    and the next observation begins here anew.
    """
    ours = store.removed_by_us(connection, group.name)
    connection.rollback()  # no reading is held open while the platform is asked
    told = reader.look_up([one.platform_id for one in confirmed if not is_stand_in(one.platform_id)], ours)
    findings = judge(connection, group, confirmed, told, ours, hints)
    departed = [Departure(one, finding) for one, finding in zip(confirmed, findings, strict=True)]
    with office.log.transaction(on=connection) as transaction:
        closed = store.close(connection, snapshot, departed)
        episode = incidents.watch(office, connection, group, snapshot) if closed else None
        inside = set(episode.keys) if episode else set()
        for one in closed:
            within = episode.incident.id if episode and one.key in inside else ""
            transaction.log(_record(office, snapshot, one, within, hints))
        if episode:
            incidents.log_episode(office, transaction, episode)
    return Gone(tuple(closed), episode)


def judge(
    connection: Connection,
    group: ManagedGroup,
    confirmed: Sequence[Missing],
    told: AccountsSeen,
    ours: Sequence[str],
    hints: Mapping[str, Hint],
) -> list[Finding]:
    """Return why each of them is gone; who went together is counted with those of the same day before."""
    meaning = meaning_of_former(
        sum(told.on_former.get(each, False) for each in ours), sum(each in told.on_former for each in ours)
    )
    since = min(one.last_seen_at for one in confirmed)
    latest = max(one.gone_at for one in confirmed)
    blind = [each.blind for each in periods.periods(connection, group.name, since=since)]
    seen = [
        Observed(
            readings=one.readings,
            account=told.accounts.get(one.platform_id, Account.UNTOLD),
            listed_inactive=told.on_inactive.get(one.platform_id),
            listed_former=told.on_former.get(one.platform_id),
            former_meaning=meaning,
            blind=blind_between(blind, one.last_seen_at, one.gone_at),
            hint=hints.get(one.platform_id),
        )
        for one in confirmed
    ]
    before = len(store.unexplained_since(connection, group.name, latest - DAY, free=False))
    together = before + sum(each.account_lives and not each.listed_as_leaver for each in seen)
    size = incidents.size_before(connection, group.name, since) or len(confirmed)
    days = max(1, round((latest - since) / DAY))
    return [classify(replace(each, together=together, size=size, days=days)) for each in seen]


def _record(
    office: Office, snapshot: SnapshotRecord, one: Departure, incident: str, hints: Mapping[str, Hint]
) -> Record:
    missing, finding = one.missing, one.finding
    return Record(
        kind=Kind.MEMBER_DEPARTED,
        at=snapshot.taken_at,
        group=snapshot.group,
        subject=missing.key,
        actor=office.actor,
        outcome="not_by_us",
        data={
            "cause": finding.cause.value,
            "confidence": finding.confidence.value,
            "incident": incident,
            "last_seen_at": missing.last_seen_at.isoformat(),
            "missing_at": missing.gone_at.isoformat(),
            "observations": list(finding.observations),
            "platform_id": missing.platform_id,
            "readings": missing.readings,
            "removed_by": finding.actor,
            "webhook": hints[missing.platform_id].delivery if missing.platform_id in hints else "",
            "snapshot": snapshot.id,
        },
    )
