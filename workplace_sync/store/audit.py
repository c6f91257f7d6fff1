"""What the audit views ask of the log: its readable content, by person, group, kind and time, newest first.

An opening that is not what its entry commits to is an EvidenceError, never shown. Pages go by the entry's number, so a
page costs the same wherever it is. A query reads the openings through an index, or walks them from the newest on until
the page is full.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, union_all

from workplace_sync.evidence.entry import JsonValue, Kind, check_opening, parse_entry
from workplace_sync.store.tables import EvidenceEntryRow, OpeningRow

_ENTRY = EvidenceEntryRow.__table__  # type: ignore[attr-defined]
_OPENING = OpeningRow.__table__  # type: ignore[attr-defined]
_CHUNK = 1_000
_MAX_SEQ = (1 << 31) - 1  # what the column holds


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An entry as a person reads it.

    Where the opening was erased only `seq` and `at`, to the second, are left, and `erased` is true.
    """

    seq: int
    at: datetime
    kind: str = ""
    group: str = ""
    subject: str = ""
    actor: str = ""
    outcome: str = ""
    data: Mapping[str, JsonValue] = field(default_factory=dict)
    erased: bool = False


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are asked for; None asks for all. `since` is the first moment that counts, `until` the first after."""

    group: str | None = None
    subject: str | None = None
    kind: Kind | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def all(self) -> bool:
        """Whether every entry is asked for, those without opening too."""
        return self == AuditFilter()


def list_entries(
    connection: Connection,
    *,
    group: str | None = None,
    subject: str | None = None,
    kind: Kind | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    outcome: str | None = None,
    before_seq: int | None = None,
    limit: int = 50,
) -> list[AuditRow]:
    """Return a page of entries, newest first: those numbered below `before_seq`, at most `limit`.

    One query, and one more for where in the log the time window lies.
    """
    wanted = AuditFilter(group, subject, kind, outcome, since, until)
    span = _span_of(connection, wanted)
    if span is None:
        return []
    first, last = span
    upper = last if before_seq is None else min(last, before_seq - 1)
    return [_row(row) for row in connection.execute(page_statement(wanted, first, upper, limit))]


def entry(connection: Connection, seq: int) -> AuditRow | None:
    """Return one entry, None when the log has none of this number."""
    row = connection.execute(_entries().where(_ENTRY.c.seq == seq)).first()
    return None if row is None else _row(row)


def numbered(connection: Connection, seqs: Sequence[int]) -> list[AuditRow]:
    """Return the entries of these numbers that there are, newest first."""
    wanted = _entries().where(_ENTRY.c.seq.in_(seqs)).order_by(_ENTRY.c.seq.desc())
    return [_row(row) for row in connection.execute(wanted)] if seqs else []


def iterate_entries(connection: Connection, wanted: AuditFilter) -> Iterator[AuditRow]:
    """Yield all entries asked for, oldest first, a thousand in memory at a time."""
    after = -1
    while chunk := connection.execute(_oldest(wanted, after)).all():
        yield from map(_row, chunk)
        after = chunk[-1].seq


def iterate_about(connection: Connection, subjects: Sequence[str], wanted: AuditFilter) -> Iterator[AuditRow]:
    """Yield the entries asked for that are about some of these people, of each person oldest first.

    It reads what is on record about them, and nothing of anybody else, however large the log is.
    """
    others = _conditions(replace(wanted, kind=None, outcome=None, group=None))
    for column, value in ((_OPENING.c.kind, wanted.kind), (_OPENING.c.outcome, wanted.outcome)):
        others += (
            [] if value is None else [column.concat("") == str(value)]
        )  # by its own index it would be all of a kind
    others += [] if wanted.group is None else [_OPENING.c.group_name.concat("") == wanted.group]
    for start in range(0, len(subjects), _CHUNK):
        about = _OPENING.c.subject.in_(subjects[start : start + _CHUNK])
        for row in connection.execute(_openings().where(about, *others).order_by(_OPENING.c.seq)).all():
            yield _row(row)


def page_statement(wanted: AuditFilter, first: int, last: int, limit: int) -> Select[Any]:
    """Return the statement of a page of the entries numbered from `first` to `last`.

    A group's entries of all kinds are put together from one page a kind, for which there is an index; a single walk
    over all entries of the group would sort hundreds of thousands to show fifty.
    """
    if wanted.group is not None and wanted.kind is None and wanted.subject is None:
        parts = [_newest(select(_OPENING.c.seq), replace(wanted, kind=kind), first, last, limit) for kind in Kind]
        seqs = union_all(*(select(part.subquery().c.seq) for part in parts)).subquery()
        return _entries().where(_ENTRY.c.seq.in_(select(seqs.c.seq))).order_by(_ENTRY.c.seq.desc()).limit(limit)
    return _newest(_start(wanted), wanted, first, last, limit)


def _newest(start: Select[Any], wanted: AuditFilter, first: int, last: int, limit: int) -> Select[Any]:
    seq = _seq(wanted)
    return start.where(*_conditions(wanted), seq.between(first, last)).order_by(seq.desc()).limit(limit)


def _oldest(wanted: AuditFilter, after: int) -> Select[Any]:
    seq = _seq(wanted)
    return _start(wanted).where(*_conditions(wanted), seq > after).order_by(seq).limit(_CHUNK)


def _span_of(connection: Connection, wanted: AuditFilter) -> tuple[int, int] | None:
    """Return the numbers between which the time window lies, None for an empty one.

    Times only mostly rise with the numbers: what was seen may be older than what was recorded before.
    """
    times = _times(wanted)
    if not times or wanted.subject is not None:
        return 0, _MAX_SEQ
    row = connection.execute(select(func.min(_OPENING.c.seq), func.max(_OPENING.c.seq)).where(*times)).one()
    return None if row[0] is None else (row[0], row[1])


def _start(wanted: AuditFilter) -> Select[Any]:
    return _entries() if wanted.all else _openings()


def _seq(wanted: AuditFilter) -> ColumnElement[int]:
    seq: ColumnElement[int] = _ENTRY.c.seq if wanted.all else _OPENING.c.seq
    return seq


def _entries() -> Select[Any]:
    """Return a query over all entries, with their openings where those are left."""
    return select(_ENTRY.c.seq, _ENTRY.c.body, _OPENING.c.file).outerjoin_from(
        _ENTRY, _OPENING, _ENTRY.c.seq == _OPENING.c.seq
    )


def _openings() -> Select[Any]:
    return select(_OPENING.c.seq, _ENTRY.c.body, _OPENING.c.file).join_from(
        _OPENING, _ENTRY, _ENTRY.c.seq == _OPENING.c.seq
    )


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    columns = _OPENING.c
    found = [
        column == value
        for column, value in (
            (columns.group_name, wanted.group),
            (columns.subject, wanted.subject),
            (columns.kind, None if wanted.kind is None else wanted.kind.value),
            (columns.outcome, wanted.outcome),
        )
        if value is not None
    ]
    return found + _times(wanted)


def _times(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    since = [_OPENING.c.at >= wanted.since] if wanted.since is not None else []
    until = [_OPENING.c.at < wanted.until] if wanted.until is not None else []
    return [*since, *until]


def _row(row: Row[Any]) -> AuditRow:
    if row.file is None:
        at = datetime.fromisoformat(parse_entry(row.body).at).astimezone(UTC)
        return AuditRow(row.seq, at, erased=True)
    record = check_opening(row.body, row.file)  # a page never shows what was altered
    return AuditRow(
        row.seq,
        record.at,
        record.kind.value,
        record.group,
        record.subject,
        record.actor,
        record.outcome,
        record.data,
    )
