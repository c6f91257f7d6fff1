"""What a check found, and the frame of all checks: a name, and no failure that keeps the next check from running."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, ParamSpec

from workplace_sync.errors import ExitCode, InputError, SyncError
from workplace_sync.logs import redact_text
from workplace_sync.platforms.base import BlockedError, MalformedAnswerError, RateLimitedError, UnavailableError

P = ParamSpec("P")

# Besides those whose own exit code says so: after these, too, nobody knows who is in the group.
_NOTHING_SEEN = (UnavailableError, MalformedAnswerError, RateLimitedError, BlockedError)


class Status(StrEnum):
    """How a check ended. Skipped: what it rests on is not there, or the platform does not tell."""

    OK = "ok"
    WARNING = "warning"
    RED = "red"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says. `blind`: it is red because a group cannot be seen, and for nothing else."""

    status: Status
    message: str
    advice: str = ""
    blind: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's name and what it says, in one line each; `group` is empty for what concerns them all."""

    check: str
    status: Status
    message: str
    advice: str = ""
    blind: bool = False
    group: str = ""

    @property
    def stands(self) -> bool:
        """Whether other checks can rest on this one."""
        return self.status in {Status.OK, Status.WARNING}


class Check(Generic[P]):
    """A named check. Calling it runs it; whatever goes wrong with files, stores or platforms is a red finding."""

    def __init__(self, name: str, judge: Callable[P, Verdict]) -> None:
        self.name = name
        self._judge = judge

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Finding:
        """Run the check."""
        try:
            verdict = self._judge(*args, **kwargs)
        except SyncError as error:
            verdict = failed(error)
        except OSError as error:
            verdict = red(f"This could not be looked at ({error.strerror}).", "Check the rights of files and folders.")
        return Finding(self.name, verdict.status, verdict.message, verdict.advice, verdict.blind)

    def after(self, needed: Sequence[Finding], *args: P.args, **kwargs: P.kwargs) -> Finding:
        """Run the check if all that it rests on stands; skip it otherwise."""
        missing = next((one for one in needed if not one.stands), None)
        return self(*args, **kwargs) if missing is None else self.skipped(missing)

    def skipped(self, missing: Finding) -> Finding:
        """Return that the check was not made, because of what is `missing`."""
        how = "is red" if missing.status is Status.RED else "was skipped"
        return Finding(self.name, Status.SKIPPED, f"because `{missing.check}` {how}")


def check(name: str) -> Callable[[Callable[P, Verdict]], Check[P]]:
    """Make a check of a function."""
    return lambda judge: Check(name, judge)


def ok(message: str) -> Verdict:
    """Say that all is well."""
    return Verdict(Status.OK, message)


def warning(message: str, advice: str) -> Verdict:
    """Say that it works, and could be better."""
    return Verdict(Status.WARNING, message, advice)


def red(message: str, advice: str, *, blind: bool = False) -> Verdict:
    """Say that it does not work."""
    return Verdict(Status.RED, message, advice, blind)


def untold(message: str) -> Verdict:
    """Say that nothing can be said."""
    return Verdict(Status.SKIPPED, message)


def failed(error: SyncError) -> Verdict:
    """Return the red verdict for an error: its sentence and advice, and for a faulty file how much is wrong with it."""
    text = error.message.replace("\n  ", " ")
    faults = error.faults if isinstance(error, InputError) else ()
    if faults:
        text += f" {len(faults)} fault{'s, the first is' if len(faults) > 1 else ''}: {faults[0]}"
    blind = error.exit_code is ExitCode.BLIND or isinstance(error, _NOTHING_SEEN)
    return red(redact_text(text), redact_text(error.hint), blind=blind)


def exit_code(findings: Iterable[Finding]) -> ExitCode:
    """Return how the doctor ends: blind when nothing is red but that groups cannot be seen."""
    reds = [one for one in findings if one.status is Status.RED]
    if not reds:
        return ExitCode.DONE
    return ExitCode.BLIND if all(one.blind for one in reds) else ExitCode.ERROR
