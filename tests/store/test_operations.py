"""The journal of operations: an intent stands until its outcome is known, and an outcome is never undone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from workplace_sync.membership.change import Action
from workplace_sync.store import operations
from workplace_sync.store.database import Database
from workplace_sync.store.operations import Operation, State

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GROUP = "prospect-bt"


def operation(seq: int, state: State = State.INTENDED, *, plan: str = "p1", action: Action = Action.ADD) -> Operation:
    return Operation(plan, seq, GROUP, f"p{seq}@bt.example.org", action, state, NOW)


def intend(database: Database, *wanted: Operation) -> None:
    with database.write() as connection:
        operations.intend(connection, wanted)


def finish(database: Database, *ended: Operation) -> None:
    with database.write() as connection:
        operations.finish(connection, ended)


def states(database: Database, plan: str = "p1") -> dict[int, State]:
    with database.connect() as connection:
        return operations.begun(connection, plan)


def show_present(database: Database, *seqs: int) -> None:
    """Let the last complete snapshot show these people."""
    with database.write() as connection:
        for seq in seqs:
            connection.execute(
                text(
                    "INSERT INTO presence (group_name, key, platform_id, administrator, first_snapshot, first_seen_at)"
                    " VALUES (:g, :k, :p, FALSE, 's1', '2026-11-21 11:00:00+00:00')"
                ),
                {"g": GROUP, "k": f"p{seq}@bt.example.org", "p": str(seq)},
            )


def test_an_intent_stands_until_it_has_an_outcome(database: Database) -> None:
    intend(database, operation(0), operation(1), operation(2))
    finish(database, operation(0, State.DONE), replace(operation(1, State.FAILED), reason="refused"))
    assert states(database) == {0: State.DONE, 1: State.FAILED, 2: State.INTENDED}
    with database.connect() as connection:
        assert list(operations.failures(connection, "p1")) == [("p1@bt.example.org", "refused")]
        assert [one.seq for one, _ in operations.unsettled(connection, GROUP, NOW)] == [2]


def test_nothing_is_asked_of_the_database_for_no_operations(database: Database) -> None:
    with database.write() as connection:
        operations.intend(connection, [])
        operations.skip(connection, [])
        operations.finish(connection, [])
        operations.withdraw(connection, "p1", [])
    assert states(database) == {}


def test_intending_again_counts_attempts_and_never_undoes_an_outcome(database: Database) -> None:
    intend(database, operation(0), operation(1))
    intend(database, operation(0), operation(1))
    finish(database, operation(1, State.DONE))
    intend(database, operation(0), operation(1))
    with database.connect() as connection:
        ((unsettled, _),) = operations.unsettled(connection, GROUP, NOW)
    assert (unsettled.seq, unsettled.attempts) == (0, 3)
    assert states(database)[1] is State.DONE


def test_an_outcome_is_never_replaced_by_another(database: Database) -> None:
    intend(database, operation(0))
    finish(database, operation(0, State.DONE))
    finish(database, operation(0, State.FAILED))
    assert states(database) == {0: State.DONE}


def test_only_an_intent_can_be_taken_back(database: Database) -> None:
    intend(database, operation(0), operation(1), operation(0, plan="p2"))
    finish(database, operation(1, State.DONE))
    with database.write() as connection:
        operations.withdraw(connection, "p1", [0, 1, 99])
    assert states(database) == {1: State.DONE}
    assert states(database, "p2") == {0: State.INTENDED}


def test_what_is_skipped_is_finished_with_its_reason(database: Database) -> None:
    with database.write() as connection:
        operations.skip(connection, [replace(operation(0, State.SKIPPED), reason="no longer needed")])
    assert states(database) == {0: State.SKIPPED}
    with database.connect() as connection:
        assert list(operations.failures(connection, "p1")) == []
        row = connection.execute(text("SELECT attempts, reason FROM operation")).one()
        assert operations.count_states(connection, "p1") == {(Action.ADD, State.SKIPPED): 1}
    assert tuple(row) == (0, "no longer needed")


def test_what_is_unknown_is_told_with_whether_the_group_shows_the_person(database: Database) -> None:
    intend(database, operation(0), operation(1), replace(operation(2), group="prospect-ope"))
    show_present(database, 1, 2)
    with database.connect() as connection:
        found = operations.unsettled(connection, GROUP, NOW)
    assert [(one.seq, present) for one, present in found] == [(0, False), (1, True)]


def test_who_was_accepted_and_is_not_seen_is_told(database: Database) -> None:
    mine = [operation(0), operation(1), operation(2, action=Action.REMOVE), operation(3, action=Action.REMOVE)]
    intend(database, *mine)
    finish(database, *(replace(one, state=State.DONE) for one in mine))
    show_present(database, 0, 2)
    with database.connect() as connection:
        assert operations.unseen(connection, "p1") == ["p1@bt.example.org", "p2@bt.example.org"]
        assert operations.unseen(connection, "p2") == []


def test_the_windows_count_what_took_effect_in_them_and_nothing_else(database: Database) -> None:
    ages = {
        0: timedelta(hours=1),
        1: timedelta(hours=23, minutes=59),
        2: timedelta(hours=24),
        3: timedelta(days=6),
        4: timedelta(days=7),
    }
    for seq, age in ages.items():
        for action, shift in ((Action.ADD, 0), (Action.REMOVE, 10)):
            one = replace(operation(seq + shift, action=action), at=NOW - age)
            intend(database, one)
            finish(database, replace(one, state=State.DONE))
    intend(database, operation(20), replace(operation(21), group="prospect-ope"), operation(22))
    finish(database, operation(22, State.FAILED), replace(operation(21, State.DONE), group="prospect-ope"))
    with database.connect() as connection:
        counts = operations.rolling_counts(connection, GROUP, NOW)
        removed = operations.done_since(connection, GROUP, Action.REMOVE, NOW - timedelta(hours=2))
    assert counts == {"added_last_24h": 2, "added_last_7d": 4, "removed_last_24h": 2, "removed_last_7d": 4}
    assert removed == 1


def test_a_plans_operations_are_counted_by_action_and_state(database: Database) -> None:
    intend(database, operation(0), operation(1), operation(2, action=Action.REMOVE), operation(0, plan="p2"))
    finish(database, operation(0, State.DONE))
    with database.connect() as connection:
        assert operations.count_states(connection, "p1") == {
            (Action.ADD, State.DONE): 1,
            (Action.ADD, State.INTENDED): 1,
            (Action.REMOVE, State.INTENDED): 1,
        }
        assert operations.count_states(connection, "p9") == {}
