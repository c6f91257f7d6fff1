"""A log's keys one after the other: who may sign what, and what a statement about a change of keys must be."""

import pytest

from tests.evidence.trees import ORIGIN, make_signer
from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.checkpoint import Checkpoint, open_checkpoint
from workplace_sync.evidence.keyring import KeyRing, Rotation, parse_rotation
from workplace_sync.evidence.note import Signer

FIRST, SECOND, THIRD = make_signer(1), make_signer(2), make_signer(3)
STATEMENT = Rotation(9, FIRST.verifier, SECOND.verifier)


def signed(size: int, signer: Signer) -> str:
    return Checkpoint(ORIGIN, size, bytes(32)).signed(signer)


RING = KeyRing(THIRD.verifier, (STATEMENT, Rotation(19, SECOND.verifier, THIRD.verifier)))


def test_a_statement_signed_by_both_keys_says_what_it_was_made_of() -> None:
    note = STATEMENT.signed(FIRST, SECOND)
    assert parse_rotation(note) == STATEMENT
    assert note.count(f"\n\u2014 {ORIGIN} ") == 2


@pytest.mark.parametrize("missing", [-1, -2])
def test_a_statement_that_one_of_the_keys_has_not_signed_is_refused(missing: int) -> None:
    lines = STATEMENT.signed(FIRST, SECOND).splitlines(keepends=True)
    del lines[missing]
    with pytest.raises(EvidenceError, match="not signed"):
        parse_rotation("".join(lines))


def test_a_statement_that_a_third_key_signs_for_another_is_refused() -> None:
    with pytest.raises(EvidenceError, match="not signed"):
        parse_rotation(STATEMENT.signed(FIRST, THIRD))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("/v1\n", "/v2\n", "five lines"),
        ("9\n", "9\n\n", "five lines"),
        ("\n9\n", "\n09\n", "leading zeros"),
        (f"v1\n{ORIGIN}\n", "v1\nother.example.org/log\n", "another log"),
        ("\n9\n", "\n8\n", "false"),
    ],
)
def test_a_statement_of_another_form_or_content_is_refused(old: str, new: str, sentence: str) -> None:
    note = STATEMENT.signed(FIRST, SECOND)
    with pytest.raises(EvidenceError, match=sentence):
        parse_rotation(note.replace(old, new, 1))


def test_a_statement_that_leads_to_another_log_is_refused() -> None:
    elsewhere = make_signer(2, "other.example.org/log")
    with pytest.raises(EvidenceError, match="another log"):
        parse_rotation(Rotation(9, FIRST.verifier, elsewhere.verifier).signed(FIRST, elsewhere))


@pytest.mark.parametrize(
    ("size", "signer"), [(0, FIRST), (10, FIRST), (11, SECOND), (20, SECOND), (21, THIRD), (99, THIRD)]
)
def test_each_key_signs_the_checkpoints_of_its_own_range_alone(size: int, signer: Signer) -> None:
    assert open_checkpoint(signed(size, signer), RING).size == size
    for other in {FIRST, SECOND, THIRD} - {signer}:
        with pytest.raises(EvidenceError, match="not signed"):
            open_checkpoint(signed(size, other), RING)


def test_a_ring_has_the_log_s_name_and_all_its_keys() -> None:
    assert RING.name == ORIGIN
    assert RING.keys == (FIRST.verifier, SECOND.verifier, THIRD.verifier)
    assert KeyRing(FIRST.verifier).keys == (FIRST.verifier,)


@pytest.mark.parametrize(
    "rotations",
    [
        (STATEMENT,),
        (Rotation(9, FIRST.verifier, THIRD.verifier), Rotation(19, SECOND.verifier, THIRD.verifier)),
        (Rotation(19, FIRST.verifier, SECOND.verifier), Rotation(9, SECOND.verifier, THIRD.verifier)),
        (Rotation(9, FIRST.verifier, SECOND.verifier), Rotation(9, SECOND.verifier, THIRD.verifier)),
    ],
)
def test_rotations_that_are_no_chain_to_the_newest_key_are_refused(rotations: tuple[Rotation, ...]) -> None:
    with pytest.raises(EvidenceError, match="from one key to the next"):
        KeyRing(THIRD.verifier, rotations)
