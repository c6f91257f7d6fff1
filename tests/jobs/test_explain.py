"""What is told of a person is what a plan would decide, whatever of it comes from the database."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.policy.documents import policy
from tests.world import CONSENT, GUARD, START, World, rules_of
from workplace_sync.errors import StoreError, UsageError
from workplace_sync.jobs.consent import record_consent
from workplace_sync.jobs.explain import Explained, explain_in_plan, explain_person
from workplace_sync.jobs.plan import activate
from workplace_sync.jobs.rule_texts import RuleTexts
from workplace_sync.membership.group import RemovalRules
from workplace_sync.policy.decision import Effect
from workplace_sync.policy.explain_words import flip_sentences
from workplace_sync.roster.consent import EVERY_GROUP, ConsentKind
from workplace_sync.roster.person import ConsentClaim, person_key
from workplace_sync.store import plans

DAY = timedelta(days=1)


def explained(world: World, address: str, **known: object) -> Explained:
    return explain_person(world.office, world.group, world.rules, address, **known)  # type: ignore[arg-type]


def effect(told: Explained) -> Effect:
    assert told.explanation is not None
    return told.explanation.decision.acts_as


def test_everybody_of_a_plan_is_told_what_the_plan_decided(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    people = world.people(6)
    people[0] = replace(people[0], consent=ConsentClaim.UNKNOWN)
    people[1] = replace(people[1], consent=ConsentClaim.WITHDRAWN)
    people[2] = replace(people[2], status="lapsed", roles=("rep", "chair"))
    people[3] = replace(people[3], tenant="openreach")
    plan = world.plan(people).record
    with world.office.database.connect() as connection:
        changes = list(plans.changes(connection, plan.id))
    assert len(changes) == 6
    for change in changes:
        now, then = explained(world, change.address), explain_in_plan(world.office, plan, change.address)
        for told in (now, then):
            assert told.explanation is not None
            decision = told.explanation.decision
            assert (decision.acts_as, tuple(found.cite for found in decision.findings)) == (change.effect, change.rules)
        assert now.explanation is not None
        assert then.explanation is not None
        same = {name: value for name, value in now.explanation.facts.items() if name != "now"}
        assert same == {name: value for name, value in then.explanation.facts.items() if name != "now"}
        assert then.plan == plan.digest


def test_nobody_is_named_in_what_is_told(world: World) -> None:
    plan = world.plan(world.people(1)).record
    address = world.everybody[0]
    assert address not in repr(explain_in_plan(world.office, plan, address))
    assert address not in repr(explained(world, address))


def test_a_plan_explains_itself_by_the_policies_of_its_day(world: World) -> None:
    plan = world.plan([replace(world.people(1)[0], consent=ConsentClaim.UNKNOWN)]).record
    world.rules = rules_of(policy("milder", expression="group.size >= 0"))
    activate(world.office, world.rules)
    record_consent(world.office, world.everybody[0], ConsentKind.GIVEN, scope=EVERY_GROUP)
    told = explain_in_plan(world.office, plan, world.everybody[0])
    assert (effect(told), told.revision) == (Effect.DENY, plan.header.policy_revision)
    assert told.about[0].startswith("In this plan, made on 2026-11-21 09:00 UTC by ada, the answer was: deny.")
    assert effect(explained(world, world.everybody[0])) is Effect.ALLOW


def test_a_plan_that_is_held_as_a_whole_says_so_to_each(world: World) -> None:
    world.rules = rules_of(CONSENT, GUARD.replace(b"value: 20", b"value: 1"))
    plan = world.plan(world.people(3)).record
    told = explain_in_plan(world.office, plan, world.everybody[0])
    assert told.about[1] == "Of the plan as a whole: More than usual in a day."
    assert effect(told) is Effect.ALLOW


def test_a_plan_without_the_person_says_so(world: World) -> None:
    plan = world.plan(world.people(1)).record
    told = explain_in_plan(world.office, plan, "nobody@bt.example.org")
    assert (told.explanation, told.plan) == (None, plan.digest)
    assert "no change about this person" in told.about[0]


def test_published_texts_that_are_kept_beside_the_policies_are_none_themselves(world: World) -> None:
    shelf = dict(world.rules.files) | {"platform/example-telecom/texts/terms.yaml": "terms: as published"}
    world.rules = replace(world.rules, files=shelf)
    plan = world.plan([replace(world.people(1)[0], consent=ConsentClaim.UNKNOWN)]).record
    assert effect(explain_in_plan(world.office, plan, world.everybody[0])) is Effect.DENY
    told = explained(world, world.everybody[0], at=world.clock())
    assert effect(told) is Effect.DENY
    (rule,) = RuleTexts(world.office).find(plan.header.policy_revision, ["consent@2/on_record"])
    assert rule.title == "A consent on record"


def test_policies_that_were_kept_in_an_older_format_are_an_error_that_says_what_stands(world: World) -> None:
    plan = world.plan(world.people(1)).record
    with world.office.database.write() as connection:
        connection.execute(text('UPDATE activation SET files = \'{"a.yaml": "kind: Older"}\''))
    with pytest.raises(StoreError, match="no longer be read"):
        explain_in_plan(world.office, plan, world.everybody[0])


def test_that_the_built_in_rules_have_changed_since_is_told(world: World) -> None:
    plan = world.plan(world.people(1)).record
    header = plan.header_line.replace(plan.header.policy_revision, "sha256:" + "0" * 64)
    with world.office.database.write() as connection:
        connection.execute(text("UPDATE activation SET revision = :r"), {"r": "sha256:" + "0" * 64})
    told = explain_in_plan(world.office, replace(plan, header_line=header), world.everybody[0])
    assert told.about[-1].startswith("The rules built into the program have changed since")


def test_who_is_not_on_the_roster_is_told_so_and_what_the_rules_would_say(world: World) -> None:
    world.plan(world.people(1))
    told = explained(world, "Nobody@bt.example.org")
    assert told.about == ("This person is not on the roster of this group. If somebody asked for them:",)
    assert effect(told) is Effect.DENY
    assert told.explanation is not None
    assert flip_sentences(told.explanation) == [
        (
            "If a consent to be added were on record and if the roster listed this person as an active member who "
            "works here, this person could be added."
        )
    ]


def test_who_is_in_the_group_and_on_the_roster_needs_no_rule(world: World) -> None:
    member = world.sandbox.members(world.group.platform_id)[0]["email"]
    world.plan([replace(world.people(1)[0], key=person_key(member), address=member)])
    told = explained(world, member)
    assert told.explanation is None
    assert told.about == (
        "This person is in the group and on its roster: nothing is to be done, and no rule was asked.",
    )


def test_a_member_whom_the_roster_does_not_name_stays_unless_the_group_says_otherwise(world: World) -> None:
    member = world.sandbox.members(world.group.platform_id)[0]["email"]
    world.plan(world.people(1))
    told = explained(world, member)
    assert told.explanation is None
    assert "takes nobody out" in told.about[0]
    world.group = replace(world.group, removals=RemovalRules(not_eligible=True))
    told = explained(world, member)
    assert told.about == ("This person is in the group, and should go.",)
    assert told.explanation is not None
    assert told.explanation.action == "remove"


def test_whom_we_added_ourselves_is_known_to_be_so(world: World) -> None:
    plan = world.plan(world.people(1)).record
    world.apply(plan)
    world.observe()
    world.import_roster([])
    world.group = replace(world.group, removals=RemovalRules(not_eligible=True))
    told = explained(world, world.everybody[0])
    assert told.explanation is not None
    assert told.explanation.facts["subject.added_by_us"] is True


def test_as_of_a_time_the_consent_the_membership_and_the_policies_are_those_of_then(world: World) -> None:
    plan = world.plan([replace(world.people(1)[0], consent=ConsentClaim.UNKNOWN)]).record
    before = world.clock.at
    world.clock.advance(DAY)
    record_consent(world.office, world.everybody[0], ConsentKind.GIVEN, scope=EVERY_GROUP, at=START - 9 * DAY)
    world.rules = rules_of(policy("milder", expression="group.size >= 0"))
    activate(world.office, world.rules)
    assert effect(explained(world, world.everybody[0])) is Effect.ALLOW
    then = explained(world, world.everybody[0], at=before)
    assert (effect(then), then.revision, then.at) == (Effect.DENY, plan.header.policy_revision, before)
    assert then.about[-1] == "The roster is taken as it is now; earlier ones are not kept person by person."


def test_before_anything_was_known_that_is_what_is_told(world: World) -> None:
    world.plan(world.people(1))
    told = explained(world, world.everybody[0], at=START - 900 * DAY)
    assert told.about[1:] == (
        "No policies were in use by then; those on the shelf now are asked as of that day.",
        "The roster is taken as it is now; earlier ones are not kept person by person.",
        "The group had not been read by then, so it is not known who was in it.",
    )


def test_a_time_to_come_is_asked_of_the_policies_on_the_shelf(world: World) -> None:
    world.plan(world.people(1))
    ending = policy(expression="subject.status == 'x'", effective_until="2027-01-01T00:00:00Z")
    world.rules = rules_of(ending)
    assert effect(explained(world, world.everybody[0])) is Effect.DENY
    assert effect(explained(world, world.everybody[0], at=START + 90 * DAY)) is Effect.ALLOW


def test_a_departure_counts_from_when_it_was_seen(world: World) -> None:
    member = world.sandbox.members(world.group.platform_id)[1]["email"]
    world.plan([replace(world.people(1)[0], key=person_key(member), address=member)])
    before = world.clock.at
    world.clock.advance(DAY)
    world.sandbox.control("POST", "employer/remove", {"group": world.group.platform_id, "emails": [member]})
    world.observe()
    now, then = explained(world, member), explained(world, member, at=before)
    assert now.explanation is not None
    assert now.explanation.facts["subject.departed"] is True
    assert then.explanation is None


def test_what_is_no_address_is_refused(world: World) -> None:
    with pytest.raises(UsageError):
        explained(world, "nobody")
