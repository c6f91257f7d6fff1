"""How fast calls go out: a rate shared by every process with the same token, and a brake on the platform's own word.

The limits of a platform hold for a token, not for a process, so the bucket lies in a file or in PostgreSQL, where a
cron job, a worker and an admin's command meet. A batch weighs as much as its operations, because that is how the
platform counts (developers.facebook.com/docs/graph-api/overview/rate-limiting). From 80 % of the usage which it
reports on, calls are spread out, since calls made over the limit lengthen the wait.
"""

import hashlib
import hmac
import math
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Error as SqliteError

from pyrate_limiter import PostgresBucket, Rate, RateItem, SQLiteBucket, validate_rate_list

from workplace_sync.errors import SettingsError, StoreError
from workplace_sync.platforms.base import RateLimitedError
from workplace_sync.platforms.waiting import Clock, never

SLOW_FROM = 80  # percent of the platform's limit
FULL = 100
FULL_GAP = 60.0  # seconds between two calls at the limit: each is a probe
LONGEST_WAIT = 900.0  # seconds; longer waits belong to the scheduler that started the run
_STALE = 300.0  # seconds after which a reported usage says nothing any more
_LEAK_EVERY = 64
_LEAST_WAIT = 0.02


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most so many operations in any stretch of so many seconds."""

    operations: int
    seconds: float


def rate_of(per_second: float) -> RateLimit:
    """Return the limit for so many operations a second, above 0: never faster, so whole ones, or one in a longer stretch."""
    if per_second >= 1:
        return RateLimit(int(per_second), 1.0)
    return RateLimit(1, math.ceil(1000 / per_second) / 1000)  # whole milliseconds, as the bucket counts


class SharedBucket:
    """A pyrate-limiter bucket that several processes use at once. Made by `file_bucket` or `postgres_bucket`."""

    def __init__(self, bucket: SQLiteBucket | PostgresBucket, now_ms: Callable[[], int], largest: int) -> None:
        self.largest = largest  # the most that one call of `wait_for` may weigh
        self._bucket = bucket
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._calls = 0

    def wait_for(self, weight: int) -> float:
        """Take `weight` from the bucket and return 0, or take nothing and return the seconds until it may fit."""
        with self._lock, self._between_processes():
            item = RateItem("call", self._now_ms(), weight)
            self._calls += 1
            if self._calls % _LEAK_EVERY == 1:
                self._bucket.leak(item.timestamp)
            if self._bucket.put(item):
                return 0.0
            waiting = self._bucket.waiting(item)
            return max(_LEAST_WAIT, float(waiting if isinstance(waiting, int) else 0) / 1000)

    def close(self) -> None:
        """Let go of the file or of the connections."""
        self._bucket.close()  # type: ignore[no-untyped-call] # the library leaves it without types

    def _between_processes(self) -> AbstractContextManager[object]:
        lock = self._bucket.limiter_lock()
        return lock if isinstance(lock, AbstractContextManager) else nullcontext()


def file_bucket(path: Path, token: str, limits: Sequence[RateLimit], clock: Clock | None = None) -> SharedBucket:
    """Return the token's bucket in the SQLite file `path`, which processes on one machine share (with `path`.lock).

    Raises SettingsError for a limit that cannot be, StoreError when the file cannot be used.
    """
    rates = _rates(limits)
    now = (clock or Clock()).now
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        bucket = SQLiteBucket.init_from_file(rates, table=bucket_name(token), db_path=str(path), use_file_lock=True)
    except (SqliteError, OSError) as error:
        raise StoreError(
            f"The pace file {path} cannot be used: {type(error).__name__}.",
            hint="Check that its folder exists and may be written to.",
        ) from error
    return SharedBucket(bucket, lambda: int(now().timestamp() * 1000), min(limit.operations for limit in limits))


def postgres_bucket(url: str, token: str, limits: Sequence[RateLimit], wait: float = 10.0) -> SharedBucket:
    """Return the token's bucket in the PostgreSQL database at `url` (SQLAlchemy's or libpq's spelling), for many machines.

    `wait` is how many seconds to wait for a connection.
    Raises SettingsError for a limit that cannot be, StoreError when the database cannot be used.
    """
    import psycopg  # noqa: PLC0415 - most installations have no PostgreSQL, and need not load its client
    from psycopg_pool import ConnectionPool, PoolTimeout  # noqa: PLC0415 - as above

    rates = _rates(limits)
    # The bucket keeps times without a zone and converts with the session's: every machine must use the same one.
    pool = ConnectionPool(
        url.replace("postgresql+psycopg://", "postgresql://", 1),
        min_size=1,
        max_size=2,
        open=False,
        kwargs={"options": "-c timezone=UTC"},
    )
    failure = ""
    try:
        pool.open(wait=True, timeout=wait)
        bucket = PostgresBucket(pool, bucket_name(token), rates)
    except (psycopg.Error, PoolTimeout) as error:
        pool.close()
        failure = type(error).__name__  # its text may hold the password
    if failure:
        raise StoreError(
            f"The database for the shared pace cannot be used: {failure}.", hint="Check that the database is up."
        )
    return SharedBucket(bucket, bucket.now, min(limit.operations for limit in limits))


def bucket_name(token: str) -> str:
    """Return the name under which all processes with this token find its bucket; the token cannot be had from it."""
    return "pace_" + hmac.new(b"workplace-sync pace", token.encode(), hashlib.sha256).hexdigest()[:24]


def _rates(limits: Sequence[RateLimit]) -> list[Rate]:
    if not limits or any(limit.operations < 1 or limit.seconds <= 0 for limit in limits):
        raise SettingsError("The pace is not a rate.", hint="Give at least one operation and more than zero seconds.")
    rates = sorted((Rate(limit.operations, round(limit.seconds * 1000)) for limit in limits), key=lambda r: r.interval)
    if not validate_rate_list(rates):
        raise SettingsError(
            "The limits of the pace contradict each other.",
            hint="A longer stretch must allow more operations than a shorter one, at no higher rate.",
        )
    return rates


class Pace:
    """Decides when the next call may go out. Safe for many threads."""

    def __init__(self, clock: Clock | None = None, bucket: SharedBucket | None = None) -> None:
        self._clock = clock or Clock()
        self._bucket = bucket
        self._lock = threading.Lock()
        self._usage = 0
        self._usage_at = 0.0
        self._not_before = 0.0
        self._last_start = float("-inf")
        self._last_weight = 0

    def take(self, weight: int = 1, stopped: Callable[[], bool] = never) -> None:
        """Wait until a call of so many operations may go out.

        Raises RateLimitedError when that would take longer than a run should wait, StoppedError when `stopped`.
        """
        begun = self._clock.monotonic()
        while (wait := self._brake(weight)) > 0:
            self._pause(wait, begun, stopped)
        if self._bucket is None:
            return
        while weight > 0:
            part = min(weight, self._bucket.largest)
            while (wait := self._bucket.wait_for(part)) > 0:
                self._pause(wait, begun, stopped)
            weight -= part

    def observe(self, usage: int) -> None:
        """Note how much of its limit the platform says is used, in percent."""
        with self._lock:
            self._usage, self._usage_at = usage, self._clock.monotonic()

    def hold(self, seconds: float) -> None:
        """Let no call out for so many seconds: the platform refused one for the rate."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock.monotonic() + seconds)

    def close(self) -> None:
        """Let go of the shared bucket."""
        if self._bucket is not None:
            self._bucket.close()

    def _brake(self, weight: int) -> float:
        """Return 0 and count the call as started, or the seconds to wait (asked again, as the usage may have fallen)."""
        with self._lock:
            now = self._clock.monotonic()
            usage = self._usage if now - self._usage_at < _STALE else 0
            allowed = max(self._not_before, self._last_start + gap(usage, self._last_weight))
            if now >= allowed:
                self._last_start, self._last_weight = now, weight
                return 0.0
            return min(allowed - now, 1.0)

    def _pause(self, seconds: float, begun: float, stopped: Callable[[], bool]) -> None:
        left = max(self._not_before - self._clock.monotonic(), seconds)
        if self._clock.monotonic() + left - begun > LONGEST_WAIT:
            raise RateLimitedError(
                "The pace allowed for this token is used up for now.",
                hint="Run again later; what was not sent is carried out then.",
                retry_after=left,
            )
        self._clock.pause(seconds, stopped)


def gap(usage: int, weight: int) -> float:
    """Return the seconds to leave after a call of so many operations, at so many percent of the platform's limit.

    Nothing below 80 %; then 0.02 s per operation, doubling every 4 %: a batch of 50 is followed by 1 s at 80 %, by
    8 s at 92 %. At 100 % one call a minute goes out, to see whether the limit has moved.
    """
    if usage < SLOW_FROM:
        return 0.0
    if usage >= FULL:
        return FULL_GAP
    return min(FULL_GAP, weight * 0.02 * 2 ** ((usage - SLOW_FROM) / 4))
