"""What tells of an incident: the incident, everybody found gone in it, and our adding them before; nothing about others."""

from tests.jobs.test_incidents import filled, listed
from tests.jobs.test_observe import take_out
from tests.world import World
from workplace_sync.jobs.incidents import add_note
from workplace_sync.jobs.selection import entries_of_incident
from workplace_sync.roster.person import person_key
from workplace_sync.store import audit


def test_an_incident_is_told_by_its_own_entries_and_those_of_the_people_in_it(world_on_each_engine: World) -> None:
    world = world_on_each_engine
    added = filled(world)
    take_out(world, *added[:30])
    world.observe()
    (incident,) = listed(world)
    add_note(world.office, incident, "the committee was told")
    with world.office.database.connect() as connection:
        found = [audit.entry(connection, seq) for seq in entries_of_incident(world.office, incident)]
    kinds = [row.kind for row in found if row is not None]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "operation.outcome": 30,
        "member.departed": 30,
        "incident.opened": 1,
        "incident.updated": 1,
    }
    subjects = {row.subject for row in found if row is not None and row.subject}
    assert subjects == set(map(person_key, added[:30]))
