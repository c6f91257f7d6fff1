"""Signatures that `ssh-keygen -Y verify` checks (OpenSSH PROTOCOL.sshsig), with the log's key."""

import struct
from base64 import b64encode
from hashlib import sha512

from workplace_sync.evidence.note import Signer, Verifier

NAMESPACE = "checkpoint@workplace-sync"
_MAGIC = b"SSHSIG"
_VERSION = struct.pack(">I", 1)
_TYPE = b"ssh-ed25519"
_HASH = b"sha512"
_WIDTH = 70


def sign_file(signer: Signer, data: bytes) -> bytes:
    """Return the signature file over `data`, in the namespace of checkpoints; the same for the same data."""
    common = _string(NAMESPACE.encode()) + _string(b"") + _string(_HASH)
    signature = signer.sign_bytes(_MAGIC + common + _string(sha512(data).digest()))
    blob = _MAGIC + _VERSION + _string(_public(signer.verifier)) + common
    blob += _string(_string(_TYPE) + _string(signature))
    text = b64encode(blob).decode()
    lines = [text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]).encode()


def allowed_signers(verifier: Verifier) -> bytes:
    """Return the file that tells `ssh-keygen -Y verify` whose key this is: the log's origin is the principal."""
    key = b64encode(_public(verifier)).decode()
    return f'{verifier.name} namespaces="{NAMESPACE}" {_TYPE.decode()} {key}\n'.encode()


def _public(verifier: Verifier) -> bytes:
    return _string(_TYPE) + _string(verifier.public)


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data
