"""Opens a group on a Workplace-style Graph platform: one token, one group, its reader and its writer."""

import re
from types import TracebackType
from typing import Self

from workplace_sync.errors import SettingsError
from workplace_sync.platforms.base import CommunityDescription
from workplace_sync.platforms.http import HttpClient, Patience, Timeouts
from workplace_sync.platforms.pace import Pace
from workplace_sync.platforms.waiting import Clock
from workplace_sync.platforms.workplace.client import GraphClient
from workplace_sync.platforms.workplace.reader import WorkplaceReader
from workplace_sync.platforms.workplace.target import Target
from workplace_sync.platforms.workplace.wire import GraphDialect
from workplace_sync.platforms.workplace.writer import WorkplaceWriter

_GROUP_ID = re.compile(r"[0-9]{1,32}")
_TOKEN = re.compile(r"[!-~]+")


class WorkplaceGroup:
    """A group behind one token. Close it, or use it as a context manager. Made by `open_workplace`."""

    def __init__(
        self, http: HttpClient, group_id: str, *, pace: Pace, clock: Clock, threads: int, page_size: int
    ) -> None:
        self._http = http
        self._client = GraphClient(http)
        self._target = Target(self._client, group_id)
        self._pace = pace
        self._clock = clock
        self._threads = threads
        self._page_size = page_size

    @property
    def requests_sent(self) -> int:
        """How many requests were handed to the network so far, repeats included."""
        return self._http.requests_sent

    def reader(self, group_id: str = "") -> WorkplaceReader:
        """Return a reader of this group, or of another group of the same community, to copy people from."""
        target = Target(self._client, checked_group_id(group_id)) if group_id else self._target
        return WorkplaceReader(self._client, target, self._page_size, self._threads)

    def writer(self) -> WorkplaceWriter:
        """Return a writer of this group."""
        return WorkplaceWriter(self._client, self._target, pace=self._pace, clock=self._clock, threads=self._threads)

    def community(self) -> CommunityDescription:
        """Return the tenant that the token belongs to. Raises CallErrors."""
        return self._target.community()

    def close(self) -> None:
        """Close the connections and let go of the pace."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_workplace(
    *,
    base_url: str,
    group_id: str,
    token: str,
    app_secret: str | None = None,
    threads: int = 8,
    pace: Pace | None = None,
    timeouts: Timeouts | None = None,
    patience: Patience | None = None,
    page_size: int = 1000,
    clock: Clock | None = None,
) -> WorkplaceGroup:
    """Return the group; nothing is sent yet.

    `base_url` is the Graph's address, with a version segment if wanted (`https://host/v18.0`); with `app_secret` every
    call carries a fresh appsecret_proof. `threads` is how many batches are in flight at once, `page_size` how many
    members a page is asked to hold. `pace` without a bucket still heeds the platform's usage headers.
    Raises SettingsError for an address, id, token or number that cannot be.
    """
    if not _TOKEN.fullmatch(token):
        raise SettingsError(
            "The token is empty, or holds a space or another character that a token cannot have.",
            hint="Copy it again from the platform's admin panel, without quotes and line ends.",
        )
    if threads < 1 or page_size < 1:
        raise SettingsError("The number of threads and the size of a page must be at least 1.")
    clock = clock or Clock()
    pace = pace or Pace(clock)
    http = HttpClient(
        base_url,
        token,
        GraphDialect(token, app_secret or None),
        pace=pace,
        clock=clock,
        timeouts=timeouts,
        patience=patience,
        threads=threads,
    )
    return WorkplaceGroup(
        http, checked_group_id(group_id), pace=pace, clock=clock, threads=threads, page_size=page_size
    )


def checked_group_id(group_id: str) -> str:
    """Return the id; raise SettingsError for what is not one (a word such as `community` would name something else)."""
    if not _GROUP_ID.fullmatch(group_id):
        raise SettingsError("The group's id is not a number.", hint="Take the digits from the group's web address.")
    return group_id
