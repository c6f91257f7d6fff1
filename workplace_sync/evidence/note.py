"""Signed notes (c2sp.org/signed-note) with Ed25519 keys: signing, strict parsing, verification."""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from workplace_sync.errors import EvidenceError

MAX_SIGNATURES = 100  # the format wants at least 16 to be accepted, and a limit
_ED25519 = b"\x01"
_ED25519_SIZE = 32
_ID_SIZE = 4
DASH = "\u2014"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


def decode_base64(text: str) -> bytes:
    """Return the bytes; raises EvidenceError unless `text` is the one canonical base64 writing of them."""
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise EvidenceError("A base64 value cannot be read.") from None
    if b64encode(data).decode() != text:
        raise EvidenceError("A base64 value is not written in the canonical way.")
    return data


def encode_base64(data: bytes) -> str:
    """Return the canonical base64 writing."""
    return b64encode(data).decode()


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature line: the key's name, its id of four bytes, and the signature's bytes."""

    name: str
    key_id: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text with its signatures, none of which has been verified yet."""

    text: str
    signatures: tuple[Signature, ...]


class Trusted(Protocol):
    """What a note is verified with: one key, or all keys that a log has had."""

    @property
    def name(self) -> str:
        """The name of the key."""
        ...

    def verify(self, note: Note) -> None:
        """Raise EvidenceError unless the note is signed as it should be."""
        ...


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name. Make one with `parse`, `from_pem` or `Signer.verifier`."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public) != _ED25519_SIZE:
            raise EvidenceError(f"An Ed25519 public key has {_ED25519_SIZE} bytes, this one {len(self.public)}.")

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """Return the verifier from its text `<name>+<key id>+<key>`; raises EvidenceError when it is not one."""
        name, _, rest = vkey.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        data = decode_base64(encoded)
        if data[:1] != _ED25519:
            raise EvidenceError("The public key is not an Ed25519 key for signed notes.")
        verifier = cls(name, data[1:])
        if verifier.key_id.hex() != key_id:
            raise EvidenceError("The public key's id does not fit its name and key.")
        return verifier

    @classmethod
    def from_pem(cls, name: str, pem: bytes) -> "Verifier":
        """Return the verifier from a PEM file (SPKI); raises EvidenceError when it holds no Ed25519 public key."""
        try:
            key = serialization.load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise EvidenceError("The public key file holds no Ed25519 public key in PEM form.")
        return cls(name, key.public_bytes_raw())

    @property
    def key_id(self) -> bytes:
        """The first four bytes of the hash over name, type and key, which signature lines carry."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_SIZE]

    @property
    def vkey(self) -> str:
        """The public key as one line of text."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(_ED25519 + self.public)}"

    @property
    def pem(self) -> bytes:
        """The public key as openssl reads it (SPKI PEM)."""
        return self._key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the SPKI DER form, in hex: `openssl pkey -pubin -in log.pub.pem -outform DER | sha256sum`."""
        der = self._key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return sha256(der).hexdigest()

    @property
    def _key(self) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(self.public)

    def verify(self, note: Note) -> None:
        """Raise EvidenceError unless this key signed the note, and every line that claims to be by it is good.

        Lines of other keys are passed over, as the format wants.
        """
        name, key_id = self.name, self.key_id
        mine = [line for line in note.signatures if line.name == name and line.key_id == key_id]
        if not mine:
            raise EvidenceError(
                "The checkpoint is not signed by this log's key.",
                hint="Compare the key's fingerprint with the one that the union has published.",
            )
        key, text = self._key, note.text.encode()
        try:
            for line in mine:
                key.verify(line.data, text)
        except InvalidSignature:
            raise EvidenceError(
                "The checkpoint's signature is false: its text was changed, or it was forged."
            ) from None


class Signer:
    """A private key under a name. The key never leaves this object except as `pem`."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        """Take the key; raises EvidenceError when the name cannot be a key's name."""
        self.verifier = Verifier(name, key.public_key().public_bytes_raw())
        self._key = key

    @classmethod
    def from_pem(cls, name: str, pem: bytes) -> "Signer":
        """Return the signer from a PEM file (PKCS8, not encrypted); raises EvidenceError when it holds no such key."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise EvidenceError("The key file holds no Ed25519 private key in PEM form without a password.")
        return cls(name, key)

    @property
    def pem(self) -> bytes:
        """The private key, PKCS8 PEM."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign_bytes(self, data: bytes) -> bytes:
        """Return the bare signature, 64 bytes; `data` must be of a form that is no other format's."""
        return self._key.sign(data)

    def sign(self, text: str) -> str:
        """Return the signed note over `text`, which ends with a line feed."""
        signature = encode_base64(self.verifier.key_id + self.sign_bytes(text.encode()))
        return f"{text}\n{DASH} {self.verifier.name} {signature}\n"


def parse_note(raw: str) -> Note:
    """Return the note; raises EvidenceError when a byte of it is not as the format wants."""
    head, blank, tail = raw.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise EvidenceError("The note has no signatures after a blank line, or does not end with a line feed.")
    text = head + "\n"
    if _CONTROL.search(raw):
        raise EvidenceError("The note has control characters; lines end with a line feed alone.")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise EvidenceError(f"The note has more than {MAX_SIGNATURES} signatures.")
    return Note(text, tuple(_parse_signature(line) for line in lines))


def _parse_signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != DASH:  # noqa: PLR2004 - dash, name, signature
        raise EvidenceError("A signature line of the note is not of the form: dash, name, signature.")
    check_name(parts[1])
    data = decode_base64(parts[2])
    if len(data) <= _ID_SIZE:
        raise EvidenceError("A signature line of the note is too short to hold a signature.")
    return Signature(parts[1], data[:_ID_SIZE], data[_ID_SIZE:])


def check_name(name: str) -> None:
    """Raise EvidenceError unless `name` can be the name of a key."""
    if not name or "+" in name or any(sign.isspace() or sign < " " for sign in name):
        raise EvidenceError("The name of a key must be there, and without space or plus sign.")
