"""Where episodes are found: in the books, by every run anew, so that nobody has to pass anything along."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from workplace_sync.cases.escalation_steps import Deadlines, overdue
from workplace_sync.cases.notice import Episode, Matter
from workplace_sync.errors import EvidenceError, ExitCode
from workplace_sync.jobs.case_desk import all_cases
from workplace_sync.jobs.office import NORMAL_STAKES, Stakes
from workplace_sync.jobs.waiting import waiting
from workplace_sync.store import figures, incidents
from workplace_sync.store.database import Database

FAILED = {
    ExitCode.ERROR: "an error",
    ExitCode.PARTIAL: "some operations failed",
    ExitCode.GUARD: "a guard tripped, and nothing was written",
    ExitCode.USAGE: "the command cannot be understood",
}
"""How a run ends that failed. Blindness and evidence are matters of their own, and busy is not a failure."""

GOOD = (ExitCode.DONE, ExitCode.CHANGES, ExitCode.HELD)
DOES_ALL = ("reconcile",)
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Books:
    """What a source looks at: the database, the groups asked about, the time, the evidence's check, the rules of waiting."""

    database: Database
    groups: Collection[str]
    now: datetime
    check_evidence: Callable[[], None]
    stakes: Stakes = NORMAL_STAKES
    deadlines: Callable[[], Deadlines] = Deadlines


@dataclass(frozen=True, slots=True)
class Source:
    """Finds the episodes of one matter. Where it raises SyncError, nothing of that matter is taken to be over."""

    matter: Matter
    find: Callable[[Books], Iterable[Episode]]


def held(books: Books) -> Iterator[Episode]:
    """Yield the groups whose changes wait for a second person, once for all plans that nobody answered."""
    for one in waiting(books.database, books.now, books.groups, books.stakes).values():
        counts, handle = {"changes": one.changes}, one.digest[:_DIGITS]
        yield Episode(Matter.HELD, one.group, one.first_plan, one.since, counts, handle=handle)


def open_incidents(books: Books) -> Iterator[Episode]:
    """Yield the incidents that nobody has closed."""
    with books.database.connect() as connection:
        found = incidents.listed(connection, still_open=True)
    for one in found:
        if one.group in books.groups:
            yield Episode(Matter.INCIDENT, one.group, one.id, one.began_at, {"people": one.people}, handle=one.id)


def blind(books: Books) -> Iterator[Episode]:
    """Yield the groups that cannot be seen."""
    with books.database.connect() as connection:
        found = figures.blind(connection)
    for group, lasting in found.items():
        if group in books.groups:
            yield Episode(Matter.BLIND, group, str(lasting.number), lasting.since, detail=lasting.cause)


def failing_runs(books: Books) -> Iterator[Episode]:
    """Yield the verbs that failed, with no good run since."""
    with books.database.connect() as connection:
        found = figures.failing(connection, books.groups, failing=tuple(FAILED), good=GOOD, every=DOES_ALL)
    for one in found:
        why = "killed, or cut off" if one.exit_code is None else FAILED[ExitCode(one.exit_code)]
        detail = f"{one.verb}, the last one by {why}"
        yield Episode(Matter.RUN, one.group, f"{one.verb}:{one.first}", one.since, {"runs": one.runs}, detail)


def evidence(books: Books) -> Iterator[Episode]:
    """Yield that the evidence log does not verify."""
    try:
        books.check_evidence()
    except EvidenceError:
        yield Episode(Matter.EVIDENCE, "", "log", books.now)


def overdue_escalations(books: Books) -> Iterator[Episode]:
    """Yield that answers to members are overdue, as one number: which cases, officers see by themselves."""
    deadlines = books.deadlines()
    with books.database.connect() as connection:
        found = [overdue(case, books.now, deadlines) for case in all_cases(connection).values() if case.open]
    late = sorted(due for due in found if due is not None)
    if late:
        yield Episode(Matter.ESCALATION, "", "overdue", late[0].at, {"cases": len(late)})


SOURCES = (
    Source(Matter.EVIDENCE, evidence),
    Source(Matter.INCIDENT, open_incidents),
    Source(Matter.BLIND, blind),
    Source(Matter.RUN, failing_runs),
    Source(Matter.HELD, held),
    Source(Matter.ESCALATION, overdue_escalations),
)
"""All that committees are told of; a new matter is one more of them."""
