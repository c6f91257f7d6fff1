"""What a reconcile came to: one value for a group, and one exit code for several."""

from collections.abc import Iterable
from dataclasses import dataclass

from workplace_sync.errors import ExitCode, Fault

WORST_FIRST = (
    ExitCode.INTERRUPTED,
    ExitCode.EVIDENCE,
    ExitCode.ERROR,
    ExitCode.USAGE,
    ExitCode.BLIND,
    ExitCode.GUARD,
    ExitCode.PARTIAL,
    ExitCode.BUSY,
    ExitCode.HELD,
    ExitCode.CHANGES,
    ExitCode.DONE,
)
"""Which end of several is told: what makes all else doubtful first, what settles itself last."""


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the exit code that stands for several; DONE for none."""
    return min(codes, key=WORST_FIRST.index, default=ExitCode.DONE)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What became of one group. Everything but `faults` is a count, a code, a digest, or a sentence that names nobody.

    `come` and `gone` are who came and went since the reading before, `departed` those of them gone without our doing;
    `incident` is the id of an incident that was opened or went on. `added` and `removed` took effect in this run;
    `refused` changes are not accepted by the platform, in this run or for as long as the same plan stands. `waiting`
    changes wait for an approval of `plan`, the beginning of its digest; `denied` ones are not allowed by the policies,
    or were rejected by somebody. `left` changes could be done and are not yet. `set_aside` says why an approved plan was
    not carried out. `trouble` is the sentence of the error that the group ended with, `hint` what to do about it,
    `faults` what is wrong with a file, `lasting` whether it stays so until somebody does something. `crash` is a mistake
    of the program's own. `news` says whether anything is different from the last run.
    """

    group: str
    code: ExitCode = ExitCode.DONE
    members: int | None = None
    come: int = 0
    gone: int = 0
    departed: int = 0
    suspected: int = 0
    incident: str = ""
    added: int = 0
    removed: int = 0
    refused: int = 0
    waiting: int = 0
    denied: int = 0
    left: int = 0
    plan: str = ""
    new_plan: bool = False
    set_aside: tuple[str, ...] = ()
    trouble: str = ""
    hint: str = ""
    faults: tuple[Fault, ...] = ()
    lasting: bool = False
    news: bool = False
    crash: Exception | None = None

    COUNTS = ("come", "gone", "departed", "suspected", "added", "removed", "refused", "waiting", "denied", "left")

    @property
    def counts(self) -> dict[str, int]:
        """The counts by their names, and `members` where the group was seen."""
        seen = {} if self.members is None else {"members": self.members}
        return seen | {name: getattr(self, name) for name in self.COUNTS}

    @property
    def summary(self) -> str:
        """What became of the group, in one line."""
        if self.trouble:
            return self.trouble
        numbers = (
            (self.added, "added"),
            (self.removed, "removed"),
            (self.refused, "refused by the platform"),
            (self.left, "left to be done"),
            (self.waiting, f"waiting for an approval of plan {self.plan}"),
            (self.denied, "not allowed"),
            (self.departed, "gone without our doing"),
            (self.suspected, "missing, not yet confirmed to be gone"),
        )
        told = [f"{number:,} {words}" for number, words in numbers if number]
        if self.incident:
            told.append(f"incident {self.incident}")
        size = "" if self.members is None else f" {self.members:,} members."
        return f"{', '.join(told) or 'Nothing to do'}.{size}"
