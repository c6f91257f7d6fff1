"""Members whose address the platform hides, shows again, or changes: nobody is gone who is still there."""

from datetime import UTC, datetime, timedelta

import pytest

from workplace_sync.membership.removals import Cause, Confidence, Finding
from workplace_sync.membership.snapshot import Completeness, Member
from workplace_sync.store import candidates, departures, presence, snapshots
from workplace_sync.store.database import Database
from workplace_sync.store.departures import Departure

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GROUP = "prospect-bt"
DAY = timedelta(days=1)
ADA, BOB = Member("1", "ada@bt.example.org"), Member("2", "bob@bt.example.org")


def hidden(member: Member) -> Member:
    return Member(member.platform_id, f"id:{member.platform_id}")


def see(database: Database, day: int, *members: Member) -> tuple[int, int, list[Departure]]:
    """Take a complete snapshot on a day; return how many came and went, and the departures."""
    at = NOW + day * DAY
    with database.connect() as connection, snapshots.staged(connection) as staging:
        staging.add(members)
        staging.name_hidden(GROUP)
        staging.close_reading()
        shot = snapshots.SnapshotRecord(f"s{day}", GROUP, at, at, True, len(members), 0, Completeness(ended=True))
        with database.write(connection):
            snapshots.record(connection, shot)
            snapshots.reveal(connection, GROUP)
            come, gone = snapshots.merge(connection, shot, last_seen=at - DAY)
            departures.close_explained(connection, shot)
            why = Finding(Cause.UNKNOWN, Confidence.UNKNOWN)
            missing = [Departure(one, why) for one in departures.missing(connection, GROUP)]
            return come, gone, departures.close(connection, shot, missing)


def keys(database: Database) -> list[str]:
    with database.connect() as connection:
        return [one.key for one in presence.seen_at(connection, GROUP, NOW + 100 * DAY)]


def test_who_is_hidden_after_having_been_seen_is_still_the_same_person(database: Database) -> None:
    see(database, 1, ADA, BOB)
    assert see(database, 2, hidden(ADA), BOB) == (0, 0, [])
    assert keys(database) == [ADA.key, BOB.key]


def test_who_comes_to_light_is_the_person_they_were(database: Database) -> None:
    see(database, 1, hidden(ADA), BOB)
    assert keys(database) == [BOB.key, "id:1"]
    assert see(database, 2, ADA, BOB) == (0, 0, [])
    assert keys(database) == [ADA.key, BOB.key]


def test_a_hidden_member_is_gone_when_the_platform_no_longer_shows_their_account(database: Database) -> None:
    see(database, 1, hidden(ADA), BOB)
    come, gone, (departed,) = see(database, 2, BOB)
    assert (come, gone, departed.key, departed.missing.platform_id) == (0, 1, "id:1", "1")


def test_who_has_a_new_address_has_not_departed(database: Database) -> None:
    see(database, 1, ADA, BOB)
    assert see(database, 2, Member("1", "ada.quill@bt.example.org"), BOB) == (1, 1, [])


@pytest.mark.parametrize("keys", [None, ["id:1", BOB.key]])
def test_nothing_speaks_for_removing_who_cannot_be_looked_up(database: Database, keys: list[str] | None) -> None:
    see(database, 1, hidden(ADA), BOB)
    with database.connect() as connection:
        found = candidates.removals(connection, GROUP, tenant="bt", statuses=("active",), keys=keys)
        assert [one.key for one in found] == [BOB.key]
