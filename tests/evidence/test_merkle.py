"""The tree against an independent implementation, for every place in every size up to 200."""

from contextlib import suppress
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence.trees import NaiveTree
from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.merkle import (
    EMPTY_ROOT,
    Edge,
    check_consistency,
    cover,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_of_inclusion,
)

LARGEST = 200
TREE = NaiveTree(LARGEST)
LEAVES = [leaf_hash(entry) for entry in TREE.entries]


def test_the_empty_tree_has_the_root_that_the_rfc_gives() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Edge().root == EMPTY_ROOT


def test_the_root_of_every_size_is_the_independent_one_however_the_leaves_came_in() -> None:
    one_by_one = Edge()
    for size in range(1, LARGEST + 1):
        one_by_one = one_by_one.extended(LEAVES[size - 1 : size])
        assert one_by_one.root == TREE.root(size)
        assert Edge().extended(LEAVES[: size // 2]).extended(LEAVES[size // 2 : size]) == one_by_one
        assert Edge.parse(size, one_by_one.data) == one_by_one


def test_every_inclusion_proof_is_the_independent_one_and_leads_to_the_root() -> None:
    for size in range(1, LARGEST + 1):
        for index in range(size):
            proof = prove_inclusion(index, size, TREE.read)
            assert list(proof) == TREE.path(index, 0, size)
            assert root_of_inclusion(index, size, LEAVES[index], proof) == TREE.root(size)


def test_every_consistency_proof_is_the_independent_one_and_verifies() -> None:
    for new in range(LARGEST + 1):
        for old in range(new + 1):
            proof = prove_consistency(old, new, TREE.read)
            assert list(proof) == (TREE.proof(old, new) if old else [])
            check_consistency(old, TREE.root(old), new, TREE.root(new), proof)


@pytest.mark.parametrize("size", [1, 2, 7, 8, 64, 100])
def test_an_inclusion_proof_with_a_hash_too_many_or_too_few_is_refused(size: int) -> None:
    for index in range(size):
        proof = prove_inclusion(index, size, TREE.read)
        with pytest.raises(EvidenceError, match="more hashes"):
            root_of_inclusion(index, size, LEAVES[index], (*proof, EMPTY_ROOT))
        if proof:
            with pytest.raises(EvidenceError, match="fewer hashes"):
                root_of_inclusion(index, size, LEAVES[index], proof[:-1])


@pytest.mark.parametrize(("index", "size"), [(5, 5), (6, 5), (-1, 5), (0, 0)])
def test_an_index_outside_of_the_log_is_refused(index: int, size: int) -> None:
    with pytest.raises(EvidenceError, match="does not have"):
        root_of_inclusion(index, size, LEAVES[0], ())
    with pytest.raises(EvidenceError, match="There is no entry"):
        prove_inclusion(index, size, TREE.read)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_hash_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(EvidenceError, match="32 bytes"):
        root_of_inclusion(0, 2, LEAVES[0], [bytes(length)])
    with pytest.raises(EvidenceError, match="32 bytes"):
        root_of_inclusion(0, 1, bytes(length), [])
    with pytest.raises(EvidenceError, match="32 bytes"):
        check_consistency(1, bytes(length), 2, TREE.root(2), [LEAVES[1]])


@given(st.integers(2, LARGEST), st.data())
@settings(deadline=None)
def test_no_proof_verifies_for_another_place(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda place: place != index))
    proof = prove_inclusion(index, size, TREE.read)
    with suppress(EvidenceError):  # another place may need another number of hashes
        assert root_of_inclusion(other, size, LEAVES[index], proof) != TREE.root(size)


@given(st.integers(1, LARGEST - 1), st.data())
@settings(deadline=None)
def test_a_consistency_proof_with_any_hash_changed_added_or_taken_away_is_refused(
    old: int, data: st.DataObject
) -> None:
    new = data.draw(st.integers(old + 1, LARGEST))
    proof = list(prove_consistency(old, new, TREE.read))
    at = data.draw(st.integers(0, len(proof) - 1))
    for bad in (
        [*proof[:at], sha256(proof[at]).digest(), *proof[at + 1 :]],
        [*proof[:at], *proof[at + 1 :]],
        [*proof[:at], EMPTY_ROOT, *proof[at:]],
        [*proof, EMPTY_ROOT],
    ):
        with pytest.raises(EvidenceError):
            check_consistency(old, TREE.root(old), new, TREE.root(new), bad)


def test_a_log_that_is_no_continuation_is_refused() -> None:
    proof = prove_consistency(5, 9, TREE.read)
    with pytest.raises(EvidenceError, match="does not begin with"):
        check_consistency(5, TREE.root(6), 9, TREE.root(9), proof)
    with pytest.raises(EvidenceError, match="fewer hashes"):
        check_consistency(5, TREE.root(5), 9, TREE.root(9), [])
    with pytest.raises(EvidenceError, match="cannot begin with"):
        check_consistency(9, TREE.root(9), 5, TREE.root(5), proof)
    with pytest.raises(EvidenceError, match="cannot begin with"):
        prove_consistency(9, 5, TREE.read)


def test_equal_and_empty_logs_need_no_proof_and_take_none() -> None:
    check_consistency(5, TREE.root(5), 5, TREE.root(5), [])
    check_consistency(0, EMPTY_ROOT, 5, TREE.root(5), [])
    for old, root, sentence in ((5, TREE.root(4), "different content"), (0, TREE.root(1), "different content")):
        with pytest.raises(EvidenceError, match=sentence):
            check_consistency(old, root, 5, TREE.root(5), [])
    with pytest.raises(EvidenceError, match="where none are needed"):
        check_consistency(5, TREE.root(5), 5, TREE.root(5), [EMPTY_ROOT])


@pytest.mark.parametrize(("size", "data"), [(1, b""), (0, bytes(32)), (3, bytes(32)), (-1, bytes(32))])
def test_an_edge_that_does_not_fit_its_size_is_refused(size: int, data: bytes) -> None:
    with pytest.raises(EvidenceError, match="does not fit its own size"):
        Edge.parse(size, data)


@given(st.integers(0, 1 << 40))
@settings(deadline=None)
def test_a_range_is_covered_by_perfect_subtrees_side_by_side(end: int) -> None:
    nodes = cover(0, end)
    assert sum(1 << node.level for node in nodes) == end
    assert [node.level for node in nodes] == sorted({node.level for node in nodes}, reverse=True)
