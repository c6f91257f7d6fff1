"""The group that is to be read or changed, and the check that it is one that may be changed."""

import threading

from workplace_sync.platforms.base import (
    CommunityDescription,
    GroupArchivedError,
    GroupDescription,
    GroupGoneError,
    PermissionMissingError,
    RequestRefusedError,
    TargetRefusedError,
)
from workplace_sync.platforms.workplace.client import GraphClient
from workplace_sync.platforms.workplace.wire import WireGroup, malformed, parse_group

COUNT_FIELD = "members.limit(0).summary(total_count)"
_FIELDS = "id,name,archived,is_community"
_NOT_TOLD = CommunityDescription("", "")


class Target:
    """One group id, with what must be known about it before it is touched. Safe for many threads."""

    def __init__(self, client: GraphClient, group_id: str) -> None:
        self.group_id = group_id
        self._client = client
        self._lock = threading.Lock()
        self._community: CommunityDescription | None = None
        self._writable = False

    def community(self) -> CommunityDescription:
        """Return the tenant of the token, asked for once."""
        if self._community is None:
            found = parse_group(self._client.read("community", fields="id,name"))
            self._community = CommunityDescription(found.platform_id, found.name)
        return self._community

    def describe(self) -> GroupDescription:
        """Return the group's description, fresh from the platform.

        Raises TargetRefusedError for a community: DELETE on its members removes people from the whole platform, over
        the same edge as for a group (developers.facebook.com/docs/workplace/reference/graph-api/community). Also when neither the group nor the token's
        community says which it is. Raises the other CallErrors as they come.
        """
        found = self._read()
        if found.platform_id != self.group_id:
            raise malformed("it describes another group than was asked for")
        community = self._community_if_told()
        told = found.is_community is not None or community.platform_id
        if found.is_community or found.platform_id == community.platform_id or not told:
            raise TargetRefusedError(
                "The target is a whole community and not a group, or the platform does not say which it is.",
                hint="Give the id of the group itself; removing people from a community takes their platform away.",
            )
        return GroupDescription(found.platform_id, found.name, found.archived, found.member_count)

    def check_writable(self) -> None:
        """Make sure, once, that the group may be changed; TargetRefusedError, GroupArchivedError or another if not."""
        with self._lock:
            if self._writable:
                return
            if self.describe().archived:
                raise GroupArchivedError(
                    "The group is archived, and is not changed.",
                    hint="Ask the platform's administrators why; it can be brought back in the group's settings.",
                )
            self._writable = True

    def _read(self) -> WireGroup:
        try:
            return parse_group(self._client.read(self.group_id, fields=f"{_FIELDS},{COUNT_FIELD}"))
        except RequestRefusedError:  # a platform that cannot count this way may still describe the group
            return parse_group(self._client.read(self.group_id, fields=_FIELDS))

    def _community_if_told(self) -> CommunityDescription:
        try:
            return self.community()
        except (PermissionMissingError, GroupGoneError, RequestRefusedError):
            return _NOT_TOLD
