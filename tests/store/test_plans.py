"""Plans are kept wholly or not at all, found by their digest, and read back as they were."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from workplace_sync.errors import StoreError
from workplace_sync.membership.change import Action
from workplace_sync.membership.plan import Header, PlanDigest, PlannedChange
from workplace_sync.policy.decision import Effect
from workplace_sync.store import plans
from workplace_sync.store.database import Database
from workplace_sync.store.plans import PlanRecord, Review

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GROUP = "prospect-bt"
EFFECTS = (Effect.ALLOW, Effect.WARN, Effect.HOLD, Effect.DENY)


def change(seq: int, name: str = "", effect: Effect = Effect.ALLOW, remedy: str = "") -> PlannedChange:
    key = f"{name or f'p{seq:05}'}@bt.example.org"
    facts = {"subject.in_roster": True}
    return PlannedChange(
        seq, key, key.title(), "", Action.ADD, "rostered", effect, remedy=remedy, why=("Because.",), facts=facts
    )


def row(one: PlannedChange) -> plans.StagedRow:
    return one.seq, one.key, one.action.value, one.effect.value, one.remedy, one.line()


def header(group: str = GROUP, requested_by: str = "ada") -> Header:
    return Header(
        group=group,
        platform_id="7001",
        snapshot="s1",
        policy_revision="sha256:0",
        now=NOW,
        requested_by=requested_by,
        effect=Effect.HOLD,
        rules=("guard@1/a_day",),
        why=("More than usual.",),
        facts={},
        params={},
        counts={"added": 1},
    )


def record(plan_id: str, changes: list[PlannedChange], *, day: int = 0, group: str = GROUP) -> PlanRecord:
    line = header(group, requested_by=plan_id).line()
    digest = PlanDigest()
    for one in changes:
        digest.add(one.line())
    digest.add(line)
    at = NOW + timedelta(days=day)
    return PlanRecord(plan_id, group, digest.value(), at, at + timedelta(hours=1), line, {"added": len(changes)})


def keep(
    database: Database, plan_id: str, changes: list[PlannedChange], *, day: int = 0, group: str = GROUP
) -> PlanRecord:
    plan = record(plan_id, changes, day=day, group=group)
    with database.connect() as connection, plans.staged(connection) as staging:
        for start in range(0, len(changes), 3):
            staging.add([row(one) for one in changes[start : start + 3]])
        with database.write(connection):
            plans.add(connection, plan)
    return plan


def test_a_plan_is_read_back_as_it_was_kept(database: Database) -> None:
    changes = [change(seq, effect=EFFECTS[seq % 4], remedy="invite" if seq % 4 == 3 else "") for seq in range(10)]
    plan = keep(database, "id1", changes)
    with database.connect() as connection:
        assert plans.find(connection, "id1") == [plan]
        assert list(plans.changes(connection, "id1")) == changes
        assert list(plans.lines(connection, "id1")) == [one.line() for one in changes]
        assert plans.changes_numbered(connection, "id1", [7, 2]) == [changes[2], changes[7]]
        assert plans.changes_numbered(connection, "id1", []) == []
        held = list(plans.changes(connection, "id1", effects=("hold", "deny")))
        assert [one.seq for one in held] == [2, 3, 6, 7]
        assert [one.seq for one in plans.changes(connection, "id1", remedy="invite")] == [3, 7]
        assert plans.count_effects(connection, "id1") == {"allow": 3, "warn": 3, "hold": 2, "deny": 2}
    assert plan.header.requested_by == "id1"


def break_off(database: Database) -> None:
    """Begin to plan, look from elsewhere, and fail."""
    with database.connect() as connection, plans.staged(connection) as staging:
        staging.add([row(change(0))])
        staging.add([])
        with database.connect() as other:
            assert other.execute(text("SELECT count(*) FROM change")).scalar() == 0
        raise RuntimeError


def test_what_is_staged_is_seen_by_nobody_and_gone_when_planning_ends_early(database: Database) -> None:
    with pytest.raises(RuntimeError):
        break_off(database)
    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM change")).scalar() == 0
        with plans.staged(connection):  # and the next planning begins with nothing
            assert connection.execute(text("SELECT count(*) FROM staged_change")).scalar() == 0


def test_a_plan_that_cannot_be_kept_leaves_no_changes(database: Database) -> None:
    keep(database, "id1", [change(0)])
    with pytest.raises(StoreError):
        keep(database, "id1", [change(1)])  # an id is there once
    with database.connect() as connection:
        assert list(plans.changes(connection, "id1")) == [change(0)]


def test_two_plannings_at_a_time_do_not_mix(database: Database) -> None:
    first, second = record("id1", [change(0, "ada")]), record("id2", [change(0, "bob")], group="prospect-ope")
    with (
        database.connect() as one,
        database.connect() as other,
        plans.staged(one) as ones,
        plans.staged(other) as others,
    ):
        ones.add([row(change(0, "ada"))])
        others.add([row(change(0, "bob"))])
        with database.write(other):
            plans.add(other, second)
        with database.write(one):
            plans.add(one, first)
    with database.connect() as connection:
        assert [c.key for c in plans.changes(connection, "id1")] == ["ada@bt.example.org"]
        assert [c.key for c in plans.changes(connection, "id2")] == ["bob@bt.example.org"]


def test_a_plan_is_found_by_its_id_its_digest_or_eight_digits_of_it(database: Database) -> None:
    plan, other = keep(database, "id1", [change(0, "ada")]), keep(database, "id2", [change(0, "bob")])
    with database.connect() as connection:
        for name in ("id1", plan.digest, plan.digest[:8], plan.digest[:30]):
            assert plans.find(connection, name) == [plan]
        for name in ("", plan.digest[:7], "%", "_" * 12, "%%%%%%%%", plan.digest[:8].upper() + "%", "' OR 1=1 --"):
            assert plans.find(connection, name) == []
        assert plans.find(connection, other.digest[:8]) == [other]


def test_the_newest_plans_come_first_and_by_group(database: Database) -> None:
    for number in range(5):
        keep(database, f"id{number}", [], day=number, group=GROUP if number % 2 else "prospect-ope")
    with database.connect() as connection:
        assert [plan.id for plan in plans.recent(connection)] == ["id4", "id3", "id2", "id1", "id0"]
        assert [plan.id for plan in plans.recent(connection, limit=2)] == ["id4", "id3"]
        assert [plan.id for plan in plans.recent(connection, GROUP)] == ["id3", "id1"]
        assert plans.recent(connection, "nobody's") == []


def test_all_that_was_decided_about_a_person_is_told_oldest_first(database: Database) -> None:
    keep(database, "id2", [change(0, "ada", Effect.ALLOW)], day=2)
    keep(database, "id1", [change(0, "ada", Effect.DENY), change(1, "bob")], day=1)
    keep(database, "id3", [change(0, "ada", Effect.HOLD)], day=3, group="prospect-ope")
    with database.connect() as connection:
        told = plans.decisions_about(connection, "ada@bt.example.org")
        assert [(plan.id, one.effect) for plan, one in told] == [
            ("id1", Effect.DENY),
            ("id2", Effect.ALLOW),
            ("id3", Effect.HOLD),
        ]
        assert [plan.id for plan, _ in plans.decisions_about(connection, "ada@bt.example.org", GROUP)] == ["id1", "id2"]
        assert plans.decisions_about(connection, "nobody@bt.example.org") == []


def test_reviews_are_kept_in_their_order_and_by_plan(database: Database) -> None:
    plan = keep(database, "id1", [])
    later = NOW + timedelta(hours=1)
    approval = Review("id1", plan.digest, "approved", "grace", NOW, later, "seen")
    rejection = replace(approval, verdict="rejected", reviewed_by="joan", reason="")
    with database.write() as connection:
        plans.add_review(connection, approval)
        plans.add_review(connection, rejection)
    with database.connect() as connection:
        assert plans.reviews(connection, "id1") == [approval, rejection]
        assert plans.reviews(connection, "id2") == []
