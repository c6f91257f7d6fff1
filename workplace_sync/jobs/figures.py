"""How all groups stand, in one value of counts and times: for `status`, for metrics, and never about a person.

It takes a number of queries that grows with the groups that wait for somebody, and not with the people in them.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from workplace_sync.errors import SyncError
from workplace_sync.jobs.notice_sources import DOES_ALL, FAILED, GOOD
from workplace_sync.jobs.office import NORMAL_STAKES, Stakes
from workplace_sync.jobs.waiting import Waiting, waiting
from workplace_sync.store import evidence_rows, figures, leases, notices
from workplace_sync.store.database import Database
from workplace_sync.store.figures import Lasting, LastRun, Seen
from workplace_sync.store.leases import Lease
from workplace_sync.store.notices import Told


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """How one group stands. `seen` is None where it was never read completely; `operations` counts by action and state."""

    group: str
    desired: int = 0
    seen: Seen | None = None
    waiting: Waiting | None = None
    incidents: int = 0
    incident_people: int = 0
    blind: Lasting | None = None
    lease: Lease | None = None
    runs: tuple[LastRun, ...] = ()
    operations: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether a last run failed, as `notice_sources` has it, and no good run of all verbs in one came after it."""
        whole = max((run.began_at for run in self.runs if run.verb in DOES_ALL and run.exit_code in GOOD), default=None)
        later = [run for run in self.runs if whole is None or run.began_at > whole]
        return any(run.state == "abandoned" or run.exit_code in FAILED for run in later)


@dataclass(frozen=True, slots=True)
class Figures:
    """How everything stood at a time.

    `evidence_size` counts entries; `evidence_trouble` says why the log does not verify or cannot be opened, and is
    empty where the database agrees with its last checkpoint and with the one outside. `deliveries` counts webhooks by
    what became of them; `troubled` is what the committee could not be told through `channels`.
    """

    at: datetime
    groups: tuple[GroupFigures, ...]
    evidence_size: int
    evidence_trouble: str
    deliveries: Mapping[str, int]
    channels: tuple[str, ...]
    troubled: tuple[Told, ...]


def figures_of(
    database: Database,
    names: Collection[str],
    channels: Collection[str],
    check_evidence: Callable[[], None],
    now: datetime,
    stakes: Stakes = NORMAL_STAKES,
) -> Figures:
    """Return the figures of the groups of these names, whatever else the database knows of.

    `check_evidence` raises SyncError when the evidence log is not as it should be; `channels` are those that
    notifications go through. Raises StoreError when the database cannot be read.
    """
    held = waiting(database, now, names, stakes)
    with database.connect() as connection:
        seen, desired = figures.last_seen(connection), figures.desired(connection)
        incidents, blind = figures.open_incidents(connection), figures.blind(connection)
        operations, runs = figures.operations(connection), figures.last_runs(connection)
        holders = {lease.claim.group: lease for lease in leases.held(connection)}
        size = evidence_rows.read_head(connection).size
        deliveries = figures.deliveries(connection)
        troubled = tuple(notices.troubled(connection, channels))
    groups = tuple(
        GroupFigures(
            name,
            desired.get(name, 0),
            seen.get(name),
            held.get(name),
            *incidents.get(name, (0, 0)),
            blind.get(name),
            holders.get(name),
            tuple(run for run in runs if run.group == name),
            {(action, state): number for (group, action, state), number in operations.items() if group == name},
        )
        for name in sorted(names)
    )
    return Figures(now, groups, size, trouble_of(check_evidence), deliveries, tuple(channels), troubled)


def trouble_of(check_evidence: Callable[[], None]) -> str:
    """Return what is wrong with the evidence log, as one sentence; empty where nothing is."""
    try:
        check_evidence()
    except SyncError as error:
        return error.message
    return ""
