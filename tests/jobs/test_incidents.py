"""Incidents over a real platform: opened once, grown while removals go on, with all that is on record in their file."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.jobs.test_observe import inside, take_out
from tests.world import World
from workplace_sync.cases.incident import Engagement, Post, SignKind
from workplace_sync.errors import UsageError
from workplace_sync.evidence.entry import Kind
from workplace_sync.jobs.engagement import take_engagement
from workplace_sync.jobs.incident_file import read_file
from workplace_sync.jobs.incidents import add_note, close_incident, find_incident
from workplace_sync.membership.group import RemovalRules
from workplace_sync.platforms.base import PermissionMissingError
from workplace_sync.roster.person import person_key
from workplace_sync.store import audit, engagement, incidents
from workplace_sync.store.incidents import Incident

DAY = timedelta(days=1)


def filled(world: World, number: int = 60) -> list[str]:
    """Add that many people by a plan that a second person approved; return their addresses."""
    people = world.people(number)
    plan = world.plan(people).record
    world.approve(plan)
    assert world.apply(plan).accepted == number
    return [one.address for one in people]


def listed(world: World) -> list[Incident]:
    with world.office.database.connect() as connection:
        return incidents.listed(connection, world.group.name)


def test_a_bulk_removal_opens_an_incident_with_everybody_in_it(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    added = filled(world)
    take_out(world, *added[:30])
    seen = world.observe()
    assert seen.causes == {"removed_by_other": 30}
    assert {one.finding.confidence.value for one in seen.departures} == {"likely"}
    assert seen.episode is not None
    assert (seen.episode.new, seen.episode.more) == (True, 30)
    (incident,) = listed(world)
    assert incident == seen.episode.incident
    assert (incident.people, incident.size_before, incident.open) == (30, 100, True)
    assert [sign.kind for sign in incident.signs] == [SignKind.THRESHOLD]
    assert world.kinds()[-1] == "incident.opened"
    with world.office.database.connect() as connection:
        assert set(incidents.keys(connection, incident.id)) == set(map(person_key, added[:30]))
        departed = audit.list_entries(connection, kind=Kind.MEMBER_DEPARTED, limit=100)
    assert {entry.data["incident"] for entry in departed} == {incident.id}


def test_the_file_says_how_those_removed_had_come_in_and_what_they_have_in_common(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    added = filled(world)
    take_out(world, *added[:30], *inside(world)[2:4])
    world.observe()
    file = read_file(world.office, listed(world)[0], world.rules)
    (plan,) = file.came_in
    assert (plan.people, plan.requested_by, plan.approved_by, dict(plan.methods)) == (
        30,
        "ada",
        ("grace",),
        {"roster_file": 30},
    )
    assert (file.not_by_us, len(file.people), file.published) == (2, 32, ())
    assert {each.trait: (each.value, each.people) for each in file.patterns} == {
        "added_by": ("roster file", 30),
        "added_on": ("2026-11-21", 32),
        "tenant": ("bt", 30),
    }
    assert dict(file.causes) == {"removed_by_other (likely)": 32}
    assert read_file(world.office, listed(world)[0]).published is None


def test_a_few_who_go_one_by_one_open_none(world: World) -> None:
    added = filled(world)
    for one in added[:8]:
        world.clock.advance(DAY)
        take_out(world, one)
        assert world.observe().episode is None
    assert listed(world) == []


def test_removals_that_go_on_make_one_incident_grow(world: World) -> None:
    added = filled(world)
    take_out(world, *added[:20])
    world.observe()
    for part in (added[20:28], added[28:34]):
        world.clock.advance(timedelta(hours=5))
        take_out(world, *part)
        seen = world.observe()
        assert seen.episode is not None
        assert (seen.episode.new, seen.episode.more) == (False, len(part))
    (incident,) = listed(world)
    assert incident.people == 34
    assert [kind for kind in world.kinds() if kind.startswith("incident")] == [
        "incident.opened",
        "incident.updated",
        "incident.updated",
    ]


def test_a_removal_that_two_readings_share_is_one_incident(world: World) -> None:
    added = filled(world)
    take_out(world, *added[:4])
    assert world.observe().episode is None
    world.clock.advance(timedelta(hours=20))
    take_out(world, *added[4:8])
    seen = world.observe()
    assert seen.episode is not None
    assert seen.episode.incident.people == 8
    assert seen.episode.incident.signs[0].sentence.startswith("8 of 100 members")


@pytest.mark.parametrize("closed", [True, False])
def test_a_burst_after_an_incident_ended_is_another_one(world: World, *, closed: bool) -> None:
    added = filled(world)
    take_out(world, *added[:20])
    world.observe()
    if closed:
        close_incident(world.office, listed(world)[0], "They were put back.")
    else:
        world.clock.advance(8 * DAY)
        world.observe()
    take_out(world, *added[20:40])
    seen = world.observe()
    assert seen.episode is not None
    assert (seen.episode.new, len(listed(world))) == (True, 2)


def test_accounts_that_were_closed_together_are_no_incident(world: World) -> None:
    added = filled(world)
    world.sandbox.switch(deactivated_listed=False)
    world.sandbox.control("POST", "employer/deactivate", {"tenant": "bt", "emails": added[:30]})
    seen = world.observe()
    assert (seen.causes, seen.episode) == ({"account_deactivated": 30}, None)


def test_people_we_removed_ourselves_are_no_incident(world: World) -> None:
    former = inside(world)
    filled(world)
    staying = [*world.people(30), *(replace(world.people(1)[0], key=person_key(one), address=one) for one in former)]
    world = replace(world, group=replace(world.group, removals=RemovalRules(not_eligible=True)))
    plan = world.plan(staying).record
    assert plan.counts["removed"] == 30
    world.approve(plan)
    assert world.apply(plan).accepted == 30
    assert listed(world) == []
    assert "member.departed" not in world.kinds()


def test_a_file_takes_notes_and_is_closed_once(world: World) -> None:
    take_out(world, *filled(world)[:20])
    world.observe()
    incident = find_incident(world.office, listed(world)[0].id[:4])
    add_note(world.as_actor("grace"), incident, "  Asked for the reasons.  ")
    close_incident(world.as_actor("grace"), incident, "Settled.")
    with pytest.raises(UsageError, match="closed already"):
        close_incident(world.office, incident, "Again.")
    file = read_file(world.office, find_incident(world.office, incident.id))
    assert [(note.written_by, note.text) for note in file.notes] == [("grace", "Asked for the reasons.")]
    assert (file.incident.open, file.incident.closed_by, file.incident.outcome) == (False, "grace", "Settled.")
    assert world.kinds()[-2:] == ["incident.updated", "incident.closed"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 10_001])
def test_a_note_needs_a_text(world: World, text: str) -> None:
    take_out(world, *filled(world)[:20])
    world.observe()
    with pytest.raises(UsageError, match="characters"):
        add_note(world.office, listed(world)[0], text)


def test_an_incident_is_named_by_the_beginning_of_its_id_alone(world: World) -> None:
    added = filled(world)
    for part in (added[:20], added[20:40]):
        take_out(world, *part)
        world.observe()
        close_incident(world.office, listed(world)[0], "Settled.")
    for name, why in (("", "no such"), ("nothing", "no such"), ("i%", "no such"), ("id0", "More than one")):
        with pytest.raises(UsageError, match=why):
            find_incident(world.office, name)


def test_engagement_is_taken_as_counts_without_names(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    taken = take_engagement(world.office, world.group, world.platform.reader(), weeks=520)
    assert taken.posts == 12
    assert taken.mean is not None
    assert taken.mean.seen_tenths is not None
    assert taken.mean.seen_tenths > 70
    take_engagement(world.office, world.group, world.platform.reader(), weeks=520)
    with world.office.database.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM engagement").mappings().all()
        (entry, _) = audit.list_entries(connection, kind=Kind.ENGAGEMENT_TAKEN)
    assert len(rows) == 12
    assert set(rows[0]) == {"group_name", "post_id", "taken_on", "posted_at", "seen", "reactions", "comments"}
    assert entry.data["posts"] == 12
    assert entry.data["seen"] == sum(row["seen"] for row in rows)
    recent = take_engagement(world.office, world.group, world.platform.reader(), weeks=8)
    assert 0 < recent.posts < 12
    world.clock.advance(400 * DAY)
    none = take_engagement(world.office, world.group, world.platform.reader(), weeks=1)
    assert (none.posts, none.mean) == (0, None)


def test_engagement_around_an_incident_is_in_its_file(world: World) -> None:
    take_out(world, *filled(world)[:20])
    world.observe()
    now = world.clock()
    posts = [(str(day), Post(now + day * DAY, 100 - 8 * day, 5, None)) for day in range(-10, 11) if day]
    with world.office.database.write() as connection:
        engagement.put(connection, world.group.name, "2026-12-01", posts)
        engagement.put(
            connection, world.group.name, "2026-12-02", [(name, replace(post, seen=1)) for name, post in posts[-1:]]
        )
    file = read_file(world.office, listed(world)[0])
    assert file.before == Engagement(10, 1440, 50, None)
    assert file.after == Engagement(10, (sum(100 - 8 * day for day in range(1, 10)) + 1), 50, None)


def test_engagement_that_may_not_be_read_is_not_kept(world: World) -> None:
    world.sandbox.fault("permission_removed", permission="read_group")
    with pytest.raises(PermissionMissingError):
        take_engagement(world.office, world.group, world.platform.reader(), weeks=8)
    assert "engagement.taken" not in world.kinds()
