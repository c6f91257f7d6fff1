"""Checkpoints and proof files: what is written is read back, and nothing else is accepted."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence.trees import ORIGIN, NaiveTree, make_signer
from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.checkpoint import Checkpoint, open_checkpoint, parse_number, parse_text
from workplace_sync.evidence.merkle import prove_consistency, prove_inclusion
from workplace_sync.evidence.note import encode_base64
from workplace_sync.evidence.proof import ConsistencyProof, InclusionProof, parse_consistency, parse_inclusion

SIGNER = make_signer()
KEY = SIGNER.verifier
TREE = NaiveTree(50)
ROOT = encode_base64(TREE.root(50))


def _checkpoint(size: int) -> str:
    return Checkpoint(ORIGIN, size, TREE.root(size)).signed(SIGNER)


def _proof(index: int = 7, size: int = 50) -> InclusionProof:
    return InclusionProof(index, prove_inclusion(index, size, TREE.read), _checkpoint(size))


def _consistency(old: int = 20, new: int = 50) -> ConsistencyProof:
    return ConsistencyProof(old, prove_consistency(old, new, TREE.read), _checkpoint(new))


def test_a_checkpoint_has_the_exact_text_of_the_format() -> None:
    assert Checkpoint(ORIGIN, 50, TREE.root(50)).text == f"{ORIGIN}\n50\n{ROOT}\n"
    assert open_checkpoint(_checkpoint(50), KEY) == Checkpoint(ORIGIN, 50, TREE.root(50))


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n050\n{ROOT}\n",
        f"{ORIGIN}\n+50\n{ROOT}\n",
        f"{ORIGIN}\n50 \n{ROOT}\n",
        f"{ORIGIN}\n-1\n{ROOT}\n",
        f"{ORIGIN}\n\u0665\n{ROOT}\n",
        f"{ORIGIN}\n9223372036854775808\n{ROOT}\n",
        f"{ORIGIN}\n99999999999999999999\n{ROOT}\n",
        f"{ORIGIN}\n50\n{ROOT}",
        f"{ORIGIN}\n50\n{ROOT}\nextension\n",
        f"{ORIGIN}\n50\n{ROOT}\n\n",
        f"{ORIGIN}\n50\n{ROOT[:-1]}\n",
        f"{ORIGIN}\n50\n{ROOT[:-2]}B=\n",
        f"{ORIGIN}\n50\n{encode_base64(bytes(31))}\n",
        f"{ORIGIN}\n50\n{encode_base64(bytes(33))}\n",
        f"{ORIGIN}\n50\n",
        f"\n50\n{ROOT}\n",
        f"{ORIGIN}\r\n50\r\n{ROOT}\r\n",
        "",
    ],
)
def test_a_checkpoint_text_out_of_form_is_refused_even_when_signed(text: str) -> None:
    with pytest.raises(EvidenceError):
        parse_text(text)
    with pytest.raises(EvidenceError):
        open_checkpoint(SIGNER.sign(text), KEY)


def test_the_largest_size_is_read() -> None:
    assert parse_number("9223372036854775807") == (1 << 63) - 1
    assert parse_number("0") == 0


def test_a_checkpoint_of_another_origin_is_refused_although_our_key_signed_it() -> None:
    with pytest.raises(EvidenceError, match="another log"):
        open_checkpoint(Checkpoint("other.example.org", 50, TREE.root(50)).signed(SIGNER), KEY)


@pytest.mark.parametrize("extra", [b"", b"more"])
def test_an_inclusion_proof_is_written_and_read_back(extra: bytes) -> None:
    proof = InclusionProof(7, _proof().hashes, _checkpoint(50), extra)
    assert parse_inclusion(proof.text) == proof
    assert parse_inclusion(proof.text).verify(TREE.entries[7], KEY).size == 50
    assert proof.text.startswith("c2sp.org/tlog-proof@v1\n" + ("extra bW9yZQ==\n" if extra else "") + "index 7\n")


def test_the_proof_of_the_only_entry_has_no_hashes() -> None:
    proof = _proof(0, 1)
    assert proof.text == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{_checkpoint(1)}"
    parse_inclusion(proof.text).verify(TREE.entries[0], KEY)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("@v1", "@v2"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("index 7", "index 07"),
        lambda text: text.replace("index 7", "index  7"),
        lambda text: text.replace("index 7", "index 8"),
        lambda text: text.replace("index 7", "index 50"),
        lambda text: text.replace("index 7\n", ""),
        lambda text: text.replace("index 7", "extra AB==\nindex 7"),
        lambda text: text.replace("index 7\n", "index 7\n" + encode_base64(bytes(32)) + "\n"),
        lambda text: text.replace("index 7\n", "index 7\n" + encode_base64(bytes(31)) + "\n"),
        lambda text: text.replace("index 7\n", "index 7\n" + (encode_base64(bytes(32)) + "\n") * 64),
        lambda text: text.replace(text.split("\n")[2] + "\n", ""),
        lambda text: text.split("\n\n")[0],
        lambda text: text[:-1],
        lambda text: text.replace("\n50\n", "\n49\n"),
        lambda _: "c2sp.org/tlog-proof@v1\n\n" + _checkpoint(50),
    ],
)
def test_a_proof_file_with_anything_wrong_is_refused(change: Callable[[str], str]) -> None:
    with pytest.raises(EvidenceError):
        parse_inclusion(change(_proof().text)).verify(TREE.entries[7], KEY)


def test_the_proof_of_one_entry_is_none_of_another() -> None:
    with pytest.raises(EvidenceError, match="not entry 7"):
        _proof().verify(TREE.entries[8], KEY)


def test_a_consistency_proof_is_written_read_back_and_verified() -> None:
    proof = _consistency()
    assert proof.text.startswith("old 20\n")
    assert parse_consistency(proof.text) == proof
    assert parse_consistency(proof.text).verify(_checkpoint(20), KEY).size == 50


@pytest.mark.parametrize("change", [("old 20", "old 020"), ("old 20", "new 20"), ("old 20", "old 21")])
def test_a_consistency_file_with_anything_wrong_is_refused(change: tuple[str, str]) -> None:
    with pytest.raises(EvidenceError):
        parse_consistency(_consistency().text.replace(*change)).verify(_checkpoint(20), KEY)


def test_a_consistency_proof_from_another_checkpoint_is_refused() -> None:
    with pytest.raises(EvidenceError, match="the older checkpoint at 21"):
        _consistency().verify(_checkpoint(21), KEY)
    forked = Checkpoint(ORIGIN, 20, TREE.root(21)).signed(SIGNER)
    with pytest.raises(EvidenceError, match="does not begin"):
        _consistency().verify(forked, KEY)


@given(st.text(max_size=200))
@settings(deadline=None)
def test_no_text_makes_the_parsers_fail_otherwise(text: str) -> None:
    parsers: tuple[Callable[[str], object], ...] = (parse_inclusion, parse_consistency, parse_text)
    for parse in parsers:
        with suppress(EvidenceError):
            parse(text)
