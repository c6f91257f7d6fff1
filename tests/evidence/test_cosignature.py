"""Cosignatures (c2sp.org/tlog-cosignature), and the policy that names those who may give them."""

import base64
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tests.evidence.trees import ORIGIN, make_signer
from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.checkpoint import Checkpoint, open_checkpoint
from workplace_sync.evidence.cosignature import WitnessKey, WitnessSigner, cosigned, policy_text
from workplace_sync.evidence.note import parse_note

NAME = "witness.example.org/w1"
AT = datetime(2026, 11, 21, 9, 30, 15, 999_000, tzinfo=UTC)
SIGNER = make_signer()
CHECKPOINT = Checkpoint(ORIGIN, 7, bytes(32))
NOTE = CHECKPOINT.signed(SIGNER)


def witness(seed: int = 5, name: str = NAME) -> WitnessSigner:
    return WitnessSigner(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def test_a_cosignature_has_the_bytes_that_the_format_wants() -> None:
    line = witness().cosign(CHECKPOINT.text, AT)
    dash, name, encoded = line.removesuffix("\n").split(" ")
    data = base64.b64decode(encoded)
    public = witness().key.public
    seconds = 1795253415
    assert (dash, name) == ("\u2014", NAME)
    assert data[:4] == sha256(NAME.encode() + b"\n\x04" + public).digest()[:4]
    assert data[4:12] == seconds.to_bytes(8, "big")
    Ed25519PublicKey.from_public_bytes(public).verify(
        data[12:], b"cosignature/v1\ntime 1795253415\n" + CHECKPOINT.text.encode()
    )
    assert len(data) == 4 + 8 + 64


def test_a_cosigned_checkpoint_is_good_for_the_log_and_for_the_witness() -> None:
    note = cosigned(NOTE, [witness().cosign(CHECKPOINT.text, AT)])
    assert open_checkpoint(note, SIGNER.verifier) == CHECKPOINT
    found = witness().key.find(parse_note(note))
    assert found is not None
    assert (found.witness, found.at) == (NAME, AT.replace(microsecond=0))
    assert note == NOTE + found.line
    assert cosigned(note, [found.line, found.line]) == note


def test_of_two_cosignatures_of_a_witness_the_latest_counts() -> None:
    lines = [witness().cosign(CHECKPOINT.text, AT.replace(hour=hour)) for hour in (8, 12, 10)]
    found = witness().key.find(parse_note(cosigned(NOTE, lines)))
    assert found is not None
    assert found.at.hour == 12


def test_what_others_have_signed_is_passed_over() -> None:
    note = parse_note(cosigned(NOTE, [witness(6).cosign(CHECKPOINT.text, AT)]))
    assert witness().key.find(note) is None
    assert witness(5, "witness.example.org/w2").key.find(note) is None


@pytest.mark.parametrize("at", [4, 11, 12, 75])
def test_a_changed_cosignature_is_false(at: int) -> None:
    line = witness().cosign(CHECKPOINT.text, AT)
    data = bytearray(base64.b64decode(line.split(" ")[2]))
    data[at] ^= 1
    false = f"\u2014 {NAME} {base64.b64encode(data).decode()}\n"
    with pytest.raises(EvidenceError, match="is false"):
        witness().key.find(parse_note(cosigned(NOTE, [false])))


@pytest.mark.parametrize("size", [8, 71, 73])
def test_a_cosignature_of_another_length_is_false(size: int) -> None:
    data = witness().key.key_id + bytes(size)
    with pytest.raises(EvidenceError, match="is false"):
        witness().key.find(parse_note(cosigned(NOTE, [f"\u2014 {NAME} {base64.b64encode(data).decode()}\n"])))


def test_a_time_beyond_any_calendar_is_false() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes([5]) * 32)
    seconds = (1 << 63) - 1
    signature = key.sign(f"cosignature/v1\ntime {seconds}\n{CHECKPOINT.text}".encode())
    data = base64.b64encode(witness().key.key_id + seconds.to_bytes(8, "big") + signature).decode()
    with pytest.raises(EvidenceError, match="is false"):
        witness().key.find(parse_note(cosigned(NOTE, [f"\u2014 {NAME} {data}\n"])))


def test_a_witness_s_key_is_read_from_the_text_that_it_writes() -> None:
    key = witness().key
    assert WitnessKey.parse(key.vkey + "\n") == key
    assert WitnessSigner.from_pem(NAME, witness().pem).key == key


@pytest.mark.parametrize(
    ("vkey", "sentence"),
    [
        (SIGNER.verifier.vkey, "not a witness's"),
        (witness().key.vkey.replace("w1", "w2"), "does not fit"),
        ("", "not a witness's"),
        (f"{NAME}+00000000+{base64.b64encode(bytes([4]) * 9).decode()}", "32 bytes"),
        (f"+00000000+{base64.b64encode(bytes([4]) * 33).decode()}", "name of a key"),
    ],
)
def test_what_is_no_witness_s_key_is_refused(vkey: str, sentence: str) -> None:
    with pytest.raises(EvidenceError, match=sentence):
        WitnessKey.parse(vkey)


@pytest.mark.parametrize("pem", [b"rubbish", SIGNER.verifier.pem])
def test_a_file_without_a_private_key_is_refused(pem: bytes) -> None:
    with pytest.raises(EvidenceError, match="no Ed25519 private key"):
        WitnessSigner.from_pem(NAME, pem)


def test_a_policy_names_the_log_and_wants_any_of_the_witnesses() -> None:
    first, second = witness().key, witness(6, "witness.example.org/w2").key
    assert policy_text([SIGNER.verifier.vkey], []) == f"log {SIGNER.verifier.vkey}\nquorum none\n"
    assert policy_text([SIGNER.verifier.vkey], [first, second]).splitlines()[1:] == [
        f"witness w1 {first.vkey}",
        f"witness w2 {second.vkey}",
        "group witnesses any w1 w2",
        "quorum witnesses",
    ]
