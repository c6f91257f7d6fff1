"""The one way to a platform over HTTP: session, retry, pace, and nothing personal in a log line or an error.

The token travels in the Authorization header, to one base address only: redirects are not followed, cookies are not
kept, and a `next` address from an answer is never opened as it is. What an answer means is a platform's own affair
(its `Dialect`); whether a call may be repeated is decided here, on what the dialect's error says about it.
"""

import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Protocol
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception

from workplace_sync import __version__
from workplace_sync.errors import SettingsError
from workplace_sync.loopback import LOOPBACK
from workplace_sync.platforms.base import CallError, MalformedAnswerError, RateLimitedError
from workplace_sync.platforms.failures import failure_of
from workplace_sync.platforms.pace import Pace
from workplace_sync.platforms.prompt import PromptAdapter, cut_after
from workplace_sync.platforms.waiting import Clock, never

_LARGEST_ANSWER = 64 * 1024 * 1024
_CHUNK = 256 * 1024
_QUERY = re.compile(r"\?[^\s\"']*")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for a connection, and for each piece of an answer; its headers have three times as long in all."""

    connect: float = 3.05
    read: float = 30.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one call is repeated: attempts, seconds in all, and the exponential wait between them.

    A Retry-After that does not fit into what is left of `total` ends the call at once: calling again earlier would
    lengthen the wait, and waiting longer belongs to the scheduler.
    """

    attempts: int = 6
    total: float = 180.0
    first: float = 0.5
    longest: float = 30.0


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer as it came. `retry_after` is in seconds, None where the answer does not ask for a wait."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call: `path` below the base address, parameters for the query, and for the form of a POST.

    `weight` is the number of operations the platform counts. `reads` says that repeating it can change nothing.
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    weight: int = 1
    reads: bool = True


class Dialect(Protocol):
    """What one platform's answers mean."""

    def read(self, answer: HttpAnswer) -> object:
        """Return the answer's JSON value, or raise the CallError that it stands for."""

    def usage(self, headers: Mapping[str, str]) -> int | None:
        """Return how many percent of a limit is used, None where the answer does not say."""

    def signature(self, now: datetime) -> Mapping[str, str]:
        """Return the parameters that prove who calls, fresh for each attempt; they may be none."""


class HttpClient:
    """Calls one platform with one token. Safe for as many threads as it was made for."""

    def __init__(
        self,
        base_url: str,
        token: str,
        dialect: Dialect,
        *,
        pace: Pace,
        clock: Clock | None = None,
        timeouts: Timeouts | None = None,
        patience: Patience | None = None,
        threads: int = 8,
    ) -> None:
        self._base = checked_base(base_url)
        self._dialect = dialect
        self._pace = pace
        self._clock = clock or Clock()
        self._timeouts = timeouts or Timeouts()
        self._patience = patience or Patience()
        self._session = _session(token, threads)
        self._lock = threading.Lock()
        self._sent = 0
        self._skew: float | None = None

    @property
    def requests_sent(self) -> int:
        """How many requests were handed to the network, repeats included."""
        return self._sent

    @property
    def skew(self) -> float | None:
        """The platform's clock minus ours in seconds at the last answer that carried a date (whole seconds)."""
        return self._skew

    def call(self, call: Call, stopped: Callable[[], bool] = never) -> object:
        """Make the call, repeat it while that is safe and useful, and return the answer's JSON value.

        Raises a CallError, whose `harmless` says whether the call certainly had no effect.
        """
        spent = _Spent()
        retrying = Retrying(
            retry=retry_if_exception(lambda error: _may_repeat(error, call)),
            wait=self._wait,
            stop=lambda state: self._is_enough(state, spent),
            before_sleep=self._before_sleep,
            sleep=lambda seconds: self._clock.pause(seconds, stopped),
            reraise=True,
        )
        return retrying(self._once, call, spent, stopped)

    def close(self) -> None:
        """Close the connections and let go of the pace."""
        self._session.close()
        self._pace.close()

    def _once(self, call: Call, spent: "_Spent", stopped: Callable[[], bool]) -> object:
        self._pace.take(call.weight, stopped)
        self._clock.pause(0, stopped)
        with self._lock:
            self._sent += 1
        begun = self._clock.monotonic()
        try:
            answer = self._exchange(call)
        finally:
            spent.seconds += self._clock.monotonic() - begun
        usage = self._dialect.usage(answer.headers)
        if usage is not None:
            self._pace.observe(usage)
        return self._dialect.read(answer)

    def _exchange(self, call: Call) -> HttpAnswer:
        signature = self._dialect.signature(self._clock.now())
        failure: CallError | None = None
        try:
            with (
                self._session.request(
                    "GET" if call.form is None else "POST",
                    f"{self._base}/{call.path}",
                    params={**call.params, **signature} if call.form is None else call.params,
                    data=None if call.form is None else {**call.form, **signature},
                    timeout=(self._timeouts.connect, self._timeouts.read),
                    allow_redirects=False,
                    stream=True,
                ) as response,
                cut_after(self._patience.total, response.raw.shutdown),
            ):
                return self._received(response)
        except (requests.RequestException, OSError) as error:
            failure = failure_of(error)
        # Raised out here, so that the library's error, whose text holds the whole address, is not its context.
        raise failure

    def _received(self, response: requests.Response) -> HttpAnswer:
        give_up = self._clock.monotonic() + self._patience.total
        content = bytearray()
        for chunk in response.iter_content(_CHUNK):
            content += chunk
            if len(content) > _LARGEST_ANSWER or self._clock.monotonic() > give_up:
                raise MalformedAnswerError("The platform's answer does not end.", hint="Check the platform's address.")
        now = self._clock.now()
        date = _http_date(response.headers.get("Date", ""))
        if date is not None:
            self._skew = round((date - now).total_seconds() + 0.5, 3)  # a date is cut to whole seconds
        wait = retry_after(response.headers.get("Retry-After", ""), date or now)
        return HttpAnswer(response.status_code, response.headers, bytes(content), wait)

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, CallError) else None
        if asked is not None:
            return asked * (1 + 0.1 * self._clock.chance())
        exponential = self._patience.first * 2.0 ** (state.attempt_number - 1)
        return min(self._patience.longest, exponential) * (0.5 + 0.5 * self._clock.chance())

    def _is_enough(self, state: RetryCallState, spent: "_Spent") -> bool:
        late = spent.seconds + state.idle_for + state.upcoming_sleep > self._patience.total
        return late or state.attempt_number >= self._patience.attempts

    def _before_sleep(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RateLimitedError):
            self._pace.hold(state.upcoming_sleep)
        code = getattr(error, "code", None)
        _log.warning(
            "A call to the platform failed (%s, code %s); it is repeated in %.1f s (attempt %d).",
            type(error).__name__,
            code,
            state.upcoming_sleep,
            state.attempt_number + 1,
        )


@dataclass(slots=True)
class _Spent:
    """Seconds in which one call waited for answers; the wait for its turn is not held against it."""

    seconds: float = 0.0


def _may_repeat(error: BaseException, call: Call) -> bool:
    return isinstance(error, CallError) and error.retryable and (call.reads or error.harmless)


def checked_base(base_url: str) -> str:
    """Return the base address without a trailing slash; raise SettingsError for one that a token must not go to."""
    parts = urlsplit(base_url)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise SettingsError("The platform's address is not a web address.", hint="It begins with https://")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise SettingsError(
            "The platform's address is not encrypted, and the token would be read on the way.",
            hint="Use https://; plain http is for this machine only (127.0.0.1).",
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsError(
            "The platform's address holds more than a host and a path.", hint="Give the token as its own setting."
        )
    return base_url.rstrip("/")


def retry_after(value: str, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110 section 10.2.3), None for none or nonsense."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    date = _http_date(value)
    return None if date is None else max(0.0, (date - now).total_seconds())


def _http_date(value: str) -> datetime | None:
    if not value:
        return None
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


class _Bearer(AuthBase):
    """Puts the token into its header. As an auth object it also keeps a .netrc of the machine from replacing it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _session(token: str, threads: int) -> requests.Session:
    session = requests.Session()
    adapter = PromptAdapter(pool_connections=1, pool_maxsize=threads, pool_block=True)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = f"workplace-sync/{__version__}"
    session.auth = _Bearer(token)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


class WithoutQueries(logging.Filter):
    """Cuts every query out of a log record: at DEBUG, urllib3 logs whole addresses, and with them the proof.

    Of headers that came in half it also logs a traceback, with what it could not read: neither is of use to anybody.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, cut."""
        record.msg, record.args = _QUERY.sub("?…", record.getMessage()), ()
        record.exc_info = record.exc_text = None
        return True


for _name in ("connectionpool", "connection", "util.retry", "response"):
    logging.getLogger(f"urllib3.{_name}").addFilter(WithoutQueries())
