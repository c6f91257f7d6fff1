"""The audit log page by page for a reader, who may see some groups only: newest first, from any place, by what they ask.

Each question walks an index in the order of the entries' numbers, one walk a group and kind, or one a class of entries
that cite a rule, and stops when the page is full. A page therefore costs the same in a log of a thousand entries and in
one of a million.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select, union_all

from workplace_sync.evidence.entry import Kind
from workplace_sync.store import audit, citing
from workplace_sync.store.audit import AuditRow
from workplace_sync.store.database import Database
from workplace_sync.store.tables import EvidenceEntryRow, OpeningRow

_ENTRY = EvidenceEntryRow.__table__  # type: ignore[attr-defined]
_OPENING = OpeningRow.__table__  # type: ignore[attr-defined]
_MAX_SEQ = (1 << 31) - 1  # what the column holds
_CHUNK = 1_000
_WALKS = 200  # in a statement: SQLite puts no more than 500 together
_ASTRAY = 5_000  # entries by which one may lie astray of those of its time: written late, or by a clock that is wrong


@dataclass(frozen=True, slots=True)
class Search:
    """Which entries are asked for; None, and no `rules`, asks for all. Times are from `since` up to, not at, `until`.

    `groups` are those whose entries may be seen; with None all entries, those about no group too. `rules` are citations
    such as `union-consent@3/consent`, any of them.
    """

    groups: tuple[str, ...] | None = None
    subject: str | None = None
    kind: Kind | None = None
    outcome: str | None = None
    rules: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    @property
    def everything(self) -> bool:
        """Whether every entry is asked for, those whose content was erased too."""
        return self == Search()


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page, newest first. `older` is to be given as `before` for the next page, `newer` as `after`; None at an end."""

    rows: tuple[AuditRow, ...]
    older: int | None = None
    newer: int | None = None


def page(
    connection: Connection, search: Search, *, before: int | None = None, after: int | None = None, limit: int = 50
) -> AuditPage:
    """Return the newest entries numbered below `before`, or the oldest above `after`, at most `limit`.

    By date an entry is found that lies within 5,000 entries of the others of its time. It takes two to four queries, for
    a rule one more for every 200 classes of entries that cite it.
    """
    up = after is not None
    first, last = _span(connection, search)
    first = first if after is None else max(first, after + 1)
    last = last if up or before is None else min(last, before - 1)
    found = _numbers(connection, search, first, last, limit + 1, up=up)
    full = len(found) > limit
    seqs = sorted(found[:limit], reverse=True)
    rows = tuple(audit.numbered(connection, seqs))
    if after is not None:
        return AuditPage(rows, seqs[-1] if seqs else after + 1, seqs[0] if full else None)
    start = None if before is None else (seqs[0] if seqs else before - 1)
    return AuditPage(rows, seqs[-1] if full else None, start)


def every(database: Database, search: Search, upto: int) -> Iterator[AuditRow]:
    """Yield all that is asked for, numbered below `upto`, newest first; no connection is held between two thousand."""
    before: int | None = upto
    while before is not None:
        with database.connect() as connection:
            found = page(connection, search, before=before, limit=_CHUNK)
        yield from found.rows
        before = found.older


def _numbers(connection: Connection, search: Search, first: int, last: int, limit: int, *, up: bool) -> list[int]:
    classes = None
    if search.rules:
        kind = search.kind and search.kind.value
        classes = citing.classes_citing(
            connection, search.rules, kind=kind, groups=search.groups, outcome=search.outcome
        )
    found: list[int] = []
    for statement in page_statements(search, first, last, limit, up=up, classes=classes):
        found += connection.execute(statement).scalars()
    return sorted(found, reverse=not up)[:limit]


def page_statements(
    search: Search, first: int, last: int, limit: int, *, up: bool = False, classes: Sequence[int] | None = None
) -> list[Select[Any]]:
    """Return the statements for the numbers of a page out of `first` to `last`; none where nothing can be found.

    `classes` are those of entries that cite what is asked for, None where no rule is.
    """
    if search.everything:
        return [_ordered(select(_ENTRY.c.seq).where(_ENTRY.c.seq.between(first, last)), _ENTRY.c.seq, limit, up=up)]
    seq, times = _OPENING.c.seq, _times(search)
    parts = [
        _ordered(select(seq).where(*where, *times, seq.between(first, last)), seq, limit, up=up)
        for where in (_walks(search) if classes is None else _walks_of(search, classes))
    ]
    return [_together(parts[at : at + _WALKS], limit, up=up) for at in range(0, len(parts), _WALKS)]


def _together(parts: Sequence[Select[Any]], limit: int, *, up: bool) -> Select[Any]:
    if len(parts) == 1:
        return parts[0]
    whole = union_all(*(select(part.subquery().c.seq) for part in parts)).subquery()
    return _ordered(select(whole.c.seq), whole.c.seq, limit, up=up)


def _ordered(query: Select[Any], seq: ColumnElement[int], limit: int, *, up: bool) -> Select[Any]:
    return query.order_by(seq if up else seq.desc()).limit(limit)


def _walks_of(search: Search, classes: Sequence[int]) -> Iterator[list[ColumnElement[bool]]]:
    """Yield the conditions of each walk through entries that cite what is asked for."""
    c = _OPENING.c
    if search.subject is None:
        yield from ([c.citing_class == number] for number in classes)
    elif classes:
        yield [c.subject == search.subject, (c.citing_class + 0).in_(classes)]


def _walks(search: Search) -> Iterator[list[ColumnElement[bool]]]:
    """Yield the conditions of each walk. Those for which it has no index are dressed up, so that none is chosen for them."""
    c = _OPENING.c
    if search.subject is not None:
        whole: list[ColumnElement[bool]] = [c.subject == search.subject]
        whole += [] if search.kind is None else [_dressed(c.kind) == search.kind.value]
        whole += [] if search.groups is None else [_dressed(c.group_name).in_(search.groups)]
        whole += [] if search.outcome is None else [_dressed(c.outcome) == search.outcome]
        yield whole
        return
    for group in [None] if search.groups is None else search.groups:
        found: list[ColumnElement[bool]] = []
        if group is not None:
            found.append(c.group_name == group)
        if search.kind is not None:
            found.append(c.kind == search.kind.value)
        if search.outcome is not None:
            by_group = group is not None and search.kind is not None
            found.append((_dressed(c.outcome) if by_group else c.outcome) == search.outcome)
            if search.kind is not None and group is not None:
                found.append(_ever(search.kind, search.outcome))
        yield found


def _ever(kind: Kind, outcome: str) -> ColumnElement[bool]:
    """Whether that kind ends like that at all: else a whole group would be walked through for nothing."""
    other = _OPENING.alias("other")
    return exists().where(other.c.kind == kind.value, other.c.outcome == outcome)


def _dressed(column: ColumnElement[str]) -> ColumnElement[str]:
    return column.concat("")


def _times(search: Search) -> list[ColumnElement[bool]]:
    found = [] if search.since is None else [_OPENING.c.at >= search.since]
    return found if search.until is None else [*found, _OPENING.c.at < search.until]


def _span(connection: Connection, search: Search) -> tuple[int, int]:
    """Return the numbers between which entries of these times lie: times rise with the numbers, if not each by each."""
    if (search.since is None and search.until is None) or search.subject is not None:
        return 0, _MAX_SEQ
    at, seq = _OPENING.c.at, _OPENING.c.seq
    those = select(seq).where(*_times(search))
    begin = those.order_by(at).limit(_ASTRAY).subquery()
    end = those.order_by(at.desc()).limit(_ASTRAY).subquery()
    first, last = select(func.min(begin.c.seq)), select(func.max(end.c.seq))
    row = connection.execute(select(first.scalar_subquery(), last.scalar_subquery())).one()
    if row[0] is None:
        return 1, 0
    return 0 if search.since is None else row[0], _MAX_SEQ if search.until is None else row[1]
