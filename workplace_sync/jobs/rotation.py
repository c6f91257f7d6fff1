"""Changing the log's key: named by the old one in the log itself, so that every verifier can follow."""

import os
from dataclasses import dataclass
from pathlib import Path

from workplace_sync.errors import EvidenceError, SettingsError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.evidence.keyring import Rotation
from workplace_sync.evidence.note import Signer
from workplace_sync.store.evidence import EvidenceLog
from workplace_sync.store.keys import create_key, load_key, write_public_key


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a change of keys left: the log under its new key, the statement, and where the old private key is now."""

    log: EvidenceLog
    rotation: Rotation
    retired: Path


def rotate_key(log: EvidenceLog, key_file: Path, *, actor: str) -> Rotated:
    """Make a new key, record that it follows the log's key, and put it in that one's place.

    Killed anywhere, called again it goes on: the new key is written before the log names it, and takes the place of the
    old one after. The private key of before is kept beside it, for as long as somebody wants it. Raises EvidenceError
    when the log is not what was signed last, SettingsError when a key cannot be written.
    """
    following = key_file.with_name(f"{key_file.stem}.next{key_file.suffix}")
    new = load_key(following, log.origin) if following.exists() else create_key(following, log.origin)
    after = log.taking(new)
    rotation = _named(after) or _name(log, new, actor)
    retired = _retire(key_file, following, rotation)
    after.check_start()
    with after.transaction() as transaction:  # the first thing that the new key signs
        transaction.log(Record(Kind.KEY_IN_USE, log.now(), actor=actor, data={"fingerprint": new.verifier.fingerprint}))
    return Rotated(after, rotation, retired)


def _named(after: EvidenceLog) -> Rotation | None:
    """Return the change of keys that a killed run has recorded already."""
    try:
        rotations = after.keys.rotations
    except EvidenceError:  # they lead to another key than this one
        return None
    return rotations[-1] if rotations else None


def _name(log: EvidenceLog, new: Signer, actor: str) -> Rotation:
    if log.signer is None:
        raise SettingsError("The evidence log can only be read here.", hint="Change its key where it is written.")
    log.check_start()
    with log.transaction() as transaction:
        rotation = Rotation(transaction.place(), log.verifier, new.verifier)
        keys = {"old": log.verifier.fingerprint, "new": new.verifier.fingerprint}
        statement = rotation.signed(log.signer, new)
        transaction.log(Record(Kind.KEY_ROTATED, log.now(), actor=actor, data={**keys, "statement": statement}))
    return rotation


def _retire(key_file: Path, following: Path, rotation: Rotation) -> Path:
    """Put the new key in the old one's place without a moment in which there is none; return where the old one is."""
    name = f"{key_file.stem}-{rotation.old.key_id.hex()}"
    retired = key_file.with_name(f"{name}.retired{key_file.suffix}")
    try:
        if not retired.exists():
            os.link(key_file, retired)
        following.replace(key_file)
        write_public_key(key_file.with_name(f"{name}.vkey"), rotation.old)
        write_public_key(key_file.with_suffix(".vkey"), rotation.new)
    except OSError as error:
        raise SettingsError(
            f"The new key cannot be put in the place of {key_file} ({error.strerror}).",
            hint="Check the folder's rights, and run the command again: it goes on where it stopped.",
        ) from None
    return retired
