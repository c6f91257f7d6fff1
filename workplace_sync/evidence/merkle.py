"""The hash tree of RFC 9162 section 2.1 (the same as RFC 6962's): hashes, growing, proofs and their verification.

All hashes are SHA-256, 32 bytes. A range of leaves [begin, end) is half open and counts from 0.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from workplace_sync.errors import EvidenceError

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()

_Range = tuple[int, int]


class Node(NamedTuple):
    """The root of a perfect subtree: over the leaves from `number << level` on, `1 << level` of them."""

    level: int
    number: int


HashReader = Callable[[Sequence[Node]], Sequence[bytes]]
"""Returns the hashes of the nodes asked for, in their order."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf, from its exact bytes."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node, from its two children."""
    return sha256(b"\x01" + left + right).digest()


def fold(roots: Sequence[bytes]) -> bytes:
    """Return the root over perfect subtrees that stand side by side, largest first; the empty tree's for none."""
    if not roots:
        return EMPTY_ROOT
    root = roots[-1]
    for left in reversed(roots[:-1]):
        root = node_hash(left, root)
    return root


def hash_levels(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Return `hashes` and, level by level, all perfect nodes above them."""
    levels = [hashes]
    while len(hashes) > 1:
        hashes = [
            sha256(b"\x01" + left + right).digest() for left, right in zip(hashes[::2], hashes[1::2], strict=False)
        ]
        levels.append(hashes)
    return levels


def cover(begin: int, end: int) -> list[Node]:
    """Return the fewest perfect subtrees over [begin, end), left to right, for a `begin` that the tree splits at."""
    nodes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        nodes.append(Node(level, begin >> level))
        begin += 1 << level
    return nodes


@dataclass(frozen=True, slots=True)
class Edge:
    """All that is needed to go on: the number of leaves, and the roots of the perfect subtrees, largest first."""

    size: int = 0
    roots: tuple[bytes, ...] = ()

    @classmethod
    def parse(cls, size: int, data: bytes) -> "Edge":
        """Return the edge from its size and its roots joined; raises EvidenceError when they do not fit."""
        if size < 0 or len(data) != HASH_SIZE * size.bit_count():
            raise EvidenceError("The head of the evidence log does not fit its own size.")
        return cls(size, split_hashes(data))

    @property
    def root(self) -> bytes:
        """The root of the whole tree."""
        return fold(self.roots)

    @property
    def data(self) -> bytes:
        """The roots, joined."""
        return b"".join(self.roots)

    def extended(self, leaves: Iterable[bytes]) -> "Edge":
        """Return the edge after appending leaf hashes."""
        roots, size = list(self.roots), self.size
        for leaf in leaves:
            root, carry = leaf, size
            while carry & 1:
                root = node_hash(roots.pop(), root)
                carry >>= 1
            roots.append(root)
            size += 1
        return Edge(size, tuple(roots))


def split_hashes(data: bytes) -> tuple[bytes, ...]:
    """Return joined hashes one by one."""
    return tuple(data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE))


def prove_inclusion(index: int, size: int, read: HashReader) -> tuple[bytes, ...]:
    """Return the inclusion proof of leaf `index` in the tree of `size` leaves, the leaf's sibling first.

    Raises EvidenceError when the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise EvidenceError(f"There is no entry {index} in a log of {size}.")
    ranges: list[_Range] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return _read_roots(ranges[::-1], read)


def prove_consistency(old: int, new: int, read: HashReader) -> tuple[bytes, ...]:
    """Return the proof that the tree of `new` leaves begins with the tree of `old` leaves (RFC 6962 section 2.1.2).

    It is empty for `old` of 0 and for equal sizes. Raises EvidenceError when `old` is larger than `new`.
    """
    if not 0 <= old <= new:
        raise EvidenceError(f"A log of {new} entries cannot begin with {old}.")
    if old in {0, new}:
        return ()
    ranges: list[_Range] = []
    begin, end = 0, new
    while end != old:
        middle = begin + _split(end - begin)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    if begin:
        ranges.append((begin, end))
    return _read_roots(ranges[::-1], read)


def root_of_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """Return the root that an inclusion proof leads to (RFC 9162 section 2.1.3.2).

    Raises EvidenceError when index, size and the number and length of the hashes do not fit.
    """
    if not 0 <= index < size:
        raise EvidenceError(f"The proof is for entry {index}, which a log of {size} entries does not have.")
    _check_lengths((leaf, *proof))
    place, last, root = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise EvidenceError("The proof has more hashes than its place in the log allows.")
        if place & 1 or place == last:
            root = node_hash(sibling, root)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise EvidenceError("The proof has fewer hashes than its place in the log needs.")
    return root


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise EvidenceError unless the proof shows that the new tree begins with the old one (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old <= new:
        raise EvidenceError(f"A log of {new} entries cannot begin with {old}.")
    _check_lengths((old_root, new_root, *proof))
    if old in {0, new}:
        if proof:
            raise EvidenceError("The proof has hashes where none are needed.")
        if old_root != (new_root if old else EMPTY_ROOT):
            raise EvidenceError(f"Two logs of {old} entries have different content.")
        return
    if _roots_of_consistency(old, new, [old_root, *proof] if old.bit_count() == 1 else proof) != (old_root, new_root):
        raise EvidenceError(f"The log of {new} entries does not begin with the log of {old} entries.")


def _roots_of_consistency(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    if not path:
        raise EvidenceError("The proof has fewer hashes than its sizes need.")
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_root = new_root = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise EvidenceError("The proof has more hashes than its sizes allow.")
        if place & 1 or place == last:
            old_root, new_root = node_hash(sibling, old_root), node_hash(sibling, new_root)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new_root = node_hash(new_root, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise EvidenceError("The proof has fewer hashes than its sizes need.")
    return old_root, new_root


def _check_lengths(hashes: Iterable[bytes]) -> None:
    if any(len(one) != HASH_SIZE for one in hashes):
        raise EvidenceError(f"A hash of the proof is not {HASH_SIZE} bytes long.")


def _split(width: int) -> int:
    """Return the largest power of two below `width`, where RFC 9162 splits a tree."""
    return 1 << ((width - 1).bit_length() - 1)


def _read_roots(ranges: Sequence[_Range], read: HashReader) -> tuple[bytes, ...]:
    covers = [cover(begin, end) for begin, end in ranges]
    hashes = iter(read([node for nodes in covers for node in nodes]))
    return tuple(fold([next(hashes) for _ in nodes]) for nodes in covers)
