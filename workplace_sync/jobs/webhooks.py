"""Turn verified webhooks into hints, evidence, and the wish to read a group again; no webhook is ever taken as proof.

A delivery is kept first and read afterwards, in a transaction of its own: its entry in the evidence log, its hints,
and the mark on the groups it speaks of come together or not at all. Its content goes into the entry's opening, where it
can be erased with the person. What is about groups or accounts that are none of ours is forgotten: it tells of people
who have nothing to do with us.
"""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from workplace_sync.errors import SyncError
from workplace_sync.evidence.entry import JsonValue, Kind, Record
from workplace_sync.jobs.office import Office
from workplace_sync.logs import get_logger
from workplace_sync.platforms.workplace.webhooks import Reading, Verified, digest_of, read_delivery
from workplace_sync.store import webhooks as store
from workplace_sync.store.database import Database
from workplace_sync.store.evidence import Transaction
from workplace_sync.store.webhooks import Delivery, Hint, Settled, Status, Wish

MEMBERSHIP = "membership"
ACCOUNT = "account"
DEACTIVATED = "deactivated"

_AT_ONCE = 50  # deliveries read in one transaction

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WatchedGroup:
    """A managed group: its name, its id on the platform, and the name of the secret that its app's deliveries are signed with."""

    name: str
    platform_id: str
    secret: str


def received(body: bytes, verified: Verified, at: datetime) -> Delivery:
    """Return a verified delivery as it is kept."""
    return Delivery(digest_of(body), at, len(body), verified.proof.value, verified.by, body)


def keep(database: Database, deliveries: Sequence[Delivery]) -> None:
    """Keep deliveries, durably once this returns. One whose body came before is dropped, and only counted.

    Raises BusyError or StoreError; then none of them is kept, and the platform sends them again.
    """
    with database.write() as connection:
        store.keep(connection, deliveries)


def process_waiting(
    office: Office,
    watched: Sequence[WatchedGroup],
    *,
    limit: int = _AT_ONCE,
    turn: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> int:
    """Read up to `limit` of the deliveries that wait, oldest first, and return how many that were.

    `turn` is held while the database is written. A delivery that makes reading fail is set aside, the others go on.
    Raises SyncError when the database or the evidence log cannot be written; then they wait on.
    """
    with office.database.connect() as connection:
        waiting = store.waiting(connection, limit)
    if not waiting:
        return 0
    try:
        _process(office, watched, waiting, turn)
    except SyncError:
        raise
    except Exception:  # noqa: BLE001 - one delivery that nobody thought of must not keep back all others
        for one in waiting:
            _process_alone(office, watched, one, turn)
    return len(waiting)


def _process_alone(
    office: Office,
    watched: Sequence[WatchedGroup],
    delivery: Delivery,
    turn: Callable[[], AbstractContextManager[object]],
) -> None:
    try:
        _process(office, watched, [delivery], turn)
    except SyncError:
        raise
    except Exception as error:  # noqa: BLE001 - see process_waiting
        _log.error("A webhook could not be read and was set aside.", digest=delivery.digest, kind=type(error).__name__)
        with turn(), office.database.write() as connection:
            store.settle(connection, [Settled(delivery.digest, Status.FAILED)])


@dataclass(frozen=True, slots=True)
class _Read:
    """A delivery that was read: what becomes of it, its hints, the groups that it wants read, and whom it is about."""

    delivery: Delivery
    reading: Reading
    status: Status
    hints: tuple[Hint, ...] = ()
    wanting: frozenset[str] = frozenset()
    group: str = ""
    subject: str = ""

    @property
    def timing(self) -> str:
        return self.reading.timing(self.delivery.received_at).value


def _process(
    office: Office,
    watched: Sequence[WatchedGroup],
    waiting: Sequence[Delivery],
    turn: Callable[[], AbstractContextManager[object]],
) -> None:
    with office.database.connect() as connection:
        found = _read_all(connection, watched, waiting)
    with turn(), office.log.transaction() as transaction:
        ours = store.claim(transaction.connection, [one.delivery.digest for one in found])
        _settle(office, transaction, [one for one in found if one.delivery.digest in ours])


def _settle(office: Office, transaction: Transaction, found: Sequence[_Read]) -> None:
    connection = transaction.connection
    settled = [Settled(one.delivery.digest, one.status, one.reading.topic, one.timing) for one in found]
    store.settle(connection, settled)
    store.add_hints(connection, (hint for one in found for hint in one.hints))
    store.wish(connection, _wishes(found))
    for one in found:
        if one.status is not Status.NOT_OURS:
            transaction.log(
                Record(
                    kind=Kind.WEBHOOK_RECEIVED,
                    at=one.delivery.received_at,
                    group=one.group,
                    subject=one.subject,
                    actor=office.actor,
                    outcome=one.status.value,
                    data=_content(one),
                )
            )


def _wishes(found: Sequence[_Read]) -> Iterator[Wish]:
    times: dict[str, list[datetime]] = {}
    for one in found:
        for group in one.wanting:
            times.setdefault(group, []).append(one.delivery.received_at)
    for group, said in sorted(times.items()):
        yield Wish(group, min(said), max(said), len(said))


def _content(one: _Read) -> dict[str, JsonValue]:
    body = one.delivery.body or b""
    try:
        text, encoding = body.decode(), "utf-8"
    except UnicodeDecodeError:
        text, encoding = base64.b64encode(body).decode(), "base64"
    return {
        "body": text,
        "digest": one.delivery.digest,
        "encoding": encoding,
        "proof": one.delivery.proof,
        "signed_by": one.delivery.signed_by,
        "size": one.delivery.size,
        "timing": one.timing,
        "topic": one.reading.topic,
    }


def _read_all(connection: Connection, watched: Sequence[WatchedGroup], waiting: Sequence[Delivery]) -> list[_Read]:
    readings = [(one, read_delivery(one.body or b"")) for one in waiting]
    named = {hint.member_platform_id for _, reading in readings for hint in reading.membership}
    named |= {hint.account_platform_id for _, reading in readings for hint in reading.accounts}
    people = {group.name: store.keys_of(connection, group.name, named) for group in watched}
    return [_judge(one, reading, watched, people) for one, reading in readings]


def _judge(
    delivery: Delivery,
    reading: Reading,
    watched: Sequence[WatchedGroup],
    people: Mapping[str, Mapping[str, str]],
) -> _Read:
    # Whoever signs with one app's secret says nothing about the groups of another's.
    theirs = [group for group in watched if group.secret in delivery.signed_by]
    hints = tuple(_hints(delivery, reading, theirs, people))
    wanting = {hint.group for hint in hints}
    if reading.unknown and reading.topic == "group":
        wanting |= {group.name for group in theirs if group.platform_id in reading.about}
    status = Status.USED if hints else Status.KEPT if reading.unknown else Status.NOT_OURS
    keys = {people[hint.group].get(hint.member_platform_id, "") for hint in hints}
    return _Read(
        delivery,
        reading,
        status,
        hints,
        frozenset(wanting),
        group=next(iter(wanting)) if len(wanting) == 1 else "",
        subject=keys.pop() if len(keys) == 1 else "",
    )


def _hints(
    delivery: Delivery,
    reading: Reading,
    theirs: Sequence[WatchedGroup],
    people: Mapping[str, Mapping[str, str]],
) -> Iterator[Hint]:
    timing = reading.timing(delivery.received_at).value

    def made(group: str, about: str, verb: str, direction: str, member: str, actor: str, at: datetime | None) -> Hint:
        happened_at, came_at = at or delivery.received_at, delivery.received_at
        return Hint(delivery.digest, group, about, verb, direction, member, actor, happened_at, came_at, timing)

    by_id = {group.platform_id: group.name for group in theirs}
    for said in reading.membership:
        if said.group_platform_id in by_id:
            group, direction = by_id[said.group_platform_id], said.direction.value
            yield made(group, MEMBERSHIP, said.verb, direction, said.member_platform_id, said.actor_id, said.at)
    for told in reading.accounts:
        direction = DEACTIVATED if told.deactivates else "unknown"
        for name in by_id.values():
            if told.account_platform_id in people[name]:
                yield made(name, ACCOUNT, told.event, direction, told.account_platform_id, told.actor_id, told.at)


def wishes(office: Office) -> list[Wish]:
    """Return the groups of which something was said since they were read last, the longest waiting first."""
    with office.database.connect() as connection:
        return store.wishes(connection)


def count_refused(database: Database, at: datetime, refused: Mapping[str, int]) -> None:
    """Add to the day's numbers of refused deliveries, by reason."""
    with database.write() as connection:
        store.count_refused(connection, f"{at.astimezone(UTC):%Y-%m-%d}", refused)
