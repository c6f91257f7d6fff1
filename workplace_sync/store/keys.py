"""Keys in files that only their owner can read: the log's private key is a PEM file (PKCS8), a secret one is in hex."""

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from workplace_sync.errors import EvidenceError, SettingsError
from workplace_sync.evidence.note import Signer, Verifier

_SECRET_SIZE = 32
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def create_key(path: Path, origin: str) -> Signer:
    """Make a new key for the log `origin` and write it to `path`, readable by its owner alone.

    The file appears whole or not at all. Raises SettingsError when it exists already or cannot be written: a key is
    never replaced, because all that it signed would lose its proof.
    """
    signer = Signer(origin, Ed25519PrivateKey.generate())
    write_private(path, signer.pem)
    return signer


def write_private(path: Path, data: bytes) -> None:
    """Write a key to a new file, as `create_key` says; raises SettingsError."""
    if not path.name:
        raise SettingsError("The key's file has no name.", hint="Name a file.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_new(path, data)
    except OSError as error:
        if isinstance(error, FileExistsError) and path.exists():
            raise SettingsError(
                f"There is a key at {path} already.", hint="Use it, or choose another path; a key is never replaced."
            ) from None
        raise SettingsError(
            f"The key cannot be written to {path} ({error.strerror}).", hint="Check the folder's rights."
        ) from None


def load_key(path: Path, origin: str) -> Signer:
    """Return the signer of the log `origin` from its key file.

    Raises SettingsError when the file is missing, can be read by others than its owner, or holds no such key.
    """
    pem = read_private(path, hint="Put the key back from its safe copy; make a new one only for a new log.")
    try:
        return Signer.from_pem(origin, pem)
    except EvidenceError as error:
        raise SettingsError(error.message, hint=f"Check that {path} is the log's private key.") from None


def read_private(path: Path, *, hint: str) -> bytes:
    """Return what a key file holds; raises SettingsError, with that hint, when it is missing or others can read it."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise SettingsError(
                    f"The key file {path} can be read or changed by others.",
                    hint=f"Run `chmod 600 {path}`; if others had access to the machine, treat the key as known to them.",
                )
            return file.read()
    except OSError as error:
        raise SettingsError(f"The key file {path} cannot be read ({error.strerror}).", hint=hint) from None


def make_secret(path: Path) -> None:
    """Write a new secret key of 256 bits where there is no file; raises SettingsError."""
    if not path.exists():
        write_private(path, os.urandom(_SECRET_SIZE).hex().encode() + b"\n")


def read_secret(path: Path, what: str, *, hint: str) -> bytes:
    """Return a secret key from its file; raises SettingsError, with that hint, as `read_private`, or where it is no key.

    `what` is what the key is for, as in "the key for cases".
    """
    data = read_private(path, hint=hint)
    try:
        key = bytes.fromhex(data.decode().strip())
    except ValueError:
        key = b""
    if len(key) != _SECRET_SIZE:
        raise SettingsError(f"The file {path} does not hold {what}.", hint=hint)
    return key


def write_public_key(path: Path, verifier: Verifier) -> None:
    """Write the public key as one line (vkey) to `path`, replacing what is there."""
    path.write_text(verifier.vkey + "\n", encoding="utf-8")


def _write_new(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # unlike a rename, it fails when the path is taken
    finally:
        temporary.unlink()
