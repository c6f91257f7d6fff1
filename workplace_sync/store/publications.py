"""What others hold or have signed of the log: published checkpoints, witnesses and their cosignatures, time-stamps."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, union, update

from workplace_sync.evidence.cosignature import Cosignature, WitnessKey
from workplace_sync.store.tables import CosignatureRow, PublicationRow, TimeStampRow, WitnessRow

_PUBLICATION = PublicationRow.__table__  # type: ignore[attr-defined]
_WITNESS = WitnessRow.__table__  # type: ignore[attr-defined]
_COSIGNATURE = CosignatureRow.__table__  # type: ignore[attr-defined]
_TIME_STAMP = TimeStampRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Publication:
    """A checkpoint that was given out, to whom or where, when and by whom."""

    size: int
    note: str
    place: str
    published_at: datetime
    published_by: str


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody who cosigns; `size` is that of the largest checkpoint that we know they have cosigned, 0 for none."""

    key: WitnessKey
    size: int


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """An authority's answer (RFC 3161) over the checkpoint of `size` entries, and certificates as PEM, "" for none."""

    size: int
    authority: str
    stamped_at: datetime
    response: bytes
    chain: str


def add_publication(connection: Connection, publication: Publication) -> None:
    """Keep that a checkpoint was given out."""
    connection.execute(
        insert(_PUBLICATION),
        {name: getattr(publication, name) for name in ("size", "note", "place", "published_at", "published_by")},
    )


def publications(connection: Connection) -> list[Publication]:
    """Return what was given out, oldest first."""
    columns = _PUBLICATION.c
    wanted = select(columns.size, columns.note, columns.place, columns.published_at, columns.published_by)
    return [Publication(*row) for row in connection.execute(wanted.order_by(columns.id))]


def newest(connection: Connection, limit: int) -> list[Publication]:
    """Return what was given out last, newest first."""
    columns = _PUBLICATION.c
    wanted = select(columns.size, columns.note, columns.place, columns.published_at, columns.published_by)
    return [Publication(*row) for row in connection.execute(wanted.order_by(columns.id.desc()).limit(limit))]


def add_witness(connection: Connection, key: WitnessKey, at: datetime, by: str) -> None:
    """Keep a witness's key."""
    values = {"name": key.name, "vkey": key.vkey, "added_at": at, "added_by": by, "size": 0}
    connection.execute(insert(_WITNESS), values)


def witnesses(connection: Connection) -> list[Witness]:
    """Return all witnesses by name."""
    rows = connection.execute(select(_WITNESS.c.vkey, _WITNESS.c.size).order_by(_WITNESS.c.name))
    return [Witness(WitnessKey.parse(row.vkey), row.size) for row in rows]


def add_cosignatures(connection: Connection, size: int, found: Iterable[Cosignature]) -> None:
    """Keep cosignatures over the checkpoint of `size` entries; of two of one witness the one that was kept first stays."""
    for one in found:
        at = (_COSIGNATURE.c.size == size) & (_COSIGNATURE.c.witness == one.witness)
        if connection.execute(select(_COSIGNATURE.c.size).where(at)).first() is None:
            values = {"size": size, "witness": one.witness, "line": one.line, "cosigned_at": one.at}
            connection.execute(insert(_COSIGNATURE), values)
        larger = (_WITNESS.c.name == one.witness) & (_WITNESS.c.size < size)
        connection.execute(update(_WITNESS).where(larger).values(size=size))


def cosignatures(connection: Connection) -> dict[int, list[str]]:
    """Return all signature lines of witnesses, by the size of the checkpoint."""
    found: dict[int, list[str]] = defaultdict(list)
    columns = _COSIGNATURE.c
    for row in connection.execute(select(columns.size, columns.line).order_by(columns.size, columns.witness)):
        found[row.size].append(row.line)
    return found


@dataclass(frozen=True, slots=True)
class Sealed:
    """Who signed the checkpoint of `size` entries when: a witness, or an authority for time-stamps."""

    size: int
    by: str
    at: datetime


def newest_cosignatures(connection: Connection, limit: int) -> list[Sealed]:
    """Return the cosignatures over the largest checkpoints, newest first."""
    columns = _COSIGNATURE.c
    wanted = select(columns.size, columns.witness, columns.cosigned_at).order_by(columns.size.desc(), columns.witness)
    return [Sealed(*row) for row in connection.execute(wanted.limit(limit))]


def newest_stamps(connection: Connection, limit: int) -> list[Sealed]:
    """Return the time-stamps that were taken last, newest first."""
    columns = _TIME_STAMP.c
    wanted = select(columns.size, columns.authority, columns.stamped_at).order_by(columns.id.desc())
    return [Sealed(*row) for row in connection.execute(wanted.limit(limit))]


def add_time_stamp(connection: Connection, stamp: TimeStamp) -> None:
    """Keep an authority's answer."""
    connection.execute(
        insert(_TIME_STAMP),
        {name: getattr(stamp, name) for name in ("size", "authority", "stamped_at", "response", "chain")},
    )


def time_stamps(connection: Connection) -> dict[int, list[TimeStamp]]:
    """Return all time-stamps, by the size of the checkpoint, oldest first."""
    found: dict[int, list[TimeStamp]] = defaultdict(list)
    columns = _TIME_STAMP.c
    wanted = select(columns.size, columns.authority, columns.stamped_at, columns.response, columns.chain)
    for row in connection.execute(wanted.order_by(columns.id)):
        found[row.size].append(TimeStamp(*row))
    return found


def known_sizes(connection: Connection) -> list[int]:
    """Return the sizes of all checkpoints that others hold or have signed, in order."""
    tables = (_PUBLICATION, _COSIGNATURE, _TIME_STAMP)
    return sorted(connection.execute(union(*(select(table.c.size) for table in tables))).scalars())
