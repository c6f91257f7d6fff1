"""Reads a group: what it is, who is in it, and whether the reading saw everybody."""

import hashlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from workplace_sync.membership.snapshot import Completeness, Member
from workplace_sync.platforms.base import (
    AccountsSeen,
    CallError,
    GroupDescription,
    GroupGoneError,
    GroupReader,
    MalformedAnswerError,
    PermissionMissingError,
    PostCounts,
    RequestRefusedError,
)
from workplace_sync.platforms.workplace.accounts import AccountReader
from workplace_sync.platforms.workplace.client import GraphClient
from workplace_sync.platforms.workplace.target import COUNT_FIELD, Target
from workplace_sync.platforms.workplace.wire import parse_count, parse_member, parse_permissions, parse_post

READINGS = 3  # how often a reading is begun while members come and go under it
_FIELDS = "id,email,administrator,active"
_COUNT = "limit(0).summary(total_count)"
_POSTS_AT_ONCE = 50
_SHARES = 256  # the marks are sorted into so many lists, and only one of them is compared at a time


class WorkplaceReader(GroupReader):
    """Reads one group of the token's community."""

    def __init__(self, client: GraphClient, target: Target, page_size: int, threads: int = 1) -> None:
        self._client = client
        self._target = target
        self._page_size = page_size
        self._accounts = AccountReader(client, target.group_id, page_size=page_size, threads=threads)
        self.failure: CallError | None = None

    def describe(self) -> GroupDescription:
        """Return the group's description; TargetRefusedError when it is a community, or may be one."""
        return self._target.describe()

    def read_members(
        self, on_page: Callable[[Sequence[Member]], None], on_restart: Callable[[], None] | None = None
    ) -> Completeness:
        """Read all members, as the port says.

        The platform's own count is asked before and after: the reading is complete when it agrees with both. Where the
        platform gives no count, completeness rests on the last page having no `next`.
        """
        seen = self._read_once(on_page)
        for _ in range(READINGS - 1):
            if on_restart is None or seen.complete or not self._worth_another(seen):
                break
            on_restart()
            seen = self._read_once(on_page)
        return seen

    def granted_permissions(self) -> tuple[str, ...] | None:
        """Return the names of the granted permissions; None where the platform has no such list (it is undocumented)."""
        try:
            return parse_permissions(self._client.read("me/permissions"))
        except (RequestRefusedError, PermissionMissingError, GroupGoneError, MalformedAnswerError):
            return None

    def server_time_skew(self) -> float | None:
        """Return the platform's clock minus ours in seconds, to about a second."""
        if self._client.http.skew is None:
            self._target.community()
        return self._client.http.skew

    def look_up(self, gone: Sequence[str], removed_by_us: Sequence[str] = ()) -> AccountsSeen:
        """Return what the platform says of people who are gone, as the port says."""
        return self._accounts.look_up(gone, removed_by_us)

    def read_posts(self, since: datetime) -> Iterator[PostCounts]:
        """Yield the posts since a time, newest first, as the port says."""
        fields = ",".join(["id", "created_time", *(f"{edge}.{_COUNT}" for edge in ("seen", "reactions", "comments"))])
        path, start = f"{self._target.group_id}/feed", str(int(since.timestamp()))
        for page in self._client.timed_pages(path, _POSTS_AT_ONCE, fields=fields, since=start):
            posts = [parse_post(row) for row in page.rows]
            yield from (post for post in posts if post.posted_at >= since)
            if any(post.posted_at < since for post in posts):
                return

    def _worth_another(self, seen: Completeness) -> bool:
        """Whether members coming and going may explain the reading: counts that differ, or a cursor whose row went."""
        return self.failure is None or (isinstance(self.failure, RequestRefusedError) and seen.pages > 0)

    def _read_once(self, on_page: Callable[[Sequence[Member]], None]) -> Completeness:
        self.failure = None
        tally, seen = _Tally(), Completeness()
        before = self._counted()
        for members in self._pages() if self.failure is None else ():
            tally.add(members)
            seen = seen.with_page(len(members), sum(member.address_hidden for member in members))
            if members:
                on_page(members)
        after = self._counted() if self.failure is None and before is not None else None
        seen = replace(seen, repeated=tally.repeated(), expected=before if after is None else after)
        if self.failure is not None:
            return replace(seen, fault=self.failure.message)
        if after is not None and after != before:
            return replace(
                seen, ended=True, fault=f"The group went from {before} to {after} members while it was read."
            )
        return replace(seen, ended=True)

    def _pages(self) -> Iterator[list[Member]]:
        """Yield the pages; what the platform does wrong ends them and is kept in `failure`."""
        try:
            for page in self._client.pages(f"{self._target.group_id}/members", self._page_size, fields=_FIELDS):
                yield [parse_member(row) for row in page.rows]
        except CallError as error:
            self.failure = error

    def _counted(self) -> int | None:
        try:
            return parse_count(self._client.read(self._target.group_id, fields=COUNT_FIELD))
        except RequestRefusedError:  # the platform does not know this way of counting
            return None
        except CallError as error:
            self.failure = error
            return None


class _Tally:
    """Counts members that came more than once, in 8 bytes a member: a set of a million ids takes ten times that."""

    def __init__(self) -> None:
        self._shares = [array("Q") for _ in range(_SHARES)]

    def add(self, members: Sequence[Member]) -> None:
        for member in members:
            digest = hashlib.blake2b(member.platform_id.encode(), digest_size=8).digest()
            self._shares[digest[0]].frombytes(digest)

    def repeated(self) -> int:
        return sum(len(share) - len(set(share)) for share in self._shares)
