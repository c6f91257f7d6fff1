"""Keeps deliveries as fast as they come, many in one commit, and reads them afterwards, each in a thread of its own.

The two never write at once: a writer that has to wait for SQLite's lock sleeps longer than it has to. What is kept
survives a crash; what was not read by then is read after the next start.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from workplace_sync.errors import SyncError
from workplace_sync.logs import get_logger

T = TypeVar("T")
Turn = Callable[[], AbstractContextManager[object]]

_TOGETHER = 200  # deliveries kept in one commit
_LOOK_EVERY = 5.0  # seconds: numbers of refusals are written, and what another process left is found
_AFTER_A_FAULT = 30.0
_QUIET = 0.1  # seconds without a delivery, after which reading takes nobody's time
_BUSY_FOR = 5.0  # seconds after which some are read even though more come

_log = get_logger(__name__)


class Intake(Generic[T]):
    """Takes in deliveries.

    `keep` makes some durable. `process` reads some of those that wait, holding the turn it is given while it writes, and
    returns how many. `count` adds to the numbers of refused ones, by reason. Each may raise SyncError.
    """

    def __init__(
        self,
        keep: Callable[[Sequence[T]], None],
        process: Callable[[Turn], int],
        count: Callable[[Mapping[str, int]], None],
    ) -> None:
        self._keep, self._process, self._count = keep, process, count
        self._queue: SimpleQueue[tuple[T, Future[None]] | None] = SimpleQueue()
        self._turn = threading.Lock()
        self._refused: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._last_put = 0.0
        self._threads = [
            threading.Thread(target=self._keep_all, name="webhooks-keep"),
            threading.Thread(target=self._process_all, name="webhooks-read"),
        ]

    def start(self) -> None:
        """Begin, with what waits from before."""
        self._news.set()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Keep what was put, read what waits, and end."""
        self._queue.put(None)
        self._threads[0].join()
        self._stopping.set()
        self._news.set()
        self._threads[1].join()

    async def put(self, delivery: T) -> None:
        """Return once the delivery is durable; raises what `keep` raises."""
        kept: Future[None] = Future()
        self._last_put = time.monotonic()
        self._queue.put((delivery, kept))
        await asyncio.wrap_future(kept)

    def refuse(self, reason: str) -> None:
        """Count a refused delivery."""
        with self._counting:
            self._refused[reason] += 1

    def _keep_all(self) -> None:
        going = True
        while going:
            batch, going = self._take()
            if batch:
                self._keep_batch(batch)

    def _take(self) -> tuple[list[tuple[T, Future[None]]], bool]:
        """Wait for a delivery, and return it with those behind it, and whether more may come."""
        batch: list[tuple[T, Future[None]]] = []
        item = self._queue.get()
        while item is not None:
            batch.append(item)
            if len(batch) == _TOGETHER:
                return batch, True
            try:
                item = self._queue.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _keep_batch(self, batch: Sequence[tuple[T, Future[None]]]) -> None:
        waiting = [kept for _, kept in batch if kept.set_running_or_notify_cancel()]
        try:
            with self._turn:
                self._keep([delivery for delivery, _ in batch])
        except Exception as error:  # noqa: BLE001 - whoever put them is told, and this thread goes on
            for kept in waiting:
                kept.set_exception(error)
        else:
            self._news.set()  # before the answer: whoever has it may ask what became of it
            for kept in waiting:
                kept.set_result(None)

    def _process_all(self) -> None:
        while not self._stopping.is_set():
            self._news.wait(_LOOK_EVERY)
            self._news.clear()
            self._let_senders_first()
            self._process_some()
        self._guarded(self._read_waiting)
        self._guarded(self._write_refusals)

    def _process_some(self) -> None:
        if not (self._guarded(self._read_waiting) and self._guarded(self._write_refusals)):
            self._stopping.wait(_AFTER_A_FAULT)

    def _read_waiting(self) -> None:
        while self._process(lambda: self._turn):
            self._let_senders_first()

    def _let_senders_first(self) -> None:
        """Wait while deliveries come: reading takes their time, and they are safe where they are."""
        until = time.monotonic() + _BUSY_FOR
        while (now := time.monotonic()) < until and now < self._last_put + _QUIET and not self._stopping.is_set():
            self._stopping.wait(_QUIET)

    def _write_refusals(self) -> None:
        with self._counting:
            refused = dict(+self._refused)
        if refused:
            with self._turn:
                self._count(refused)
            with self._counting:
                self._refused.subtract(refused)
            _log.warning("Deliveries were refused.", **refused)

    def _guarded(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except SyncError as error:
            _log.error("Webhooks are kept, but cannot be read: " + error.message, hint=error.hint)
        except Exception as error:  # noqa: BLE001 - receiving goes on, whatever happens to reading
            _log.error("Webhooks are kept, but cannot be read.", kind=type(error).__name__)
        else:
            return True
        return False
