"""Who was in a group at a time, as it was known at another: what SQL says is what the plain values say."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workplace_sync.membership.removals import Cause, Confidence, Finding
from workplace_sync.membership.snapshot import Completeness, Member
from workplace_sync.store import departures, presence, snapshots
from workplace_sync.store.database import Database
from workplace_sync.store.departures import Departure

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PEOPLE = ("ada", "bob", "cid")
GROUPS = count()
WHY = Finding(Cause.UNKNOWN, Confidence.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Interval:
    """A time in which somebody was seen in a group, and when each of its ends came to be known.

    `gone_at` is the first complete reading without them, `gone_known_at` when it had been confirmed; both are None
    while they are there.
    """

    first_seen_at: datetime
    known_at: datetime
    gone_at: datetime | None = None
    gone_known_at: datetime | None = None

    def shows(self, at: datetime, known_at: datetime | None = None) -> bool:
        """Whether this shows them in the group at a time, as far as was known at `known_at` (now when None)."""
        if self.first_seen_at > at or (known_at is not None and self.known_at > known_at):
            return False
        if self.gone_at is None or self.gone_at > at:
            return True
        return known_at is not None and self.gone_known_at is not None and self.gone_known_at > known_at


def watch(database: Database, group: str, readings: list[frozenset[str]]) -> dict[str, list[Interval]]:
    """Read a group every three hours, each reading taking one; return the intervals that this should give."""
    model: dict[str, list[Interval]] = {name: [] for name in PEOPLE}
    missed: dict[str, datetime] = {}
    for number, names in enumerate(readings):
        at, ended = NOON + 3 * number * HOUR, NOON + (3 * number + 1) * HOUR
        _read(database, group, number, names, (at, ended))
        for name in PEOPLE:
            lasting = model[name][-1] if model[name] and model[name][-1].gone_at is None else None
            if name in names:
                missed.pop(name, None)
                if lasting is None:
                    model[name].append(Interval(at, ended))
            elif lasting is not None and name in missed:
                model[name][-1] = Interval(lasting.first_seen_at, lasting.known_at, missed.pop(name), ended)
            elif lasting is not None:
                missed[name] = at
    return model


def _read(database: Database, group: str, number: int, names: frozenset[str], times: tuple[datetime, datetime]) -> None:
    with database.connect() as connection, snapshots.staged(connection) as staging:
        staging.add([Member(f"{group}-{name}", name) for name in sorted(names)])
        staging.close_reading()
        done = Completeness(ended=True)
        shot = snapshots.SnapshotRecord(f"{group}-{number}", group, *times, True, len(names), 0, done)
        with database.write(connection):
            before = snapshots.latest(connection, group, complete=True)
            snapshots.record(connection, shot)
            snapshots.merge(connection, shot, last_seen=before.taken_at if before else None)
            confirmed = [one for one in departures.missing(connection, group) if one.readings >= 2]
            departures.close(connection, shot, [Departure(one, WHY) for one in confirmed])


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.frozensets(st.sampled_from(PEOPLE)), min_size=1, max_size=6))
def test_who_was_in_at_a_time_as_known_at_another(sqlite_database: Database, readings: list[frozenset[str]]) -> None:
    name = f"g{next(GROUPS)}"
    model = watch(sqlite_database, name, readings)
    moments = [NOON + hours * HOUR for hours in range(0, 3 * len(readings) + 2, 1)]
    with sqlite_database.connect() as connection:
        for at in moments:
            for known_at in (None, *moments):
                shown = {one.key for one in presence.seen_at(connection, name, at, known_at)}
                assert shown == {
                    key for key, intervals in model.items() if any(each.shows(at, known_at) for each in intervals)
                }


def test_what_was_known_is_the_same_on_each_engine(database: Database) -> None:
    everybody, some = frozenset(PEOPLE), frozenset({"bob"})
    watch(database, "g", [everybody, some, some, everybody])
    with database.connect() as connection:
        asked = NOON + 4 * HOUR
        known = [
            [one.key for one in presence.seen_at(connection, "g", asked, NOON + hours * HOUR)] for hours in (5, 7, 30)
        ]
    assert known == [["ada", "bob", "cid"], ["bob"], ["bob"]]
