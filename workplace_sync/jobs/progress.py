"""How far a run is, told while it reads a group and while it changes one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from workplace_sync.membership.snapshot import Completeness, Member
from workplace_sync.platforms.base import AccountsSeen, CallError, GroupDescription, GroupReader, PostCounts

Tell = Callable[[int, int | None, str], None]
"""Takes how much is done, of how much (None where nobody knows), and of what."""

READING = "reading members"
CHANGING = "carrying out changes"


@dataclass(slots=True)
class Steps:
    """Counts the changes of an apply and tells them on; `also` is called with each step too."""

    tell: Tell
    also: Callable[[int], None] = lambda _amount: None
    done: int = 0
    total: int | None = None

    def begin(self, total: int) -> None:
        """Say how many there will be."""
        self.total = total
        self.tell(self.done, total, CHANGING)

    def advance(self, amount: int) -> None:
        """Say that so many more are done."""
        self.done += amount
        self.tell(self.done, self.total, CHANGING)
        self.also(amount)


class ToldReader(GroupReader):
    """A reader that tells how many members it has read."""

    def __init__(self, behind: GroupReader, tell: Tell) -> None:
        self._behind = behind
        self._tell = tell

    @property
    def failure(self) -> CallError | None:  # type: ignore[override]
        """The error that broke the last reading off."""
        return self._behind.failure

    def describe(self) -> GroupDescription:
        """Return the group's description."""
        return self._behind.describe()

    def read_members(
        self, on_page: Callable[[Sequence[Member]], None], on_restart: Callable[[], None] | None = None
    ) -> Completeness:
        """Read as the reader behind does, telling each page."""
        read = 0

        def told(page: Sequence[Member]) -> None:
            nonlocal read
            on_page(page)
            read += len(page)
            self._tell(read, None, READING)

        def begin_again() -> None:
            nonlocal read
            read = 0
            if on_restart is not None:
                on_restart()

        return self._behind.read_members(told, None if on_restart is None else begin_again)

    def granted_permissions(self) -> tuple[str, ...] | None:
        """Return the names of the permissions the token has."""
        return self._behind.granted_permissions()

    def server_time_skew(self) -> float | None:
        """Return the platform's clock minus ours in seconds."""
        return self._behind.server_time_skew()

    def look_up(self, gone: Sequence[str], removed_by_us: Sequence[str] = ()) -> AccountsSeen:
        """Return what the platform says of people who are gone."""
        return self._behind.look_up(gone, removed_by_us)

    def read_posts(self, since: datetime) -> Iterator[PostCounts]:
        """Yield the posts of the group since a time."""
        return self._behind.read_posts(since)
