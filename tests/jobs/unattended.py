"""A union around a world, as a reconcile needs it: a roster's file, policies, and runs."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import func, select

from tests.world import World
from workplace_sync.errors import Fault
from workplace_sync.jobs.plan import Rules
from workplace_sync.jobs.reconcile import ReconcileOptions, reconcile
from workplace_sync.jobs.reconciled import Reconciled
from workplace_sync.jobs.rosters import RosterSource
from workplace_sync.jobs.running import Run, Verb, running
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.platforms.workplace.platform import WorkplaceGroup
from workplace_sync.roster.person import Method, RosterPerson, person_key
from workplace_sync.store import plans
from workplace_sync.store.plans import PlanRecord
from workplace_sync.store.tables import metadata


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


def shown(found: Reconciled) -> dict[str, int]:
    """Return the counts that are not 0, without the size."""
    return {name: number for name, number in found.counts.items() if number and name != "members"}


def unknown(union: Union, number: int) -> list[RosterPerson]:
    """Return people whose addition is held."""
    return union.world.people(number, status="unknown")


def members(union: Union) -> list[RosterPerson]:
    """Return those who are in the group, as a roster has them."""
    found = union.world.sandbox.members(union.world.group.platform_id)
    one = union.world.people(1)[0]
    return [replace(one, key=person_key(each["email"]), address=each["email"]) for each in found]


def rows_kept(union: Union) -> dict[str, int]:
    """Return how many rows each table has."""
    with union.world.office.database.connect() as connection:
        return {
            table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
            for table in metadata.sorted_tables
        }
