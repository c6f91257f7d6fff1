"""Who is wanted and absent, or present and perhaps not wanted: two anti-joins on sorted keys, streamed.

A million people on each side differ in a few; only those ever leave the database, with all that is on record of their
consent. They leave it as plain rows (see candidate_rows), which can be handed on to another process as they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from sqlalchemy import Connection, bindparam, text

from workplace_sync.membership.subject import Candidate
from workplace_sync.roster.consent import EVERY_GROUP
from workplace_sync.store.candidate_rows import CandidateRow, person_in, persons

_AT_ONCE = 2_000

_CONSENT = """c.scope, c.kind, c.at, c.recorded_at, c.origin, c.basis, c.source, c.expires_at"""

_ADDITIONS = """
SELECT d.key, d.address, '' AS platform_id, d.tenant, d.status, d.roles, d.method, i.source, 1 AS in_roster,
       0 AS is_member, 0 AS administrator, 0 AS added_by_us, a.gone_at, coalesce(a.cause, '') AS cause, {consent}
FROM desired d
JOIN roster_import i ON i.id = d.import_id
LEFT JOIN departure a ON a.group_name = d.group_name AND a.key = d.key
LEFT JOIN consent_event c ON c.key = d.key AND c.scope IN (:group_name, :every)
WHERE d.group_name = :group_name
  AND NOT EXISTS (SELECT 1 FROM presence p WHERE p.group_name = :group_name AND p.key = d.key AND p.gone_at IS NULL)
  {only}
ORDER BY d.key
"""

# Only members about whom something speaks: not on the roster, not as the roster should have them, or opted out. Whose
# address the platform hides cannot be looked up in a roster, so nothing speaks against them.
_REMOVALS = """
SELECT p.key, coalesce(d.address, p.key) AS address, p.platform_id, coalesce(d.tenant, '') AS tenant,
       coalesce(d.status, '') AS status, coalesce(d.roles, '') AS roles, coalesce(d.method, '') AS method,
       coalesce(i.source, '') AS source, CASE WHEN d.key IS NULL THEN 0 ELSE 1 END AS in_roster, 1 AS is_member,
       CASE WHEN p.administrator THEN 1 ELSE 0 END AS administrator,
       CASE WHEN EXISTS (SELECT 1 FROM operation o WHERE o.group_name = p.group_name AND o.key = p.key
                              AND o.action = 'add' AND o.state = 'done') THEN 1 ELSE 0 END AS added_by_us,
       a.gone_at, coalesce(a.cause, '') AS cause, {consent}
FROM presence p
LEFT JOIN desired d ON d.group_name = p.group_name AND d.key = p.key
LEFT JOIN roster_import i ON i.id = d.import_id
LEFT JOIN departure a ON a.group_name = p.group_name AND a.key = p.key
LEFT JOIN consent_event c ON c.key = p.key AND c.scope IN (:group_name, :every)
WHERE p.group_name = :group_name AND p.gone_at IS NULL AND p.key <> 'id:' || p.platform_id
  AND (d.key IS NULL OR d.status NOT IN :statuses OR d.tenant <> :tenant
       OR EXISTS (SELECT 1 FROM consent_event e WHERE e.key = p.key AND e.kind = 'withdrawn'))
  {only}
ORDER BY p.key
"""

_ONLY = "AND {key} IN :keys"


def additions(connection: Connection, group: str, *, keys: Sequence[str] | None = None) -> Iterator[Candidate]:
    """Yield those wanted in the group and not in it, by key; of up to some thousand `keys` only, if given."""
    parts = addition_rows(connection, group, keys=keys)
    yield from (person_in(person)[0] for person in persons(chain.from_iterable(parts)))


def removals(
    connection: Connection, group: str, *, tenant: str, statuses: tuple[str, ...], keys: Sequence[str] | None = None
) -> Iterator[Candidate]:
    """Yield members about whom something speaks against staying, by key; of up to some thousand `keys` only, if given."""
    parts = removal_rows(connection, group, tenant=tenant, statuses=statuses, keys=keys)
    yield from (person_in(person)[0] for person in persons(chain.from_iterable(parts)))


def addition_rows(
    connection: Connection, group: str, *, keys: Sequence[str] | None = None
) -> Iterator[list[CandidateRow]]:
    """Yield, in parts, the rows of those whom `additions` would yield."""
    return _stream(connection, _ADDITIONS, "d.key", keys, {"group_name": group})


def removal_rows(
    connection: Connection, group: str, *, tenant: str, statuses: tuple[str, ...], keys: Sequence[str] | None = None
) -> Iterator[list[CandidateRow]]:
    """Yield, in parts, the rows of those whom `removals` would yield."""
    values = {"group_name": group, "tenant": tenant, "statuses": statuses}
    return _stream(connection, _REMOVALS, "p.key", keys, values)


def _stream(
    connection: Connection, query: str, key: str, keys: Sequence[str] | None, values: Mapping[str, object]
) -> Iterator[list[CandidateRow]]:
    statement = text(query.format(only="" if keys is None else _ONLY.format(key=key), consent=_CONSENT))
    lists = {"keys": keys, "statuses": values.get("statuses")}
    statement = statement.bindparams(
        *(bindparam(name, expanding=True) for name, value in lists.items() if value is not None)
    )
    given = {**values, "every": EVERY_GROUP} | ({} if keys is None else {"keys": keys})
    rows = connection.execution_options(stream_results=True, max_row_buffer=_AT_ONCE).execute(statement, given)
    for part in rows.partitions(_AT_ONCE):
        yield list(map(tuple, part))


def already_members(connection: Connection, group: str) -> int:
    """Return how many of those wanted in the group are in it."""
    query = text("""
        SELECT count(*) FROM desired d JOIN presence p ON p.group_name = d.group_name AND p.key = d.key AND p.gone_at IS NULL
        WHERE d.group_name = :group_name""")
    return int(connection.execute(query, {"group_name": group}).scalar_one())
