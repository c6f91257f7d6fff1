"""How the groups stand, for a page that is read in five seconds: sizes over time, what waits, what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workplace_sync.jobs.waiting import Waiting, waiting
from workplace_sync.membership.timeline import Blind
from workplace_sync.store import blind, figures, histories, leases
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


def overview(database: Database, groups: Sequence[str], now: datetime) -> list[Standing]:
    """Return how these groups stand, in their order; it takes a few queries a group, whatever their sizes."""
    held = waiting(database, now, groups)
    since = now - HISTORY
    with database.connect() as connection:
        seen, desired = figures.last_seen(connection), figures.desired(connection)
        incidents, lasting = figures.open_incidents(connection), figures.blind(connection)
        runs = figures.last_runs(connection)
        holders = {lease.claim.group: lease for lease in leases.held(connection)}
        return [
            Standing(
                group,
                desired.get(group, 0),
                seen.get(group),
                histories.sizes_by_day(connection, group, since),
                [period.blind for period in blind.periods(connection, group, since=since)],
                held.get(group),
                *incidents.get(group, (0, 0)),
                lasting.get(group),
                holders.get(group),
                [run for run in runs if run.group == group],
            )
            for group in groups
        ]
