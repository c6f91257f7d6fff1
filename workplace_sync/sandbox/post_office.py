"""Carries webhooks to their addresses over HTTP, in threads of its own, and again where that failed."""

import heapq
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

_CARRIERS = 4
_TIMEOUT = 10.0
_GOOD = range(200, 300)


@dataclass(slots=True)
class Letter:
    """A delivery. `attempts` are the statuses that it was answered with, 0 for none; `seconds` how long each took."""

    n: int
    tenant: str
    url: str
    body: bytes
    headers: Mapping[str, str]
    retry_after: tuple[float, ...]
    attempts: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    done: bool = False


class PostOffice:
    """Carries letters. Nothing is started before the first one."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Letter]] = []
        self._open = 0  # letters that are not done
        self._changed = threading.Condition()
        self._closed = False
        self._carriers: list[threading.Thread] = []

    def post(self, letter: Letter) -> None:
        """Take a letter to be carried at once."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic(), letter.n, letter))
            self._open += 1
            while len(self._carriers) < _CARRIERS:
                carrier = threading.Thread(target=self._carry, daemon=True)
                self._carriers.append(carrier)
                carrier.start()
            self._changed.notify()

    def settle(self, seconds: float) -> int:
        """Wait until every letter is delivered or given up, so long at most; return how many are not."""
        with self._changed:
            self._changed.wait_for(lambda: self._open == 0, seconds)
            return self._open

    def close(self) -> None:
        """Carry nothing any more."""
        with self._changed:
            self._closed = True
            self._due.clear()
            self._changed.notify_all()

    def _carry(self) -> None:
        lines: dict[str, HTTPConnection] = {}
        while (letter := self._next()) is not None:
            began = time.perf_counter()
            status = _post(lines, letter)
            with self._changed:
                letter.seconds.append(round(time.perf_counter() - began, 6))
                self._note(letter, status)
        for line in lines.values():
            line.close()

    def _next(self) -> Letter | None:
        with self._changed:
            while not self._closed:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
        return None

    def _note(self, letter: Letter, status: int) -> None:
        letter.attempts.append(status)
        tried = len(letter.attempts)
        if status in _GOOD or tried > len(letter.retry_after):
            letter.done = True
            self._open -= 1
        else:
            heapq.heappush(self._due, (time.monotonic() + letter.retry_after[tried - 1], letter.n, letter))
        self._changed.notify_all()


def ask(url: str) -> tuple[int, bytes]:
    """Return status and body of a GET, status 0 where nobody answers."""
    line = _line(url)
    try:
        line.request("GET", _target(url))
        answer = line.getresponse()
        return answer.status, answer.read()
    except (OSError, HTTPException):
        return 0, b""
    finally:
        line.close()


def _post(lines: dict[str, HTTPConnection], letter: Letter) -> int:
    line = lines.setdefault(letter.url, _line(letter.url))
    headers = {"Content-Type": "application/json", "User-Agent": "sandbox-webhooks/1", **letter.headers}
    try:
        line.request("POST", _target(letter.url), letter.body, headers)
        answer = line.getresponse()
        answer.read()
    except (OSError, HTTPException):
        lines.pop(letter.url).close()
        return 0
    return answer.status


def _line(url: str) -> HTTPConnection:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
