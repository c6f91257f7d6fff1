"""What the rows that the candidates' query gives mean. No database is imported here: worker processes read them too.

A person has one row for each event of their consent, all in a row, and one where nothing is on record. Times are as
the database has them: text in UTC without a zone on SQLite, aware times in the session's zone on PostgreSQL.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from workplace_sync.membership.subject import Candidate
from workplace_sync.roster.consent import ConsentEvent, ConsentKind, ConsentOrigin

CandidateRow = tuple[Any, ...]
KnownPerson = tuple[Candidate, list[ConsentEvent]]

_KINDS = {kind.value: kind for kind in ConsentKind}
_ORIGINS = {origin.value: origin for origin in ConsentOrigin}


def whole_persons(parts: Iterable[list[CandidateRow]]) -> Iterator[list[CandidateRow]]:
    """Yield the rows in parts of about the given sizes that never divide those of one person."""
    held: list[CandidateRow] = []
    for part in parts:
        held += part
        cut = len(held)
        while cut and held[cut - 1][0] == held[-1][0]:
            cut -= 1
        if cut:
            yield held[:cut]
            held = held[cut:]
    if held:
        yield held


def persons(rows: Iterable[CandidateRow]) -> Iterator[list[CandidateRow]]:
    """Yield the rows of each person."""
    person: list[CandidateRow] = []
    for row in rows:
        if person and person[0][0] != row[0]:
            yield person
            person = []
        person.append(row)
    if person:
        yield person


def person_in(rows: Sequence[CandidateRow]) -> KnownPerson:
    """Return the person whose rows these are, with the events of their consent, in no order."""
    return _candidate(rows[0]), [_event(row) for row in rows if row[14] is not None]


def _candidate(row: CandidateRow) -> Candidate:
    key, address, platform_id, tenant, status, roles, method, source = row[:8]
    in_roster, is_member, administrator, by_us, gone_at, cause = row[8:14]
    return Candidate(
        key,
        address,
        platform_id,
        tenant,
        status,
        tuple(roles.split("|")) if roles else (),
        method,
        source,
        in_roster == 1,  # SQLite has no type for true and false
        is_member == 1,
        administrator == 1,
        by_us == 1,
        None if gone_at is None else _instant(gone_at),
        cause,
    )


def _event(row: CandidateRow) -> ConsentEvent:
    scope, kind, at, recorded_at, origin, basis, source, expires_at = row[14:]
    ends = None if expires_at is None else _instant(expires_at)
    return ConsentEvent(
        row[0], scope, _KINDS[kind], _instant(at), _instant(recorded_at), _ORIGINS[origin], "", basis, source, "", ends
    )


def _instant(value: str | datetime) -> datetime:
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value.astimezone(UTC)
