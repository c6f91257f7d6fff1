"""The statement made from a real history: who was added how, what the rules say today, and who is not on record."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.world import CONSENT, GUARD, World, rules_of
from workplace_sync.cases.statement import Today
from workplace_sync.jobs.consent import record_consent
from workplace_sync.jobs.statement import make_statement
from workplace_sync.policy.shelf import load_policies
from workplace_sync.roster.consent import ConsentKind
from workplace_sync.store import privacy

SHELF = Path(__file__).parents[2] / "policies" / "platform"


def test_each_addition_is_told_with_its_consent_its_plan_and_who_approved_it(world: World) -> None:
    people = world.people(25)
    plan = world.plan(people).record
    world.approve(plan)
    world.apply(plan)
    later = world.clock.at + timedelta(days=1)
    made = make_statement(world.office, world.group, world.rules, [p.key for p in people], about="them", day=later)
    assert dict(made.figures)["additions by the union on record"] == 25
    one = made.additions[0]
    assert (one.requested_by, one.approved_by, one.plan_digest, one.consent) == (
        "ada",
        "grace",
        plan.digest,
        "opted_in",
    )
    assert (one.method, one.source, one.today) == ("roster_file", "roster.csv", Today.ALLOWED)
    assert one.entry is not None
    assert world.office.log.opening(one.entry) is not None
    (ruleset,) = made.rulesets
    assert "consent@2/on_record" in {rule.cite for rule in ruleset.rules}
    assert {size.members for size in made.sizes} == {len(world.really_in()), len(world.really_in()) - 25}


def test_what_the_rules_of_today_say_takes_todays_consent_and_todays_rules(world: World) -> None:
    people = world.people(3)
    world.apply(world.plan(people).record)
    record_consent(world.office, people[0].address, ConsentKind.WITHDRAWN, scope="*")
    stricter = rules_of(CONSENT.replace(b"subject.status == 'active'", b"subject.status == 'honorary'"), GUARD)
    now = world.clock.at + timedelta(days=1)
    made = make_statement(world.office, world.group, stricter, [p.key for p in people], about="them", day=now)
    said = {one.person: one.today for one in made.additions}
    assert said == {people[0].key: Today.DENIED, people[1].key: Today.HELD, people[2].key: Today.HELD}
    assert {one.consent for one in made.additions} == {"opted_in"}  # as it was when they were added


def test_of_a_decision_that_was_erased_nothing_is_said_for_today(world: World) -> None:
    people = world.people(2)
    world.apply(world.plan(people).record)
    with world.office.database.write() as connection:
        privacy.erase_rows(connection, privacy.identify(connection, people[0].key), "somebody")
    day = world.clock.at + timedelta(days=1)
    made = make_statement(world.office, world.group, world.rules, [p.key for p in people], about="them", day=day)
    assert {one.person: (one.consent, one.today) for one in made.additions} == {
        people[0].key: ("erased", Today.UNKNOWN),
        people[1].key: ("opted_in", Today.ALLOWED),
    }
    figures = dict(made.figures)
    assert figures["that the rules of today would deny"] == 0
    assert figures["that the rules of today cannot judge: what they were decided on was erased"] == 1


def test_who_was_not_added_by_us_before_the_day_is_named_as_such(world: World) -> None:
    before = world.clock()
    people = world.people(2)
    world.apply(world.plan(people).record)
    keys = [people[0].key, "nobody@bt.example.org"]
    made = make_statement(world.office, world.group, world.rules, keys, about="them", day=before)
    assert made.additions == ()
    assert made.unrecorded == tuple(sorted(keys))


def test_the_texts_of_the_platforms_owner_are_those_in_force_on_the_day(world: World) -> None:
    files = {f"platform/{path.relative_to(SHELF)}": path.read_bytes() for path in SHELF.glob("*/*.yaml")}
    rules = replace(world.rules, policies=load_policies(files))
    early, late = world.clock.at.replace(year=2020, month=2, day=1), world.clock.at
    titles = {
        day: {
            (text.title, text.version)
            for text in make_statement(world.office, world.group, rules, [], about="nobody", day=day).platform_texts
        }
        for day in (early, late)
    }
    assert titles[early]
    assert titles[early] != titles[late]
