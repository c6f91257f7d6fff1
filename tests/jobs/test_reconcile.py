"""Reconciling a group unattended: both sides are disturbed in every way, and what is left behind is looked at."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.sandbox_server import SandboxHandle
from tests.world import CONSENT, GUARD, World, built, rules_of
from workplace_sync.errors import ExitCode, Fault, InputError, SettingsError
from workplace_sync.jobs.plan import Rules
from workplace_sync.jobs.reconcile import ReconcileOptions, reconcile
from workplace_sync.jobs.reconciled import Reconciled
from workplace_sync.jobs.review import approve, reject
from workplace_sync.jobs.rosters import RosterSource
from workplace_sync.jobs.running import Run, Verb, running
from workplace_sync.membership.group import ManagedGroup, RemovalRules
from workplace_sync.platforms.workplace.platform import WorkplaceGroup, open_workplace
from workplace_sync.roster.person import ConsentClaim, Method, RosterPerson
from workplace_sync.store import plans
from workplace_sync.store.database import Database
from workplace_sync.store.plans import PlanRecord


@dataclass(frozen=True, slots=True)
class Configured:
    """A group's file, as far as the job needs it."""

    managed: ManagedGroup


@dataclass(slots=True)
class Union:
    """What the application is to the job, around a world; `roster` is what the file says."""

    world: World
    roster: Sequence[RosterPerson | Fault] = ()
    file: str = "1"
    read: int = 0
    faulty: list[Exception] = field(default_factory=list)

    @property
    def rules(self) -> Rules:
        """The policies; raises what is wrong with them."""
        if self.faulty:
            raise self.faulty[0]
        return self.world.rules

    def running(self, group: str, verb: Verb) -> contextlib.AbstractContextManager[Run]:
        """Hold the group."""
        return running(self.world.office, group, verb)

    @contextlib.contextmanager
    def platform(self, _group: Configured, /) -> Iterator[WorkplaceGroup]:
        """Lend the platform, which the world closes."""
        yield self.world.platform

    @contextlib.contextmanager
    def sources(self, group: Configured, _platform: WorkplaceGroup, /) -> Iterator[list[RosterSource]]:
        """Open the roster's file."""
        yield [RosterSource(Method.ROSTER_FILE, "bt.csv", self._rows(), group.managed.tenant, self.file)]

    def _rows(self) -> Iterator[RosterPerson | Fault]:
        self.read += 1
        yield from self.roster

    def write(self, roster: Sequence[RosterPerson | Fault]) -> None:
        """Put another roster into the file."""
        self.roster, self.file = roster, f"{self.file}+"

    def reconcile(self, **options: object) -> Reconciled:
        """Reconcile the group."""
        return reconcile(self, Configured(self.world.group), ReconcileOptions(**options))  # type: ignore[arg-type]

    def plans(self) -> list[PlanRecord]:
        """Return the plans kept, newest first."""
        with self.world.office.database.connect() as connection:
            return plans.recent(connection)


@pytest.fixture
def union(world: World) -> Union:
    """A union whose roster is empty, and whose group was read once."""
    made = Union(world)
    assert made.reconcile().code is ExitCode.DONE
    return made


def shown(found: Reconciled) -> dict[str, int]:
    """Return the counts that are not 0, without the size."""
    return {name: number for name, number in found.counts.items() if number and name != "members"}


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


def unknown(union: Union, number: int) -> list[RosterPerson]:
    """Return people whose addition is held."""
    return union.world.people(number, status="unknown")
