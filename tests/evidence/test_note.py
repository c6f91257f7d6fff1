"""Signed notes and keys: what the format gives, and what must not pass."""

from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence.trees import ORIGIN, make_signer
from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.note import Signer, Verifier, decode_base64, encode_base64, parse_note

SPEC_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SIGNER = make_signer()
TEXT = "a text\n\nwith an empty line\n"
NOTE = SIGNER.sign(TEXT)


def test_the_key_of_the_format_s_own_example_is_read_and_written_alike() -> None:
    verifier = Verifier.parse(SPEC_VKEY + "\n")
    assert (verifier.name, verifier.key_id.hex()) == ("example.com/foo", "530d903a")
    assert verifier.vkey == SPEC_VKEY


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "example.com/foo",
        SPEC_VKEY.replace("530d903a", "530d903b"),
        SPEC_VKEY.replace("530d903a", "530D903A"),
        SPEC_VKEY.replace("example.com/foo", "example.com/bar"),
        SPEC_VKEY.replace("example.com/foo", "example.com /foo"),
        SPEC_VKEY.replace("+Ae", "+Be"),
        SPEC_VKEY[:-4],
        SPEC_VKEY + "=",
    ],
)
def test_a_key_with_anything_wrong_is_refused(vkey: str) -> None:
    with pytest.raises(EvidenceError):
        Verifier.parse(vkey)


def test_a_note_that_this_key_signed_verifies() -> None:
    note = parse_note(NOTE)
    assert note.text == TEXT
    Verifier.parse(SIGNER.verifier.vkey).verify(note)
    Verifier.from_pem(ORIGIN, SIGNER.verifier.pem).verify(note)
    assert Signer.from_pem(ORIGIN, SIGNER.pem).sign(TEXT) == NOTE


def test_the_fingerprint_is_over_the_key_as_openssl_writes_it() -> None:
    der = bytes.fromhex("302a300506032b6570032100") + SIGNER.verifier.public
    assert SIGNER.verifier.fingerprint == sha256(der).hexdigest()


def test_a_changed_text_is_refused() -> None:
    with pytest.raises(EvidenceError, match="false"):
        SIGNER.verifier.verify(parse_note(NOTE.replace("a text", "A text")))


@pytest.mark.parametrize("other", [make_signer(2), make_signer(1, "other.example.org")])
def test_a_note_of_another_key_or_name_is_refused(other: Signer) -> None:
    with pytest.raises(EvidenceError, match="not signed by this log's key"):
        SIGNER.verifier.verify(parse_note(other.sign(TEXT)))


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    stranger = make_signer(2).sign(TEXT).splitlines()[-1]
    SIGNER.verifier.verify(parse_note(NOTE + stranger + "\n"))
    same_id = f"\u2014 another.example.org {NOTE.split(' ')[-1]}"
    SIGNER.verifier.verify(parse_note(NOTE + same_id))


def test_a_repeated_signature_is_harmless_but_every_one_of_a_known_key_must_be_good() -> None:
    line = NOTE.splitlines()[-1]
    SIGNER.verifier.verify(parse_note(f"{NOTE}{line}\n"))
    blob = SIGNER.verifier.key_id + bytes(64)
    false = f"\u2014 {ORIGIN} {b64encode(blob).decode()}"
    for lines in (f"{line}\n{false}\n", f"{false}\n{line}\n"):
        with pytest.raises(EvidenceError, match="false"):
            SIGNER.verifier.verify(parse_note(f"{TEXT}\n{lines}"))


def test_sixteen_signatures_are_accepted_and_a_flood_is_not() -> None:
    line = NOTE.splitlines()[-1] + "\n"
    SIGNER.verifier.verify(parse_note(NOTE + line * 15))
    with pytest.raises(EvidenceError, match="more than 100"):
        parse_note(NOTE + line * 100)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda note: note.replace("\n", "\r\n"), "no signatures after a blank line|control characters"),
        (lambda note: note.replace("a text\n", "a text\r\n"), "control characters"),
        (lambda note: note.replace("a text", "a\ttext"), "control characters"),
        (lambda note: note[:-1], "line feed"),
        (lambda note: note.split("\n\n")[0], "blank line"),
        (lambda note: note.replace("\n\n", "\n"), "blank line"),
        (lambda _: TEXT + "\n", "blank line"),
        (lambda note: note.replace("\u2014", "-"), "not of the form"),
        (lambda note: note.replace("\u2014 ", "\u2014  "), "not of the form"),
        (lambda note: note.replace(ORIGIN, "evidence+example"), "without space or plus"),
        (lambda note: note.replace(ORIGIN, ""), "without space or plus|not of the form"),
        (lambda note: note.replace(ORIGIN, "a\u00a0b"), "without space or plus"),
        (lambda note: note[:-3] + "\n", "base64"),
        (lambda note: note.replace(note.split(" ")[-1], "AAAA\n"), "too short"),
    ],
)
def test_a_note_with_a_byte_out_of_form_is_refused(change: Callable[[str], str], sentence: str) -> None:
    with pytest.raises(EvidenceError, match=sentence):
        parse_note(change(NOTE))


def test_a_signature_of_another_length_is_false() -> None:
    short = encode_base64(decode_base64(NOTE.split(" ")[-1][:-1])[:-1])
    with pytest.raises(EvidenceError, match="false"):
        SIGNER.verifier.verify(parse_note(f"{TEXT}\n\u2014 {ORIGIN} {short}\n"))


def test_a_byte_order_mark_breaks_the_signature() -> None:
    with pytest.raises(EvidenceError, match="false"):
        SIGNER.verifier.verify(parse_note("\ufeff" + NOTE))


@pytest.mark.parametrize("text", ["AA", "AB==", "AAA", "AA==\n", " AA==", "A-==", "AAB=", "é"])
def test_base64_that_is_not_canonical_is_refused(text: str) -> None:
    with pytest.raises(EvidenceError, match="base64"):
        decode_base64(text)


@given(st.binary(max_size=80))
@settings(deadline=None)
def test_canonical_base64_is_read_back(data: bytes) -> None:
    assert decode_base64(b64encode(data).decode()) == data


@given(st.text(max_size=200))
@settings(deadline=None)
def test_no_text_makes_the_parser_fail_otherwise(text: str) -> None:
    with suppress(EvidenceError):
        parse_note(text)


def test_a_key_file_of_another_kind_is_refused() -> None:
    other = generate_private_key(SECP256R1())
    private = other.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = other.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    locked = other.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )
    for pem in (private, public, locked, b"", b"rubbish"):
        with pytest.raises(EvidenceError, match="no Ed25519 private key"):
            Signer.from_pem(ORIGIN, pem)
    for pem in (private, public, b""):
        with pytest.raises(EvidenceError, match="no Ed25519 public key"):
            Verifier.from_pem(ORIGIN, pem)


def test_a_public_key_of_another_length_is_refused() -> None:
    with pytest.raises(EvidenceError, match="32 bytes, this one 31"):
        Verifier(ORIGIN, bytes(31))
