"""Applying: only what was planned and still holds, each person once, nothing unknown left, everything on record."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.world import CONSENT, GUARD, START, World, rules_of
from workplace_sync.errors import BlindError, ExitCode, GuardError, ReviewError, StaleError
from workplace_sync.jobs.consent import record_consent
from workplace_sync.jobs.review import approve, reject
from workplace_sync.jobs.story import members_at, story_of
from workplace_sync.membership.change import Action
from workplace_sync.membership.group import RemovalRules
from workplace_sync.roster.consent import ConsentKind
from workplace_sync.roster.person import ConsentClaim
from workplace_sync.store import operations


def each_added_once(world: World, addresses: list[str]) -> None:
    counted = Counter(world.added())
    assert {address.lower() for address in counted} == {address.lower() for address in addresses}
    assert set(counted.values()) <= {1}


def test_what_was_planned_is_added_seen_and_on_record(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    people = world.people(15)
    report = world.apply(world.plan(people).record)
    assert (report.asked, report.accepted, report.seen, report.exit_code) == (15, 15, 15, ExitCode.DONE)
    each_added_once(world, [person.address for person in people])
    assert Counter(world.kinds())["operation.outcome"] == 15


def test_a_second_apply_does_nothing_and_says_so(world: World) -> None:
    plan = world.plan(world.people(5)).record
    world.apply(plan)
    requests, entries = world.platform.requests_sent, world.kinds()
    report = world.apply(plan)
    assert report.nothing_done
    assert report.done == report.seen == 5
    assert (world.platform.requests_sent, world.kinds()) == (requests, entries)


def test_a_held_plan_waits_for_a_second_person_and_then_goes(world: World) -> None:
    plan = world.plan(world.people(30)).record
    waiting = world.apply(plan)
    assert (waiting.asked, waiting.waiting, waiting.exit_code) == (0, 30, ExitCode.HELD)
    assert world.added() == []
    with pytest.raises(ReviewError, match="cannot approve it"):
        world.approve(plan, by="ada")
    world.approve(plan)
    assert world.apply(plan).seen == 30


def test_only_what_is_not_held_goes_without_an_approval(world: World) -> None:
    people = world.people(6)
    people[0] = replace(people[0], status="lapsed")
    plan = world.plan(people).record
    report = world.apply(plan)
    assert (report.accepted, report.waiting, report.exit_code) == (5, 1, ExitCode.HELD)
    world.approve(plan)
    report = world.apply(plan)
    assert (report.accepted, report.waiting, report.exit_code) == (1, 0, ExitCode.DONE)


def test_an_approval_does_not_outlive_its_time(world: World) -> None:
    plan = world.plan(world.people(30)).record
    world.approve(plan, valid=timedelta(hours=1))
    world.clock.advance(timedelta(hours=2))
    assert world.apply(plan).exit_code is ExitCode.HELD


def test_a_rejected_plan_stays_rejected(world: World) -> None:
    plan = world.plan(world.people(30)).record
    with pytest.raises(ReviewError, match="needs a reason"):
        reject(world.as_actor("grace"), plan, reason=" ", valid=timedelta(hours=1))
    reject(world.as_actor("grace"), plan, reason="too many", valid=timedelta(hours=1))
    with pytest.raises(ReviewError, match="grace rejected this plan: too many"):
        world.apply(plan)
    with pytest.raises(ReviewError, match="rejected already"):
        world.approve(plan, by="joan")


def test_only_named_approvers_count_where_the_group_names_them(world: World) -> None:
    plan = world.plan(world.people(30)).record
    with pytest.raises(ReviewError, match="not among"):
        approve(world.as_actor("mallory"), plan, approvers=("grace",), reason="", valid=timedelta(hours=1))
    approve(world.as_actor("grace"), plan, approvers=("grace",), reason="", valid=timedelta(hours=1))
    with pytest.raises(ReviewError, match="Nothing in this plan waits"):
        world.approve(world.plan(world.people(3)).record)


def test_a_plan_does_not_outlive_its_time_or_its_policies(world: World) -> None:
    plan = world.plan(world.people(3)).record
    old = world.rules
    world.rules = rules_of(CONSENT.replace(b"version: 2", b"version: 3"), GUARD)
    with pytest.raises(StaleError, match="policies have changed"):
        world.apply(plan)
    world.rules = old
    world.group = replace(world.group, platform_id="700000000000999")
    with pytest.raises(StaleError, match="names another group"):
        world.apply(plan)
    world.clock.advance(timedelta(hours=73))
    with pytest.raises(StaleError, match="expired"):
        world.apply(plan)
    assert world.added() == []


def test_consent_withdrawn_after_planning_is_heeded(world: World) -> None:
    people = world.people(8)
    plan = world.plan(people).record
    record_consent(world.office, people[3].address, ConsentKind.WITHDRAWN, scope="*")
    report = world.apply(plan)
    assert (report.accepted, report.skipped) == (7, 1)
    assert people[3].key not in world.really_in()
    reasons = [chapter.sentence for chapter in story_of(world.office, people[3].key)]
    assert any("decided differently now" in sentence for sentence in reasons)


def test_what_is_no_longer_needed_is_skipped_and_too_much_of_it_refuses_the_whole(world: World) -> None:
    people = world.people(15)
    first = world.plan(people[:8]).record
    second = world.plan(people).record
    world.apply(first)
    with pytest.raises(StaleError, match="8 of 15 changes no longer stand"):
        world.apply(second)
    report = world.apply(second, drift_percent=60)
    assert (report.accepted, report.skipped) == (7, 8)
    each_added_once(world, [person.address for person in people])


def test_a_guard_that_trips_only_now_refuses_the_whole(world: World) -> None:
    people = world.people(30)
    second = world.plan(people[15:]).record
    world.apply(world.plan(people[:15]).record)
    world.import_roster(people)
    with pytest.raises(GuardError, match="More than usual in a day"):
        world.apply(second)
    assert len(world.added()) == 15
    world.clock.advance(timedelta(hours=25))
    assert world.apply(second).accepted == 15


def test_a_denied_plan_cannot_be_approved_or_applied(world: World) -> None:
    world.rules = rules_of(CONSENT, GUARD.replace(b"value: 1}", b"value: 100000}"))
    plan = world.plan(world.people(2)).record
    with pytest.raises(GuardError, match="too small"):
        world.approve(plan)
    with pytest.raises(GuardError) as caught:
        world.apply(plan)
    assert caught.value.exit_code == ExitCode.GUARD


def test_a_first_careful_slice_leaves_the_rest_for_later(world: World) -> None:
    plan = world.plan(world.people(12)).record
    report = world.apply(plan, limit=5)
    assert (report.accepted, report.left) == (5, 7)
    report = world.apply(plan)
    assert (report.accepted, report.left, report.done) == (7, 0, 12)


def test_a_person_the_platform_refuses_is_named_and_the_rest_goes_on(world: World) -> None:
    people = [
        *world.people(5),
        replace(world.people(1)[0], key="nobody@bt.example.org", address="nobody@bt.example.org"),
    ]
    report = world.apply(world.plan(people).record)
    assert (report.accepted, report.refused, report.exit_code) == (5, 1, ExitCode.PARTIAL)
    ((key, reason),) = report.failures
    assert key == "nobody@bt.example.org"
    assert "@" not in reason


def test_what_was_answered_by_silence_is_settled_by_reading(world: World) -> None:
    people = world.people(20)
    plan = world.plan(people).record
    world.sandbox.fault("timeout_after_effect", on="operation", calls=6)
    report = world.apply(plan)
    assert (report.seen, report.unsettled, report.exit_code) == (20, 0, ExitCode.DONE)
    each_added_once(world, [person.address for person in people])
    assert Counter(world.kinds())["operation.outcome"] == 20


def test_what_had_no_effect_is_sent_again_and_given_up_after_three_attempts(world: World) -> None:
    plan = world.plan(world.people(4)).record
    world.sandbox.fault("timeout_before_effect", on="operation", calls=1)
    assert world.apply(plan).seen == 4
    more = world.plan(world.people(6)).record
    world.sandbox.fault("timeout_before_effect", on="operation", calls=1000)
    report = world.apply(more)
    assert (report.accepted, report.exit_code) == (0, ExitCode.PARTIAL)
    assert "3 attempts" in report.failures[0][1]


def test_an_unreadable_group_stops_an_apply_before_it_begins(world: World) -> None:
    plan = world.plan(world.people(3)).record
    world.sandbox.fault("count_disagrees", by=2)
    with pytest.raises(BlindError):
        world.apply(plan)
    assert world.added() == []


def test_a_permission_lost_half_way_fails_nobody_and_all_are_added_when_it_is_back(world: World) -> None:
    people = world.people(18)
    plan = world.plan(people).record
    world.apply(plan, limit=6)
    world.sandbox.fault("permission_removed", tenant="bt", permission="manage_group")
    report = world.apply(plan)
    assert (report.accepted, report.left, report.refused, report.exit_code) == (0, 12, 0, ExitCode.PARTIAL)
    assert len(world.added()) == 6
    world.sandbox.control("DELETE", "faults")
    assert world.apply(plan).done == 18
    each_added_once(world, [person.address for person in people])


def test_a_crash_between_intent_and_outcome_is_settled_by_the_next_run(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    people = world.people(10)
    plan = world.plan(people).record
    intended = [
        operations.Operation(plan.id, seq, world.group.name, person.key, Action.ADD, operations.State.INTENDED, START)
        for seq, person in enumerate(sorted(people, key=lambda person: person.key)[:4])
    ]
    with world.office.database.write() as connection:
        operations.intend(connection, intended)
    reader, writer = world.platform.reader(), world.platform.writer()
    reader.describe()
    from workplace_sync.platforms.base import WantedOperation  # noqa: PLC0415 - the request whose answer was lost

    list(
        writer.carry_out(
            [[WantedOperation(0, Action.ADD, intended[0].key), WantedOperation(1, Action.ADD, intended[1].key)]]
        )
    )
    report = world.apply(plan)
    assert (report.done, report.unsettled) == (10, 0)
    each_added_once(world, [person.address for person in people])
    assert Counter(world.kinds())["operation.outcome"] == 10


def test_removals_are_carried_out_and_are_no_departures(world: World) -> None:
    people = world.people(6)
    world.apply(world.plan(people).record)
    world.group = replace(world.group, removals=RemovalRules(opted_out=True))
    for person in people[:2]:
        record_consent(world.office, person.address, ConsentKind.WITHDRAWN, scope="*")
    plan = world.plan().record
    assert plan.counts["removed"] == 2
    report = world.apply(plan)
    assert (report.accepted, report.seen) == (2, 2)
    assert not {person.key for person in people[:2]} & world.really_in()
    assert world.observe().departures == ()


def test_people_taken_out_by_the_employer_are_noticed_and_not_put_back_unasked(world: World) -> None:
    people = world.people(10)
    world.apply(world.plan(people).record)
    world.sandbox.control(
        "POST", "employer/remove", {"group": world.group.platform_id, "emails": [p.address for p in people[:7]]}
    )
    observation = world.observe()
    assert {one.key for one in observation.departures} == {person.key for person in people[:7]}
    assert Counter(world.kinds())["member.departed"] == 7
    world.rules = rules_of(CONSENT.replace(b"subject.status == 'active'", b"!subject.departed"), GUARD)
    assert world.plan().record.counts["held"] == 7


def test_who_was_in_the_group_at_a_time_can_be_told(world: World) -> None:
    world.observe()
    before = len(world.really_in())
    empty = world.clock.at - timedelta(days=1)
    people = world.people(4)
    world.apply(world.plan(people).record)
    now = members_at(world.office, world.group.name, world.clock())
    assert len(now.members) == before + 4
    assert members_at(world.office, world.group.name, empty).snapshot is None


def test_a_persons_story_tells_each_step_with_the_rules_of_its_time(world: World) -> None:
    people = world.people(2)
    people[1] = replace(people[1], consent=ConsentClaim.UNKNOWN)
    world.apply(world.plan(people).record)
    told = story_of(world.office, people[1].key)
    (decision,) = [chapter for chapter in told if chapter.kind == "decision"]
    assert decision.rules[0].message == "No consent to be added is on record."
    assert decision.rules[0].source == "Minute 1"
    kinds = [chapter.kind for chapter in story_of(world.office, people[0].key, world.group.name)]
    assert {"consent", "decision", "operation.outcome", "seen"} <= set(kinds)
