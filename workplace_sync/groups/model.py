"""What a group file says, as values."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from workplace_sync.membership.group import ManagedGroup
from workplace_sync.roster.columns import ColumnMapping


@dataclass(frozen=True, slots=True)
class FileSource:
    """A roster file. `path` is relative to the home folder; `tenant` is for the rows that name none.

    `skip_faulty_rows` takes the good rows of a file that has faulty ones, where otherwise the file is refused.
    """

    path: Path
    columns: ColumnMapping
    tenant: str = ""
    skip_faulty_rows: bool = False


@dataclass(frozen=True, slots=True)
class AddressSource:
    """Addresses written in the group file."""

    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupSource:
    """The members of another group on the same platform, by its id there."""

    platform_id: str


RosterSource = FileSource | AddressSource | GroupSource


@dataclass(frozen=True, slots=True)
class PlatformConfig:
    """Where the group is, and the names under which its secrets are found (`Settings.secret`)."""

    type: Literal["workplace"]
    base_url: str
    group_id: str
    token_env: str
    app_secret_env: str | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a worker does what for the group by itself: cron lines, read in UTC; None for what it does not do."""

    reconcile: str | None = None
    observe: str | None = None


@dataclass(frozen=True, slots=True)
class GroupFile:
    """A group file as it was read. The first of `sources` that names a person wins.

    `approvers` are those who may approve a plan; where there are none, anyone but the one who asked for it may.
    `schedule` is for workers; cron and systemd have their own.
    """

    file: Path
    managed: ManagedGroup
    platform: PlatformConfig
    sources: tuple[RosterSource, ...] = ()
    approvers: tuple[str, ...] = ()
    schedule: Schedule = Schedule()
