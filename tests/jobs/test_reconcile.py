"""Reconciling a group unattended: both sides are disturbed in every way, and what is left behind is looked at."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.unattended import Union, members, rows_kept, shown, unknown
from tests.sandbox_server import SandboxHandle
from tests.world import CONSENT, GUARD, World, built, rules_of
from workplace_sync.errors import ExitCode, Fault, InputError, SettingsError
from workplace_sync.jobs.review import approve, reject
from workplace_sync.jobs.running import Verb, running
from workplace_sync.membership.group import RemovalRules
from workplace_sync.policy.bench import Seat
from workplace_sync.policy.panel import Panel
from workplace_sync.roster.person import ConsentClaim
from workplace_sync.store import runs
from workplace_sync.store.database import Database


@pytest.fixture
def union(world: World) -> Union:
    """A union whose roster is empty, and whose group was read once."""
    made = Union(world)
    assert made.reconcile().code is ExitCode.DONE
    return made


def test_with_nothing_to_do_one_reading_is_made_and_one_entry_is_left(union: Union) -> None:
    world = union.world
    union.write(world.people(3))
    union.reconcile()
    read, sent, kinds, kept = union.read, world.platform.requests_sent, world.kinds(), union.plans()
    found = union.reconcile()
    once = world.platform.requests_sent - sent
    assert (found.code, found.news, shown(found)) == (ExitCode.DONE, False, {})
    assert world.kinds()[len(kinds) :] == ["snapshot.taken"]
    assert (union.read, union.plans()) == (read, kept)
    sent = world.platform.requests_sent
    world.observe()
    assert once == world.platform.requests_sent - sent


def test_with_nothing_to_do_a_reading_a_run_and_an_entry_are_all_that_is_written(union: Union) -> None:
    union.write([*union.world.people(3), *unknown(union, 5)[3:]])
    union.reconcile()
    before = rows_kept(union)
    assert union.reconcile().news is False
    grown = {table: number - before[table] for table, number in rows_kept(union).items() if number != before[table]}
    assert {table: grown.get(table, 0) for table in ("snapshot", "run", "evidence_entry", "opening")} == {
        "snapshot": 1,
        "run": 1,
        "evidence_entry": 1,
        "opening": 1,
    }
    assert set(grown) <= {"snapshot", "run", "evidence_entry", "opening", "evidence_tile", "evidence_checkpoint"}


def test_rules_are_compiled_for_what_there_is_to_decide_and_for_nothing_else(
    union: Union, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[int] = []
    compile_rules = Panel.__init__

    def counted(panel: Panel, seats: Sequence[Seat], *others: Any) -> None:  # noqa: ANN401 - what the panel takes
        compiled.append(len(seats))
        compile_rules(panel, seats, *others)

    monkeypatch.setattr(Panel, "__init__", counted)
    union.reconcile()
    assert compiled == []
    union.write(unknown(union, 1))
    union.reconcile()
    assert len(compiled) == 2, "the rules about adding, and those about the plan"


def test_who_is_on_the_roster_and_may_be_added_is_added_once_and_read_back(union: Union) -> None:
    people = union.world.people(5)
    union.write(people)
    found = union.reconcile()
    assert (found.code, found.news, shown(found)) == (ExitCode.DONE, True, {"added": 5})
    assert found.summary.startswith("5 added.")
    union.reconcile()
    assert sorted(union.world.added()) == sorted(person.address for person in people)
    assert {person.key for person in people} <= union.world.really_in()


def test_what_is_held_waits_under_the_same_plan_run_after_run(union: Union) -> None:
    union.write([*union.world.people(2), *unknown(union, 5)[2:]])
    first = union.reconcile()
    assert (first.code, first.news, shown(first)) == (ExitCode.HELD, True, {"added": 2, "waiting": 3})
    kept, kinds = union.plans(), union.world.kinds()
    for _ in range(2):
        again = union.reconcile()
        assert (again.code, again.news, again.plan) == (ExitCode.HELD, False, first.plan)
        assert shown(again) == {"waiting": 3}
    assert union.plans() == kept
    assert union.world.kinds()[len(kinds) :] == ["snapshot.taken"] * 2


def test_an_approved_plan_is_carried_out_by_the_next_run(union: Union) -> None:
    union.write(unknown(union, 3))
    assert union.reconcile().waiting == 3
    union.world.approve(union.plans()[0])
    found = union.reconcile()
    assert (found.code, shown(found)) == (ExitCode.DONE, {"added": 3})
    assert len(union.world.added()) == 3
    assert (union.reconcile().code, len(union.plans())) == (ExitCode.DONE, 1)


def test_a_rejected_plan_stays_quiet(union: Union) -> None:
    union.write(unknown(union, 3))
    union.reconcile()
    reject(union.world.as_actor("grace"), union.plans()[0], reason="no", valid=timedelta(hours=1))
    union.reconcile()
    for _ in range(2):
        found = union.reconcile()
        assert (found.code, found.news, found.waiting) == (ExitCode.DONE, False, 0)
    union.world.clock.advance(timedelta(days=9))
    assert union.reconcile().waiting == 0
    assert union.world.added() == []


def test_another_roster_makes_another_plan_and_the_approval_of_the_old_one_still_counts_for_its_own_people(
    union: Union,
) -> None:
    union.write(unknown(union, 3))
    union.reconcile()
    union.world.approve(union.plans()[0])
    union.write(unknown(union, 4))
    found = union.reconcile()
    assert (found.code, shown(found)) == (ExitCode.HELD, {"added": 3, "waiting": 1})
    assert len(union.plans()) == 2


def test_a_held_plan_is_made_anew_in_the_last_quarter_of_its_time_unless_somebody_spoke(union: Union) -> None:
    union.write(unknown(union, 3))
    first = union.reconcile(valid_hours=100)
    union.world.clock.advance(timedelta(hours=74))
    assert union.reconcile(valid_hours=100).plan == first.plan
    union.world.clock.advance(timedelta(hours=2))
    second = union.reconcile(valid_hours=100)
    assert second.new_plan
    assert second.plan != first.plan
    approve(union.world.as_actor("grace"), union.plans()[0], approvers=(), reason="", valid=timedelta(hours=1))
    union.world.clock.advance(timedelta(hours=80))
    assert union.reconcile(valid_hours=100).plan == second.plan


def test_whom_the_policies_do_not_allow_is_counted_and_told_once(union: Union) -> None:
    union.write(union.world.people(4, consent=ConsentClaim.UNKNOWN))
    first, second = union.reconcile(), union.reconcile()
    assert (first.code, first.news, shown(first)) == (ExitCode.DONE, True, {"denied": 4})
    assert (second.code, second.news, shown(second)) == (ExitCode.DONE, False, {"denied": 4})
    union.world.clock.advance(timedelta(days=30))
    assert not union.reconcile().new_plan
    assert len(union.plans()) == 1


def test_a_held_whole_waits_as_a_whole(union: Union) -> None:
    union.write(union.world.people(25))
    found = union.reconcile()
    assert (found.code, shown(found)) == (ExitCode.HELD, {"waiting": 25})
    assert union.world.added() == []
    union.world.approve(union.plans()[0])
    assert shown(union.reconcile()) == {"added": 25}


def test_a_guard_that_forbids_ends_with_its_code_and_nothing_is_written(union: Union) -> None:
    strict = GUARD.replace(b"value: 1}", b"value: 4000}")
    union.world.rules = rules_of(CONSENT, strict)
    union.write(union.world.people(2))
    first, second = union.reconcile(), union.reconcile()
    assert (first.code, first.news, second.code, second.news) == (ExitCode.GUARD, True, ExitCode.GUARD, False)
    assert "The group would be too small." in first.trouble
    assert union.world.added() == []
    assert len(union.plans()) == 1


def test_a_group_that_cannot_be_read_is_told_once_and_changes_nothing(union: Union) -> None:
    union.write(union.world.people(2))
    union.world.sandbox.fault("token_revoked", tenant="bt")
    first, second = union.reconcile(), union.reconcile()
    assert (first.code, first.news, second.code, second.news) == (ExitCode.BLIND, True, ExitCode.BLIND, False)
    assert first.members is None
    union.world.sandbox.control("DELETE", "faults")
    assert shown(union.reconcile()) == {"added": 2}


def test_an_archived_group_is_blind_and_nobody_counts_as_gone(union: Union) -> None:
    world = union.world
    world.sandbox.control("POST", "employer/archive", {"group": world.group.platform_id})
    found = union.reconcile()
    assert (found.code, found.departed) == (ExitCode.BLIND, 0)
    assert "archived" in found.trouble


def test_a_removal_by_the_employer_is_told_and_opens_an_incident_and_nobody_is_put_back_by_force(union: Union) -> None:
    people = union.world.people(20)
    union.write(people)
    union.reconcile()
    gone = [person.address for person in people[:15]]
    union.world.sandbox.control("POST", "employer/remove", {"group": union.world.group.platform_id, "emails": gone})
    found = union.reconcile()
    assert (found.departed, found.gone, found.news) == (15, 15, True)
    assert found.incident
    assert "15 gone without our doing" in found.summary
    assert "incident.opened" in union.world.kinds()


def test_with_add_only_nobody_is_removed_even_where_an_approved_plan_says_so(world_with_removals: World) -> None:
    union = Union(world_with_removals)
    people, former = union.world.people(4), members(union)
    union.write([*former, *people])
    union.reconcile(add_only=True)
    union.write([*former, *people[:2], *union.world.people(6)[4:]])
    found = union.reconcile(add_only=True)
    assert shown(found) == {"added": 2}
    assert {person.key for person in people} <= union.world.really_in()
    held = union.reconcile()
    assert (held.code, shown(held)) == (ExitCode.HELD, {"waiting": 2})
    union.world.approve(union.plans()[0])
    aside = union.reconcile(add_only=True)
    assert "removes people" in aside.set_aside[0]
    assert aside.removed == 0
    assert union.reconcile().removed == 2


def test_with_observe_only_neither_roster_nor_policies_are_needed(union: Union) -> None:
    union.faulty.append(InputError("The policies are wrong."))
    union.write([Fault("bt.csv", 2, 0, "email", "is no address")])
    kinds = union.world.kinds()
    found = union.reconcile(observe_only=True)
    assert (found.code, shown(found), union.read) == (ExitCode.DONE, {}, 1)
    assert union.world.kinds()[len(kinds) :] == ["snapshot.taken"]


@pytest.mark.parametrize("fault", ["roster", "policies"])
def test_a_faulty_roster_or_policy_stops_every_change_but_not_the_watching(union: Union, fault: str) -> None:
    union.write(union.world.people(3))
    if fault == "roster":
        union.write([Fault("bt.csv", 2, 0, "email", "is no address")])
    else:
        union.faulty.append(SettingsError("There are no policies."))
    kinds = union.world.kinds()
    found = union.reconcile()
    assert (found.code, found.news, shown(found)) == (ExitCode.ERROR, True, {})
    assert found.trouble
    assert union.world.kinds()[len(kinds) :][-1] == "snapshot.taken"
    assert union.world.added() == []


def test_a_change_the_platform_refuses_is_not_tried_again_until_its_plan_is_made_anew(union: Union) -> None:
    people = union.world.people(3)
    refused = {"tenant": "bt", "emails": [people[0].address]}
    union.world.sandbox.control("POST", "employer/deactivate", refused)
    union.write(people)
    first = union.reconcile()
    assert (first.code, first.news, shown(first)) == (ExitCode.PARTIAL, True, {"added": 2, "refused": 1})
    sent = union.world.platform.requests_sent
    second = union.reconcile()
    assert (second.code, second.news, shown(second)) == (ExitCode.PARTIAL, False, {"refused": 1})
    assert union.world.platform.requests_sent - sent < 5
    assert len(union.plans()) == 1
    union.world.sandbox.control("POST", "employer/deactivate", refused | {"active": True})
    union.world.clock.advance(timedelta(hours=60))
    assert shown(union.reconcile()) == {"added": 1}
    assert union.reconcile().code is ExitCode.DONE


def test_an_approved_plan_under_other_policies_is_set_aside_and_made_anew(union: Union) -> None:
    union.write(unknown(union, 3))
    union.reconcile()
    union.world.approve(union.plans()[0])
    union.world.rules = rules_of(CONSENT, GUARD.replace(b"value: 20", b"value: 19"))
    found = union.reconcile()
    assert (found.code, found.new_plan, shown(found)) == (ExitCode.HELD, True, {"waiting": 3})
    assert "was approved and is not carried out" in found.set_aside[0]


def test_an_answer_that_never_came_is_settled_and_nobody_is_added_twice(union: Union) -> None:
    union.world.sandbox.fault("close_connection", on="write", calls=1, when="after")
    union.write(union.world.people(4))
    codes = [union.reconcile().code for _ in range(2)]
    assert codes[-1] is ExitCode.DONE
    assert len(union.world.added()) == len(set(union.world.added())) == 4


def test_a_run_told_to_stop_ends_in_order_and_the_next_goes_on(union: Union) -> None:
    union.write(union.world.people(6))
    stopped = union.reconcile(stop=lambda: True)
    assert (stopped.code, stopped.added) == (ExitCode.INTERRUPTED, 0)
    assert shown(union.reconcile()) == {"added": 6}


def test_a_run_stopped_between_two_batches_keeps_what_was_done_and_the_same_plan_goes_on(union: Union) -> None:
    world = union.world
    world.rules = rules_of(CONSENT)
    union.write(world.people(120))
    stopped = union.reconcile(stop=lambda: len(world.added()) >= 50)
    assert stopped.code is ExitCode.INTERRUPTED
    done = len(world.added())
    assert 50 <= done < 120
    found = union.reconcile()
    assert (found.code, world.kinds().count("plan.made")) == (ExitCode.DONE, 1)
    assert len(world.added()) == len(set(world.added())) == 120


def test_a_group_that_another_run_holds_is_busy_and_that_is_no_news(union: Union) -> None:
    with running(union.world.office, union.world.group.name, Verb.APPLY):
        found = union.reconcile()
    assert (found.code, found.news) == (ExitCode.BUSY, False)
    assert union.reconcile().code is ExitCode.DONE


def test_how_a_run_ended_stands_in_its_row(union: Union) -> None:
    union.write(unknown(union, 3))
    found = union.reconcile()
    with union.world.office.database.connect() as connection:
        row = runs.recent(connection, None, limit=1)[0]
    assert (row.verb, row.exit_code, row.summary) == ("reconcile", ExitCode.HELD, found.summary)
    assert row.counts["waiting"] == 3


def test_it_is_the_same_on_each_engine(world_on_each_engine: World) -> None:
    union = Union(world_on_each_engine)
    union.write([*union.world.people(2), *unknown(union, 4)[2:]])
    assert shown(union.reconcile())["added"] == 2
    assert shown(union.reconcile()) == {"waiting": 2}
    union.world.approve(union.plans()[0])
    assert shown(union.reconcile()) == {"added": 2}
    assert union.reconcile().news is False


@pytest.fixture
def world_with_removals(sqlite_database: Database, tmp_path: Path, sandbox: SandboxHandle) -> Iterator[World]:
    """A world whose roster also takes people out, with a hold on that."""
    with built(sqlite_database, tmp_path, sandbox, removals=RemovalRules(not_eligible=True)) as world:
        world.rules = rules_of(CONSENT, LEAVING)
        yield world


LEAVING = b"""
kind: MembershipPolicy
metadata: {id: leaving, version: 1, title: Somebody looks first, owner: the committee,
           source: {title: Minute 3}, effective_from: 2020-03-01T00:00:00Z}
match: {actions: [remove]}
rules:
  - id: look
    title: Somebody looks first
    conditions: [{name: never, expression: "subject.status == 'none'"}]
    effect: hold
    message: Somebody looks first.
"""
