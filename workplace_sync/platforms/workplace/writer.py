"""Changes a group: batches over a few threads, and for each operation what is known of it afterwards."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import chain

from workplace_sync.platforms.base import (
    CallError,
    ChangeRefusedError,
    GroupGoneError,
    GroupWriter,
    MalformedAnswerError,
    OperationOutcome,
    PermissionMissingError,
    RateLimitedError,
    Result,
    UnavailableError,
    WantedOperation,
    always,
)
from workplace_sync.platforms.pace import Pace
from workplace_sync.platforms.waiting import Clock
from workplace_sync.platforms.workplace.client import BATCH_LIMIT, GraphClient, change_members
from workplace_sync.platforms.workplace.codes import says_no_such_object
from workplace_sync.platforms.workplace.target import Target
from workplace_sync.platforms.workplace.wire import operation_failure

ROUNDS = 5  # how often the operations that were refused for the rate are sent
_FIRST_HOLD = 5.0  # seconds without a call after the first such refusal; doubled each time
_UNANSWERED = 3  # batches in a row without any answer, after which a run had better stop


class WorkplaceWriter(GroupWriter):
    """Changes one group of the token's community."""

    def __init__(self, client: GraphClient, target: Target, *, pace: Pace, clock: Clock, threads: int) -> None:
        self._client = client
        self._target = target
        self._pace = pace
        self._clock = clock
        self._threads = threads

    @property
    def batch_size(self) -> int:
        """50: more are refused (developers.facebook.com/docs/graph-api/batch-requests)."""
        return BATCH_LIMIT

    def carry_out(
        self, batches: Iterable[Sequence[WantedOperation]], may_send: Callable[[], bool] = always
    ) -> Iterator[Sequence[OperationOutcome]]:
        """Carry out the operations as the port says; the group itself is checked before the first is sent."""
        source = iter(batches)
        first = next(source, None)
        if first is None:
            return
        refusal = self._refusal()
        if refusal is not None:
            yield _all(first, refusal)
            return
        yield from self._in_flight(chain([first], source), _Stop(may_send))

    def _refusal(self) -> CallError | None:
        """Return why the group may not be changed, or cannot be checked; None when it may."""
        try:
            self._target.check_writable()
        except CallError as error:
            error.harmless = error.stops_run = True  # nothing was sent but the question
            return error
        return None

    def _in_flight(
        self, source: Iterator[Sequence[WantedOperation]], stop: "_Stop"
    ) -> Iterator[Sequence[OperationOutcome]]:
        flight: set[Future[list[OperationOutcome]]] = set()
        unanswered = 0
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="batch")
        try:
            while True:
                while len(flight) < self._threads and (batch := _pulled(source, stop)) is not None:
                    flight.add(pool.submit(self._send, batch, stop))
                if not flight:
                    return
                done, flight = wait(flight, return_when=FIRST_COMPLETED)
                for future in done:
                    outcomes = future.result()
                    unanswered = unanswered + 1 if _nobody_answered(outcomes) else 0
                    if unanswered >= _UNANSWERED:
                        stop.set()
                    yield outcomes
        finally:
            stop.set()
            pool.shutdown(wait=True)

    def _send(self, batch: Sequence[WantedOperation], stop: "_Stop") -> list[OperationOutcome]:
        """Send a batch, and again what of it was refused for the rate; return the outcomes in the batch's order."""
        outcomes: list[OperationOutcome | None] = [None] * len(batch)
        left = list(range(len(batch)))
        for attempt in range(1, ROUNDS + 1):
            answers = self._round([batch[place] for place in left], stop)
            for place, outcome in zip(left, answers.outcomes, strict=True):
                outcomes[place] = outcome
            left = [
                place
                for place, outcome in zip(left, answers.outcomes, strict=True)
                if isinstance(outcome.error, RateLimitedError)
            ]
            if not left or not answers.came or attempt == ROUNDS:
                break
            self._pace.hold(self._hold(answers.outcomes, attempt))
        known = self._unless_group_gone([outcome for outcome in outcomes if outcome is not None])
        if any(outcome.stops_run for outcome in known):
            stop.set()
        return known

    def _round(self, batch: Sequence[WantedOperation], stop: "_Stop") -> "_Answers":
        operations = [change_members(self._target.group_id, wanted) for wanted in batch]
        try:
            parts = self._client.batch(operations, stop.before_sending)
        except CallError as error:
            return _Answers(_all(batch, error), came=False)
        return _Answers([_outcome(each.seq, part) for each, part in zip(batch, parts, strict=True)], came=True)

    def _hold(self, outcomes: Sequence[OperationOutcome], attempt: int) -> float:
        asked = [outcome.error.retry_after or 0.0 for outcome in outcomes if outcome.error is not None]
        return max(asked, default=0.0) or _FIRST_HOLD * 2 ** (attempt - 1) * (1 + 0.2 * self._clock.chance())

    def _unless_group_gone(self, outcomes: list[OperationOutcome]) -> list[OperationOutcome]:
        """Return the outcomes, put right where it is not the people but the group itself that is no longer there."""
        if not outcomes or not all(_no_such_object(outcome.error) for outcome in outcomes):
            return outcomes
        try:
            self._target.describe()
        except GroupGoneError as error:
            return [OperationOutcome(outcome.seq, Result.NOT_SENT, error) for outcome in outcomes]
        except CallError:
            return outcomes
        return outcomes


class _Stop(threading.Event):
    """Set once the run is to end; `before_sending` also asks whether a request may go out at all."""

    def __init__(self, may_send: Callable[[], bool]) -> None:
        super().__init__()
        self._may_send = may_send

    def before_sending(self) -> bool:
        """Whether nothing more may be sent."""
        return self.is_set() or not self._may_send()


@dataclass(frozen=True, slots=True)
class _Answers:
    """The outcomes of one request; `came` is false when the request failed as a whole."""

    outcomes: Sequence[OperationOutcome]
    came: bool


def _pulled(source: Iterator[Sequence[WantedOperation]], stop: _Stop) -> Sequence[WantedOperation] | None:
    """Return the caller's next batch that is not empty, None when there is none or the run is to stop."""
    while not stop.is_set():
        batch = next(source, None)
        if batch is None:
            return None
        if len(batch) > BATCH_LIMIT:
            raise ValueError(f"a batch holds at most {BATCH_LIMIT} operations, not {len(batch)}")
        if batch:
            return batch
    return None


def _all(batch: Sequence[WantedOperation], error: CallError) -> Sequence[OperationOutcome]:
    result = Result.NOT_SENT if error.harmless else Result.UNKNOWN
    return [OperationOutcome(wanted.seq, result, error) for wanted in batch]


def _outcome(seq: int, part: object) -> OperationOutcome:
    error = operation_failure(part)
    if error is None:
        return OperationOutcome(seq, Result.ACCEPTED)
    if isinstance(error, ChangeRefusedError | PermissionMissingError):
        return OperationOutcome(seq, Result.REFUSED, error)
    return OperationOutcome(seq, Result.NOT_SENT if error.harmless else Result.UNKNOWN, error)


def _nobody_answered(outcomes: Sequence[OperationOutcome]) -> bool:
    return all(isinstance(outcome.error, UnavailableError | MalformedAnswerError) for outcome in outcomes)


def _no_such_object(error: CallError | None) -> bool:
    return isinstance(error, ChangeRefusedError) and says_no_such_object(error.code, error.subcode)
