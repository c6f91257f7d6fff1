"""What is held on one person, table by table, and how it goes: deleted, or left without saying who it was.

Of a person who is erased, four things stay. The entries of the evidence log stay, whose contents (and with them the
salts) are deleted: they prove that something was recorded at a time, and nothing more. Intervals of presence stay under
a stand-in, so that a group's size at any time stays what it was. The person's changes in plans, and operations, stay as
what was planned and done to somebody. And a keyed hash stays (suppression.py), so that they are not taken in again.

A change that was erased keeps no hash of its line: a line can be guessed from a list of members, and tried against it.
The plan's digest therefore cannot be checked any more, which is told, and such a plan is never applied.

Which table goes which way is told in person_tables.py.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    String,
    Table,
    and_,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.types import TypeDecorator

from workplace_sync.evidence.entry import ERASING, commitment_of
from workplace_sync.membership.plan import canonical
from workplace_sync.store import holds, marks
from workplace_sync.store.erasure_journal import COMMITMENT_DIGITS
from workplace_sync.store.person_tables import HASHES, About, Way, tables_about
from workplace_sync.store.suppression import member_key
from workplace_sync.store.tables import metadata

ERASED = "erased"
"""The key of whoever was erased, where nothing has to tell one of them from another. No person has it."""


_AT_ONCE = 5_000
_LONG = 9
_HOLDING_PEOPLE = (Way.DELETED, Way.STAND_IN, Way.NOBODY)


@dataclass(frozen=True, slots=True)
class Held:
    """Whom a search is about: every key they have rows under, their accounts, and their addresses as they are written."""

    key: str
    keys: tuple[str, ...]
    platform_ids: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def telling(self) -> tuple[str, ...]:
        """What names the person wherever it stands in a text: addresses, and numbers too long to stand there by chance."""
        return self.addresses + tuple(one for one in self.platform_ids if len(one) >= _LONG)


@dataclass(slots=True)
class Residue:
    """Where a person is still named: rows by table, and the numbers of entries whose contents name them."""

    rows: dict[str, int] = field(default_factory=dict)
    entries: list[int] = field(default_factory=list)


def identify(connection: Connection, key: str) -> Held:
    """Return what the rows know a person by: their key, and the accounts that were seen with it."""
    ids: set[str] = set()
    for name in ("presence", "departure"):
        table = _table(name)
        ids |= set(connection.execute(select(table.c.platform_id).where(table.c.key == key).distinct()).scalars())
    ids = {one for one in ids if one} | ({key.removeprefix("id:")} if key.startswith("id:") else set())
    keys = (key, *sorted(f"id:{one}" for one in ids if f"id:{one}" != key))
    desired = _table("desired")
    written = set(connection.execute(select(desired.c.address).where(desired.c.key == key)).scalars())
    written |= {str(body["address"]) for body in _bodies(connection, keys)}
    return Held(key, keys, tuple(sorted(ids)), tuple(sorted({one.lower() for one in written if one} | {key})))


def keys_in_use(connection: Connection) -> Iterator[str]:
    """Yield every key that some row is about, a key more than once."""
    for table, about in tables_about(*_HOLDING_PEOPLE, Way.OPENING):
        if about.key:
            yield from connection.execute(select(table.c[about.key]).distinct()).scalars()


def rows_about(connection: Connection, held: Held) -> dict[str, list[dict[str, object]]]:
    """Return all rows about a person by table, entries apart; tables without any are left out."""
    found = {
        table.name: [
            dict(row) for row in connection.execute(select(table).where(_about(table, about, held))).mappings()
        ]
        for table, about in tables_about(*_HOLDING_PEOPLE)
    }
    return {name: rows for name, rows in found.items() if rows}


def count_about(connection: Connection, held: Held) -> dict[str, int]:
    """Return how many rows each table has about a person; tables without any are left out."""
    counts = {
        table.name: _count(connection, table, _about(table, about, held))
        for table, about in tables_about(*_HOLDING_PEOPLE, Way.OPENING)
    }
    return {name: number for name, number in counts.items() if number}


def entries_about(connection: Connection, held: Held, *, also: Sequence[int] = ()) -> list[tuple[int, str]]:
    """Return the entries about a person whose contents are there, and those numbered in `also`.

    Each is its number, and the beginning of its commitment.
    """
    opening = _table("opening")
    wanted = or_(opening.c.subject.in_(held.keys), opening.c.seq.in_(also))
    rows = connection.execute(select(opening.c.seq, opening.c.file).where(wanted).order_by(opening.c.seq))
    return [(row.seq, commitment_of(row.file)[:COMMITMENT_DIGITS]) for row in rows]


def still_there(connection: Connection, entries: Sequence[tuple[int, str]]) -> list[int]:
    """Return those of the entries whose contents are there; another entry that bears the number is not taken for it."""
    opening, wanted = _table("opening"), dict(entries)
    found: list[int] = []
    for numbers in _chunks(sorted(wanted)):
        rows = connection.execute(select(opening.c.seq, opening.c.file).where(opening.c.seq.in_(numbers)))
        found += [row.seq for row in rows if commitment_of(row.file).startswith(wanted[row.seq])]
    return found


def subjects_of(connection: Connection, seqs: Sequence[int]) -> set[str]:
    """Return whom the entries with these numbers are about, as far as their contents are there."""
    opening, found = _table("opening"), set()
    for numbers in _chunks(seqs):
        query = select(opening.c.subject).where(opening.c.seq.in_(numbers), opening.c.subject != "")
        found |= set(connection.execute(query).scalars())
    return found


def erasures_among(connection: Connection, seqs: Sequence[int]) -> list[int]:
    """Return those of the entries that tell of an erasure themselves."""
    opening = _table("opening")
    query = select(opening.c.seq).where(opening.c.seq.in_(seqs), opening.c.kind.in_(ERASING))
    return list(connection.execute(query).scalars())


def delete_openings(connection: Connection, seqs: Sequence[int]) -> int:
    """Delete the contents of entries and return how many were there."""
    opening = _table("opening")
    return sum(
        connection.execute(delete(opening).where(opening.c.seq.in_(numbers))).rowcount for numbers in _chunks(seqs)
    )


def unsettled(connection: Connection, held: Held) -> int:
    """Return how many operations about a person have no known outcome."""
    table = _table("operation")
    return _count(connection, table, and_(table.c.key.in_(held.keys), table.c.state == "intended"))


def erase_rows(connection: Connection, held: Held, stand_in: str) -> dict[str, int]:
    """Delete the rows about a person or take the person out of them; returns the numbers by table, entries apart."""
    marks.forget(connection)
    counts = {"change": _erase_changes(connection, held)}
    for table, about in tables_about(*_HOLDING_PEOPLE):
        if about.way is Way.DELETED:
            counts[table.name] = connection.execute(delete(table).where(_about(table, about, held))).rowcount
        elif about.way is Way.STAND_IN:
            counts[table.name] = _put_stand_in(connection, table, about, held, stand_in)
        elif table.name != "change":
            statement = update(table).where(_about(table, about, held)).values({about.key: ERASED})
            counts[table.name] = connection.execute(statement).rowcount
    return {name: number for name, number in counts.items() if number}


def close_stand_in(connection: Connection, stand_in: str, at: datetime) -> None:
    """End the intervals of a stand-in whose person is known again; nobody has gone from the group by that."""
    marks.forget(connection)
    presence = _table("presence")
    mine = (presence.c.key == member_key(stand_in), presence.c.gone_at.is_(None))
    suspects = _table("suspect")
    connection.execute(delete(suspects).where(suspects.c.presence_id.in_(select(presence.c.id).where(*mine))))
    connection.execute(update(presence).where(*mine).values(gone_at=at, last_seen_at=at))


def erased_changes(connection: Connection, plan_id: str) -> int:
    """Return how many of a plan's changes were erased."""
    change = _table("change")
    return _count(connection, change, and_(change.c.plan_id == plan_id, change.c.key == ERASED))


def residue(connection: Connection, held: Held) -> Residue:
    """Return where a person is still named: every text of every table is looked at, whatever its table is meant for."""
    found = Residue()
    for table in metadata.sorted_tables:
        if table.name in HASHES:
            continue
        wanted = _names(connection, table, held)
        if wanted is None:
            continue
        if table.name == "opening":
            found.entries = list(connection.execute(select(table.c.seq).where(wanted).order_by(table.c.seq)).scalars())
        elif number := _count(connection, table, wanted):
            found.rows[table.name] = number
    return found


def held_back(connection: Connection) -> list[str]:
    """Return the keys of the people on whom there is a legal hold."""
    keys = {hold.key for hold in holds.holds(connection, in_force=True)} - {holds.EVERYBODY}
    return sorted(each for key in keys for each in identify(connection, key).keys)


def past_their_time(
    connection: Connection, kind: str, before: datetime, held_back: Sequence[str]
) -> tuple[int, datetime | None]:
    """Return how many contents of that kind are older than `before`, and the time of the oldest."""
    at = _table("opening").c.at
    row = connection.execute(select(func.count(), func.min(at)).where(*_past(kind, before, held_back))).one()
    return int(row[0]), row[1]


def delete_past(connection: Connection, kind: str, before: datetime, held_back: Sequence[str]) -> int:
    """Delete the contents of that kind that are older than `before`, except those about people held back."""
    return connection.execute(delete(_table("opening")).where(*_past(kind, before, held_back))).rowcount


def _past(kind: str, before: datetime, held_back: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    opening = _table("opening")
    return opening.c.kind == kind, opening.c.at < before, opening.c.subject.not_in(held_back)


def _erase_changes(connection: Connection, held: Held) -> int:
    change = _table("change")
    number = 0
    for row in connection.execute(select(change).where(change.c.key.in_(held.keys))).all():
        mine = (change.c.plan_id == row.plan_id, change.c.seq == row.seq)
        values = {"key": ERASED, "remedy": "", "body": _without_person(row.body)}
        number += connection.execute(update(change).where(*mine).values(values)).rowcount
    return number


def _without_person(body: str) -> str:
    nobody = {"key": ERASED, "address": "", "platform_id": "", "facts": {}, "remedy": ""}
    return canonical({**json.loads(body), **nobody})


def _bodies(connection: Connection, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
    change = _table("change")
    yield from map(json.loads, connection.execute(select(change.c.body).where(change.c.key.in_(keys))).scalars())


def _names(connection: Connection, table: Table, held: Held) -> ColumnElement[bool] | None:
    """Return the condition that a row of the table names the person, None for a table without texts."""
    sqlite = connection.dialect.name == "sqlite"
    tests: list[ColumnElement[bool]] = []
    for column in table.c:
        kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
        if isinstance(kind, LargeBinary):
            # PostgreSQL reads no bytes as text that are not UTF-8; escaped, what is ASCII stays as it is
            text = sql_cast(column, String) if sqlite else func.encode(column, "escape")
            tests += [_holds(text, telling, sqlite=sqlite) for telling in held.telling]
        elif column.name.endswith("platform_id"):
            tests.append(column.in_(held.platform_ids))
        elif isinstance(kind, String):
            tests.append(column.in_(held.keys))
            tests += [_holds(column, telling, sqlite=sqlite) for telling in held.telling]
    return or_(*tests) if tests else None


def _holds(column: ColumnElement[Any], telling: str, *, sqlite: bool) -> ColumnElement[bool]:
    return (func.instr if sqlite else func.strpos)(func.lower(column), telling) > 0


def _about(table: Table, about: About, held: Held) -> ColumnElement[bool]:
    """Return the condition that a row is about the person."""
    tests: list[ColumnElement[bool]] = [table.c[about.key].in_(held.keys)] if about.key else []
    return or_(*tests, *(table.c[name].in_(held.platform_ids) for name in about.accounts))


def _put_stand_in(connection: Connection, table: Table, about: About, held: Held, stand_in: str) -> int:
    def replaced(column: ColumnElement[str], known: Sequence[str], by: str) -> ColumnElement[str]:
        return case((column.in_(known), by), else_=column)

    values = {name: replaced(table.c[name], held.platform_ids, stand_in) for name in about.accounts}
    if about.key:  # the row of an account is one of the person, whichever key it bears
        values[about.key] = literal(member_key(stand_in))
    return connection.execute(update(table).where(_about(table, about, held)).values(values)).rowcount


def _count(connection: Connection, table: Table, wanted: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(wanted)).scalar_one())


def _chunks(values: Sequence[int]) -> Iterator[list[int]]:
    iterator = iter(values)
    while part := list(islice(iterator, _AT_ONCE)):
        yield part


def _table(name: str) -> Table:
    return metadata.tables[name]
