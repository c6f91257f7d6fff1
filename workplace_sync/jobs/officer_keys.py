"""Officers' key files: made on the officer's own machine, encrypted under a passphrase, never on the server."""

import base64
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from workplace_sync.jobs import passwords
from workplace_sync.store.keys import read_private, write_private
from workplace_sync.store.sealing import read_officer_key, write_officer_key


def make_officer_key(file: Path, name: str, passphrase: str) -> str:
    """Make a key, write it to a new file, and return the public key as config/escalations.yaml has it.

    Raises UsageError for a passphrase that is too easy, SettingsError where there is such a file already.
    """
    passwords.check_choice(passphrase, name)
    private = X25519PrivateKey.generate()
    write_private(file, write_officer_key(private, passphrase, os.urandom))
    return base64.b64encode(private.public_key().public_bytes_raw()).decode()


def load_officer_key(file: Path, passphrase: str) -> X25519PrivateKey:
    """Return the key in a file; raises SettingsError where others can read it, it is no key, or does not open."""
    return read_officer_key(read_private(file, hint="Give the path of your key with --key."), passphrase)
