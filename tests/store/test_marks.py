"""The mark of a reading: the same for the same rows, another for any other, and not to be relied on once something changed."""

import random
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from workplace_sync.membership.snapshot import Completeness, Member
from workplace_sync.store import marks, privacy, snapshots
from workplace_sync.store.database import Database
from workplace_sync.store.marks import Mark

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GROUP = "prospect-bt"
PEOPLE = [Member(f"id-{n}", f"p{n}@bt.example.org", administrator=n % 7 == 0) for n in range(40)]


def read(database: Database, people: list[Member], *, day: int = 0, page: int = 10) -> bool:
    """Take a complete reading and merge it; return whether it was known as the one before."""
    at = NOW + timedelta(days=day)
    with database.connect() as connection:
        before = marks.of(connection, GROUP)
        with snapshots.staged(connection, mark=before) as staging:
            for start in range(0, len(people), page):
                staging.add(people[start : start + page])
            known = staging.as_before
            mark = staging.mark(GROUP, len(people), sum(one.administrator for one in people))
            staging.close_reading()
            shot = snapshots.SnapshotRecord(
                f"s{day}", GROUP, at, at, True, mark.members, mark.administrators, Completeness(ended=True)
            )
            with database.write(connection):
                snapshots.record(connection, shot)
                snapshots.merge(connection, shot, last_seen=None)
                marks.put(connection, mark)
    return known


def kept(database: Database) -> Mark:
    with database.connect() as connection:
        mark = marks.of(connection, GROUP)
    assert mark is not None
    return mark


def still_holds(database: Database, mark: Mark) -> bool:
    with database.connect() as connection:
        return marks.holds(connection, mark)


def test_the_same_members_in_another_order_and_other_pages_are_known_again(database: Database) -> None:
    assert not read(database, PEOPLE)
    shuffled = random.Random(1).sample(PEOPLE, len(PEOPLE))
    assert read(database, shuffled, day=1, page=7)
    assert still_holds(database, kept(database))


def test_any_other_member_role_or_account_is_seen(database: Database) -> None:
    first, second, *others = PEOPLE
    read(database, PEOPLE)
    mark = kept(database)
    for people in (
        PEOPLE[1:],  # one is gone
        [*others, second, Member("id-new", "new@bt.example.org", administrator=True)],  # one gone, one come
        [*others, second, Member(first.platform_id, first.key, administrator=False)],
        [*others, second, Member("id-other", first.key, administrator=True)],
        [*PEOPLE, second],  # one came twice
        [*others, first, first],  # one came instead of another
    ):
        with database.connect() as connection, snapshots.staged(connection, mark=mark) as staging:
            staging.add(people)
            assert not staging.as_before


def test_a_reading_that_begins_anew_is_marked_by_its_last_attempt_alone(database: Database) -> None:
    read(database, PEOPLE)
    with database.connect() as connection, snapshots.staged(connection, mark=kept(database)) as staging:
        staging.add(PEOPLE[:3])
        staging.clear()
        staging.add(PEOPLE)
        assert staging.as_before
        staging.close_reading()
        assert snapshots.count_staged(connection)[0] == len(PEOPLE)


def test_a_mark_does_not_hold_while_somebody_is_a_suspect(database: Database) -> None:
    read(database, PEOPLE)
    read(database, PEOPLE[1:], day=1)
    assert not still_holds(database, kept(database))


def test_a_mark_does_not_hold_once_the_history_was_changed_without_it(database: Database) -> None:
    read(database, PEOPLE)
    mark = kept(database)
    with database.write() as connection:
        connection.execute(text("DELETE FROM presence WHERE key = :key"), {"key": PEOPLE[0].key})
    assert not still_holds(database, mark)


def test_merging_a_reading_forgets_the_mark_of_the_one_before(database: Database) -> None:
    read(database, PEOPLE)
    mark = kept(database)
    with database.connect() as connection, snapshots.staged(connection) as staging:
        staging.add(PEOPLE)
        staging.close_reading()
        shot = snapshots.SnapshotRecord("s9", GROUP, NOW, NOW, True, 40, 6, Completeness(ended=True))
        with database.write(connection):
            snapshots.merge(connection, shot, last_seen=None)
    assert not still_holds(database, mark)


def test_an_erasure_leaves_no_mark_against_which_an_address_could_be_tried(database: Database) -> None:
    read(database, PEOPLE)
    with database.write() as connection:
        privacy.erase_rows(connection, privacy.identify(connection, PEOPLE[0].key), "erased-x")
        assert marks.of(connection, GROUP) is None


def test_each_group_has_a_salt_of_its_own_and_keeps_it(database: Database) -> None:
    assert marks.new_salt() != marks.new_salt()
    read(database, PEOPLE)
    salt = kept(database).salt
    read(database, PEOPLE[1:], day=1)
    assert kept(database).salt == salt
