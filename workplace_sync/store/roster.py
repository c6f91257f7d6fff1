"""Rosters in the database: staged unsorted, then put in place in one sorted statement (promise: never half-imported)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, bindparam, delete, insert, select, text

from workplace_sync.roster.person import ConsentClaim, RosterPerson
from workplace_sync.store.staging import Staging, staging
from workplace_sync.store.tables import DesiredRow, Instant, RosterImportRow

_IMPORT = RosterImportRow.__table__  # type: ignore[attr-defined]
_DESIRED = DesiredRow.__table__  # type: ignore[attr-defined]

_AT_ONCE = 5_000
_CLAIMS = {claim: claim.value for claim in ConsentClaim}

_STAGED = Table(
    "staged_person",
    MetaData(),
    Column("source_no", Integer),
    Column("line", Integer),
    *(Column(name, String) for name in ("key", "address", "name", "tenant", "status", "roles", "external_id")),
    *(Column(name, String) for name in ("method", "import_id", "source")),
    Column("consent", String),
    Column("consent_at", Instant()),
    *(Column(name, String) for name in ("consent_basis", "consent_source")),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True, slots=True)
class RosterImport:
    """One reading of one source. `sha256` is that of the file's bytes, empty for what is not a file."""

    id: str
    method: str
    source: str
    sha256: str
    rows: int
    rejected: int


class StagedRoster:
    """People read so far."""

    def __init__(self, area: Staging) -> None:
        self._area = area

    def add(
        self,
        people: Sequence[RosterPerson],
        *,
        source_no: int,
        tenant: str,
        method: str,
        import_id: str,
        source: str,
    ) -> None:
        """Stage people of the source with that number (the lower number wins), with a tenant for those without one."""
        self._area.add(
            [
                (
                    source_no,
                    person.line,
                    person.key,
                    person.address,
                    person.name,
                    person.tenant or tenant,
                    person.status,
                    "|".join(person.roles),
                    person.external_id,
                    method,
                    import_id,
                    source,
                    _CLAIMS[person.consent],
                    person.consent_at,
                    person.consent_basis,
                    person.consent_source or source,
                )
                for person in people
            ]
        )


@contextmanager
def staged(connection: Connection) -> Iterator[StagedRoster]:
    """Lend a staging area for people on `connection`."""
    with staging(connection, _STAGED) as area:
        yield StagedRoster(area)


# Of a person named twice, the first row of the first source is taken.
_PLACE = text("""
INSERT INTO desired (group_name, key, address, name, tenant, status, roles, external_id, method, import_id)
SELECT CAST(:group_name AS VARCHAR), key, address, name, tenant, status, roles, external_id, method, import_id
FROM (SELECT s.*, row_number() OVER (PARTITION BY key ORDER BY source_no, line) AS place FROM staged_person s) ranked
WHERE place = 1
ORDER BY key
""")

# A statement of the roster enters the ledger once: not again while the roster goes on saying the same.
_NEW_STATEMENTS = """
SELECT s.key, CAST(:scope AS VARCHAR), CASE s.consent WHEN 'opted_in' THEN 'given' ELSE 'withdrawn' END, 'roster',
       coalesce(s.consent_at, :recorded_at), :recorded_at, '', s.consent_basis, s.consent_source, CAST(:recorded_by AS VARCHAR), NULL
FROM staged_person s
WHERE s.consent <> '' AND NOT EXISTS (
    SELECT 1 FROM consent_event e
    WHERE e.key = s.key AND e.scope = :scope AND e.origin = 'roster'
      AND e.kind = CASE s.consent WHEN 'opted_in' THEN 'given' ELSE 'withdrawn' END
      AND (s.consent_at IS NULL OR e.at = s.consent_at)
      AND NOT EXISTS (SELECT 1 FROM consent_event later WHERE later.key = e.key AND later.scope = e.scope
                      AND later.origin = 'roster' AND later.id > e.id AND later.kind <> e.kind))
ORDER BY s.key, s.source_no, s.line
"""
_LEDGER = text(f"""
INSERT INTO consent_event (key, scope, kind, origin, at, recorded_at, wording, basis, source, recorded_by, expires_at)
{_NEW_STATEMENTS}""").bindparams(bindparam("recorded_at", type_=Instant()))


def put_in_place(
    connection: Connection, *, group: str, imports: Sequence[RosterImport], at: datetime, by: str
) -> tuple[int, int]:
    """Make the staged people the ones wanted in `group`, inside the caller's transaction.

    Returns how many people are wanted now, and how many statements of consent are new to the ledger.
    """
    for one in imports:
        connection.execute(
            insert(_IMPORT).values(
                id=one.id,
                group_name=group,
                method=one.method,
                source=one.source,
                sha256=one.sha256,
                rows=one.rows,
                rejected=one.rejected,
                imported_at=at,
                imported_by=by,
            )
        )
    connection.execute(delete(_DESIRED).where(_DESIRED.c.group_name == group))
    placed = connection.execute(_PLACE, {"group_name": group}).rowcount
    told = connection.execute(_LEDGER, {"scope": group, "recorded_at": at, "recorded_by": by}).rowcount
    return placed, told


_SAME = text("""
SELECT (SELECT count(DISTINCT key) FROM staged_person) = (SELECT count(*) FROM desired WHERE group_name = :group_name)
   AND NOT EXISTS (
    SELECT 1 FROM (SELECT s.*, row_number() OVER (PARTITION BY key ORDER BY source_no, line) AS place
                   FROM staged_person s) r
    WHERE r.place = 1 AND NOT EXISTS (
        SELECT 1 FROM desired d JOIN roster_import i ON i.id = d.import_id
        WHERE d.group_name = :group_name AND d.key = r.key AND d.address = r.address AND d.name = r.name
          AND d.tenant = r.tenant AND d.status = r.status AND d.roles = r.roles AND d.external_id = r.external_id
          AND d.method = r.method AND i.source = r.source))
""")
_ANY_STATEMENT = text(f"SELECT EXISTS (SELECT 1 FROM ({_NEW_STATEMENTS}) n)").bindparams(  # noqa: S608 - our own text
    bindparam("recorded_at", type_=Instant())
)


def says_the_same(connection: Connection, group: str) -> bool:
    """Whether the staged people are the ones wanted in `group` already, and say nothing new of anybody's consent."""
    if not connection.execute(_SAME, {"group_name": group}).scalar_one():
        return False
    asked = {"scope": group, "recorded_at": datetime.now(UTC), "recorded_by": ""}  # only whether there is any is asked
    return not connection.execute(_ANY_STATEMENT, asked).scalar_one()


def names_of(connection: Connection, group: str, keys: Sequence[str]) -> dict[str, str]:
    """Return the names that a group's roster gives for people, for those that have one."""
    found: dict[str, str] = {}
    for start in range(0, len(keys), _AT_ONCE):
        query = select(_DESIRED.c.key, _DESIRED.c.name).where(
            _DESIRED.c.group_name == group, _DESIRED.c.key.in_(keys[start : start + _AT_ONCE]), _DESIRED.c.name != ""
        )
        found |= {row.key: row.name for row in connection.execute(query)}
    return found


def wanted(connection: Connection, group: str) -> Iterator[tuple[str, str]]:
    """Yield everybody wanted in a group by key, with the name of the source that named them, in the order of the keys."""
    same = _DESIRED.c.import_id == _IMPORT.c.id
    query = select(_DESIRED.c.key, _IMPORT.c.source).join(_IMPORT, same).where(_DESIRED.c.group_name == group)
    rows = connection.execution_options(stream_results=True, max_row_buffer=_AT_ONCE).execute(
        query.order_by(_DESIRED.c.key)
    )
    for part in rows.partitions(_AT_ONCE):
        yield from ((row[0], row[1]) for row in part)


def last_import(connection: Connection, group: str, source: str) -> tuple[datetime, str, int] | None:
    """Return when a source was read in last, by whom, and how many rows it had; None where it never was."""
    query = select(_IMPORT.c.imported_at, _IMPORT.c.imported_by, _IMPORT.c.rows).where(
        _IMPORT.c.group_name == group, _IMPORT.c.source == source
    )
    row = connection.execute(query.order_by(_IMPORT.c.imported_at.desc()).limit(1)).first()
    return None if row is None else (row[0], row[1], row[2])
