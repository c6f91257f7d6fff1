"""The one tree of errors: what went wrong, what to do about it, and how the command ends.

SyncError                     1   message, hint, exit_code, retryable
├── UsageError               64   the command was called in a way that cannot work
├── InputError                1   a file is wrong: carries every Fault found, not the first
├── SettingsError             1   a setting or a secret is missing or wrong
├── StoreError                1   the database cannot be used as it is
├── StaleError                1   a plan no longer fits what it was made from: plan again
├── ReviewError               1   an approval that cannot count
├── CaseError                 1   a step that an escalation cannot take
├── GuardError                5   a guard of the plan trips: nothing was written
├── BlindError                6   the group could not be read completely
├── EvidenceError             7   the evidence does not verify
├── BusyError                75   another run holds the group: try later
├── NoticeError               1   a message to the committee did not reach everybody
└── PlatformError             1   anything the platform or the way to it did (see platforms.base)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ends; the table is in the README."""

    DONE = 0
    ERROR = 1
    CHANGES = 2
    PARTIAL = 3
    HELD = 4
    GUARD = 5
    BLIND = 6
    EVIDENCE = 7
    USAGE = 64
    BUSY = 75
    INTERRUPTED = 130


class SyncError(Exception):
    """Something went wrong.

    `message` is one sentence for a committee admin, `hint` says what to do next. Neither ever holds an address,
    a name or a token. `retryable` is true when the same call may succeed later without anybody changing anything.
    """

    exit_code: ExitCode = ExitCode.ERROR
    retryable: bool = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SyncError):
    """The command was called in a way that cannot work."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong with a file: where it is (1-based line and column, 0 = the whole file), and what to do."""

    file: str
    line: int
    column: int
    field: str
    message: str
    advice: str = ""

    def __str__(self) -> str:
        place = ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)])
        field = f" [{self.field}]" if self.field else ""
        advice = f" — {self.advice}" if self.advice else ""
        return f"{place}:{field} {self.message}{advice}"


class InputError(SyncError):
    """A file is wrong; `faults` holds all that was found, in the order of the file."""

    def __init__(self, message: str, faults: Sequence[Fault] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.faults = tuple(faults)


class SettingsError(SyncError):
    """A setting or a secret is missing or wrong."""


class StoreError(SyncError):
    """The database cannot be used as it is."""


class StaleError(SyncError):
    """A plan no longer fits what it was made from: plan again."""


class ReviewError(SyncError):
    """An approval or rejection that cannot count."""


class CaseError(SyncError):
    """A step that an escalation cannot take now, or that somebody may not take."""


class GuardError(SyncError):
    """A guard over the whole plan trips: nothing was written."""

    exit_code = ExitCode.GUARD


class BlindError(SyncError):
    """The group could not be read completely, so nothing may be concluded from who is missing."""

    exit_code = ExitCode.BLIND


class EvidenceError(SyncError):
    """The evidence log does not verify; nothing is written until a person has looked."""

    exit_code = ExitCode.EVIDENCE


class BusyError(SyncError):
    """Another run holds the group."""

    exit_code = ExitCode.BUSY
    retryable = True


class NoticeError(SyncError):
    """A message did not reach everybody it was for. `reached` says whether it reached anybody, and is not to be repeated."""

    retryable = True

    def __init__(self, message: str, *, hint: str = "", reached: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.reached = reached


class PlatformError(SyncError):
    """Anything the platform, or the way to it, did; its kinds are in `platforms.base`."""


def may_pass(error: SyncError) -> bool:
    """Whether it may be over after a while: database or platform did not do their part, and nobody has to decide first.

    A revoked token is such a thing too: it is given again elsewhere, where nothing tells us.
    """
    return error.retryable or isinstance(error, StoreError | PlatformError | BlindError)
