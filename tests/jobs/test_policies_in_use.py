"""Policies coming into use, versions that begin while a plan waits, and exceptions from rules in real plans."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.world import CONSENT, GUARD, START, World, rules_of
from workplace_sync.cases.quarter import Quarter
from workplace_sync.cases.statement import Today
from workplace_sync.errors import StaleError
from workplace_sync.jobs.plan import activate
from workplace_sync.jobs.policy_log import activations_logged
from workplace_sync.jobs.quarterly_groups import group_figures
from workplace_sync.jobs.rule_texts import RuleTexts
from workplace_sync.jobs.statement import make_statement
from workplace_sync.membership.plan import PlannedChange
from workplace_sync.policy.decision import Effect
from workplace_sync.roster.person import ConsentClaim
from workplace_sync.store import plans
from workplace_sync.store.plans import PlanRecord

TRIAL = """
kind: PolicyException
id: trial
title: A trial
reason: The committee tries it out.
owner: Bryn Marrow
approver: Cerys Quarry
approved_at: 2026-11-20T00:00:00Z
expires_at: 2026-11-22T00:00:00Z
rules: [consent/on_record]
people: [%s]
"""


def changes(world: World, plan: PlanRecord) -> dict[str, PlannedChange]:
    with world.office.database.connect() as connection:
        return {change.key: change for change in plans.changes(connection, plan.id)}


def two_without_consent(world: World) -> tuple[PlanRecord, list[str]]:
    """Plan for four people, of whom two have no consent and one of these is named in an exception."""
    people = world.people(4)
    people[:2] = [replace(person, consent=ConsentClaim.UNKNOWN) for person in people[:2]]
    world.rules = rules_of(CONSENT, GUARD, (TRIAL % people[0].key).encode())
    return world.plan(people).record, [person.key for person in people]


def test_coming_into_use_is_logged_with_what_is_different(world: World) -> None:
    activate(world.office, world.rules)
    assert not activate(world.office, world.rules)
    world.rules = rules_of(
        CONSENT.replace(b"version: 2", b"version: 3").replace(b"effect: hold", b"effect: deny"), GUARD
    )
    assert activate(world.as_actor("grace"), world.rules)
    newest, first = activations_logged(world.office, 10)
    assert first.sentences == ["4 policies came into use for the first time"]
    assert (newest.by, newest.former, newest.revision) == ("grace", first.revision, world.rules.policies.revision)
    assert newest.sentences == [
        "policy consent version 3 is new",
        "policy consent version 2 is gone",
        "rule consent/newcomer has changed",
    ]
    assert newest.head().endswith(f"by grace (entry {newest.seq})")
    assert newest.data()["former_revision"] == first.revision
    assert "after" not in first.head()
    assert [one.seq for one in activations_logged(world.office, 1)] == [newest.seq]


def test_moving_a_file_is_no_change_of_the_policies(world: World) -> None:
    activate(world.office, world.rules)
    assert not activate(world.office, rules_of(GUARD, CONSENT))


def test_a_plan_of_former_policies_has_to_be_made_again(world: World) -> None:
    plan = world.plan(world.people(3)).record
    world.rules = rules_of(CONSENT, GUARD.replace(b"value: 20", b"value: 21"))
    with pytest.raises(StaleError, match="policies have changed"):
        world.apply(plan)
    assert world.added() == []


def test_the_texts_of_all_versions_are_found_under_the_revision(world: World) -> None:
    first = CONSENT.replace(b"2020-03-01T00:00:00Z}", b"2020-03-01T00:00:00Z, effective_until: 2021-03-01T00:00:00Z}")
    second = CONSENT.replace(b"version: 2", b"version: 3").replace(b"2020-03-01", b"2021-03-01")
    world.rules = rules_of(first + b"---\n" + second, GUARD)
    activate(world.office, world.rules)
    texts = RuleTexts(world.office).find(
        world.rules.policies.revision, ["consent@2/on_record", "consent@3/on_record", "consent@4/on_record"]
    )
    assert [(text.cite, text.in_force_from) for text in texts] == [
        ("consent@2/on_record", "2020-03-01"),
        ("consent@3/on_record", "2021-03-01"),
    ]


def test_a_change_that_a_version_decides_which_began_since_does_not_go(world: World) -> None:
    begins = (START + timedelta(hours=1)).isoformat().encode()
    first = CONSENT.replace(b"2020-03-01T00:00:00Z}", b"2020-03-01T00:00:00Z, effective_until: " + begins + b"}")
    second = CONSENT.replace(b"version: 2", b"version: 3").replace(b"2020-03-01T00:00:00Z", begins)
    world.rules = rules_of(first, second.replace(b"== 'active'", b"== 'retired'"), GUARD)
    plan = world.plan(world.people(3)).record
    assert plan.counts["added"] == 3
    world.clock.advance(timedelta(hours=2))
    report = world.apply(plan, drift_percent=100)
    assert (report.asked, report.accepted, world.added()) == (0, 0, [])


def test_whom_an_exception_names_goes_and_is_counted_apart(world: World) -> None:
    plan, keys = two_without_consent(world)
    assert {name: plan.counts[name] for name in ("added", "denied", "excepted")} == {
        "added": 3,
        "denied": 1,
        "excepted": 1,
    }
    found = changes(world, plan)
    assert (found[keys[0]].effect, found[keys[0]].excepted) == (
        Effect.EXCEPTED, ("consent@2/on_record by trial",),
    )  # fmt: skip
    assert found[keys[0]].facts["subject.exceptions"] == ["trial"]
    assert (found[keys[1]].effect, found[keys[1]].excepted) == (Effect.DENY, ())
    assert (found[keys[2]].effect, found[keys[2]].excepted) == (Effect.ALLOW, ())
    world.apply(plan)
    assert world.really_in() >= {keys[0], keys[2], keys[3]}
    assert keys[1] not in world.really_in()


def test_a_statement_and_a_quarters_figures_know_who_came_by_an_exception(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    plan, keys = two_without_consent(world)
    world.apply(plan)
    made = make_statement(world.office, world.group, world.rules, keys, about="them", day=world.clock())
    said = {one.person: (one.consent, one.today) for one in made.additions}
    assert said == {
        keys[0]: ("none", Today.ALLOWED),  # the exception is in force today, too
        keys[2]: ("opted_in", Today.ALLOWED),
        keys[3]: ("opted_in", Today.ALLOWED),
    }
    assert made.unrecorded == (keys[1],)
    with world.office.database.connect() as connection:
        figures = group_figures(connection, world.group, world.rules, Quarter.of(START))
    assert figures.policies == {
        "by an exception from a policy": 1,
        "every policy in force, none of which held or denied it": 2,
    }


def test_an_exception_that_ended_since_the_plan_was_made_frees_nobody(world: World) -> None:
    plan, keys = two_without_consent(world)
    world.clock.advance(timedelta(hours=20))
    report = world.apply(plan, drift_percent=100)
    assert (report.skipped, report.accepted) == (1, 2)
    assert keys[0] not in world.really_in()


def test_no_exception_adds_somebody_who_opted_out(world: World) -> None:
    people = world.people(1)
    people[0] = replace(people[0], consent=ConsentClaim.WITHDRAWN)
    world.rules = rules_of(CONSENT, GUARD, (TRIAL % people[0].key).encode())
    plan = world.plan(people).record
    assert plan.counts["denied"] == 1
    assert changes(world, plan)[people[0].key].rules == ("floor-opt-out@1/opted-out",)


def test_a_plan_as_a_whole_may_be_excepted_and_says_so(world: World) -> None:
    whole = (TRIAL % "").replace("[consent/on_record]", "[guard/a_day]").replace("people: []\n", "")
    world.rules = rules_of(CONSENT, GUARD.replace(b"value: 20", b"value: 2"), whole.encode())
    plan = world.plan(world.people(3)).record
    assert (plan.header.effect, plan.header.rules) == (Effect.EXCEPTED, ())
    assert plan.header.excepted == ("guard@1/a_day by trial",)
    assert world.apply(plan).accepted == 3
