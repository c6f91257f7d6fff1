"""What goes to the platform under a lease: nothing more once the group is another's."""

import itertools
from dataclasses import replace

import pytest

from tests.jobs.test_running import holder, take_it
from tests.platforms.test_retry import add
from tests.world import World
from workplace_sync.errors import BusyError, ExitCode
from workplace_sync.jobs.running import Verb, running
from workplace_sync.platforms.base import Result
from workplace_sync.store import leases


def test_what_may_not_be_sent_is_not_sent(world: World) -> None:
    plan = world.plan(world.people(3)).record
    world.office = replace(world.office, may_send=lambda: False)
    report = world.apply(plan)
    assert (report.asked, report.accepted, report.left) == (3, 0, 3)
    assert report.stopped is not None
    assert world.added() == []
    outcomes = world.platform.writer().carry_out([[add(1)]], lambda: False)
    assert [each.result for batch in outcomes for each in batch] == [Result.NOT_SENT]


def test_an_apply_that_loses_its_group_ends_as_busy_and_the_next_one_adds_everybody_once(
    world_on_each_engine: World,
) -> None:
    world = world_on_each_engine
    plan = world.plan(world.people(12)).record
    office = world.office

    def applied_until_taken() -> None:
        with running(office, world.group.name, Verb.APPLY) as run:
            asked = itertools.count()

            def taken_after_the_intent() -> bool:
                if next(asked) == 0:
                    take_it(office, holder(office))
                return run.office.may_send()

            world.office = replace(run.office, may_send=taken_after_the_intent)
            world.apply(plan)

    with pytest.raises(BusyError, match="from this run"):
        applied_until_taken()
    assert len(world.added()) == 12  # they were on their way, and nobody noted how it ended
    found = holder(office)
    assert found is not None
    with office.database.write() as connection:
        assert leases.release(connection, found)
    with running(office, world.group.name, Verb.APPLY) as run:
        world.office = run.office
        assert world.apply(plan).exit_code is ExitCode.DONE
    assert sorted(world.added()) == sorted(world.everybody[:12])
