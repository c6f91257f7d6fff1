"""Run as a program: records a batch again and again, each time in a child that kills itself one step further.

Arguments: database URL and checkpoint file. A step is any SQL statement, commit, signature, fsync or replacement of a
file; after each child a line `<step> killed` or `<step> done` is printed, and the program waits for a line on its input,
so that who started it can look at what is left.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event

from tests.store.logs import add, make_log
from workplace_sync.evidence.note import Signer
from workplace_sync.store.database import Database

BATCH = 300


class Countdown:
    """Kills the process, with no chance to clean up, when a step is reached."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def __call__(self, *_: object, **__: object) -> None:
        self._left -= 1
        if self._left < 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _around(owner: Any, name: str, step: Countdown) -> None:  # noqa: ANN401 - a module or a class
    """Count a step before and after every call."""
    inner = getattr(owner, name)

    def outer(*values: Any, **named: Any) -> Any:  # noqa: ANN401 - handed through
        step()
        result = inner(*values, **named)
        step()
        return result

    setattr(owner, name, outer)


def record_and_die(url: str, outside: Path, steps: int) -> None:
    step = Countdown(steps)
    database = Database(url)
    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(database.engine, name, step)
    _around(os, "fsync", step)
    _around(Path, "replace", step)
    _around(Signer, "sign", step)
    add(make_log(database, outside, seed=steps), BATCH)


def main(url: str, outside: Path) -> None:
    step = 0
    done = False
    while not done:
        child = os.fork()
        if child == 0:
            record_and_die(url, outside, step)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        done = os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0
        print(step, "done" if done else "killed" if os.WIFSIGNALED(status) else "failed", flush=True)
        sys.stdin.readline()
        step += 1


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
