"""What was told of which episode through which channel, and what is still to be told there."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, bindparam, delete, not_, or_, select, text, update

from workplace_sync.cases.notice import Due, Matter, Name, Phase, Sent
from workplace_sync.store.notice_tables import NoticeRow
from workplace_sync.store.tables import Instant

_TABLE: Table = NoticeRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Told:
    """One thing told through a channel; `sent_at` is None where it is still to be told, and `trouble` says why."""

    channel: str
    matter: Matter
    group: str
    key: str
    phase: Phase
    since: datetime
    first_tried_at: datetime
    sent_at: datetime | None
    attempts: int
    trouble: str


def sent(connection: Connection, channel: str, groups: Collection[str], matters: Collection[Matter]) -> list[Sent]:
    """Return what a channel was told of these groups' matters, oldest first."""
    query = select(_TABLE).where(
        _TABLE.c.channel == channel,
        _TABLE.c.group_name.in_(groups),
        _TABLE.c.matter.in_([matter.value for matter in matters]),
        _TABLE.c.sent_at.is_not(None),
    )
    return [
        Sent((Matter(row.matter), row.group_name, row.episode), Phase(row.phase), row.sent_at, row.since)
        for row in connection.execute(query.order_by(_TABLE.c.sent_at, _TABLE.c.step))
    ]


_CLAIM = text("""
INSERT INTO notice (channel, matter, group_name, episode, step, phase, since, first_tried_at, claimed_at, sent_at, attempts, trouble)
VALUES (:channel, :matter, :group_name, :episode, :step, :phase, :since, :at, :at, NULL, 1, '')
ON CONFLICT (channel, matter, group_name, episode, step) DO UPDATE
SET phase = excluded.phase, claimed_at = excluded.claimed_at, attempts = notice.attempts + 1
WHERE notice.sent_at IS NULL AND (notice.claimed_at IS NULL OR notice.claimed_at <= :stale)
""").bindparams(*(bindparam(name, type_=Instant()) for name in ("since", "at", "stale")))


def claim(connection: Connection, channel: str, due: Sequence[Due], at: datetime, patience: timedelta) -> list[Due]:
    """Take on to tell what is due, and return that of it which no other run is telling, or has told, meanwhile.

    A claim is taken over after `patience`: its run was killed. Then somebody may be told twice, but never not at all.
    """
    values = {"channel": channel, "at": at, "stale": at - patience}
    return [one for one in due if connection.execute(_CLAIM, values | _naming(one)).rowcount]


def settle(connection: Connection, channel: str, due: Sequence[Due], at: datetime | None, trouble: str) -> None:
    """Let go of what was claimed: it was sent at that time, or not at all where that is None."""
    for one in due:
        named = _naming(one)
        mine = and_(*(_TABLE.c[name] == named[name] for name in ("matter", "group_name", "episode", "step")))
        done = update(_TABLE).where(_TABLE.c.channel == channel, mine)
        connection.execute(done.values(sent_at=at, claimed_at=None, trouble=trouble))


def unsent(connection: Connection, channel: str, groups: Collection[str], matters: Collection[Matter]) -> bool:
    """Whether anything of these groups' matters is still to be told through a channel, and no run is telling it."""
    query = select(_TABLE.c.step).where(
        _TABLE.c.channel == channel,
        _TABLE.c.group_name.in_(groups),
        _TABLE.c.matter.in_([matter.value for matter in matters]),
        _TABLE.c.sent_at.is_(None),
        _TABLE.c.claimed_at.is_(None),
    )
    return connection.execute(query.limit(1)).first() is not None


def forget_undone(
    connection: Connection, channel: str, still: Collection[Name], groups: Collection[str], matters: Collection[Matter]
) -> None:
    """Forget what a channel could not be told of episodes of these groups that are over by now, except of those in `still`."""
    kept = [
        and_(_TABLE.c.matter == matter.value, _TABLE.c.group_name == group, _TABLE.c.episode == key)
        for matter, group, key in still
    ]
    others: list[ColumnElement[bool]] = [not_(or_(*kept))] if kept else []
    connection.execute(
        delete(_TABLE).where(
            _TABLE.c.channel == channel,
            _TABLE.c.sent_at.is_(None),
            _TABLE.c.claimed_at.is_(None),
            _TABLE.c.group_name.in_(groups),
            _TABLE.c.matter.in_([matter.value for matter in matters]),
            *others,
        )
    )


def troubled(connection: Connection, channels: Collection[str]) -> list[Told]:
    """Return what could not be told through these channels, oldest first; what a run is telling just now is not among it."""
    query = select(_TABLE).where(
        _TABLE.c.channel.in_(channels), _TABLE.c.sent_at.is_(None), _TABLE.c.claimed_at.is_(None)
    )
    return [_told(row) for row in connection.execute(query.order_by(_TABLE.c.first_tried_at, _TABLE.c.channel))]


def newest(connection: Connection, group: str | None = None, *, limit: int = 50) -> list[Told]:
    """Return what was told or is to be told, newest first, of one group or of all."""
    query = select(_TABLE).order_by(_TABLE.c.first_tried_at.desc(), _TABLE.c.channel, _TABLE.c.matter, _TABLE.c.episode)
    if group is not None:
        query = query.where(_TABLE.c.group_name == group)
    return [_told(row) for row in connection.execute(query.limit(limit))]


def _naming(one: Due) -> dict[str, object]:
    matter, group, key = one.episode.name
    return {
        "matter": matter.value,
        "group_name": group,
        "episode": key,
        "step": one.step,
        "phase": one.phase.value,
        "since": one.episode.since,
    }


def _told(row: Row[tuple[object, ...]]) -> Told:
    return Told(
        channel=row.channel,
        matter=Matter(row.matter),
        group=row.group_name,
        key=row.episode,
        phase=Phase(row.phase),
        since=row.since,
        first_tried_at=row.first_tried_at,
        sent_at=row.sent_at,
        attempts=row.attempts,
        trouble=row.trouble,
    )
