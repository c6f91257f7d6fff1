"""Planning: what is wanted, what the policies make of it, and a digest that holds."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.world import CONSENT, GUARD, World, rules_of
from workplace_sync.errors import BlindError, Fault, InputError, StoreError, UsageError
from workplace_sync.jobs.consent import record_consent
from workplace_sync.jobs.plan import check_digest, find_plan
from workplace_sync.jobs.rosters import RosterSource, import_rosters
from workplace_sync.membership.group import RemovalRules
from workplace_sync.membership.plan import PlannedChange, restored_facts
from workplace_sync.policy.decision import Effect
from workplace_sync.roster.consent import ConsentKind
from workplace_sync.roster.person import ConsentClaim, Method, RosterPerson
from workplace_sync.store import plans


def changes(world: World, plan: plans.PlanRecord) -> list[PlannedChange]:
    with world.office.database.connect() as connection:
        return list(plans.changes(connection, plan.id))


def test_each_person_is_decided_by_the_policies_and_the_plan_counts_them(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    people = world.people(12)
    people[0] = replace(people[0], consent=ConsentClaim.UNKNOWN)
    people[1] = replace(people[1], consent=ConsentClaim.WITHDRAWN)
    people[2] = replace(people[2], status="lapsed")
    plan = world.plan(people).record
    by_key = {change.key: change for change in changes(world, plan)}
    assert by_key[people[0].key].effect is Effect.DENY
    assert by_key[people[0].key].remedy == "invite"
    assert "floor-opt-out@1" in " ".join(by_key[people[1].key].rules)
    assert not by_key[people[1].key].invitable
    assert by_key[people[2].key].rules == ("consent@2/newcomer",)
    assert plan.counts == {
        "added": 9,
        "removed": 0,
        "held": 1,
        "denied": 2,
        "errors": 0,
        "excepted": 0,
        "invited": 1,
        "rejected": 0,
        "changes": 12,
    }


def test_those_in_the_group_already_are_no_change(world: World) -> None:
    member = world.sandbox.members(world.group.platform_id)[0]["email"]
    inside = replace(world.people(1)[0], key=member.lower(), address=member)
    made = world.plan([inside])
    assert (made.record.counts["changes"], made.already_in) == (0, 1)
    assert made.record.header.effect is Effect.ALLOW


def test_too_many_at_once_hold_the_whole_plan(world: World) -> None:
    plan = world.plan(world.people(21)).record
    assert (plan.header.effect, plan.header.rules) == (Effect.HOLD, ("guard@1/a_day",))


def test_the_digest_is_that_of_the_stored_lines_and_a_changed_line_is_found_out(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    plan = world.plan(world.people(3)).record
    check_digest(world.office, plan)
    with world.office.database.write() as connection:
        connection.execute(text("UPDATE change SET body = replace(body, 'allow', 'warn') WHERE seq = 1"))
    with pytest.raises(StoreError, match="changed after it was made"):
        check_digest(world.office, plan)


def test_every_decision_can_be_recomputed_from_what_was_stored(world: World) -> None:
    people = world.people(6)
    people[0] = replace(people[0], consent=ConsentClaim.UNKNOWN)
    people[1] = replace(people[1], status="lapsed")
    plan = world.plan(people).record
    header = plan.header
    engine = world.rules.engine(world.group, header.now)
    found = list(changes(world, plan))
    assert len(found) == len(people)
    for change in found:
        group_facts = {name: header.facts[name] for name in ("group.name", "group.tenant", "group.size")}
        (again,) = engine.decide(
            change.action.value, [restored_facts(change.facts) | group_facts | {"now": header.now}]
        )
        assert (again.effect, tuple(found.cite for found in again.findings)) == (change.effect, change.rules)


def test_a_roster_with_faulty_rows_changes_nothing_unless_told_to_skip_them(world: World) -> None:
    fault = Fault("roster.csv", 9, 1, "email", "the address has no @")
    with pytest.raises(InputError, match="nothing was imported") as caught:
        world.import_roster([*world.people(2), fault])
    assert caught.value.faults == (fault,)
    assert world.plan().record.counts["changes"] == 0
    rows: list[RosterPerson | Fault] = [*world.people(2), fault]
    report = import_rosters(
        world.office, world.group, [RosterSource(Method.ROSTER_FILE, "r", rows, "bt", skip_faulty_rows=True)]
    )
    assert (report.rows, report.rejected, report.people) == (3, 1, 2)


def test_an_opt_out_that_was_recorded_beats_the_roster_file(world: World) -> None:
    (person,) = world.people(1)
    record_consent(world.office, person.address, ConsentKind.WITHDRAWN, scope="*", source="phone call")
    world.clock.advance(timedelta(days=3))
    newer = replace(person, consent_at=world.clock())
    (change,) = changes(world, world.plan([newer]).record)
    assert change.effect is Effect.DENY
    record_consent(world.office, person.address, ConsentKind.GIVEN, scope="*", source="form")
    (change,) = changes(world, world.plan([newer]).record)
    assert change.effect is Effect.ALLOW


def test_nothing_is_planned_from_a_group_that_could_not_be_read(world: World) -> None:
    world.sandbox.fault("token_revoked", tenant="bt")
    with pytest.raises(BlindError):
        world.plan(world.people(2))
    assert world.kinds()[-1] == "group.blind"


def test_removals_are_planned_only_where_the_group_switches_them_on(world: World) -> None:
    assert world.plan([]).record.counts["changes"] == 0
    world.group = replace(world.group, removals=RemovalRules(not_eligible=True))
    members = len(world.really_in())
    plan = world.plan([]).record
    assert plan.counts["changes"] == members
    assert plan.header.effect is Effect.DENY  # the last member, the administrators and the floor


def test_how_people_came_onto_the_list_is_a_fact_that_policies_can_tell_apart(world: World) -> None:
    world.rules = rules_of(GUARD, CONSENT.replace(b"subject.status == 'active'", b"action.method == 'roster_file'"))
    file, line, copy = (
        RosterSource(method, method.value, [person], tenant="bt")
        for method, person in zip(Method, world.people(3), strict=True)
    )
    import_rosters(world.office, world.group, [file, line, copy])
    held = {change.facts["action.method"]: change.effect for change in changes(world, world.plan().record)}
    assert held == {"roster_file": Effect.ALLOW, "command_line": Effect.HOLD, "group_copy": Effect.HOLD}


def test_the_number_of_statements_does_not_grow_with_the_number_of_people(world: World) -> None:
    def statements(people: int) -> int:
        world.import_roster(world.people(people))
        counted = 0

        def count(*_: object) -> None:
            nonlocal counted
            counted += 1

        from sqlalchemy import event  # noqa: PLC0415 - only here

        snapshot = world.observe().require_complete()
        event.listen(world.office.database.engine, "before_cursor_execute", count)
        from workplace_sync.jobs.plan import make_plan  # noqa: PLC0415 - only here

        make_plan(world.office, world.group, world.rules, snapshot, valid=timedelta(hours=1))
        event.remove(world.office.database.engine, "before_cursor_execute", count)
        return counted

    statements(30)  # the policies come into use with the first plan, and the rule that holds so many is first cited
    assert statements(40) == statements(300)


def test_what_a_plan_was_made_from_is_evidence(world: World) -> None:
    plan = world.plan(world.people(2)).record
    assert world.kinds() == ["roster.imported", "snapshot.taken", "policies.activated", "plan.made"]
    again = world.plan().record
    assert world.kinds()[4:] == ["snapshot.taken", "plan.made"]  # the same policies come into use once
    assert again.digest != plan.digest


def test_a_plan_is_found_by_its_id_and_the_beginning_of_its_digest(world: World) -> None:
    plan = world.plan(world.people(1)).record
    for name in (plan.id, plan.digest, plan.digest[:8]):
        assert find_plan(world.office, name).id == plan.id
    for name in (plan.digest[:5], "nothing", "%%%%%%%%%"):
        with pytest.raises(UsageError, match="no such plan"):
            find_plan(world.office, name)


def test_a_line_of_a_plan_is_json_that_others_can_read(world: World) -> None:
    plan = world.plan(world.people(1)).record
    with world.office.database.connect() as connection:
        (line,) = plans.lines(connection, plan.id)
    assert json.loads(line)["facts"]["subject.consent"] == "opted_in"
