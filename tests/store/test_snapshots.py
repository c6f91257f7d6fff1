"""Snapshots as intervals: who came, who is gone, and who went without our doing, on both engines."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from workplace_sync.membership.change import Action
from workplace_sync.membership.removals import Cause, Confidence, Finding
from workplace_sync.membership.snapshot import Completeness, Member
from workplace_sync.store import candidates, departures, operations, presence, snapshots
from workplace_sync.store.database import Database
from workplace_sync.store.departures import Departure
from workplace_sync.store.operations import Operation, State

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GROUP = "prospect-bt"
DAY = timedelta(days=1)


def member(name: str, **known: bool) -> Member:
    return Member(f"id-{name}", f"{name}@bt.example.org", **known)


def see(database: Database, at: datetime, *pages: list[Member], complete: bool = True) -> tuple[int, int, list[str]]:
    """Take a snapshot; return how many came and went, and whose departure was not our doing."""
    with database.connect() as connection, snapshots.staged(connection) as staging:
        for page in pages:
            staging.add(page)
        staging.close_reading()
        members, administrators = snapshots.count_staged(connection)
        read = Completeness(pages=len(pages), rows=members, ended=complete)
        shot = snapshots.SnapshotRecord(f"s{at:%m%d}", GROUP, at, at, complete, members, administrators, read)
        with database.write(connection):
            before = snapshots.latest(connection, GROUP, complete=True)
            snapshots.record(connection, shot)
            if not complete:
                return 0, 0, []
            come, gone = snapshots.merge(connection, shot, last_seen=before.taken_at if before else None)
            departures.close_explained(connection, shot)
            why = Finding(Cause.UNKNOWN, Confidence.UNKNOWN)
            missing = [Departure(one, why) for one in departures.missing(connection, GROUP)]
            departed = departures.close(connection, shot, missing)
    return come, gone, [one.key for one in departed]


def test_who_came_and_who_is_gone_is_told_against_the_complete_reading_before(database: Database) -> None:
    assert see(database, NOW, [member("ada"), member("bob")], [member("cid")]) == (3, 0, [])
    assert see(database, NOW + DAY, [member("bob"), member("dee")]) == (
        1,
        2,
        ["ada@bt.example.org", "cid@bt.example.org"],
    )
    with database.connect() as connection:
        (ada,) = presence.intervals_of(connection, "ada@bt.example.org")
    assert (ada.first_seen_at, ada.last_seen_at, ada.gone_at) == (NOW, NOW, NOW + DAY)


def test_a_quiet_day_adds_no_interval(database: Database) -> None:
    people = [member(f"p{n}") for n in range(50)]
    for day in range(4):
        see(database, NOW + day * DAY, people)
    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM presence")).scalar() == 50


def test_a_member_read_twice_is_one_member(database: Database) -> None:
    assert see(database, NOW, [member("ada"), member("bob")], [member("bob")]) == (2, 0, [])
    with database.connect() as connection:
        assert presence.size(connection, GROUP) == (2, 0)


def test_an_incomplete_reading_is_kept_and_removes_nobody(database: Database) -> None:
    see(database, NOW, [member("ada"), member("bob")])
    see(database, NOW + DAY, [member("ada")], complete=False)
    with database.connect() as connection:
        assert presence.size(connection, GROUP) == (2, 0)
        newest = snapshots.latest(connection, GROUP)
        whole = snapshots.latest(connection, GROUP, complete=True)
    assert newest is not None
    assert newest.completeness.shortfall == "the last page still announced more"
    assert whole is not None
    assert whole.taken_at == NOW


def test_our_own_removal_is_no_departure(database: Database) -> None:
    see(database, NOW, [member("ada"), member("bob")])
    mine = Operation("p1", 1, GROUP, "ada@bt.example.org", Action.REMOVE, State.DONE, NOW + timedelta(hours=1))
    with database.write() as connection:
        operations.intend(connection, [mine])
        operations.finish(connection, [mine])
    assert see(database, NOW + DAY, []) == (0, 2, ["bob@bt.example.org"])


def test_a_removal_of_ours_from_before_they_came_back_explains_nothing(database: Database) -> None:
    see(database, NOW, [member("ada")])
    mine = Operation("p1", 1, GROUP, "ada@bt.example.org", Action.REMOVE, State.DONE, NOW)
    with database.write() as connection:
        operations.intend(connection, [mine])
        operations.finish(connection, [mine])
    see(database, NOW + DAY, [])
    see(database, NOW + 2 * DAY, [member("ada")])
    assert see(database, NOW + 3 * DAY, []) == (0, 1, ["ada@bt.example.org"])


def test_somebody_who_went_is_a_candidate_with_their_departure(database: Database) -> None:
    see(database, NOW, [member("ada"), member("bob")])
    see(database, NOW + DAY, [member("bob")])
    with database.write() as connection:
        for key in ("ada", "bob"):
            connection.execute(
                text(
                    "INSERT INTO desired (group_name, key, address, name, tenant, status, roles, external_id, method, import_id)"
                    " VALUES (:g, :k, :k, '', 'bt', 'active', '', '', 'roster_file', 'i1')"
                ),
                {"g": GROUP, "k": f"{key}@bt.example.org"},
            )
        connection.execute(
            text(
                "INSERT INTO roster_import (id, group_name, method, source, sha256, rows, rejected, imported_at, imported_by)"
                " VALUES ('i1', :g, 'roster_file', 'bt.csv', '', 2, 0, '2026-11-21 00:00:00', 'ada')"
            ),
            {"g": GROUP},
        )
    with database.connect() as connection:
        (ada,) = candidates.additions(connection, GROUP)
        assert list(candidates.additions(connection, GROUP, keys=["nobody@bt.example.org"])) == []
        assert candidates.already_members(connection, GROUP) == 1
    assert (ada.key, ada.departed_at, ada.departed_cause, ada.source) == (
        "ada@bt.example.org",
        NOW + DAY,
        "unknown",
        "bt.csv",
    )


def test_members_about_whom_something_speaks_are_candidates_for_removal(database: Database) -> None:
    see(database, NOW, [member("ada", administrator=True), member("bob")])
    with database.connect() as connection:
        found = list(candidates.removals(connection, GROUP, tenant="bt", statuses=("active", "retired")))
        only = list(
            candidates.removals(connection, GROUP, tenant="bt", statuses=("active",), keys=["bob@bt.example.org"])
        )
    assert [(one.key, one.administrator, one.in_roster, one.platform_id) for one in found] == [
        ("ada@bt.example.org", True, False, "id-ada"),
        ("bob@bt.example.org", False, False, "id-bob"),
    ]
    assert [one.key for one in only] == ["bob@bt.example.org"]


def test_a_change_of_role_is_seen(database: Database) -> None:
    see(database, NOW, [member("ada")])
    see(database, NOW + DAY, [member("ada", administrator=True)])
    with database.connect() as connection:
        assert presence.size(connection, GROUP) == (1, 1)


def test_who_was_a_member_at_a_time_is_what_was_seen_then_and_what_we_added_since(database: Database) -> None:
    see(database, NOW, [member("ada"), member("bob")])
    see(database, NOW + DAY, [member("bob")])
    added = Operation("p1", 1, GROUP, "cid@bt.example.org", Action.ADD, State.DONE, NOW + DAY + timedelta(hours=1))
    with database.write() as connection:
        operations.intend(connection, [added])
        operations.finish(connection, [added])
    with database.connect() as connection:
        then = [one.key for one in presence.seen_at(connection, GROUP, NOW + timedelta(hours=5))]
        now = [one.key for one in presence.seen_at(connection, GROUP, NOW + 2 * DAY)]
        unseen = [one.key for one in presence.added_between(connection, GROUP, NOW + DAY, NOW + 2 * DAY)]
    assert then == ["ada@bt.example.org", "bob@bt.example.org"]
    assert now == ["bob@bt.example.org"]
    assert unseen == ["cid@bt.example.org"]
