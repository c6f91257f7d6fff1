"""Tiles: how the tree is kept and published (c2sp.org/tlog-tiles).

A tile of level L holds up to 256 hashes of the tree's level 8 L; a full one is 8,192 bytes and never changes.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.merkle import HASH_SIZE, Node, hash_levels

WIDTH = 256
HEIGHT = 8
_GROUP = 1000
_MAX_ENTRY = 0xFFFF


class Tile(NamedTuple):
    """The address of a tile."""

    level: int
    number: int


def tile_of(node: Node) -> Tile:
    """Return the tile from which the node can be computed."""
    level, inside = divmod(node.level, HEIGHT)
    return Tile(level, (node.number << inside) // WIDTH)


def node_from_tile(node: Node, data: bytes) -> bytes:
    """Return the node's hash, from the data of its tile; raises EvidenceError when the tile does not reach so far."""
    inside = node.level % HEIGHT
    start = ((node.number << inside) % WIDTH) * HASH_SIZE
    part = data[start : start + (HASH_SIZE << inside)]
    if len(part) != HASH_SIZE << inside:
        raise EvidenceError(
            f"A tile of the evidence log ({path_of(tile_of(node))}) is missing or too short.",
            hint="Run `workplace-sync evidence verify` to see what else differs.",
        )
    return perfect_root([part[at : at + HASH_SIZE] for at in range(0, len(part), HASH_SIZE)])


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over as many hashes as a power of two."""
    return hash_levels(hashes)[-1][0]


def path_of(tile: Tile, width: int = WIDTH) -> str:
    """Return the tile's path below the log's address, e.g. `tile/0/x001/067.p/8` for a partial one of 8 hashes."""
    return f"tile/{tile.level}/{_digits(tile.number, width)}"


def bundle_path(number: int, width: int = WIDTH) -> str:
    """Return the path of an entry bundle."""
    return f"tile/entries/{_digits(number, width)}"


def bundle(entries: Sequence[bytes]) -> bytes:
    """Return the data of an entry bundle: each entry with its length before it, two bytes, big-endian.

    Raises EvidenceError when an entry is longer than the format can say.
    """
    if any(len(entry) > _MAX_ENTRY for entry in entries):
        raise EvidenceError(f"An entry is longer than {_MAX_ENTRY:,} bytes and cannot be published in tiles.")
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def tiles_of(size: int, since: int = 0) -> Iterator[tuple[Tile, int]]:
    """Yield all tiles of a tree of `size` leaves with their widths, level by level.

    Those that were full when there were `since` leaves are left out: they are what they were.
    """
    level = 0
    while size:
        full, rest = divmod(size, WIDTH)
        since //= WIDTH
        for number in range(since, full):
            yield Tile(level, number), WIDTH
        if rest:
            yield Tile(level, full), rest
        size, level = full, level + 1


def _digits(number: int, width: int) -> str:
    text = f"{number % _GROUP:03d}"
    while number := number // _GROUP:
        text = f"x{number % _GROUP:03d}/{text}"
    return text if width == WIDTH else f"{text}.p/{width}"
