"""Growing a log in batches of any size: always the same tree, always the tiles that the format wants."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence.trees import NaiveTree
from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.log import check_tail, fills_tile, grow, make_tail, tail_tiles
from workplace_sync.evidence.merkle import Edge, Node, leaf_hash
from workplace_sync.evidence.tile import (
    Tile,
    bundle,
    bundle_path,
    node_from_tile,
    path_of,
    tile_of,
    tiles_of,
)

BIG = 256 * 256 * 2 + 256 * 3 + 5
TREE = NaiveTree(BIG)


def _grown(sizes: Sequence[int]) -> tuple[Edge, dict[Tile, bytes]]:
    edge, tiles = Edge(), dict[Tile, bytes]()
    for count in sizes:
        start = edge.size - edge.size % 256
        tail = make_tail(edge.size, TREE.entries[start : edge.size], tiles) if fills_tile(edge.size, count) else {}
        edge, new = grow(edge, [leaf_hash(body) for body in TREE.entries[edge.size : edge.size + count]], tail)
        tiles |= new
    return edge, tiles


@given(st.lists(st.integers(0, 700), max_size=8))
@settings(max_examples=30, deadline=None)
def test_however_the_entries_come_root_and_tiles_are_those_of_the_whole(sizes: list[int]) -> None:
    edge, tiles = _grown(sizes)
    total = sum(sizes)
    assert (edge.size, edge.root) == (total, TREE.root(total))
    kept = {tile: width for tile, width in tiles_of(total) if tile.level or width == 256}
    assert {tile: len(data) // 32 for tile, data in tiles.items()} == kept
    for (level, number), data in tiles.items():
        span = 256**level
        first = number * 256 * span
        wanted = [TREE.mth(first + at * span, first + (at + 1) * span) for at in range(len(data) // 32)]
        assert data == b"".join(wanted)


def test_a_large_log_has_three_levels_of_tiles_and_its_tail_is_checked_from_a_few_of_them() -> None:
    edge, tiles = _grown([1000] * 131 + [BIG - 131_000])
    assert edge.root == TREE.root(BIG)
    assert tail_tiles(BIG) == [Tile(1, 2), Tile(2, 0)]
    assert len(tiles[Tile(2, 0)]) == 2 * 32
    tail = make_tail(BIG, TREE.entries[-5:], tiles)
    check_tail(edge, tail)
    for node in (Node(0, 7), Node(3, 100), Node(8, 513), Node(10, 100), Node(16, 1), Node(17, 0)):
        assert node_from_tile(node, tiles[tile_of(node)]) == TREE.read([node])[0]


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_tail_that_is_not_what_the_head_was_made_from_is_never_built_upon(level: int) -> None:
    edge, tiles = _grown([1000] * 131 + [BIG - 131_000])
    tail = {**make_tail(BIG, TREE.entries[-5:], tiles)}
    for wrong in ([bytes(32)] * len(tail[level]), tail[level][:-1], [*tail[level], bytes(32)], ()):
        with pytest.raises(EvidenceError, match="not those that its head was made from"):
            grow(edge, [bytes(32)] * 256, {**tail, level: wrong})


def test_a_tile_that_is_too_short_is_told_by_its_path() -> None:
    with pytest.raises(EvidenceError, match=r"tile/0/001"):
        node_from_tile(Node(2, 65), bytes(32 * 7))


def test_paths_are_those_of_the_format() -> None:
    assert path_of(Tile(0, 0)) == "tile/0/000"
    assert path_of(Tile(2, 0), 1) == "tile/2/000.p/1"
    assert path_of(Tile(0, 1234067)) == "tile/0/x001/x234/067"
    assert bundle_path(273, 112) == "tile/entries/273.p/112"
    assert bundle_path(1000) == "tile/entries/x001/000"


def test_seventy_thousand_leaves_have_the_tiles_of_the_format_s_example() -> None:
    found = list(tiles_of(70_000))
    assert sum(width == 256 for tile, width in found if tile.level == 0) == 273
    assert [(tile.level, width) for tile, width in found if width < 256] == [(0, 112), (1, 17), (2, 1)]


@pytest.mark.parametrize(("size", "tail"), [(65_536, [Tile(2, 0)]), (256, [Tile(1, 0)]), (255, []), (0, [])])
def test_full_tiles_have_no_tail(size: int, tail: list[Tile]) -> None:
    assert tail_tiles(size) == tail
    assert sum(width for tile, width in tiles_of(size) if tile.level == 0) == size


def test_a_bundle_tells_each_length_and_refuses_what_it_cannot_tell() -> None:
    assert bundle([b"a", b"bc"]) == b"\x00\x01a\x00\x02bc"
    with pytest.raises(EvidenceError, match="longer than 65,535"):
        bundle([bytes(65_536)])
