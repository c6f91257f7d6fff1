"""A command that is killed at a step, or believes another time: `python -m tests.scenarios.dying STEP DAYS ARGUMENTS...`.

A step is the moment before a transaction commits, the one after, or the one before a request goes out; at step 0 it is
not killed. DAYS is how far ahead its clock is, or `swinging` for one that jumps weeks back and forward at each look.
"""

import itertools
import os
import signal
import sys
from datetime import UTC, datetime, timedelta

import requests
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.engine.interfaces import DBAPIConnection

from workplace_sync.app import Application
from workplace_sync.cli.main import run

SWING = timedelta(days=45)


class Countdown:
    """Kills the process, with no chance to clean up, when a step is reached."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def die_at(step: int) -> None:
    """Be killed at that step."""
    countdown = Countdown(step)
    commit, send = DefaultDialect.do_commit, requests.Session.send

    def committed(self: DefaultDialect, connection: DBAPIConnection) -> None:
        countdown()
        commit(self, connection)  # type: ignore[no-untyped-call]
        countdown()

    def sent(
        self: requests.Session, request: requests.PreparedRequest, **named: float | bool | None
    ) -> requests.Response:
        countdown()
        return send(self, request, **named)  # type: ignore[arg-type]

    DefaultDialect.do_commit = committed  # type: ignore[method-assign]
    requests.Session.send = sent  # type: ignore[method-assign,assignment]


def live_in(days: str) -> None:
    """Have the program believe that time."""
    swings = itertools.cycle((-SWING, timedelta(), SWING))

    def now() -> datetime:
        return datetime.now(UTC) + (next(swings) if days == "swinging" else timedelta(days=float(days)))

    defaults = Application.__init__.__kwdefaults__
    assert defaults is not None
    defaults["now"] = now


if __name__ == "__main__":
    if int(sys.argv[1]):
        die_at(int(sys.argv[1]))
    live_in(sys.argv[2])
    del sys.argv[1:3]
    run()
