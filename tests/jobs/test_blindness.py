"""Times in which a group cannot be seen: told once, each by its cause, and nobody is concluded to be gone from them."""

import pytest

from tests.jobs.test_observe import cause, inside, suspects, take_out
from tests.world import World
from workplace_sync.membership.timeline import BlindCause
from workplace_sync.roster.person import person_key
from workplace_sync.store import blind


def test_a_time_of_blindness_is_told_when_it_begins_and_ends_and_not_at_each_attempt(world: World) -> None:
    world.observe()
    fault = world.sandbox.fault("token_revoked")
    for _ in range(3):
        assert not world.observe().snapshot.complete
    world.sandbox.control("DELETE", f"faults/{fault}")
    world.observe()
    world.observe()
    told = [kind for kind in world.kinds() if kind.startswith("group.")]
    assert told == ["group.blind", "group.sighted"]
    with world.office.database.connect() as connection:
        (period,) = blind.periods(connection, world.group.name)
        assert blind.current(connection, world.group.name) is None
    assert (period.blind.cause, period.attempts) == (BlindCause.TOKEN_REVOKED, 3)
    assert period.blind.last_sighted_at is not None
    assert period.blind.ended_at is not None
    assert period.blind.last_sighted_at < period.blind.began_at < period.blind.ended_at


def test_blindness_for_another_cause_is_told_anew(world: World) -> None:
    world.observe()
    fault = world.sandbox.fault("count_disagrees", calls=None)
    world.observe()
    world.sandbox.control("DELETE", f"faults/{fault}")
    world.sandbox.control("POST", "employer/archive", {"group": world.group.platform_id})
    world.observe()
    world.sandbox.control("POST", "employer/delete-group", {"group": world.group.platform_id})
    world.observe()
    world.observe()
    with world.office.database.connect() as connection:
        periods = [each.blind for each in blind.periods(connection, world.group.name)]
    assert [each.cause for each in periods] == [BlindCause.READ_FAILED, BlindCause.ARCHIVED, BlindCause.GONE]
    assert [each.ended_at for each in periods] == [periods[1].began_at, periods[2].began_at, None]
    assert world.kinds().count("group.blind") == 3


@pytest.mark.parametrize(
    ("permission", "cause"),
    [
        ("read_group_membership", BlindCause.PERMISSION_NARROWED),
        ("read_user_email", BlindCause.PERMISSION_NARROWED),  # without an error: the addresses are left out
    ],
)
def test_a_narrowed_permission_is_a_blindness_of_its_own(world: World, permission: str, cause: BlindCause) -> None:
    world.observe()
    world.sandbox.fault("permission_removed", permission=permission)
    world.observe()
    with world.office.database.connect() as connection:
        (period,) = blind.periods(connection, world.group.name)
    assert period.blind.cause is cause


@pytest.mark.parametrize("verb", ["archive", "delete-group"])
def test_a_group_that_vanished_is_no_departure_of_anybody(world: World, verb: str) -> None:
    world.observe()
    world.sandbox.control("POST", f"employer/{verb}", {"group": world.group.platform_id})
    seen = world.observe()
    assert (seen.snapshot.complete, seen.departures, seen.suspected, suspects(world)) == (False, (), 0, [])
    assert "member.departed" not in world.kinds()


def test_who_went_while_the_group_was_archived_may_have_gone_with_that(world: World) -> None:
    world.observe()
    ada, *_ = inside(world)
    world.sandbox.control("POST", "employer/archive", {"group": world.group.platform_id})
    world.observe()
    take_out(world, ada)
    world.sandbox.control("POST", "employer/archive", {"group": world.group.platform_id, "archived": False})
    assert cause(world.observe()) == [(person_key(ada), "group_archived", "possible")]
