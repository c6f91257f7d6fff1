"""Reviewing: who may say yes, how many it takes, what ends it, and that a no stays a no until its content changes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.world import CONSENT, GUARD, START, World, rules_of
from workplace_sync.errors import ReviewError, StaleError, UsageError
from workplace_sync.jobs.consent import record_consent
from workplace_sync.jobs.crowd import Crowd
from workplace_sync.jobs.drift import drift_of
from workplace_sync.jobs.judging import Judge, Question
from workplace_sync.jobs.office import Stakes
from workplace_sync.jobs.plan import rejections_in
from workplace_sync.jobs.plan_file import people_in, read_plan
from workplace_sync.jobs.plan_outline import outline_of
from workplace_sync.jobs.recheck import Cause
from workplace_sync.jobs.rejections import reject_changes, take_back
from workplace_sync.jobs.review import approvals_needed, approvals_of, reject, state_of, void_approvals
from workplace_sync.roster.consent import ConsentKind
from workplace_sync.roster.person import RosterPerson
from workplace_sync.store import audit, candidates, privacy
from workplace_sync.store.plans import PlanRecord, changes

DAY = timedelta(days=1)
TWO = Stakes(second_from=20)


def two_needed(world: World) -> None:
    world.office = replace(world.office, stakes=TWO)


def state(world: World, plan: PlanRecord) -> str:
    return state_of(world.office.database, plan, world.clock(), world.office.stakes)


def say_no(world: World, plan: PlanRecord, reason: str = "not these") -> None:
    reject(world.as_actor("grace"), plan, reason=reason, valid=DAY)


def lapsed(people: list[RosterPerson], number: int) -> list[RosterPerson]:
    """The first of these people, whose membership lapsed, so that a rule holds them; then the others as they are."""
    return [replace(person, status="lapsed") for person in people[:number]] + people[number:]


def entries(world: World, kind: str) -> list[audit.AuditRow]:
    with world.office.database.connect() as connection:
        return [row for row in audit.list_entries(connection, limit=100_000) if row.kind == kind]


def test_much_at_stake_needs_two_people_neither_of_them_the_one_who_asked(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    two_needed(world)
    plan = world.plan(world.people(30)).record
    world.approve(plan, by="grace")
    assert state(world, plan) == "held, 1 of 2 approved"
    assert world.apply(plan).waiting == 30
    for name in ("grace", "Grace", " GRACE "):
        with pytest.raises(ReviewError, match="approved this plan already"):
            world.approve(plan, by=name)
    for name in ("ada", "Ada"):
        with pytest.raises(ReviewError, match="cannot approve it"):
            world.approve(plan, by=name)
    world.approve(plan, by="joan")
    assert state(world, plan) == "approved"
    assert world.apply(plan).seen == 30
    assert {row.data["approved_by"] for row in entries(world, "operation.outcome")} == {"grace, joan"}


def test_the_first_of_two_approvals_may_run_out_before_the_second(world: World) -> None:
    two_needed(world)
    plan = world.plan(world.people(30)).record
    world.approve(plan, by="grace", valid=timedelta(hours=1))
    world.clock.advance(timedelta(hours=2))
    world.approve(plan, by="joan")
    approvals = approvals_of(world.office.database, plan, world.clock(), TWO)
    assert (approvals.names, approvals.needed, approvals.enough) == ("joan", 2, False)
    world.approve(plan, by="grace")
    assert state(world, plan) == "approved"


@pytest.mark.parametrize(
    ("people", "held", "stakes", "needed"),
    [
        (5, 0, Stakes(1), 0),  # nothing waits, so nobody is asked
        (5, 2, Stakes(3), 1),  # what counts is what waits
        (5, 3, Stakes(3), 2),
        (25, 0, Stakes(25), 2),  # the whole waits
        (25, 1, Stakes(26), 1),
        (25, 0, Stakes(26, for_guards=True), 2),
        (5, 3, Stakes(0), 1),
        (25, 0, Stakes(0), 1),
        (5, 3, Stakes(0, for_guards=True), 1),
    ],
)
def test_how_many_approvals_a_plan_needs(world: World, people: int, held: int, stakes: Stakes, needed: int) -> None:
    plan = world.plan(lapsed(world.people(people), held)).record
    assert approvals_needed(plan, stakes) == needed


def test_an_approval_says_what_it_is_bound_to(world: World) -> None:
    plan = world.plan(world.people(30)).record
    world.approve(plan)
    [entry] = entries(world, "plan.approved")
    assert (entry.data["digest"], entry.data["policy_revision"], entry.data["snapshot"]) == (
        plan.digest,
        plan.header.policy_revision,
        plan.header.snapshot,
    )


def test_changed_policies_end_approvals_once_and_let_nobody_approve(world: World) -> None:
    plan = world.plan(world.people(30)).record
    world.approve(plan)
    old, world.rules = world.rules, rules_of(CONSENT.replace(b"version: 2", b"version: 3"), GUARD)
    for _ in range(2):
        with pytest.raises(StaleError, match="policies have changed"):
            world.apply(plan)
    assert len(entries(world, "plan.approval_voided")) == 1
    world.rules = old
    assert world.apply(plan).waiting == 30  # the old rules again, and an approval that was ended stays so
    world.rules = rules_of(CONSENT.replace(b"version: 2", b"version: 3"), GUARD)
    world.plan()
    with pytest.raises(StaleError, match="policies have changed"):
        world.approve(plan, by="joan")
    assert state(world, plan) == "outdated"


def test_drift_ends_an_approval_and_says_what_drifted_and_names_nobody(world: World) -> None:
    people = world.people(30)
    plan = world.plan(people).record
    world.approve(plan)
    for person in people[:4]:
        record_consent(world.office, person.address, ConsentKind.WITHDRAWN, scope="*")
    world.import_roster(people[:26])
    with pytest.raises(StaleError) as caught:
        world.apply(plan)
    told = caught.value.message
    assert "8 of 30 changes no longer stand as planned, more than 10 %" in told
    assert "4 no longer on the roster" in told
    assert "4 consent withdrawn" in told
    assert "@bt" not in told + caught.value.hint
    [entry] = entries(world, "plan.approval_voided")
    assert "8 of 30" in str(entry.data["reason"])
    assert state(world, plan) == "held"
    assert world.added() == []
    assert not void_approvals(world.office, plan, "again")


def test_each_reason_for_drift_is_told_apart(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    people = lapsed(world.people(12), 1)
    plan = world.plan(people).record
    first = world.plan([people[1]]).record
    world.import_roster([*people[:11]])
    world.apply(first)
    world.import_roster([replace(people[0], status="active"), *people[1:11]])
    record_consent(world.office, people[2].address, ConsentKind.WITHDRAWN, scope="*")
    snapshot = world.observe().require_complete()
    drift = drift_of(world.office, world.group, world.rules, plan, snapshot)
    assert drift.counts == {Cause.ALREADY_IN: 1, Cause.OFF_ROSTER: 1, Cause.CONSENT: 1, Cause.DECISION: 1}
    assert (drift.stands, drift.moved, drift.remaining, drift.policies_changed) == (8, 4, 12, False)
    assert drift.decided_by == {"no rule": 1}
    assert not drift.beyond(10)
    assert {one.cause: one.key for one in drift.examples} == {
        Cause.DECISION: people[0].key,
        Cause.ALREADY_IN: people[1].key,
        Cause.CONSENT: people[2].key,
        Cause.OFF_ROSTER: people[11].key,
    }
    assert "of those decided differently, 1 by no rule" in list(drift.reasons())


def test_a_rejected_change_stays_rejected_is_not_held_again_and_says_who_said_no(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    people = lapsed(world.people(6), 2)
    plan = world.plan(people).record
    say_no(world, plan, "not members yet")
    assert entries(world, "plan.rejected")[0].data["changes"] == 2
    again = world.plan(people).record
    assert (again.counts["held"], again.counts["rejected"], again.counts["denied"], again.counts["added"]) == (
        0,
        2,
        2,
        4,
    )
    with world.office.database.connect() as connection:
        found = [change for change in changes(connection, again.id) if change.rejected]
    assert {change.key for change in found} == {person.key for person in people[:2]}
    assert {change.rejected for change in found} == {f"rejected by grace on {world.clock.at:%Y-%m-%d}: not members yet"}
    assert state(world, again) == "open"
    assert world.apply(again).accepted == 4
    third = world.plan(people).record
    assert (third.counts["held"], third.counts["added"], state(world, third)) == (0, 0, "nothing to do")


def test_a_rejected_change_is_asked_again_when_its_facts_change(world: World) -> None:
    people = lapsed(world.people(4), 2)
    say_no(world, world.plan(people).record)
    changed = [replace(people[0], status="suspended"), *people[1:]]
    plan = world.plan(changed).record
    assert (plan.counts["held"], plan.counts["rejected"]) == (1, 1)
    back = world.plan(people).record
    assert (back.counts["held"], back.counts["rejected"]) == (0, 2)  # what was said no to is known again


def test_a_rejected_change_is_asked_again_when_its_rules_change(world: World) -> None:
    people = lapsed(world.people(4), 2)
    say_no(world, world.plan(people).record)
    world.rules = rules_of(CONSENT.replace(b"version: 2", b"version: 3"), GUARD)
    plan = world.plan(people).record
    assert (plan.counts["held"], plan.counts["rejected"]) == (2, 0)


def test_a_no_to_a_plan_that_is_held_as_a_whole_is_a_no_to_all_of_it(world: World) -> None:
    people = world.people(40)
    say_no(world, world.plan(people[:30]).record)
    plan = world.plan(people).record
    assert (plan.counts["added"], plan.counts["rejected"], plan.header.effect.value) == (10, 30, "allow")


def test_an_older_plan_does_not_carry_out_what_was_rejected_since(world: World) -> None:
    people = lapsed(world.people(5), 2)
    older = world.plan(people).record
    world.approve(older)
    say_no(world, world.plan(people).record)
    report = world.apply(older)
    assert (report.accepted, report.skipped) == (3, 2)
    assert people[0].key not in world.really_in()


def test_rejections_are_no_drift(world: World) -> None:
    people = lapsed(world.people(15), 12)
    older = world.plan(people).record
    world.approve(older)
    say_no(world, world.plan(people).record)
    assert world.apply(older).accepted == 3


def test_single_changes_are_rejected_and_the_rest_goes(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    people = lapsed(world.people(8), 4)
    plan = world.plan(people).record
    addresses = [people[0].address, people[5].address.upper()]
    number = reject_changes(world.as_actor("grace"), world.group, plan, addresses, reason="moved away")
    assert number == 2
    assert state(world, plan) == "held"
    world.approve(plan, by="joan")
    report = world.apply(plan)
    assert (report.accepted, report.skipped, report.waiting) == (6, 0, 0)
    assert not {people[0].key, people[5].key} & world.really_in()
    assert state(world, plan) == "applied"
    again = world.plan(people).record
    assert (again.counts["rejected"], again.counts["held"], again.counts["added"]) == (2, 0, 0)
    reasons = [row.data["reason"] for row in entries(world, "operation.outcome") if row.outcome == "skipped"]
    assert len(reasons) == 2
    assert all("rejected by grace" in str(reason) for reason in reasons)


def test_a_plan_of_which_every_change_was_rejected_singly_is_rejected(world: World) -> None:
    people = lapsed(world.people(2), 2)
    plan = world.plan(people).record
    reject_changes(world.office, world.group, plan, [person.address for person in people], reason="no")
    assert state(world, plan) == "rejected"
    with pytest.raises(ReviewError, match="Nothing in this plan waits"):
        world.approve(plan)


def test_what_the_plan_does_not_have_cannot_be_rejected_and_then_nothing_is(world: World) -> None:
    people = lapsed(world.people(4), 2)
    plan = world.plan(people[:3]).record
    with pytest.raises(UsageError, match="Of 1 of these people"):
        reject_changes(world.office, world.group, plan, [people[0].address, people[3].address], reason="no")
    with pytest.raises(ReviewError, match="needs a reason"):
        reject_changes(world.office, world.group, plan, [people[0].address], reason="  ")
    assert world.plan(people[:3]).record.counts["rejected"] == 0
    say_no(world, plan)
    with pytest.raises(ReviewError, match="rejected already"):
        reject_changes(world.office, world.group, plan, [people[0].address], reason="no")


def test_what_was_rejected_may_be_asked_again_when_somebody_says_so(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    people = lapsed(world.people(5), 3)
    plan = world.plan(people).record
    say_no(world, plan)
    assert take_back(world.office, plan, [people[0].address], reason="a mistake") == 1
    assert world.plan(people).record.counts["held"] == 1
    assert take_back(world.office, plan, reason="") == 2
    assert world.plan(people).record.counts["held"] == 3
    with pytest.raises(ReviewError, match="Nothing that was rejected"):
        take_back(world.office, plan, reason="")
    assert len(entries(world, "plan.rejection_lifted")) == 2


def test_workers_heed_rejections_as_one_process_does(world: World) -> None:
    people = lapsed(world.people(40), 10)
    say_no(world, world.plan(people).record)
    rejections = rejections_in(world.office, world.group)
    engine = world.rules.engine(world.group, START)
    question = Question(world.group, engine, START, 40, rejections)
    with world.office.database.connect() as connection:
        rows = [row for part in candidates.addition_rows(connection, world.group.name) for row in part]
    alone = Judge(question).judge(rows)
    with Crowd(question, 1) as crowd:
        [theirs] = crowd.judge([rows])
    assert theirs.changes == alone.changes
    assert theirs.tally.counts() == alone.tally.counts()
    assert alone.tally.rejected == 40  # the whole was held


def test_who_is_erased_leaves_no_rejection_and_the_plan_is_void_and_not_open(world: World) -> None:
    people = lapsed(world.people(5), 2)
    plan = world.plan(people).record
    reject_changes(world.office, world.group, plan, [people[0].address], reason="no")
    assert people[0].key in rejections_in(world.office, world.group)
    with world.office.database.write() as connection:
        privacy.erase_rows(connection, privacy.identify(connection, people[0].key), "stand-in")
    assert rejections_in(world.office, world.group) == {}
    assert state(world, plan) == "void"
    with pytest.raises(StaleError, match="were erased"):
        world.approve(plan)
    file = read_plan(world.office, plan, world.group, world.rules, drift_percent=10)
    assert (file.erased, file.drift) == (1, None)
    assert people[0].key not in {change.key for change in people_in(world.office, plan)}


def test_a_plans_file_tells_approvals_reasons_and_drift_and_changes_nothing(world: World) -> None:
    people = lapsed(world.people(30), 2)
    plan = world.plan(people).record
    world.approve(plan)
    before = world.kinds()
    file = read_plan(world.office, plan, world.group, world.rules, drift_percent=10)
    assert (file.state, file.waiting, file.voided, file.approvals.names) == ("approved", 30, False, "grace")
    assert [(one.effect, one.rule, one.number) for one in file.reasons] == [("hold", "consent@2/newcomer", 2)]
    assert file.drift is not None
    assert (file.drift.stands, file.drift.moved) == (30, 0)
    world.import_roster(people[:20])
    file = read_plan(world.office, plan, world.group, world.rules, drift_percent=10)
    assert file.voided
    assert file.drift is not None
    assert file.drift.counts == {Cause.OFF_ROSTER: 10}
    assert [kind for kind in world.kinds() if kind != "roster.imported"] == [
        kind for kind in before if kind != "roster.imported"
    ]
    assert read_plan(world.office, plan, None, world.rules, drift_percent=10).drift is None


def test_a_plans_file_and_its_outline_count_the_same_reasons(world: World) -> None:
    people = lapsed(world.people(4), 2)
    plan = world.plan(people).record
    world.rules = rules_of(CONSENT, GUARD.replace(b"value: 20", b"value: 1"))
    reject_changes(world.as_actor("grace"), world.group, plan, [people[0].address], reason="no")
    whole = world.plan(people).record
    reject_changes(world.as_actor("grace"), world.group, whole, [people[3].address], reason="no")
    again = world.plan(people).record
    with world.office.database.write() as connection:
        privacy.erase_rows(connection, privacy.identify(connection, people[1].key), "stand-in")
    reasons = read_plan(world.office, again, world.group, world.rules, drift_percent=10).reasons
    assert {(one.effect, one.rule, one.number) for one in reasons} == {
        ("rejected", "consent@2/newcomer", 1),
        ("rejected", "no rule", 1),
    }
    assert outline_of(world.office.database, again).reasons == reasons
