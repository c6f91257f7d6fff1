"""The row is the authority: who holds a group, under which number, and what that lets them write."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from workplace_sync.errors import BusyError
from workplace_sync.store import leases, runs
from workplace_sync.store.database import Database
from workplace_sync.store.group_lock import GroupLock
from workplace_sync.store.leases import Claim, Lease

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
CLAIM = Claim("prospect-bt", "owner1", "ada", "harbour", 4711, "boot:pid:1", "apply", "run1", 60.0)
OTHER = replace(CLAIM, owner="owner2", holder="grace", run_id="run2", verb="observe")


def take(database: Database, claim: Claim, over: Lease | None = None, now: datetime = NOW) -> Lease | None:
    with database.write() as connection:
        return leases.take(connection, claim, now, over)


def renew(database: Database, lease: Lease, now: datetime = NOW) -> bool:
    with database.write() as connection:
        return leases.renew(connection, lease, now)


def current(database: Database) -> Lease | None:
    with database.connect() as connection:
        return leases.current(connection, CLAIM.group)


def taken(database: Database, claim: Claim = CLAIM, over: Lease | None = None) -> Lease:
    lease = take(database, claim, over)
    assert lease is not None
    return lease


def test_a_free_group_is_given_to_the_first_who_asks(database: Database) -> None:
    lease = taken(database)
    assert (lease.claim, lease.fence) == (CLAIM, 1)
    assert lease.expires_at == NOW + timedelta(seconds=60)
    assert take(database, OTHER) is None
    assert current(database) == lease


def test_a_group_given_back_is_free_and_its_number_has_grown(database: Database) -> None:
    first = taken(database)
    with database.write() as connection:
        assert leases.release(connection, first)
        assert not leases.release(connection, first)
    assert current(database) is None
    assert taken(database, OTHER).fence == 2


def test_a_group_is_taken_over_only_as_it_was_when_it_was_looked_at(database: Database) -> None:
    seen = taken(database)
    assert renew(database, seen, NOW + timedelta(seconds=20))
    assert take(database, OTHER, seen) is None
    beating = current(database)
    assert beating is not None
    assert beating.expires_at == NOW + timedelta(seconds=80)
    assert taken(database, OTHER, beating).fence == 2


def test_who_lost_the_group_neither_renews_nor_releases_nor_writes(database: Database) -> None:
    lost = taken(database)
    taken(database, OTHER, lost)
    assert not renew(database, lost)
    with database.write() as connection:
        assert not leases.release(connection, lost)
        assert not leases.is_ours(connection, lost)
    found = current(database)
    assert found is not None
    assert found.claim == OTHER


def test_groups_are_held_apart(database: Database) -> None:
    one, two = taken(database), taken(database, replace(OTHER, group="prospect-openreach"))
    with database.connect() as connection:
        assert leases.held(connection) == [one, two]


def test_a_fenced_database_writes_nothing_that_its_fence_forbids(database: Database) -> None:
    def forbidden(_connection: object) -> None:
        raise BusyError("taken")

    with pytest.raises(BusyError, match="taken"), database.fenced(forbidden).write() as connection:
        runs.begin(connection, runs.RunRecord("run1", "g", "plan", "ada", "harbour", NOW, NOW))
    with (
        pytest.raises(BusyError, match="taken"),
        database.connect() as lent,
        database.fenced(forbidden).write(lent) as connection,
    ):
        runs.begin(connection, runs.RunRecord("run1", "g", "plan", "ada", "harbour", NOW, NOW))
    with database.connect() as connection:
        assert runs.find(connection, "run1") is None


def test_many_who_ask_at_the_same_time_get_the_group_once(database: Database) -> None:
    start = threading.Barrier(4)
    got: list[Lease] = []

    def ask(number: int) -> None:
        start.wait()
        lease = take(database, replace(CLAIM, owner=f"owner{number}"))
        if lease is not None:
            got.append(lease)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [lease.fence for lease in got] == [1]


def test_on_postgresql_a_long_transaction_lets_beats_pass_and_holds_a_taker_up(postgres_url: str) -> None:
    database = Database(postgres_url)
    database.upgrade()
    lease = taken(database)
    later: list[Lease | None] = []
    with database.write() as connection:
        assert leases.is_ours(connection, lease)
        assert renew(database, lease)
        beating = current(database)
        taker = threading.Thread(target=lambda: later.append(take(database, OTHER, beating)))
        taker.start()
        taker.join(0.2)
        assert taker.is_alive()
    taker.join(10)
    assert [each and each.fence for each in later] == [2]
    database.close()


def test_postgresql_lets_go_of_the_lock_of_a_session_that_is_ended(postgres_url: str) -> None:
    database = Database(postgres_url)
    first, second = GroupLock(database, "g"), GroupLock(database, "g")
    assert first.take()
    assert first.take()  # had already
    assert not second.take()
    other = GroupLock(database, "h")
    assert other.take()
    second.evict()
    for _ in range(100):
        if second.take():
            break
        threading.Event().wait(0.02)
    assert second.take()
    assert other.take()  # another group's holder was left alone
    for lock in (first, second, other):
        lock.drop()
    database.close()


def test_runs_are_listed_newest_first_and_page_by_page(database: Database) -> None:
    with database.write() as connection:
        for number in range(5):
            at = NOW + timedelta(minutes=number // 2)  # two at the same time
            runs.begin(connection, runs.RunRecord(f"run{number}", f"g{number}", "plan", "ada", "harbour", at, at))
    with database.connect() as connection:
        first = runs.recent(connection, None, 3)
        rest = runs.recent(connection, None, 3, (first[-1].began_at, first[-1].id))
        assert [run.id for run in (*first, *rest)] == ["run4", "run3", "run2", "run1", "run0"]
        assert [run.id for run in runs.recent(connection, "g2", 3)] == ["run2"]
        assert runs.find(connection, "no-such-run") is None


def test_the_last_run_of_a_group_can_be_asked_for_by_what_it_did(database: Database) -> None:
    with database.write() as connection:
        for number, verb in enumerate(("observe", "plan")):
            at = NOW + timedelta(minutes=number)
            runs.begin(connection, runs.RunRecord(verb, "g", verb, "ada", "harbour", at, at))
            runs.end(connection, verb, at, exit_code=0, summary="Done.", counts={"members": 5})
    with database.connect() as connection:
        last, observed = runs.last(connection, "g"), runs.last(connection, "g", "observe")
        assert last is not None
        assert observed is not None
        assert (last.id, observed.id, observed.counts) == ("plan", "observe", {"members": 5})
        assert runs.last(connection, "h") is None


def test_a_closed_run_is_not_opened_again_by_who_lost_it(database: Database) -> None:
    with database.write() as connection:
        runs.begin(connection, runs.RunRecord("one", "g", "plan", "ada", "harbour", NOW, NOW))
        runs.begin(connection, runs.RunRecord("two", "g", "plan", "grace", "harbour", NOW, NOW))
        runs.progress(connection, "one", NOW, done=5, total=None, stage="late")
        runs.end(connection, "one", NOW, exit_code=0, summary="Done.", counts={})
        one, two = runs.find(connection, "one"), runs.find(connection, "two")
    assert one is not None
    assert two is not None
    assert (one.state, one.exit_code, one.summary, one.stage) == (runs.State.ABANDONED, None, runs.ABANDONED, "")
    assert two.state is runs.State.RUNNING
