"""How posts were received, day by day, as counts without names."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, text

from workplace_sync.cases.incident import Post
from workplace_sync.store.tables import Instant
from workplace_sync.store.watch_tables import EngagementRow

_TABLE = EngagementRow.__table__  # type: ignore[attr-defined]

_PUT = text("""
INSERT INTO engagement (group_name, post_id, taken_on, posted_at, seen, reactions, comments)
VALUES (:group_name, :post_id, :taken_on, :posted_at, :seen, :reactions, :comments)
ON CONFLICT (group_name, post_id, taken_on) DO UPDATE
SET seen = excluded.seen, reactions = excluded.reactions, comments = excluded.comments
""").bindparams(bindparam("posted_at", type_=Instant()))


def put(connection: Connection, group: str, day: str, posts: Sequence[tuple[str, Post]]) -> None:
    """Keep how posts, by their ids, stand on a day (as 2026-11-21, UTC); a later look on the same day replaces it."""
    if posts:
        connection.execute(
            _PUT,
            [
                {
                    "group_name": group,
                    "post_id": post_id,
                    "taken_on": day,
                    "posted_at": post.posted_at,
                    "seen": post.seen,
                    "reactions": post.reactions,
                    "comments": post.comments,
                }
                for post_id, post in posts
            ],
        )


def posts(connection: Connection, group: str, since: datetime, until: datetime) -> list[Post]:
    """Return the posts written from `since` up to `until`, oldest first, each as it stood when it was last looked at."""
    query = (
        select(_TABLE)
        .where(_TABLE.c.group_name == group, _TABLE.c.posted_at >= since, _TABLE.c.posted_at < until)
        .order_by(_TABLE.c.posted_at, _TABLE.c.post_id, _TABLE.c.taken_on)
    )
    newest = {
        row.post_id: Post(row.posted_at, row.seen, row.reactions, row.comments) for row in connection.execute(query)
    }
    return list(newest.values())
