"""The key under which the words of escalations are encrypted: a file beside the log's key, never in the database.

It keeps a copy of the database, or a disk that was thrown away, from saying what members told. It does not keep out
whoever has the machine itself: that is what sealing to the officers' own keys is for (`sealing`), for who they are.
"""

import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from workplace_sync.errors import SettingsError
from workplace_sync.store.keys import make_secret, read_secret

BLOCK = 4096
_NONCE, _LENGTH = 12, 4
_LOST = "Put it back from its safe copy: without it nobody can read what members told."


class CaseKey:
    """The key, read from its file when it is first needed. What it encrypts is bound to a label, and opens under no other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._key: bytes | None = None

    def make(self) -> None:
        """Make the key if there is none. Call it before the first case is kept, and never to replace a lost key."""
        make_secret(self.path)

    def check(self) -> None:
        """Raise SettingsError unless the key is there, is one, and can be read by its owner alone."""
        self._derived(b"words")

    def seal(self, label: str, content: bytes, block: int = BLOCK) -> bytes:
        """Return the content, padded to whole blocks and encrypted (AES-256-GCM); raises SettingsError without a key."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self._derived(b"words")).encrypt(nonce, padded(content, block), label.encode())

    def open(self, label: str, sealed: bytes) -> bytes:
        """Return what `seal` was given under that label; raises SettingsError when it was another key, label or content."""
        try:
            content = AESGCM(self._derived(b"words")).decrypt(sealed[:_NONCE], sealed[_NONCE:], label.encode())
        except InvalidTag:
            raise SettingsError(
                "What is kept of a case does not open with the key for cases, or was changed.",
                hint=f"Check that {self.path} belongs to this database; otherwise put back a backup.",
            ) from None
        return unpadded(content)

    def digest(self, text: str) -> str:
        """Return the keyed hash of a text, in hex; raises SettingsError without a key."""
        return hmac.digest(self._derived(b"receipts"), text.encode(), "sha256").hex()

    def _derived(self, purpose: bytes) -> bytes:
        if self._key is None:
            self._key = read_secret(self.path, "the key for cases", hint=_LOST)
        return hmac.digest(self._key, b"workplace-sync/escalations/" + purpose, "sha256")


def padded(content: bytes, block: int) -> bytes:
    """Return the content with its length before it, filled up to whole blocks."""
    framed = len(content).to_bytes(_LENGTH, "big") + content
    return framed + bytes(-len(framed) % block)


def unpadded(framed: bytes) -> bytes:
    """Return what `padded` was given."""
    length = int.from_bytes(framed[:_LENGTH], "big")
    return framed[_LENGTH : _LENGTH + length]
