"""Carry changes out: intent is stored before a request goes out, the outcome after, the unknown is settled by reading (P3)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.recheck import Rechecked
from workplace_sync.membership.change import Action
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.plan import Header, PlannedChange
from workplace_sync.platforms.base import (
    CallError,
    GroupArchivedError,
    GroupGoneError,
    GroupReader,
    GroupWriter,
    OperationOutcome,
    Result,
    StoppedError,
    WantedOperation,
)
from workplace_sync.store import operations as journal
from workplace_sync.store import plans
from workplace_sync.store.operations import Operation, State

MAX_ATTEMPTS = 3  # in one run; the next run begins to count anew

Platform = tuple[GroupReader, GroupWriter]

_STATES = {Result.ACCEPTED: State.DONE, Result.REFUSED: State.FAILED}


@dataclass(slots=True)
class Course:
    """How carrying out goes so far.

    `asked` counts changes, however often they were sent. `silent` is the last error that left an outcome unknown,
    `stopped` the one that made going on pointless.
    """

    asked: int = 0
    accepted: int = 0
    skipped: int = 0
    not_sent: int = 0
    silent: CallError | None = None
    stopped: CallError | None = None
    on_progress: Callable[[int], None] = field(default=lambda _done: None)


@dataclass(frozen=True, slots=True)
class Journal:
    """Writes what becomes of one plan's changes into the journal and the evidence log."""

    office: Office
    group: ManagedGroup
    plan: plans.PlanRecord
    approved_by: str

    def operation(self, change: PlannedChange, state: State, reason: str = "") -> Operation:
        """Return the journal's row for a change."""
        return Operation(
            self.plan.id, change.seq, self.group.name, change.key, change.action, state, self.office.now(), reason
        )

    def intend(self, changes: Sequence[PlannedChange]) -> None:
        """Store that these are about to be sent."""
        with self.office.database.write() as connection:
            journal.intend(connection, [self.operation(change, State.INTENDED) for change in changes])

    def skip(self, skipped: Sequence[Rechecked]) -> None:
        """Store that these are not carried out, and why."""
        if not skipped:
            return
        with self.office.log.transaction() as transaction:
            done = [self.operation(one.change, State.SKIPPED, one.reason) for one in skipped]
            journal.skip(transaction.connection, done)
            header = self.plan.header
            for one, operation in zip(skipped, done, strict=True):
                transaction.log(self._record(header, one.change, operation))

    def end(self, ended: Sequence[tuple[PlannedChange, State, str]], withdrawn: Sequence[int] = ()) -> None:
        """Store outcomes, and take back the intents of what certainly was not sent."""
        with self.office.log.transaction() as transaction:
            done = [(change, self.operation(change, state, reason)) for change, state, reason in ended]
            journal.finish(transaction.connection, [operation for _, operation in done])
            if withdrawn:
                journal.withdraw(transaction.connection, self.plan.id, withdrawn)
            header = self.plan.header
            for change, operation in done:
                transaction.log(self._record(header, change, operation))

    def _record(self, header: Header, change: PlannedChange, operation: Operation) -> Record:
        return Record(
            kind=Kind.OPERATION_OUTCOME,
            at=operation.at,
            group=self.group.name,
            subject=change.key,
            actor=self.office.actor,
            outcome=operation.state.value,
            data={
                "action": change.action.value,
                "approved_by": self.approved_by,
                "effect": change.effect.value,
                "method": str(change.facts.get("action.method", "")),
                "plan": self.plan.id,
                "plan_digest": self.plan.digest,
                "policy_revision": header.policy_revision,
                "reason": operation.reason,
                "requested_by": header.requested_by,
                "rules": list(change.rules),
                "source": str(change.facts.get("action.source", "")),
                "wanted_because": change.reason,
            },
        )


def carry_out(
    books: Journal, platform: Platform, rechecked: Iterable[Rechecked], course: Course, *, limit: int | None
) -> None:
    """Carry out what goes, at most `limit` changes, and record what is skipped; `course` tells how it went."""
    changes = _going(books, rechecked, course)
    _send(books, platform, changes if limit is None else islice(changes, limit), course)


def _going(books: Journal, rechecked: Iterable[Rechecked], course: Course) -> Iterator[PlannedChange]:
    iterator = iter(rechecked)
    while part := list(islice(iterator, 500)):
        skipped = [one for one in part if not one.goes]
        books.skip(skipped)
        course.skipped += len(skipped)
        yield from (one.change for one in part if one.goes)


def _send(books: Journal, platform: Platform, changes: Iterable[PlannedChange], course: Course) -> None:
    reader, writer = platform
    sent: dict[int, PlannedChange] = {}
    for outcomes in writer.carry_out(_batches(books, writer, changes, sent, course), books.office.may_send):
        _receive(books, _put_right(outcomes, reader), sent, course)


def _put_right(outcomes: Sequence[OperationOutcome], reader: GroupReader) -> Sequence[OperationOutcome]:
    """Return the outcomes, put right where a whole batch was refused because of the group and not of its people."""
    if any(outcome.result is not Result.REFUSED or outcome.stops_run for outcome in outcomes):
        return outcomes
    error = _closed(reader)
    return outcomes if error is None else [OperationOutcome(each.seq, Result.NOT_SENT, error) for each in outcomes]


def _closed(reader: GroupReader) -> CallError | None:
    try:
        archived = reader.describe().archived
    except GroupGoneError as error:
        return error
    except CallError:
        return None
    return (
        GroupArchivedError("The group was archived meanwhile.", hint="Ask the platform's administrators why.")
        if archived
        else None
    )


def _batches(
    books: Journal,
    writer: GroupWriter,
    changes: Iterable[PlannedChange],
    sent: dict[int, PlannedChange],
    course: Course,
) -> Iterator[list[WantedOperation]]:
    iterator = iter(changes)
    while course.stopped is None and (part := list(islice(iterator, writer.batch_size))):
        books.intend(part)
        sent |= {change.seq: change for change in part}
        course.asked += len(part)
        yield [WantedOperation(change.seq, change.action, change.address, change.platform_id) for change in part]


def _receive(
    books: Journal, outcomes: Sequence[OperationOutcome], sent: dict[int, PlannedChange], course: Course
) -> None:
    ended: list[tuple[PlannedChange, State, str]] = []
    withdrawn: list[int] = []
    for outcome in outcomes:
        change = sent.pop(outcome.seq)
        if outcome.result is Result.UNKNOWN:
            course.silent = outcome.error
        if outcome.stops_run and (course.stopped is None or isinstance(course.stopped, StoppedError)):
            course.stopped = outcome.error  # the first says why; the others were only told to stop
        if outcome.result is Result.NOT_SENT or (outcome.result is Result.REFUSED and outcome.stops_run):
            withdrawn.append(outcome.seq)  # a lost permission is nothing about this person: they are still to be done
        elif outcome.result in _STATES:
            ended.append((change, _STATES[outcome.result], outcome.error.message if outcome.error else ""))
    if ended or withdrawn:
        books.end(ended, withdrawn)
    course.accepted += sum(state is State.DONE for _, state, _ in ended)
    course.not_sent += len(withdrawn)
    course.on_progress(len(outcomes))


def settle(
    office: Office, group: ManagedGroup, approvals: Callable[[plans.PlanRecord], str]
) -> list[tuple[plans.PlanRecord, Operation]]:
    """Settle operations of any plan whose outcome is unknown by what the last complete snapshot shows.

    What took effect is done. What did not is returned and stays unknown: silence is no refusal, and a late request may
    still take effect. Call it only right after a complete reading. `approvals` names who approved a plan.
    """
    with office.database.connect() as connection:
        unsettled = journal.unsettled(connection, group.name, office.now())
        by_plan: dict[str, list[tuple[Operation, bool]]] = {}
        for operation, present in unsettled:
            by_plan.setdefault(operation.plan_id, []).append((operation, present))
        known = {plan_id: plans.find(connection, plan_id)[0] for plan_id in by_plan}
        changes = {
            plan_id: plans.changes_numbered(connection, plan_id, [operation.seq for operation, _ in found])
            for plan_id, found in by_plan.items()
        }
    again: list[tuple[plans.PlanRecord, Operation]] = []
    for plan_id, found in by_plan.items():
        books = Journal(office, group, known[plan_id], approvals(known[plan_id]))
        ended: list[tuple[PlannedChange, State, str]] = []
        for (operation, present), change in zip(found, changes[plan_id], strict=True):
            if present == (operation.action is Action.ADD):
                ended.append((change, State.DONE, "no answer came; the group shows that it took effect"))
            else:
                again.append((known[plan_id], operation))
        if ended:
            books.end(ended)
    return again


def take_back(office: Office, again: Sequence[tuple[plans.PlanRecord, Operation]]) -> None:
    """Take back the intents of what an earlier run sent without effect, so that it is decided again like the rest."""
    by_plan: dict[str, list[int]] = {}
    for plan, operation in again:
        by_plan.setdefault(plan.id, []).append(operation.seq)
    with office.database.write() as connection:
        for plan_id, seqs in by_plan.items():
            journal.withdraw(connection, plan_id, seqs)


def send_again(books: Journal, platform: Platform, seqs: Sequence[int], course: Course) -> None:
    """Send changes of the plan again whose first sending had no effect."""
    with books.office.database.connect() as connection:
        changes = plans.changes_numbered(connection, books.plan.id, seqs)
    asked = course.asked
    _send(books, platform, changes, course)
    course.asked = asked  # they were counted the first time
