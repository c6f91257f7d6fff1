"""The full audit of a log: every row hashed again and compared with every tile, every signed checkpoint, every opening.

It streams: rows come in order and memory stays flat, whatever the log's size. Nothing it meets makes it raise; what
differs is in the report. An intermediate checkpoint that was deleted does not show, and need not: each later one covers
all that it covered.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.checkpoint import Checkpoint, open_checkpoint
from workplace_sync.evidence.difference import Difference, Differences, What
from workplace_sync.evidence.entry import (
    Entry,
    Indexed,
    commitment_of,
    opening_says,
    parse_entry,
    write_entry,
)
from workplace_sync.evidence.merkle import (
    EMPTY_ROOT,
    HASH_SIZE,
    Edge,
    cover,
    fold,
    hash_levels,
    leaf_hash,
    split_hashes,
)
from workplace_sync.evidence.note import Trusted
from workplace_sync.evidence.tile import WIDTH, Tile, perfect_root

OpeningRow = tuple[int, bytes, str, str, str, str, str, str, str | None]
"""seq, opening file, then the fields of `Indexed` as the database repeats them."""

_FULL = WIDTH * HASH_SIZE
_UNKNOWN = bytes(HASH_SIZE)
_ANY = 1 << 63  # checkpoints next to each other may be far apart in size


@dataclass(frozen=True, slots=True)
class Held:
    """What a database holds of a log, each stream in the order of its number.

    `newest_first` are the checkpoints again, the other way round. `head` is size and edge as stored. `openings` is None
    where they are not to be checked. `outside` is the checkpoint kept outside the database, None where it is missing.
    """

    entries: Iterable[tuple[int, bytes]]
    leaf_tiles: Iterable[tuple[int, bytes]]
    upper_tiles: Mapping[Tile, bytes]
    checkpoints: Iterable[tuple[int, str]]
    newest_first: Iterable[tuple[int, str]]
    head: tuple[int, bytes] | None
    openings: Iterable[OpeningRow] | None
    outside: str | None


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What an audit saw.

    `size` and `root` are those of the newest good checkpoint, `erased` counts entries whose opening is gone, which is
    allowed. `unlisted` counts differences beyond those listed.
    """

    size: int
    root: bytes
    checkpoints: int
    openings: int
    erased: int
    differences: tuple[Difference, ...]
    unlisted: int

    @property
    def ok(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def audit(held: Held, verifier: Trusted) -> VerifyReport:
    """Return what differs between the rows that are held and what this key has signed."""
    return _Audit(held, verifier).run()


class _Audit:
    """One walk over the rows, a block of 256 at a time."""

    def __init__(self, held: Held, verifier: Trusted) -> None:
        self._held = held
        self._verifier = verifier
        self._found = Differences()
        self._tiles = _UpperTiles(held.upper_tiles, self._found)
        self._leaf_tiles = _Peek(held.leaf_tiles)
        self._openings = _Peek(held.openings or ())
        self._signed = _Peek(self._open_checkpoints())
        self._outside = self._open_outside()
        self._newest = self._find_newest()
        self._top = max(self._newest, self._outside or self._newest, key=lambda checkpoint: checkpoint.size)
        self._blocks_edge = Edge()  # over the full blocks: its leaves are their roots
        self._edge: tuple[bytes, ...] = ()
        self._rows_end = 0
        self._lost = self._top.size  # the first place whose hash nobody knows
        self._noted: set[int] = set()  # places of this block whose rows are known to be wrong
        self._opened = 0
        self._checkpoints = 0
        self._fitting = 0
        self._outside_fits = True

    def run(self) -> VerifyReport:
        self._compare_checkpoints(0, [])
        for start, bodies in self._blocks():
            self._noted = set()
            if self._held.openings is None:
                for seq, body in enumerate(bodies, start):
                    self._compare_form(seq, body)
            else:
                self._compare_openings(start, bodies)
            self._settle(start, bodies)
        self._compare_ends()
        with_openings = self._held.openings is not None
        return VerifyReport(
            size=self._top.size,
            root=self._top.root,
            checkpoints=self._checkpoints,
            openings=self._opened,
            erased=self._top.size - self._opened if with_openings else 0,
            differences=tuple(self._found.listed),
            unlisted=self._found.unlisted,
        )

    def _open_outside(self) -> Checkpoint | None:
        if self._held.outside is None:
            return None
        try:
            return open_checkpoint(self._held.outside, self._verifier)
        except EvidenceError as error:
            self._found.add(What.OUTSIDE_BAD, 0, detail=error.message)
            return None

    def _find_newest(self) -> Checkpoint:
        for size, note in self._held.newest_first:
            try:
                checkpoint = open_checkpoint(note, self._verifier)
            except EvidenceError:
                continue
            if checkpoint.size == size:
                return checkpoint
        return Checkpoint(self._verifier.name, 0, EMPTY_ROOT)

    def _open_checkpoints(self) -> Iterator[tuple[int, Checkpoint]]:
        """Yield the good checkpoints, that of the file outside among them, in order; note those that are not good."""
        outside = self._outside
        for size, note in self._held.checkpoints:
            self._checkpoints += 1
            if outside is not None and outside.size < size:
                yield outside.size, outside
                outside = None
            try:
                checkpoint = open_checkpoint(note, self._verifier)
                if checkpoint.size != size:
                    raise EvidenceError("It is the checkpoint of another size.")  # noqa: TRY301 - told like the others
            except EvidenceError as error:
                self._found.add(What.CHECKPOINT_BAD, size, detail=error.message, gap=_ANY)
            else:
                yield size, checkpoint
        if outside is not None:
            yield outside.size, outside

    def _blocks(self) -> Iterator[tuple[int, list[bytes | None]]]:
        """Yield the rows in blocks of 256 places, None where a row is missing; note rows that have no place."""
        entries = _Peek(self._held.entries)
        for seq, _ in entries.below(0):
            self._found.add(What.ROW_INSERTED, seq)
        for start in range(0, self._top.size, WIDTH):
            end = min(start + WIDTH, self._top.size)
            bodies: list[bytes | None] = [None] * (end - start)
            for seq, body in entries.below(end):
                bodies[seq - start] = body
                self._rows_end = seq + 1
            yield start, bodies
        for seq, _ in entries.rest():
            self._found.add(What.ROW_INSERTED, seq)

    def _compare_openings(self, start: int, bodies: Sequence[bytes | None]) -> None:
        for seq, *_ in self._openings.below(start):
            self._found.add(What.OPENING_ORPHAN, seq)
        openings = {row[0]: row for row in self._openings.below(start + len(bodies))}
        self._opened += len(openings)
        for seq, body in enumerate(bodies, start):
            row = openings.get(seq)
            if row is None:
                self._compare_form(seq, body)
                continue
            file, fields = row[1], Indexed(*row[2:])
            commitment = commitment_of(file)
            if body == write_entry(seq, fields.time, commitment, fields.kind):
                if not opening_says(file, fields):
                    self._found.add(What.INDEX_ALTERED, seq)
            elif (entry := self._compare_form(seq, body)) is not None:
                altered = entry.commitment != commitment
                self._found.add(What.OPENING_ALTERED if altered else What.INDEX_ALTERED, seq)

    def _compare_form(self, seq: int, body: bytes | None) -> Entry | None:
        """Return the entry if the row is one and in its own place; note what it is otherwise."""
        entry = None
        if body is None:
            self._found.add(What.ROW_MISSING, seq)
        else:
            try:
                entry = parse_entry(body)
            except EvidenceError:
                self._found.add(What.ROW_CHANGED, seq)
        if entry is not None and entry.seq != seq:
            self._found.add(What.ROW_MOVED, seq, other=entry.seq - seq)
            entry = None
        if entry is None:
            self._noted.add(seq)
        return entry

    def _settle(self, start: int, bodies: Sequence[bytes | None]) -> None:
        """Go on over a block with the hashes that most agree on: the rows, their tile, the tile above."""
        full = len(bodies) == WIDTH
        stored = self._stored_tile(start // WIDTH) if full else None
        known = split_hashes(stored) if stored is not None and len(stored) == _FULL else None
        if known is None and None in bodies:
            self._lost = min(self._lost, start + bodies.index(None))
        leaves: Sequence[bytes] = [
            leaf_hash(body) if body is not None else known[at] if known else _UNKNOWN for at, body in enumerate(bodies)
        ]
        if full and (known is None or b"".join(leaves) != stored):
            leaves = self._arbitrate(start, leaves, known, there=stored is not None)
        levels = hash_levels(leaves)
        self._compare_checkpoints(start, levels)
        if full:
            self._blocks_edge = self._blocks_edge.extended([levels[-1][0]])
            self._edge = self._blocks_edge.roots
            self._tiles.push(levels[-1][0])
        else:
            self._edge = self._roots_at(levels, len(bodies))

    def _stored_tile(self, number: int) -> bytes | None:
        for extra, _ in self._leaf_tiles.below(number):
            self._found.add(What.TILE_EXTRA, extra)
        kept = [data for _, data in self._leaf_tiles.below(number + 1)]
        return kept[0] if kept else None

    def _arbitrate(
        self, start: int, leaves: Sequence[bytes], known: Sequence[bytes] | None, *, there: bool
    ) -> Sequence[bytes]:
        """Return the leaves to go on with, where rows and tile disagree: those that the tile above knows."""
        number = start // WIDTH
        if known is None:
            if there or self._lost >= start + WIDTH:  # else the rows are gone as well, which says enough
                self._found.add(What.TILE_CHANGED if there else What.TILE_MISSING, number)
            return leaves
        parent = self._tiles.kept(number)
        if perfect_root(leaves) == parent:
            self._found.add(What.TILE_CHANGED, number)
            return leaves
        for at, (leaf, kept) in enumerate(zip(leaves, known, strict=True), start):
            if leaf != kept and at not in self._noted:
                self._found.add(What.ROW_CHANGED, at)
        return known if perfect_root(known) == parent else leaves

    def _roots_at(self, levels: Sequence[Sequence[bytes]], width: int) -> tuple[bytes, ...]:
        return (*self._blocks_edge.roots, *(levels[node.level][node.number] for node in cover(0, width)))

    def _compare_checkpoints(self, start: int, levels: Sequence[Sequence[bytes]]) -> None:
        """Compare every checkpoint whose size lies in the block with the root at that size."""
        end = start + len(levels[0]) if levels else start
        for size, checkpoint in self._signed.below(end + 1):
            if size > self._lost:
                continue
            fits = fold(self._roots_at(levels, size - start)) == checkpoint.root
            if checkpoint is self._outside:
                self._outside_fits = fits
            elif fits:
                self._fitting = size
            else:
                self._found.add(What.CHECKPOINT_DIFFERS, size, other=self._fitting, gap=_ANY)

    def _compare_ends(self) -> None:
        """Compare what is left over: rows, tiles and openings that have no place, the head, the file outside."""
        for number, _ in self._leaf_tiles.rest():
            self._found.add(What.TILE_EXTRA, number)
        for seq, *_ in self._openings.rest():
            self._found.add(What.OPENING_ORPHAN, seq)
        self._tiles.compare_rest()
        size = self._top.size
        behind = size > self._newest.size
        if behind and self._rows_end == size:
            self._found.add(What.CHECKPOINT_MISSING, size)
        else:
            self._found.rename(What.ROW_MISSING, size - 1, What.ROLLED_BACK if behind else What.TAIL_CUT)
        self._compare_head(behind=behind)
        if self._held.outside is None and (size or self._rows_end):
            self._found.add(What.OUTSIDE_MISSING, 0)
        if self._outside is not None and not self._outside_fits and not self._found.has(What.CHECKPOINT_DIFFERS):
            self._found.add(What.FORKED, self._outside.size)

    def _compare_head(self, *, behind: bool) -> None:
        size = self._top.size
        unsure = behind or self._lost < size or self._found.has(What.CHECKPOINT_DIFFERS)
        if not unsure and (self._held.head or (0, b"")) != (size, b"".join(self._edge)):
            self._found.add(What.HEAD_CHANGED, size)


class _UpperTiles:
    """The tiles above the leaves' own, made again from the roots of full tiles and compared one by one."""

    def __init__(self, stored: Mapping[Tile, bytes], found: Differences) -> None:
        self._stored = dict(stored)
        self._found = found
        self._open: list[tuple[int, list[bytes]]] = []  # for each level from 1: the tile's number, and its hashes

    def kept(self, number: int) -> bytes:
        """Return what the stored tile above says of leaf tile `number`."""
        parents = self._stored.get(Tile(1, number // WIDTH), b"")
        return parents[number % WIDTH * HASH_SIZE :][:HASH_SIZE]

    def push(self, root: bytes, level: int = 1) -> None:
        """Take the root of the next full tile below `level`."""
        if len(self._open) < level:
            self._open.append((0, []))
        number, hashes = self._open[level - 1]
        hashes.append(root)
        if len(hashes) == WIDTH:
            self._compare(Tile(level, number), hashes)
            self._open[level - 1] = (number + 1, [])
            self.push(perfect_root(hashes), level + 1)

    def compare_rest(self) -> None:
        """Compare the tiles that are not full, and note those that should not be there."""
        for level, (number, hashes) in enumerate(self._open, 1):
            if hashes:
                self._compare(Tile(level, number), hashes)
        for tile in sorted(self._stored):
            self._found.add(What.TILE_EXTRA, tile.number, other=tile.level)

    def _compare(self, tile: Tile, hashes: Sequence[bytes]) -> None:
        data = self._stored.pop(tile, None)
        if data is None:
            self._found.add(What.TILE_MISSING, tile.number, other=tile.level)
        elif data != b"".join(hashes):
            self._found.add(What.TILE_CHANGED, tile.number, other=tile.level)


_Row = TypeVar("_Row", bound=tuple[Any, ...])


class _Peek(Generic[_Row]):
    """A stream of rows, ordered by their first column, from which rows are taken up to a limit."""

    def __init__(self, rows: Iterable[_Row]) -> None:
        self._rows = iter(rows)
        self._next: _Row | None = None

    def below(self, limit: int) -> Iterator[_Row]:
        """Yield the rows before `limit` that are left."""
        row = self._next if self._next is not None else next(self._rows, None)
        while row is not None and row[0] < limit:
            yield row
            row = next(self._rows, None)
        self._next = row

    def rest(self) -> Iterator[_Row]:
        """Yield all rows that are left."""
        if self._next is not None:
            yield self._next
        yield from self._rows
