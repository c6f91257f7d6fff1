"""Entries that cite rules, by what they cite: those of one class share kind, group, outcome and all their rules.

There are few classes, whatever the number of entries; a search for a rule picks the classes first, and then walks one
index for each.
"""

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, insert, select, tuple_

from workplace_sync.evidence.entry import Record, rules_cited
from workplace_sync.store.citing_tables import CitingClassRow

_CLASS = CitingClassRow.__table__  # type: ignore[attr-defined]
_C = _CLASS.c
_ADD = insert(_CLASS)

Key = tuple[str, str, str, str]
"""Kind, group, outcome, and the rules as `rules_cited` returns them."""


def key_of(record: Record) -> Key | None:
    """Return what makes the class of a record; None for one that cites nothing."""
    rules = rules_cited(record)
    return (record.kind.value, record.group, record.outcome, rules) if rules else None


def classes_of(connection: Connection, keys: Iterable[Key | None]) -> dict[Key, int]:
    """Return the numbers of the classes with these keys, and make those that are new; whoever calls holds the log's head."""
    wanted = {key for key in keys if key is not None}
    found = _read(connection, wanted)
    if missing := sorted(wanted - found.keys()):
        connection.execute(
            _ADD, [dict(zip(("kind", "group_name", "outcome", "rules"), key, strict=True)) for key in missing]
        )
        found |= _read(connection, missing)
    return found


def _read(connection: Connection, keys: Iterable[Key]) -> dict[Key, int]:
    wanted = list(keys)
    if not wanted:
        return {}
    query = select(_CLASS).where(tuple_(_C.kind, _C.group_name, _C.outcome, _C.rules).in_(wanted))
    return {(row.kind, row.group_name, row.outcome, row.rules): row.id for row in connection.execute(query)}


def classes_citing(
    connection: Connection, rules: Sequence[str], *, kind: str | None, groups: Sequence[str] | None, outcome: str | None
) -> list[int]:
    """Return the numbers of the classes that cite any of these rules; None, of the others, stands for all."""
    query = select(_C.id, _C.rules)
    query = query if kind is None else query.where(_C.kind == kind)
    query = query if groups is None else query.where(_C.group_name.in_(groups))
    query = query if outcome is None else query.where(_C.outcome == outcome)
    wanted = set(rules)
    return [row.id for row in connection.execute(query.order_by(_C.id)) if not wanted.isdisjoint(json.loads(row.rules))]
