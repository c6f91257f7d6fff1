"""Cosignatures by witnesses (c2sp.org/tlog-cosignature, Ed25519): "at this time, this was the largest tree I had seen".

A witness signs with a key of its own under a name of its own; the key's type is 0x04, not the 0x01 of a log's key.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.note import DASH, Note, check_name, decode_base64, encode_base64

_TYPE = b"\x04"
_KEY_SIZE = 32
_ID_SIZE = 4
_TIME_SIZE = 8
_SIGNATURE_SIZE = 64


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A good cosignature: whose, when (to the second), and its line under the checkpoint, with the line feed."""

    witness: str
    at: datetime
    line: str


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """A witness's public key under the witness's name."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public) != _KEY_SIZE:
            raise EvidenceError(f"An Ed25519 public key has {_KEY_SIZE} bytes, this one {len(self.public)}.")

    @classmethod
    def parse(cls, vkey: str) -> "WitnessKey":
        """Return the key from its text `<name>+<key id>+<key>`; raises EvidenceError when it is no witness's key."""
        name, _, rest = vkey.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        data = decode_base64(encoded)
        if data[:1] != _TYPE:
            raise EvidenceError("The public key is not a witness's: its type is not that of Ed25519 cosignatures (4).")
        key = cls(name, data[1:])
        if key.key_id.hex() != key_id:
            raise EvidenceError("The public key's id does not fit its name and key.")
        return key

    @property
    def key_id(self) -> bytes:
        """The first four bytes of the hash over name, type and key, which signature lines carry."""
        return sha256(self.name.encode() + b"\n" + _TYPE + self.public).digest()[:_ID_SIZE]

    @property
    def vkey(self) -> str:
        """The public key as one line of text."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(_TYPE + self.public)}"

    def find(self, note: Note) -> Cosignature | None:
        """Return this witness's cosignature, the latest where there are several, None where there is none.

        Raises EvidenceError when a line claims to be this witness's and is not good.
        """
        key_id = self.key_id
        mine = [line.data for line in note.signatures if (line.name, line.key_id) == (self.name, key_id)]
        return max((self._check(data, note.text) for data in mine), key=lambda good: good.at, default=None)

    def _check(self, data: bytes, text: str) -> Cosignature:
        seconds = int.from_bytes(data[:_TIME_SIZE], "big")
        try:
            if len(data) != _TIME_SIZE + _SIGNATURE_SIZE:
                raise InvalidSignature  # noqa: TRY301 - told like any other that is false
            Ed25519PublicKey.from_public_bytes(self.public).verify(data[_TIME_SIZE:], _message(seconds, text))
            at = datetime.fromtimestamp(seconds, UTC)
        except (InvalidSignature, ValueError, OverflowError, OSError):
            raise EvidenceError(f"The cosignature of {self.name} is false.") from None
        return Cosignature(self.name, at, _line(self, seconds, data[_TIME_SIZE:]))


class WitnessSigner:
    """A witness's private key. It never leaves this object except as `pem`."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        """Take the key; raises EvidenceError when the name cannot be a key's name."""
        self.key = WitnessKey(name, key.public_key().public_bytes_raw())
        self._key = key

    @classmethod
    def from_pem(cls, name: str, pem: bytes) -> "WitnessSigner":
        """Return the signer from a PEM file (PKCS8, not encrypted); raises EvidenceError when it holds no such key."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise EvidenceError("The witness's key file holds no Ed25519 private key in PEM form without a password.")
        return cls(name, key)

    @property
    def pem(self) -> bytes:
        """The private key, PKCS8 PEM."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def cosign(self, text: str, at: datetime) -> str:
        """Return the signature line, with the line feed, over a checkpoint's text, at a UTC-aware time."""
        seconds = int(at.timestamp())
        return _line(self.key, seconds, self._key.sign(_message(seconds, text)))


def cosigned(checkpoint: str, lines: Iterable[str]) -> str:
    """Return a signed checkpoint with these signature lines added, without any that is there already."""
    held = checkpoint.partition("\n\n")[2]
    return checkpoint + "".join(line for line in dict.fromkeys(lines) if line not in held)


def policy_text(logs: Iterable[str], witnesses: Iterable[WitnessKey]) -> str:
    """Return a policy (c2sp.org/tlog-policy): the vkeys of the log, newest first, and any one of the witnesses.

    A checkpoint without witnesses is as good as the policy asks for when nobody is named as a witness.
    """
    lines = [f"log {vkey}" for vkey in logs]
    named = [(f"w{number}", key) for number, key in enumerate(witnesses, 1)]
    lines += [f"witness {name} {key.vkey}" for name, key in named]
    if named:
        lines.append("group witnesses any " + " ".join(name for name, _ in named))
    return "\n".join([*lines, f"quorum {'witnesses' if named else 'none'}"]) + "\n"


def _message(seconds: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _line(key: WitnessKey, seconds: int, signature: bytes) -> str:
    data = key.key_id + seconds.to_bytes(_TIME_SIZE, "big") + signature
    return f"{DASH} {key.name} {encode_base64(data)}\n"
