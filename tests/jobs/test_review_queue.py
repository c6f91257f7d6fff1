"""An approval that puts the plan into the queue: both are there, or neither."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.sandbox_server import SandboxHandle
from tests.world import World, built
from workplace_sync.jobs.office import Stakes
from workplace_sync.jobs.review import approve
from workplace_sync.store import plans, queue
from workplace_sync.store.database import Database
from workplace_sync.store.plans import PlanRecord


@pytest.fixture
def world(postgres_url: str, tmp_path: Path, sandbox: SandboxHandle) -> Iterator[World]:
    database = Database(postgres_url)
    database.upgrade()
    with built(database, tmp_path, sandbox) as made:
        made.office = replace(made.office, enqueue_approved=True)
        yield made
    database.close()


def held_plan(world: World) -> PlanRecord:
    return world.plan(world.people(30)).record


def waiting(world: World) -> list[tuple[str, str]]:
    with world.office.database.connect() as connection:
        return [(job.task, job.plan) for job in queue.jobs(connection)]


def test_the_approval_and_the_job_go_in_together(world: World) -> None:
    plan = held_plan(world)
    world.approve(plan)
    assert waiting(world) == [("apply", plan.digest)]


def test_an_approval_that_is_not_kept_leaves_no_job(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = held_plan(world)

    def break_off(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(world.office.log, "finish_append", break_off)
    with pytest.raises(ZeroDivisionError):
        world.approve(plan)
    assert waiting(world) == []
    with world.office.database.connect() as connection:
        assert plans.reviews(connection, plan.id) == []


def test_the_first_of_two_approvals_puts_nothing_in(world: World) -> None:
    world.office = replace(world.office, stakes=Stakes(second_from=1))
    plan = held_plan(world)
    world.approve(plan, by="grace")
    assert waiting(world) == []
    world.approve(plan, by="bryn")
    assert waiting(world) == [("apply", plan.digest)]


def test_of_two_last_approvals_at_once_the_second_puts_the_plan_in(world: World) -> None:
    world.office = replace(world.office, stakes=Stakes(second_from=1))
    plan, times = held_plan(world), itertools.count()

    def looking_at_the_clock() -> datetime:
        if next(times) == 1:  # the second has read what was given by now, and has given nothing yet
            world.approve(plan, by="grace")
        return world.clock()

    second = replace(world.as_actor("bryn"), now=looking_at_the_clock)
    approve(second, plan, approvers=(), reason="seen", valid=timedelta(hours=24))
    assert waiting(world) == [("apply", plan.digest)]


def test_without_the_setting_an_approval_is_recorded_and_no_more(world: World) -> None:
    plan = held_plan(world)
    office = replace(world.as_actor("grace"), enqueue_approved=False)
    approve(office, plan, approvers=(), reason="seen", valid=timedelta(hours=1))
    assert waiting(world) == []


def test_on_sqlite_an_approval_is_recorded_and_no_more(
    sqlite_database: Database, tmp_path: Path, sandbox: SandboxHandle
) -> None:
    with built(sqlite_database, tmp_path, sandbox) as world:
        world.office = replace(world.office, enqueue_approved=True)
        plan = held_plan(world)
        world.approve(plan)
        with sqlite_database.connect() as connection:
            assert len(plans.reviews(connection, plan.id)) == 1
