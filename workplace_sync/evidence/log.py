"""Growing the log: from the edge it had and new entries to its new edge and the tiles to keep.

Kept are the full tiles of the leaves, and of the levels above also the one that is not full yet. The hashes of the last
leaves, which fill no tile yet, are computed from their entries: fewer than 256.
"""

from collections.abc import Mapping, Sequence

from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.merkle import Edge, leaf_hash, split_hashes
from workplace_sync.evidence.tile import WIDTH, Tile, perfect_root

Tail = Mapping[int, Sequence[bytes]]
"""For each level the hashes of its tile that is not full; a level without such a tile may be left out."""

_LOOK = "Run `workplace-sync evidence verify` to see what differs; nothing is added to the log until then."


def fills_tile(size: int, count: int) -> bool:
    """Return whether `count` more entries fill a tile of a log of `size`: only then is the tail needed to grow."""
    return size % WIDTH + count >= WIDTH


def tail_tiles(size: int) -> list[Tile]:
    """Return the tiles above the leaves that are not full in a log of `size`."""
    tiles = []
    level, size = 1, size // WIDTH
    while size:
        if size % WIDTH:
            tiles.append(Tile(level, size // WIDTH))
        level, size = level + 1, size // WIDTH
    return tiles


def make_tail(size: int, last_entries: Sequence[bytes], tiles: Mapping[Tile, bytes]) -> Tail:
    """Return the tail of a log of `size`, from the entries after its last full tile and the tiles of `tail_tiles`."""
    tail: dict[int, Sequence[bytes]] = {0: [leaf_hash(body) for body in last_entries]}
    for tile in tail_tiles(size):
        tail[tile.level] = split_hashes(tiles.get(tile, b""))
    return tail


def check_tail(edge: Edge, tail: Tail) -> None:
    """Raise EvidenceError unless the tail has the edge's roots.

    As every root of the edge lies in one of these tiles, this checks the whole log's root from a few thousand hashes.
    """
    roots = list(edge.roots)
    size, level = edge.size, 0
    while size:
        hashes = tail.get(level, ())
        width = size % WIDTH
        wanted = roots[len(roots) - width.bit_count() :]
        del roots[len(roots) - width.bit_count() :]
        if len(hashes) != width or list(Edge().extended(hashes).roots) != wanted:
            what = "entries" if level == 0 else f"tiles of level {level}"
            raise EvidenceError(
                f"The last {what} of the evidence log are not those that its head was made from.", hint=_LOOK
            )
        size, level = size // WIDTH, level + 1


def grow(edge: Edge, leaves: Sequence[bytes], tail: Tail) -> tuple[Edge, dict[Tile, bytes]]:
    """Return the edge after appending leaf hashes, and the data of all tiles that are new or longer.

    `tail` may be empty unless `fills_tile` says that it is needed; then it is checked against the edge first, and
    EvidenceError raised when it does not fit.
    """
    tiles: dict[Tile, bytes] = {}
    if fills_tile(edge.size, len(leaves)):
        check_tail(edge, tail)
        level, count, added = 0, edge.size, leaves
        while added:
            added = _fill(Tile(level, count // WIDTH), [*tail.get(level, ()), *added], tiles)
            level, count = level + 1, count // WIDTH
    return edge.extended(leaves), tiles


def _fill(first: Tile, hashes: Sequence[bytes], tiles: dict[Tile, bytes]) -> list[bytes]:
    """Store the tiles of one level from `first` on, and return the roots of the full ones, for the level above."""
    roots = []
    for at in range(0, len(hashes), WIDTH):
        run = hashes[at : at + WIDTH]
        if len(run) == WIDTH:
            roots.append(perfect_root(run))
        elif first.level == 0:
            break
        tiles[Tile(first.level, first.number + at // WIDTH)] = b"".join(run)
    return roots
