"""Whether a job that has ended is tried again, and when: decided from how it ended, and from nothing else."""

from workplace_sync.errors import ExitCode

_BUSY_SECONDS, _BUSY_LONGEST, _BUSY_TIMES = 2, 60, 120
_WEAK_TIMES = 3
WEAK_SECONDS = 30.0
_FAILED = frozenset({ExitCode.ERROR, ExitCode.EVIDENCE, ExitCode.USAGE, ExitCode.BUSY})
_WEAK = frozenset({ExitCode.PARTIAL, ExitCode.BLIND, ExitCode.ERROR})  # the latter: a database that comes back


def again_after(
    code: ExitCode, attempts: int, weak_seconds: float = WEAK_SECONDS, *, lasting: bool = False
) -> float | None:
    """Return the seconds after which to try again; None to leave it at that. `attempts` counts those before this one.

    A group that is busy is waited for, for about two hours. A run that was told to stop is for the next worker, at
    once. Where platform or database did not do their part, it is tried three times more, first after `weak_seconds`,
    then at growing distances; after that the schedule has its turn. What people have to decide, or `lasting`
    until they do something, as a stale plan or a missing token, is not tried again.
    """
    if code is ExitCode.INTERRUPTED:
        return 0
    if code is ExitCode.BUSY and attempts < _BUSY_TIMES:
        return min(_BUSY_LONGEST, _BUSY_SECONDS * (attempts + 1))
    if code in _WEAK and not lasting and attempts < _WEAK_TIMES:
        return weak_seconds * 2.0**attempts
    return None


def has_failed(code: ExitCode) -> bool:
    """Whether a job that is not tried again counts as failed, so that it stays in the list of jobs for a while."""
    return code in _FAILED
