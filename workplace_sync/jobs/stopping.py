"""Ending a run early and in order: the group's reader and writer, which stop at the next page or batch when told to.

What is on its way by then is awaited and recorded, the lease is given back, and the next run goes on from there.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from workplace_sync.errors import ExitCode, SyncError
from workplace_sync.membership.snapshot import Completeness, Member
from workplace_sync.platforms.base import (
    AccountsSeen,
    CallError,
    GroupDescription,
    GroupReader,
    GroupWriter,
    OperationOutcome,
    PostCounts,
    WantedOperation,
)


class RunStoppedError(SyncError):
    """The run was told to stop before it had ended."""

    exit_code = ExitCode.INTERRUPTED
    retryable = True


@dataclass(frozen=True, slots=True)
class Stopper:
    """Asks `asked` whether the run is to stop; it is called often, from any thread, and takes no time."""

    asked: Callable[[], bool] = lambda: False

    def check(self) -> None:
        """Raise RunStoppedError when the run is to stop."""
        if self.asked():
            raise RunStoppedError("The run was stopped before it had ended.", hint="The next run goes on from there.")


class StoppableReader(GroupReader):
    """A reader whose reading breaks off, with RunStoppedError, when the run is to stop."""

    def __init__(self, reader: GroupReader, stopper: Stopper) -> None:
        self._reader = reader
        self._stopper = stopper

    @property
    def failure(self) -> CallError | None:  # type: ignore[override]
        """The error behind the fault of the last reading."""
        return self._reader.failure

    def describe(self) -> GroupDescription:
        """Return the group's description."""
        self._stopper.check()
        return self._reader.describe()

    def read_members(
        self, on_page: Callable[[Sequence[Member]], None], on_restart: Callable[[], None] | None = None
    ) -> Completeness:
        """Hand every page of members on, as long as the run is not to stop."""

        def checked(page: Sequence[Member]) -> None:
            self._stopper.check()
            on_page(page)

        return self._reader.read_members(checked, on_restart)

    def granted_permissions(self) -> tuple[str, ...] | None:
        """Return the names of the permissions the token has."""
        return self._reader.granted_permissions()

    def server_time_skew(self) -> float | None:
        """Return the platform's clock minus ours in seconds."""
        return self._reader.server_time_skew()

    def look_up(self, gone: Sequence[str], removed_by_us: Sequence[str] = ()) -> AccountsSeen:
        """Return what the platform says of people who are gone."""
        self._stopper.check()
        return self._reader.look_up(gone, removed_by_us)

    def read_posts(self, since: datetime) -> Iterator[PostCounts]:
        """Yield the posts of the group since a time."""
        return self._reader.read_posts(since)


class StoppableWriter(GroupWriter):
    """A writer that takes no further batch when the run is to stop; those on their way are still reported."""

    def __init__(self, writer: GroupWriter, stopper: Stopper) -> None:
        self._writer = writer
        self._stopper = stopper

    @property
    def batch_size(self) -> int:
        """The most operations that one batch may hold."""
        return self._writer.batch_size

    def carry_out(self, batches: Iterable[Sequence[WantedOperation]]) -> Iterator[Sequence[OperationOutcome]]:
        """Carry out the operations, a batch at a time, until the run is to stop."""
        return self._writer.carry_out(self._until_stopped(batches))

    def _until_stopped(self, batches: Iterable[Sequence[WantedOperation]]) -> Iterator[Sequence[WantedOperation]]:
        waiting = iter(batches)
        while not self._stopper.asked():  # asked before a batch is made: making one records that it is about to be sent
            batch = next(waiting, None)
            if batch is None:
                return
            yield batch
