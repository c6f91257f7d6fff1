"""Seals who reported a case, such that only officers open it, with keys that never come to this machine.

Sealing to a public key is HPKE (RFC 9180, base mode: X25519, HKDF-SHA256, AES-256-GCM) as `cryptography` has it: a library
that is here already, widely reviewed, kept up by people whose job it is, and whose HPKE is the standard's own
construction; so none of this is an invention of ours, and other programs can open it. An identity is encrypted under a
data key of its own (AES-256-GCM); of that key each officer has a share, sealed to theirs. Where two officers are needed, one
share says nothing at all (`sharing`): that is arithmetic, and not a rule that an administrator could switch off.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from argon2.low_level import Type, hash_secret_raw
from argon2.profiles import RFC_9106_LOW_MEMORY
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from workplace_sync.errors import CaseError, SettingsError
from workplace_sync.store.case_key import padded, unpadded
from workplace_sync.store.sharing import Share, join, split

Entropy = Callable[[int], bytes]

IDENTITY_BLOCK = 1024
TWO = 2
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_KEY, _NONCE, _SALT = 32, 12, 16
_HEADER = "workplace-sync officer key v1"


@dataclass(frozen=True, slots=True)
class SealedShare:
    """An officer's share of a data key, sealed to the officer's public key with that id."""

    officer: str
    key_id: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class SealedIdentity:
    """An identity under its data key, how many officers it needs, and their shares."""

    needs: int
    sealed: bytes
    shares: tuple[SealedShare, ...]


def key_id(public: bytes) -> str:
    """Return a short name of a public key: the beginning of its SHA-256, in hex."""
    return sha256(public).hexdigest()[:16]


def seal_identity(
    identity: bytes, case: str, officers: Sequence[tuple[str, bytes]], needs: int, entropy: Entropy
) -> SealedIdentity:
    """Seal an identity to officers, each a name and a raw public key. Raises CaseError where they are fewer than it needs.

    All identities up to a block are of one size sealed, an empty one too.
    """
    if len(officers) < needs:
        raise CaseError(
            "There are too few officers with keys to seal who reported.",
            hint="Add them to config/escalations.yaml, or take the report without saying who it is from.",
        )
    key, nonce = entropy(_KEY), entropy(_NONCE)
    sealed = nonce + AESGCM(key).encrypt(nonce, padded(identity, IDENTITY_BLOCK), _label(case))
    return SealedIdentity(needs, sealed, share_out(key, case, officers, needs, entropy))


def share_out(
    key: bytes, case: str, officers: Sequence[tuple[str, bytes]], needs: int, entropy: Entropy
) -> tuple[SealedShare, ...]:
    """Return a data key's shares, sealed to each officer."""
    slope = entropy(len(key)) if needs == TWO else bytes(len(key))
    shares = split(key, len(officers), slope)
    return tuple(
        seal_share(share, case, officer, public) for share, (officer, public) in zip(shares, officers, strict=True)
    )


def seal_share(share: Share, case: str, officer: str, public: bytes) -> SealedShare:
    """Seal a share to an officer's public key, bound to the case and the officer."""
    return SealedShare(officer, key_id(public), seal_to(public, share.as_bytes(), f"share/{case}/{officer}"))


def open_share(sealed: SealedShare, case: str, private: X25519PrivateKey) -> Share:
    """Return an officer's share; raises CaseError when the key is not theirs."""
    return Share.parse(open_with(private, sealed.sealed, f"share/{case}/{sealed.officer}"))


def data_key(shares: Sequence[Share], needs: int) -> bytes:
    """Return the data key that shares make; raises CaseError where they are too few or one twice."""
    if len(shares) < needs or len({share.place for share in shares}) < len(shares):
        raise CaseError("Who reported opens to two officers only.", hint="Ask another officer to open it with you.")
    return join(shares[:needs])


def open_identity(sealed: bytes, case: str, key: bytes) -> bytes:
    """Return an identity; raises CaseError when the data key is not that of this case."""
    try:
        return unpadded(AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _label(case)))
    except InvalidTag:
        raise CaseError("The shares do not open this identity.", hint="Reseal, or put back a backup.") from None


def _label(case: str) -> bytes:
    return f"workplace-sync/identity/{case}".encode()


def seal_to(public: bytes, content: bytes, info: str) -> bytes:
    """Seal to a raw X25519 public key (HPKE), bound to `info`."""
    return _SUITE.encrypt(content, X25519PublicKey.from_public_bytes(public), info.encode())


def open_with(private: X25519PrivateKey, sealed: bytes, info: str) -> bytes:
    """Return what was sealed to a key; raises CaseError when it was another key, other `info`, or changed since."""
    try:
        return _SUITE.decrypt(sealed, private, info.encode())
    except InvalidTag:
        raise CaseError(
            "The key does not open this: it was sealed to another one.", hint="Use the private key of this officer."
        ) from None


def write_officer_key(private: X25519PrivateKey, passphrase: str, entropy: Entropy) -> bytes:
    """Return an officer's key file: the raw key, encrypted under a passphrase stretched with argon2id (RFC 9106).

    Not PKCS8: what `cryptography` writes there stretches a passphrase with 2,048 rounds of PBKDF2, which a stolen laptop's
    finder tries by the million.
    """
    salt, nonce = entropy(_SALT), entropy(_NONCE)
    box = AESGCM(_stretched(passphrase, salt)).encrypt(nonce, private.private_bytes_raw(), _HEADER.encode())
    return f"{_HEADER}\n{salt.hex()}\n{(nonce + box).hex()}\n".encode()


def read_officer_key(content: bytes, passphrase: str) -> X25519PrivateKey:
    """Return the key of an officer's key file; raises SettingsError for another file or a wrong passphrase."""
    try:
        header, salt_line, box_line = content.decode().splitlines()
        salt, box = bytes.fromhex(salt_line), bytes.fromhex(box_line)
    except ValueError:
        header, salt, box = "", b"", b""
    if header != _HEADER:
        raise SettingsError("The file is no officer's key.", hint="`workplace-sync escalation key new` makes one.")
    try:
        raw = AESGCM(_stretched(passphrase, salt)).decrypt(box[:_NONCE], box[_NONCE:], _HEADER.encode())
    except (InvalidTag, ValueError):
        raise SettingsError("The passphrase does not open the key.", hint="Try again.") from None
    return X25519PrivateKey.from_private_bytes(raw)


def _stretched(passphrase: str, salt: bytes) -> bytes:
    profile = RFC_9106_LOW_MEMORY
    return hash_secret_raw(
        passphrase.encode(), salt, profile.time_cost, profile.memory_cost, profile.parallelism, _KEY, Type.ID
    )
