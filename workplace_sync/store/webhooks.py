"""What webhooks brought: deliveries, the hints in them, which groups want a reading, and how many were refused."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice

from sqlalchemy import Connection, Row, Table, bindparam, case, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from workplace_sync.store.tables import PresenceRow
from workplace_sync.store.webhook_tables import (
    ObservationWishRow,
    WebhookDeliveryRow,
    WebhookHintRow,
    WebhookRefusalRow,
)

_DELIVERY: Table = WebhookDeliveryRow.__table__  # type: ignore[attr-defined]
_HINT: Table = WebhookHintRow.__table__  # type: ignore[attr-defined]
_WISH: Table = ObservationWishRow.__table__  # type: ignore[attr-defined]
_REFUSAL: Table = WebhookRefusalRow.__table__  # type: ignore[attr-defined]
_PRESENCE: Table = PresenceRow.__table__  # type: ignore[attr-defined]
_CHUNK = 500  # parameters in one IN


class Status(StrEnum):
    """What became of a delivery.

    waiting: not read yet. used: it says something of a managed group. kept: its shape is not known, so its content is
    kept for later. not_ours: it is about others, and its content was not kept. failed: reading it failed; see the log.
    """

    WAITING = "waiting"
    USED = "used"
    KEPT = "kept"
    NOT_OURS = "not_ours"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery with a good signature. `digest` is the hex SHA-256 of its raw body, which is None once it was read.

    `proof` says which signatures matched, `signed_by` names the secrets they match with. `times` is how often it came.
    """

    digest: str
    received_at: datetime
    size: int
    proof: str
    signed_by: tuple[str, ...]
    body: bytes | None = None
    status: Status = Status.WAITING
    topic: str = ""
    timing: str = ""
    times: int = 1


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a delivery, and what it turned out to be about."""

    digest: str
    status: Status
    topic: str = ""
    timing: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """What a delivery says of a member of a managed group: evidence of what the platform said, not of what is so.

    `about` is "membership" or "account". `verb` is the platform's own word; `direction` is what we take it to mean: in,
    out, deactivated, or unknown. `actor_platform_id` is empty where no actor was named. `happened_at` is the time told,
    or that of receiving where none was. `timing` is fresh, old, ahead or untimed. `digest` names the delivery.
    """

    digest: str
    group: str
    about: str
    verb: str
    direction: str
    member_platform_id: str
    actor_platform_id: str
    happened_at: datetime
    received_at: datetime
    timing: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A group that wants a reading: since when, when it was last said so, and by how many deliveries."""

    group: str
    since: datetime
    latest: datetime
    deliveries: int


def keep(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Keep deliveries as waiting; one whose body came before is only counted."""
    if not deliveries:
        return
    rows = [
        {
            "digest": one.digest,
            "received_at": one.received_at,
            "last_received_at": one.received_at,
            "times": 1,
            "size": one.size,
            "proof": one.proof,
            "signed_by": "|".join(one.signed_by),
            "status": Status.WAITING.value,
            "topic": "",
            "timing": "",
            "body": one.body,
        }
        for one in deliveries
    ]
    new = _insert(connection, _DELIVERY)
    again = {"times": _DELIVERY.c.times + 1, "last_received_at": new.excluded.last_received_at}
    connection.execute(new.on_conflict_do_update(index_elements=["digest"], set_=again), rows)


def waiting(connection: Connection, limit: int) -> list[Delivery]:
    """Return deliveries that were not read yet, oldest first."""
    query = select(_DELIVERY).where(_DELIVERY.c.status == Status.WAITING.value)
    query = query.order_by(_DELIVERY.c.received_at, _DELIVERY.c.digest).limit(limit)
    return [_delivery(row) for row in connection.execute(query)]


def claim(connection: Connection, digests: Collection[str]) -> set[str]:
    """Return those that still wait, locked until the transaction ends, so that no other process reads them too."""
    query = select(_DELIVERY.c.digest).where(
        _DELIVERY.c.status == Status.WAITING.value, _DELIVERY.c.digest.in_(digests)
    )
    return set(connection.scalars(query.with_for_update(skip_locked=True)))


def settle(connection: Connection, settled: Sequence[Settled]) -> None:
    """Say what became of deliveries, and let go of their bodies, but for those that could not be read."""
    if settled:
        table = _DELIVERY
        lets_go = case((bindparam("of_status") == Status.FAILED.value, table.c.body), else_=None)
        statement = (
            update(table)
            .where(table.c.digest == bindparam("of_digest"))
            .values(
                status=bindparam("of_status"), topic=bindparam("of_topic"), timing=bindparam("of_timing"), body=lets_go
            )
        )
        connection.execute(
            statement,
            [
                {"of_digest": one.digest, "of_status": one.status.value, "of_topic": one.topic, "of_timing": one.timing}
                for one in settled
            ],
        )


def add_hints(connection: Connection, hints: Iterable[Hint]) -> None:
    """Keep hints, all those of a delivery in one call."""
    positions: Counter[str] = Counter()
    rows = []
    for one in hints:
        rows.append(
            {
                "digest": one.digest,
                "position": positions[one.digest],
                "group_name": one.group,
                "about": one.about,
                "verb": one.verb,
                "direction": one.direction,
                "member_platform_id": one.member_platform_id,
                "actor_platform_id": one.actor_platform_id,
                "happened_at": one.happened_at,
                "received_at": one.received_at,
                "timing": one.timing,
            }
        )
        positions[one.digest] += 1
    if rows:
        connection.execute(insert(_HINT), rows)


def hints_for(connection: Connection, group: str, since: datetime) -> list[Hint]:
    """Return what was said of a group's members at `since` or later, in the order of the times told."""
    query = select(_HINT).where(_HINT.c.group_name == group, _HINT.c.happened_at >= since)
    query = query.order_by(_HINT.c.happened_at, _HINT.c.received_at, _HINT.c.digest, _HINT.c.position)
    return [_hint(row) for row in connection.execute(query)]


def keys_of(connection: Connection, group: str, platform_ids: Collection[str]) -> dict[str, str]:
    """Return, for those of the accounts that were ever seen in a group, the person's key."""
    found: dict[str, str] = {}
    for chunk in _chunks(platform_ids):
        query = select(_PRESENCE.c.platform_id, _PRESENCE.c.key)
        query = query.where(_PRESENCE.c.group_name == group, _PRESENCE.c.platform_id.in_(chunk))
        found.update((row.platform_id, row.key) for row in connection.execute(query))
    return found


def wish(connection: Connection, wishes: Iterable[Wish]) -> None:
    """Mark groups as wanting a reading; one that is marked already stays so, since when it was."""
    rows = [
        {"group_name": one.group, "since": one.since, "latest": one.latest, "deliveries": one.deliveries}
        for one in wishes
    ]
    if rows:
        new = _insert(connection, _WISH)
        later = func.max if connection.dialect.name == "sqlite" else func.greatest
        again = {
            "latest": later(_WISH.c.latest, new.excluded.latest),
            "deliveries": _WISH.c.deliveries + new.excluded.deliveries,
        }
        connection.execute(new.on_conflict_do_update(index_elements=["group_name"], set_=again), rows)


def fulfil(connection: Connection, group: str, read_at: datetime) -> None:
    """Take the mark from a group that was read completely from `read_at` on; what was said later keeps it."""
    connection.execute(delete(_WISH).where(_WISH.c.group_name == group, _WISH.c.latest <= read_at))


def wishes(connection: Connection) -> list[Wish]:
    """Return the groups that want a reading, the longest waiting first."""
    query = select(_WISH).order_by(_WISH.c.since, _WISH.c.group_name)
    return [Wish(row.group_name, row.since, row.latest, row.deliveries) for row in connection.execute(query)]


def newest(connection: Connection, *, status: Status | None = None, limit: int = 50) -> list[Delivery]:
    """Return the deliveries that came last, newest first."""
    query = select(_DELIVERY).order_by(_DELIVERY.c.received_at.desc(), _DELIVERY.c.digest).limit(limit)
    if status is not None:
        query = query.where(_DELIVERY.c.status == status.value)
    return [_delivery(row) for row in connection.execute(query)]


def count_refused(connection: Connection, day: str, refused: Mapping[str, int]) -> None:
    """Add to the numbers of refused deliveries of a day, by reason."""
    if refused:
        new = _insert(connection, _REFUSAL)
        again = {"number": _REFUSAL.c.number + new.excluded.number}
        connection.execute(
            new.on_conflict_do_update(index_elements=["day", "reason"], set_=again),
            [{"day": day, "reason": reason, "number": number} for reason, number in refused.items()],
        )


def refused(connection: Connection, since_day: str) -> dict[str, int]:
    """Return how many deliveries were refused from a day (as 2026-11-21, UTC) on, by reason."""
    query = select(_REFUSAL.c.reason, func.sum(_REFUSAL.c.number)).where(_REFUSAL.c.day >= since_day)
    return {row[0]: int(row[1]) for row in connection.execute(query.group_by(_REFUSAL.c.reason))}


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    ordered = iter(sorted(values))
    while chunk := list(islice(ordered, _CHUNK)):
        yield chunk


def _delivery(row: Row[tuple[object, ...]]) -> Delivery:
    return Delivery(
        digest=row.digest,
        received_at=row.received_at,
        size=row.size,
        proof=row.proof,
        signed_by=tuple(row.signed_by.split("|")),
        body=row.body,
        status=Status(row.status),
        topic=row.topic,
        timing=row.timing,
        times=row.times,
    )


def _hint(row: Row[tuple[object, ...]]) -> Hint:
    return Hint(
        digest=row.digest,
        group=row.group_name,
        about=row.about,
        verb=row.verb,
        direction=row.direction,
        member_platform_id=row.member_platform_id,
        actor_platform_id=row.actor_platform_id,
        happened_at=row.happened_at,
        received_at=row.received_at,
        timing=row.timing,
    )
