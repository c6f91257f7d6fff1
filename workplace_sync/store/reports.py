"""Quarterly reports as they were published, the texts approved for them, and what of a group is counted in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, String, bindparam, func, insert, select, text

from workplace_sync.cases.gate_text import Approved
from workplace_sync.store import suppression
from workplace_sync.store.case_tables import QuarterlyReportRow, ReportTextRow
from workplace_sync.store.operations import State
from workplace_sync.store.suppression import member_key
from workplace_sync.store.tables import DesiredRow, Instant, OperationRow
from workplace_sync.store.watch_tables import DepartureEventRow

_REPORT = QuarterlyReportRow.__table__  # type: ignore[attr-defined]
_TEXT = ReportTextRow.__table__  # type: ignore[attr-defined]
_DESIRED = DesiredRow.__table__  # type: ignore[attr-defined]
_OPERATION = OperationRow.__table__  # type: ignore[attr-defined]
_EVENT = DepartureEventRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A report as it was published: `content` is its canonical JSON, `release` what left with it (b'' for the committee's)."""

    quarter: str
    version: str
    digest: str
    published_at: datetime
    published_by: str
    content: bytes
    release: bytes = b""


def put(connection: Connection, report: KeptReport) -> None:
    """Keep a report, unless the same is kept already."""
    same = _REPORT.c.digest == report.digest
    if not any(connection.execute(_reports(report.quarter, report.version).where(same))):
        values = {name: getattr(report, name) for name in _REPORT.c.keys()}  # noqa: SIM118 - columns, no mapping
        connection.execute(insert(_REPORT).values(values))


def newest(connection: Connection, quarter: str, version: str) -> KeptReport | None:
    """Return the report of a quarter that was published last, None where there is none."""
    row = connection.execute(_reports(quarter, version).order_by(_REPORT.c.published_at.desc()).limit(1)).first()
    return None if row is None else KeptReport(*row)


def last_release(connection: Connection) -> tuple[str, bytes] | None:
    """Return the newest quarter that was published for the employer, with what left then; None before the first."""
    query = select(_REPORT.c.quarter, _REPORT.c.release).where(_REPORT.c.release != b"")
    row = connection.execute(query.order_by(_REPORT.c.quarter.desc()).limit(1)).first()
    return None if row is None else (row.quarter, row.release)


def listed(connection: Connection) -> list[KeptReport]:
    """Return all reports, newest quarter first."""
    order = (_REPORT.c.quarter.desc(), _REPORT.c.version, _REPORT.c.published_at.desc())
    return [KeptReport(*row) for row in connection.execute(select(_REPORT).order_by(*order))]


def _reports(quarter: str, version: str) -> Select[Any]:
    return select(_REPORT).where(_REPORT.c.quarter == quarter, _REPORT.c.version == version)


def put_text(connection: Connection, quarter: str, content: str, approved: Approved) -> bool:
    """Keep a text that was approved for a quarter's report; returns whether it was not approved before."""
    if approved.digest in {one.digest for _, one in texts(connection, quarter)}:
        return False
    values = {"approved_by": approved.by, "approved_at": approved.at, "despite": approved.despite}
    connection.execute(insert(_TEXT).values(quarter=quarter, digest=approved.digest, text=content, **values))
    return True


def texts(connection: Connection, quarter: str) -> list[tuple[str, Approved]]:
    """Return the texts that were approved for a quarter's report, oldest first, each with its approval."""
    query = select(_TEXT).where(_TEXT.c.quarter == quarter).order_by(_TEXT.c.approved_at, _TEXT.c.digest)
    return [
        (row.text, Approved(row.digest, row.approved_by, row.approved_at, row.despite))
        for row in connection.execute(query)
    ]


def people_on_rosters(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield address and name of everybody on a roster, to look for them in texts; the name is '' where it is not known."""
    for row in connection.execute(select(_DESIRED.c.address, _DESIRED.c.name).distinct()):
        yield row.address, row.name


def removals_by_cause(
    connection: Connection, group: str, since: datetime, until: datetime
) -> dict[tuple[str, str], int]:
    """Return how many went from a group from `since` up to `until` without our doing, by cause and confidence."""
    columns = (_EVENT.c.cause, _EVENT.c.confidence)
    query = select(*columns, func.count()).where(
        _EVENT.c.group_name == group, _EVENT.c.gone_at >= since, _EVENT.c.gone_at < until
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(query.group_by(*columns).order_by(*columns))}


def operations_done(connection: Connection, group: str, since: datetime, until: datetime) -> dict[str, int]:
    """Return how many operations of ours took effect in a group from `since` up to `until`, by action."""
    wanted = (_OPERATION.c.group_name == group, _OPERATION.c.state == State.DONE.value)
    query = select(_OPERATION.c.action, func.count()).where(
        *wanted, _OPERATION.c.finished_at >= since, _OPERATION.c.finished_at < until
    )
    return {row[0]: row[1] for row in connection.execute(query.group_by(_OPERATION.c.action))}


# Not those of the very first reading, who were there before; and nobody whom an addition of ours, after they were last
# gone, explains. Stand-ins of people who were erased are left out: whether we had added them is no longer on record.
_BY_THEMSELVES = text("""
SELECT count(*) FROM presence p
WHERE p.group_name = :group_name AND p.first_seen_at >= :since AND p.first_seen_at < :until AND p.key NOT IN :erased
  AND p.first_snapshot <> coalesce((SELECT s.id FROM snapshot s WHERE s.group_name = :group_name AND s.complete
                                    ORDER BY s.taken_at, s.id LIMIT 1), '')
  AND NOT EXISTS (SELECT 1 FROM operation o WHERE o.group_name = p.group_name AND o.key = p.key AND o.action = 'add'
                  AND o.state IN ('done', 'intended') AND o.intended_at <= p.first_seen_at
                  AND o.intended_at >= coalesce((SELECT max(q.last_seen_at) FROM presence q
                                                 WHERE q.group_name = p.group_name AND q.key = p.key
                                                   AND q.gone_at <= p.first_seen_at), o.intended_at))
""").bindparams(
    bindparam("since", type_=Instant()),
    bindparam("until", type_=Instant()),
    bindparam("erased", type_=String(), expanding=True),
)


def came_otherwise(connection: Connection, group: str, since: datetime, until: datetime) -> int:
    """Return how many were first seen in a group from `since` up to `until` whom we had not added."""
    erased = [member_key(one) for one in set(suppression.stand_ins(connection).values())]
    values = {"group_name": group, "since": since, "until": until, "erased": erased}
    return int(connection.execute(_BY_THEMSELVES, values).scalar_one())
