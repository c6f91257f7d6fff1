"""How the groups stand, for a page that is read in five seconds: sizes over time, what waits, what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from workplace_sync.jobs.waiting import Waiting, waiting
from workplace_sync.membership.timeline import Blind
from workplace_sync.store import blind, figures, histories, leases, snapshots
from workplace_sync.store.database import Database
from workplace_sync.store.figures import Lasting, LastRun, Seen
from workplace_sync.store.leases import Lease

HISTORY = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one group stands. `seen` is None where it was never read completely; `runs` is one a verb, the newest of each.

    `history` is one size a day over `HISTORY`, `blinds` when it could not be seen in that time.
    """

    group: str
    desired: int
    seen: Seen | None
    history: Sequence[tuple[datetime, int]]
    blinds: Sequence[Blind]
    waiting: Waiting | None
    incidents: int
    incident_people: int
    blind: Lasting | None
    lease: Lease | None
    runs: Sequence[LastRun]

    @property
    def last_run(self) -> LastRun | None:
        """The run that began last."""
        return max(self.runs, key=lambda run: run.began_at, default=None)

    @property
    def troubled(self) -> bool:
        """Whether somebody should look."""
        return bool(self.waiting or self.incidents or self.blind or self.seen is None)


@dataclass(slots=True)
class Remembered:
    """What takes long to count and seldom changes, with what it was counted from. One for a process; lost with it."""

    histories: dict[str, tuple[datetime, Sequence[tuple[datetime, int]]]] = field(default_factory=dict)
    desired: tuple[object, Mapping[str, int]] = (None, {})


def overview(
    database: Database, groups: Sequence[str], now: datetime, remembered: Remembered | None = None
) -> list[Standing]:
    """Return how these groups stand, in their order; it takes a few queries a group, whatever their sizes."""
    held, memory = waiting(database, now, groups), remembered or Remembered()
    since = now - HISTORY
    with database.connect() as connection:
        desired = _desired(connection, memory)
        incidents, lasting = figures.open_incidents(connection), figures.blind(connection)
        runs = figures.last_runs(connection)
        holders = {lease.claim.group: lease for lease in leases.held(connection)}
        newest = {group: snapshots.latest(connection, group, complete=True) for group in groups}
        return [
            Standing(
                group,
                desired.get(group, 0),
                Seen(seen.taken_at, seen.members) if seen else None,
                _history(connection, group, seen.taken_at, since, memory) if seen else (),
                [period.blind for period in blind.periods(connection, group, since=since)],
                held.get(group),
                *incidents.get(group, (0, 0)),
                lasting.get(group),
                holders.get(group),
                [run for run in runs if run.group == group],
            )
            for group, seen in newest.items()
        ]


def _desired(connection: Connection, memory: Remembered) -> Mapping[str, int]:
    """Return how many are wanted in each group, counted again after a roster was read in or somebody was erased."""
    state = histories.roster_state(connection)
    if memory.desired[0] != state:
        memory.desired = (state, figures.desired(connection))
    return memory.desired[1]


def _history(
    connection: Connection, group: str, newest: datetime, since: datetime, memory: Remembered
) -> Sequence[tuple[datetime, int]]:
    """Return a group's sizes by day, counted again after it was read completely."""
    found = memory.histories.get(group)
    if found is None or found[0] != newest:
        found = memory.histories[group] = (newest, histories.sizes_by_day(connection, group, since))
    return [(at, size) for at, size in found[1] if at >= since]
