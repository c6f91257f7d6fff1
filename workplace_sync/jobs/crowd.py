"""Worker processes that judge chunks of people: a large plan takes all processors, and no end of a worker ends the run.

The engine is native code. Should it end a process on some rows, those rows are judged again in a fresh process, rule by
rule; should that end too, every change among them fails closed. Workers know no database and no secret: what they get
and give are plain values. One that loses us ends by itself, as its end of the pipe then reads as closed.

They are started by hand and not by `multiprocessing`, whose children run the main program's file once more.
"""

import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, Pipe
from types import TracebackType
from typing import Self

from workplace_sync.errors import SyncError
from workplace_sync.jobs.judging import Judge, Judged, Question, Way
from workplace_sync.store.candidate_rows import CandidateRow

_PATIENCE = 300  # seconds for a chunk that takes a tenth of one: a worker that is stuck counts as gone
_BEGIN = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from workplace_sync.jobs.crowd import work; work(int(sys.argv[1]))"
)

Rows = Sequence[CandidateRow]


def usable_workers() -> int:
    """Return for how many processes there are processors; 0 where a pipe cannot be handed to a process."""
    if sys.platform == "win32":
        return 0
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Crowd:
    """Up to `number` workers for one question; they are started when they are needed, and ended on leaving."""

    def __init__(self, question: Question, number: int) -> None:
        self._question = question
        self._number = number
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._workers:
            self._workers.pop().end()

    def pids(self) -> list[int]:
        """Return the process ids of the workers."""
        return [worker.pid for worker in self._workers]

    def judge(self, chunks: Iterable[Rows]) -> Iterator[Judged]:
        """Yield what becomes of each chunk, in order. No more chunks are in hand than there are workers."""
        busy: deque[tuple[_Worker, Rows]] = deque()
        for rows in chunks:
            judged = None
            if len(busy) < self._number:
                worker = self._start()
            else:
                worker, judged = self._await(*busy.popleft())
            worker.ask(rows, Way.TOGETHER)  # before the answer is used: the worker is not to wait for that
            busy.append((worker, rows))
            if judged is not None:
                yield judged
        while busy:
            yield self._await(*busy.popleft())[1]

    def _start(self) -> "_Worker":
        worker = _Worker(self._question)
        self._workers.append(worker)
        return worker

    def _await(self, worker: "_Worker", rows: Rows) -> tuple["_Worker", Judged]:
        """Return the worker's answer, and the worker to go on with."""
        judged = worker.answer()
        if judged is None:
            worker = self._replaced(worker)
            worker.ask(rows, Way.ALONE)
            judged = worker.answer()
        if judged is None:
            worker = self._replaced(worker)
            judged = Judge(self._question).judge(rows, Way.NOT_AT_ALL)
        return worker, judged

    def _replaced(self, gone: "_Worker") -> "_Worker":
        self._workers.remove(gone)
        gone.end()
        return self._start()


class _Worker:
    """A process of our own at the other end of a pipe."""

    def __init__(self, question: Question) -> None:
        self._pipe, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
                [sys.executable, "-I", "-c", _BEGIN, str(theirs.fileno()), json.dumps(_path())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # what native code says at its end is nothing for whoever looks on
            )
        self.pid = self._process.pid
        self._send(question)

    def ask(self, rows: Rows, way: Way) -> None:
        """Send rows to be judged."""
        self._send((rows, way))

    def answer(self) -> Judged | None:
        """Wait for what became of them; None when the worker is gone. Raises what the worker's own code raised."""
        try:
            found = self._pipe.recv() if self._pipe.poll(_PATIENCE) else None
        except (EOFError, OSError):
            return None
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, Judged) else None

    def end(self) -> None:
        """End the process, wherever it is, and wait until it is gone."""
        self._pipe.close()
        self._process.kill()
        self._process.wait()

    def _send(self, value: object) -> None:
        try:
            self._pipe.send(value)
        except OSError:  # it is gone already, which the missing answer tells
            return


def work(descriptor: int) -> None:
    """Judge what comes in until nothing more can come: the whole life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for those who started us; the pipe then closes
    with Connection(descriptor) as pipe:
        try:
            judge = Judge(pipe.recv())
            while True:
                pipe.send(_judged(judge, *pipe.recv()))
        except (EOFError, OSError):
            return


def _judged(judge: Judge, rows: Rows, way: Way) -> Judged | Exception:
    try:
        return judge.judge(rows, way)
    except Exception as error:  # noqa: BLE001 - it is raised where the run is
        return error if isinstance(error, SyncError) else RuntimeError(f"a worker failed: {type(error).__name__}")


def _path() -> list[str]:
    return [os.path.abspath(part) for part in sys.path]  # noqa: PTH100 - "" is the working folder
