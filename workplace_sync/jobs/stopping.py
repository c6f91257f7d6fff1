"""Ending a run early and in order.

Its reading breaks off at the next page, and no further change goes out; those on their way are awaited and recorded,
the lease is given back, and the next run goes on from there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from workplace_sync.errors import ExitCode, SyncError
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.running import Run


class RunStoppedError(SyncError):
    """The run was told to stop before it had ended."""

    exit_code = ExitCode.INTERRUPTED
    retryable = True


@dataclass(frozen=True, slots=True)
class Stoppable:
    """A run that ends early when `stop` says so; that is asked often, from any thread, and takes no time."""

    run: Run
    stop: Callable[[], bool]

    def check(self) -> None:
        """Raise RunStoppedError when the run is to stop."""
        if self.stop():
            raise RunStoppedError("The run was stopped before it had ended.", hint="The next run goes on from there.")

    def progress(self, done: int, total: int | None = None, stage: str = "") -> None:
        """Say how far the run is, and raise RunStoppedError when it is to stop."""
        self.check()
        self.run.progress(done, total, stage)

    def office(self) -> Office:
        """Return the run's office, in which nothing is sent and nothing waited for any more once the run is to stop."""
        office = self.run.office

        def may_send() -> bool:
            return office.may_send() and not self.stop()

        def sleep(seconds: float) -> None:
            self.check()
            office.confirmation.sleep(seconds)
            self.check()

        return replace(office, may_send=may_send, confirmation=replace(office.confirmation, sleep=sleep))
