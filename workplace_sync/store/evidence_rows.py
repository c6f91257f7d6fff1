"""The log's rows: head, entries, openings, tiles and checkpoints, read and written with Core statements made once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, bindparam, insert, select, text, tuple_, update

from workplace_sync.errors import EvidenceError, SettingsError
from workplace_sync.evidence.entry import Kind, Record, check_opening
from workplace_sync.evidence.keyring import KeyRing, Rotation, parse_rotation
from workplace_sync.evidence.log import Tail, make_tail, tail_tiles
from workplace_sync.evidence.merkle import Edge, HashReader, Node, leaf_hash
from workplace_sync.evidence.note import Verifier
from workplace_sync.evidence.tile import WIDTH, Tile, node_from_tile, tile_of
from workplace_sync.evidence.verify import Held
from workplace_sync.store import citing
from workplace_sync.store.database import Database
from workplace_sync.store.tables import (
    EvidenceCheckpointRow,
    EvidenceEntryRow,
    EvidenceHeadRow,
    EvidenceTileRow,
    OpeningRow,
)

_HEAD = EvidenceHeadRow.__table__  # type: ignore[attr-defined]
_ENTRY = EvidenceEntryRow.__table__  # type: ignore[attr-defined]
_TILE = EvidenceTileRow.__table__  # type: ignore[attr-defined]
_CHECKPOINT = EvidenceCheckpointRow.__table__  # type: ignore[attr-defined]
_OPENING = OpeningRow.__table__  # type: ignore[attr-defined]

_HEAD_ID = 1
_READ_HEAD = select(_HEAD.c.size, _HEAD.c.edge).where(_HEAD.c.id == _HEAD_ID)
_LOCK_HEAD = _READ_HEAD.with_for_update()  # SQLite has no such clause and needs none: the writer holds its lock
_MAKE_HEAD = text("INSERT INTO evidence_head (id, size, edge) VALUES (:id, 0, :edge) ON CONFLICT DO NOTHING")
_WRITE_TILE = text(
    "INSERT INTO evidence_tile (level, idx, data) VALUES (:level, :idx, :data) "
    "ON CONFLICT (level, idx) DO UPDATE SET data = excluded.data"
)
_WRITE_HEAD = update(_HEAD).where(_HEAD.c.id == _HEAD_ID)
_INSERT_ENTRY, _INSERT_OPENING, _INSERT_CHECKPOINT = insert(_ENTRY), insert(_OPENING), insert(_CHECKPOINT)
_CHECKPOINT_AT = select(_CHECKPOINT.c.note).where(_CHECKPOINT.c.size == bindparam("at"))
_NEWEST = select(_CHECKPOINT.c.size, _CHECKPOINT.c.note).order_by(_CHECKPOINT.c.size.desc()).limit(1)
_LAST = select(_ENTRY.c.seq).order_by(_ENTRY.c.seq.desc()).limit(1)
_CHUNK = 1_000
_STREAM = {"stream_results": True, "yield_per": 2048}
_OCTETS = {"sqlite": "CAST({} AS BLOB)", "postgresql": "{}"}  # see the type Octets
_CITED = (
    "CASE WHEN citing_class IS NULL THEN '' ELSE (SELECT rules FROM citing_class c WHERE c.id = citing_class"
    " AND c.kind = opening.kind AND c.group_name = opening.group_name AND c.outcome = opening.outcome) END"
)
_TIME = {
    "sqlite": "replace(at, ' ', 'T') || 'Z'",
    "postgresql": """to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
}


class NewEntry(NamedTuple):
    """An entry to write: its bytes, and the opening that it commits to."""

    seq: int
    body: bytes
    record: Record
    opening: bytes


@contextmanager
def steady(database: Database) -> Iterator[Connection]:
    """Lend a connection for reading on which all statements see the same state, whoever writes meanwhile."""
    with database.connect() as connection:
        if not database.is_sqlite:
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def read_head(connection: Connection) -> Edge:
    """Return the log's edge; raises EvidenceError when the row cannot be one."""
    row = connection.execute(_READ_HEAD).first()
    return Edge() if row is None else Edge.parse(row.size, row.edge)


def lock_head(connection: Connection) -> Edge:
    """Return the log's edge and keep every other writer waiting until this transaction ends."""
    row = connection.execute(_LOCK_HEAD).first()
    if row is None:
        connection.execute(_MAKE_HEAD, {"id": _HEAD_ID, "edge": b""})
        row = connection.execute(_LOCK_HEAD).one()
    return Edge.parse(row.size, row.edge)


def write_head(connection: Connection, edge: Edge) -> None:
    """Store the log's new edge."""
    connection.execute(_WRITE_HEAD, {"size": edge.size, "edge": edge.data})


def write_entries(connection: Connection, entries: Sequence[NewEntry]) -> None:
    """Store entries and their openings."""
    keys = [citing.key_of(new.record) for new in entries]
    classes = citing.classes_of(connection, keys)
    connection.execute(_INSERT_ENTRY, [{"seq": new.seq, "body": new.body} for new in entries])
    connection.execute(
        _INSERT_OPENING,
        [
            {
                "seq": new.seq,
                "kind": new.record.kind.value,
                "at": new.record.at,
                "group_name": new.record.group,
                "subject": new.record.subject,
                "actor": new.record.actor,
                "outcome": new.record.outcome,
                "file": new.opening,
                "citing_class": None if key is None else classes[key],
            }
            for new, key in zip(entries, keys, strict=True)
        ],
    )


def write_tiles(connection: Connection, tiles: dict[Tile, bytes]) -> None:
    """Store tiles that are new, and those of the right edge that have become longer."""
    if tiles:
        connection.execute(
            _WRITE_TILE, [{"level": tile.level, "idx": tile.number, "data": data} for tile, data in tiles.items()]
        )


def write_checkpoint(connection: Connection, size: int, note: str, at: datetime) -> None:
    """Store a signed checkpoint."""
    connection.execute(_INSERT_CHECKPOINT, {"size": size, "note": note, "signed_at": at})


def read_checkpoint(connection: Connection, size: int) -> str | None:
    """Return the checkpoint of exactly this size."""
    found: str | None = connection.execute(_CHECKPOINT_AT, {"at": size}).scalar()
    return found


def newest_checkpoint(connection: Connection) -> tuple[int, str] | None:
    """Return the size and the note of the newest checkpoint."""
    row = connection.execute(_NEWEST).first()
    return None if row is None else (row.size, row.note)


def last_seq(connection: Connection) -> int | None:
    """Return the number of the last entry."""
    found: int | None = connection.execute(_LAST).scalar()
    return found


def read_body(connection: Connection, seq: int) -> bytes | None:
    """Return an entry's bytes."""
    found: bytes | None = connection.execute(select(_ENTRY.c.body).where(_ENTRY.c.seq == seq)).scalar()
    return found


def read_bodies(connection: Connection, begin: int, end: int) -> list[bytes]:
    """Return the bytes of the entries in [begin, end) that are there, in order."""
    rows = select(_ENTRY.c.body).where(_ENTRY.c.seq >= begin, _ENTRY.c.seq < end).order_by(_ENTRY.c.seq)
    return list(connection.execute(rows).scalars())


def read_opening(connection: Connection, seq: int) -> bytes | None:
    """Return an entry's opening file, None where it was erased."""
    found: bytes | None = connection.execute(select(_OPENING.c.file).where(_OPENING.c.seq == seq)).scalar()
    return found


def read_keys(connection: Connection, newest: Verifier) -> KeyRing:
    """Return all keys of the log, from its entries about changes of keys; `newest` must be the last one.

    Raises SettingsError when `newest` is an older key of the log, EvidenceError when it is none, or when an entry is not
    what it was.
    """
    rotations = tuple(_rotation(seq, statement) for seq, statement in read_statements(connection).items())
    if any(one.old == newest for one in rotations):
        raise SettingsError(
            "The log's key was changed since; the key that is set is an older one.",
            hint="Start again; if the change was interrupted, `workplace-sync evidence rotate-key` completes it.",
        )
    return KeyRing(newest, rotations)


def read_statements(connection: Connection) -> dict[int, str]:
    """Return the signed notes about changes of keys by their entries' numbers, oldest first; raises EvidenceError."""
    wanted = select(_OPENING.c.seq, _OPENING.c.file, _ENTRY.c.body).join_from(
        _OPENING, _ENTRY, _OPENING.c.seq == _ENTRY.c.seq
    )
    found = connection.execute(wanted.where(_OPENING.c.kind == Kind.KEY_ROTATED.value).order_by(_OPENING.c.seq))
    return {row.seq: str(check_opening(row.body, row.file).data.get("statement")) for row in found}


def _rotation(seq: int, note: str) -> Rotation:
    rotation = parse_rotation(note)
    if rotation.seq != seq:
        raise EvidenceError(f"Entry {seq} holds the statement about a change of keys of entry {rotation.seq}.")
    return rotation


def read_tail(connection: Connection, size: int) -> Tail:
    """Return the tail of a log of `size`: at most 255 entries and one tile a level are read."""
    return make_tail(
        size, read_bodies(connection, size - size % WIDTH, size), _read_tiles(connection, tail_tiles(size))
    )


def read_nodes(connection: Connection, nodes: Sequence[Node]) -> list[bytes]:
    """Return the hashes of nodes, from tiles, and from entries where a tile of leaves is not full yet."""
    return list(node_reader(connection)(nodes))


def node_reader(connection: Connection) -> HashReader:
    """Return a reader of nodes that keeps what it has read, for many proofs at once: 8 KiB for each 256 entries passed."""
    tiles: dict[Tile, bytes] = {}
    known: dict[Node, bytes] = {}

    def read(nodes: Sequence[Node]) -> list[bytes]:
        missing = [node for node in nodes if node not in known]
        wanted = {tile_of(node) for node in missing} - tiles.keys()
        tiles.update(_read_tiles(connection, sorted(wanted)))
        for tile in wanted - tiles.keys():
            if tile.level == 0:
                bodies = read_bodies(connection, tile.number * WIDTH, (tile.number + 1) * WIDTH)
                tiles[tile] = b"".join(map(leaf_hash, bodies))
        known.update((node, node_from_tile(node, tiles.get(tile_of(node), b""))) for node in missing)
        return [known[node] for node in nodes]

    return read


def read_pairs(connection: Connection, seqs: Sequence[int]) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Yield number, entry and opening (None where it was erased) of the entries that are there, in order."""
    columns = select(_ENTRY.c.seq, _ENTRY.c.body, _OPENING.c.file)
    joined = columns.outerjoin_from(_ENTRY, _OPENING, _ENTRY.c.seq == _OPENING.c.seq).order_by(_ENTRY.c.seq)
    for at in range(0, len(seqs), _CHUNK):
        for row in connection.execute(joined.where(_ENTRY.c.seq.in_(seqs[at : at + _CHUNK]))):
            yield row.seq, row.body, row.file


def read_tile(connection: Connection, tile: Tile, width: int) -> bytes:
    """Return the first `width` hashes of a tile."""
    return b"".join(read_nodes(connection, [Node(8 * tile.level, tile.number * WIDTH + at) for at in range(width)]))


def read_held(
    connection: Connection, outside: str | None, *, openings: bool, watch: Callable[[int], None] | None = None
) -> Held:
    """Return streams over all rows of the log, for the audit; they live as long as the connection.

    `watch` is told every thousand entries how many were read.
    """
    head = connection.execute(_READ_HEAD).first()
    octets = _OCTETS[connection.dialect.name]
    upper = f"SELECT level, idx, {octets.format('data')} FROM evidence_tile WHERE level <> 0"  # noqa: S608
    entries = _stream(connection, f"SELECT seq, {octets.format('body')} FROM evidence_entry ORDER BY seq")  # noqa: S608 - our own names, here and below
    return Held(
        entries=entries if watch is None else _watched(entries, watch),
        leaf_tiles=_stream(
            connection,
            f"SELECT idx, {octets.format('data')} FROM evidence_tile WHERE level = 0 ORDER BY idx",  # noqa: S608
        ),
        upper_tiles={Tile(level, idx): bytes(data) for level, idx, data in _stream(connection, upper)},
        checkpoints=_stream(connection, "SELECT size, note FROM evidence_checkpoint ORDER BY size"),
        newest_first=_stream(connection, "SELECT size, note FROM evidence_checkpoint ORDER BY size DESC"),
        head=None if head is None else (head.size, head.edge),
        openings=_stream(
            connection,
            f"SELECT seq, {octets.format('file')}, {_TIME[connection.dialect.name]}, kind, group_name, subject, actor, outcome, {_CITED} "  # noqa: S608 - no value of anybody's in it
            "FROM opening ORDER BY seq",
        )
        if openings
        else None,
        outside=outside,
    )


def _watched(rows: Iterator[Any], watch: Callable[[int], None]) -> Iterator[Any]:
    for number, row in enumerate(rows):
        if number % _CHUNK == 0:
            watch(number)
        yield row


def _stream(connection: Connection, statement: str) -> Iterator[Any]:
    """Yield the rows of a statement, in chunks; the statement runs when the first is asked for."""
    with connection.execute(text(statement), execution_options=_STREAM) as rows:
        for chunk in rows.partitions():
            yield from chunk


def _read_tiles(connection: Connection, tiles: Sequence[Tile]) -> dict[Tile, bytes]:
    if not tiles:
        return {}
    wanted = tuple_(_TILE.c.level, _TILE.c.idx).in_(tiles)
    rows = connection.execute(select(_TILE.c.level, _TILE.c.idx, _TILE.c.data).where(wanted))
    return {Tile(row.level, row.idx): cast("bytes", row.data) for row in rows}
