"""Drafts, revisions and guards, tried on what was planned before: from what is stored, and without writing anything."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.world import CONSENT, GUARD, START, World, rules_of
from workplace_sync.errors import InputError, StoreError, UsageError
from workplace_sync.jobs.backtest import backtest, counted
from workplace_sync.jobs.plan import plan_named
from workplace_sync.jobs.policy_diff import Flip, flips, text_diff
from workplace_sync.jobs.policy_folder import read_draft_files
from workplace_sync.jobs.revisions import find_revision
from workplace_sync.jobs.tune import tune
from workplace_sync.policy.backtest import read_draft
from workplace_sync.policy.compare import differences
from workplace_sync.roster.person import ConsentClaim
from workplace_sync.store.plans import PlanRecord
from workplace_sync.store.reading import reading

RECENT = b"""
kind: MembershipPolicy
metadata: {id: consent, version: 3, title: Consent given of late, owner: the committee,
           source: {title: Minute 9}, effective_from: 2030-01-01T00:00:00Z}
match: {actions: [add]}
params: {age: {type: duration, value: 240h, tighten: lower}}
rules:
  - id: recent
    title: Consent given of late
    conditions: [{name: recent, expression: "subject.consent != 'opted_in' || now - subject.consent_at <= params.age"}]
    effect: hold
    message: The consent is an old one.
  - {id: role, title: No reps, effect: deny, message: No reps., conditions: [{name: no_rep, expression: "!('rep' in subject.roles)"}]}
plan_rules:
  - {id: few, expression: "plan.additions <= 4", effect: hold, message: Many.}
"""


def digests(world: World) -> dict[str, str]:
    folder = Path(str(world.office.database.file)).parent
    files = (path for path in folder.iterdir() if path.suffix != ".db-shm")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def planned(world: World) -> PlanRecord:
    """Plan seven people and carry out what goes: one rep, one without consent, one lapsed, two whose consent is new."""
    people = world.people(7)
    people[0] = replace(people[0], roles=("rep",))
    people[1] = replace(people[1], consent=ConsentClaim.UNKNOWN)
    people[2] = replace(people[2], status="lapsed")
    people[3] = replace(people[3], consent_at=START - timedelta(days=2))
    people[4] = replace(people[4], consent_at=START - timedelta(days=3))
    plan = world.plan(people).record
    world.apply(plan)
    return plan


def test_a_draft_is_tried_on_what_was_decided_as_if_it_had_always_been_in_force(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    plan = planned(world)
    draft = read_draft({"draft.yaml": RECENT})
    found = backtest(world.office.database, draft, since=START, params=lambda _: {}, listed=10)
    assert (found.plans, found.decisions) == (1, 7)
    assert (found.stopped, found.newly, found.done, found.released) == (4, 3, 3, 1)
    told = [(one.rule, one.effect, one.about, one.changes, one.went, one.done) for one in counted(found)]
    assert told == [
        ("consent@3/recent", "hold", "add", 4, 3, 3),
        ("consent@3/few", "hold", "plan", 1, 1, 0),
        ("consent@3/role", "deny", "add", 1, 1, 1),
    ]
    rep = next(one for one in found.examples if one.rule == "consent@3/role")
    assert (rep.address, rep.then, rep.plan, rep.carried_out) == (world.everybody[0], "allow", plan.digest, True)


def test_a_group_has_its_own_values_in_a_backtest_too(world: World) -> None:
    planned(world)
    draft = read_draft({"draft.yaml": RECENT})
    values: dict[str, dict[str, dict[str, object]]] = {
        world.group.name: {"consent": {"age": "24h"}, "elsewhere": {"x": 1}}
    }
    assert (
        backtest(world.office.database, draft, since=START, params=values.__getitem__)
        .rules["consent@3/recent", "hold", "add"]
        .changes
        == 6
    )
    with pytest.raises(InputError, match="cannot be used"):
        backtest(world.office.database, draft, since=START, params=lambda _: {"consent": {"age": "9999h"}})


def test_only_plans_since_then_and_of_the_group_are_looked_at(world: World) -> None:
    planned(world)
    draft = read_draft({"draft.yaml": RECENT})
    later = backtest(world.office.database, draft, since=START + timedelta(days=1), params=lambda _: {})
    other = backtest(world.office.database, draft, since=START, params=lambda _: {}, group="another")
    assert (later.plans, other.plans, other.rules) == (0, 0, {})


def test_a_backtest_writes_nothing(world: World) -> None:
    planned(world)
    before, size = digests(world), world.office.log.size
    backtest(world.office.database, read_draft({"draft.yaml": RECENT}), since=START, params=lambda _: {}, listed=9)
    tune(world.office.database, world.rules.policies, now=START, since=None, params=lambda _: {})
    assert (digests(world), world.office.log.size) == (before, size)


def test_what_only_reads_cannot_write(world_on_each_engine: World) -> None:
    database = world_on_each_engine.office.database
    statement = "DELETE FROM plan"
    with pytest.raises(StoreError), reading(database) as connection:
        connection.exec_driver_sql(statement)
    with database.write() as connection:
        connection.exec_driver_sql(statement)


def test_a_draft_without_a_policy_is_refused() -> None:
    with pytest.raises(InputError, match="no policy in the draft"):
        read_draft({})


def test_a_draft_is_a_file_or_a_folder(tmp_path: Path) -> None:
    (tmp_path / "union").mkdir()
    file = tmp_path / "union" / "draft.yaml"
    file.write_bytes(RECENT)
    assert read_draft_files(file, tmp_path) == ({"union/draft.yaml": RECENT}, None)
    assert read_draft_files(file, tmp_path / "elsewhere")[0] == {"draft.yaml": RECENT}
    assert read_draft_files(tmp_path, tmp_path)[0] == {"union/draft.yaml": RECENT}
    with pytest.raises(UsageError):
        read_draft_files(tmp_path / "none.yaml", tmp_path)


def changed(world: World) -> tuple[str, str]:
    """Put other rules into force; returns the names of the two revisions."""
    one = world.rules.policies.revision
    world.rules = rules_of(
        CONSENT.replace(b"effect: hold", b"effect: deny").replace(b"version: 2", b"version: 3"), GUARD
    )
    world.plan()
    return one, world.rules.policies.revision


def test_two_revisions_differ_in_words_in_text_and_in_whom_they_treat_otherwise(world: World) -> None:
    plan = planned(world)
    names = changed(world)
    one, other = (find_revision(world.office.database, name[7:20], lambda: world.rules) for name in names)
    assert (one.name, other.name) == names
    told = [each.sentence for each in differences(one.policies, other.policies)]
    assert told[0].startswith("consent version 2")
    assert "Its rule newcomer is changed: effect hold becomes deny." in told
    assert "-    effect: hold" in list(text_diff(one, other))
    found = flips(world.office.database, plan, one, other, {}, listed=5)
    assert (found.decisions, found.flipped, dict(found.flips)) == (7, 1, {("add", "hold", "deny"): 1})
    assert found.examples == [
        Flip(world.everybody[2], "add", "hold", "deny", ("consent@2/newcomer",), ("consent@3/newcomer",))
    ]
    assert found.plan_before == found.plan_after
    assert flips(world.office.database, plan, one, other, {}, listed=0).examples == []


def test_a_revision_decides_a_stored_plan_as_it_did(world: World) -> None:
    plan = planned(world)
    name = world.rules.policies.revision
    one = find_revision(world.office.database, name, lambda: world.rules)
    disk = find_revision(world.office.database, "disk", lambda: world.rules)
    found = flips(world.office.database, plan_named(world.office.database, plan.digest), one, disk, {}, listed=5)
    assert (found.flipped, found.plan_before.effect) == (0, plan.header.effect.value)
    assert list(text_diff(one, disk)) == [line for line in text_diff(one, disk) if "built-in" in line]


def test_the_whole_plan_may_be_judged_otherwise(world: World) -> None:
    plan = planned(world)
    one = find_revision(world.office.database, world.rules.policies.revision, lambda: world.rules)
    stricter = rules_of(CONSENT, GUARD.replace(b"value: 20", b"value: 3"))
    disk = find_revision(world.office.database, "disk", lambda: stricter)
    found = flips(world.office.database, plan, one, disk, {"unknown": {"x": 1}, "guard": {"no_such": 1}}, listed=5)
    assert (found.plan_before.effect, found.plan_after.effect, found.plan_after.rules) == (
        "allow",
        "hold",
        ("guard@1/a_day",),
    )


@pytest.mark.parametrize("name", ["sha256:", "", "feed", "%"])
def test_a_revision_that_is_not_known_is_refused(world: World, name: str) -> None:
    planned(world)
    with pytest.raises(UsageError, match="no such revision"):
        find_revision(world.office.database, name, lambda: world.rules)


def test_tuning_tells_how_often_a_guard_tripped_and_how_close_the_others_came(world: World) -> None:
    planned(world)
    world.plan(world.people(25))
    found = tune(world.office.database, world.rules.policies, now=START, since=None, params=lambda _: {})
    assert found.plans == 2
    guard = found.guards[world.group.name, "guard@1/a_day"]
    assert (guard.plans, guard.tripped, guard.errors) == (2, 1, 0)
    most = guard.params["most"]
    assert (most.value, most.closest, most.margin) == (20, 25, -5)  # 20 more, and 5 were added before
    floor = found.guards[world.group.name, "guard@1/floor"].params["fewest"]
    assert floor.margin is not None
    assert floor.margin > 0
