"""Handing out evidence: entries with their proofs in one file that outsiders verify, and a record that it was handed out.

A bundle is made under a checkpoint of before, so it cannot hold the record of its own hand-out. That record comes after
it and holds its hash: the log proves what was handed out, to whom and why. It is made before the file appears under its
name, so nothing leaves that is not on record.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection

from workplace_sync.errors import InputError, SettingsError, UsageError
from workplace_sync.evidence.bundle import (
    BundledCheckpoint,
    BundledEntry,
    Contents,
    Purpose,
    bundle_files,
    spans,
    write_tar,
)
from workplace_sync.evidence.checkpoint import Checkpoint, open_checkpoint
from workplace_sync.evidence.entry import Kind, Record, check_opening
from workplace_sync.evidence.merkle import HashReader, prove_consistency, prove_inclusion
from workplace_sync.evidence.proof import ConsistencyProof, InclusionProof
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.verify import script
from workplace_sync.store import evidence_rows, publications

MAX_ENTRIES = 100_000  # a bundle is made in memory, at about 5 KB an entry


@dataclass(frozen=True, slots=False)
class Bundle:
    """A bundle that nobody has yet: its files, under the checkpoint of `size` entries, for `purpose`."""

    files: Mapping[str, bytes]
    size: int
    seqs: tuple[int, ...]
    openings: int
    purpose: Purpose

    @cached_property
    def tar(self) -> bytes:
        """The file to hand out."""
        return write_tar(self.files)

    @cached_property
    def sha256(self) -> str:
        """The file's hash, in hex."""
        return sha256(self.tar).hexdigest()


def make_bundle(
    office: Office,
    seqs: Iterable[int],
    *,
    recipient: str,
    purpose: str,
    basis: str,
    extra: Mapping[str, bytes] | None = None,
    size: int | None = None,
) -> Bundle:
    """Return a bundle of these entries, and of no other's content, under the checkpoint of `size` entries or the newest.

    `extra` are files to go with it, such as a statement. Nothing is recorded before `export_bundle`. Raises UsageError
    when a word is missing or an entry is not there, EvidenceError when a content is not what was recorded.
    """
    wanted = sorted(set(seqs))
    reason = Purpose(recipient.strip(), purpose.strip(), basis.strip())
    if not (reason.recipient and reason.purpose and reason.basis):
        raise UsageError(
            "Recipient, purpose and basis must be named.", hint="They become part of the bundle and of the log."
        )
    if not 0 < len(wanted) <= MAX_ENTRIES:
        raise UsageError(
            f"A bundle is of 1 to {MAX_ENTRIES:,} entries, not of {len(wanted):,}.", hint="Name other entries."
        )
    signer = office.log.signer
    if signer is None:
        raise SettingsError("The evidence log can only be read here.", hint="Make the bundle where the log is written.")
    note = office.log.checkpoint(size)
    keys = office.log.keys
    about = open_checkpoint(note, keys)
    with evidence_rows.steady(office.database) as connection:
        read = evidence_rows.node_reader(connection)
        entries = _entries(connection, read, wanted, note, about)
        sealed = _Sealed(connection)
        contents = Contents(
            checkpoint=sealed.found(about.size, note),
            about=about,
            keys=keys,
            purpose=reason,
            entries=entries,
            history=_history(connection, read, sealed, note, about),
            statements=evidence_rows.read_statements(connection),
            witnesses=[one.key for one in publications.witnesses(connection)],
            scripts={name: script(name) for name in ("verify.sh", "verify.py")},
            extra=extra or {},
        )
    files = bundle_files(contents, signer)
    opened = sum(one.opening is not None for one in entries)
    return Bundle(files, about.size, tuple(wanted), opened, reason)


def export_bundle(office: Office, bundle: Bundle, out: Path) -> int:
    """Write the bundle to the new file `out`, recording that it was handed out, and return the record's entry.

    Raises InputError when the file exists or cannot be written; then nothing is recorded.
    """
    if out.exists():
        raise InputError(f"{out} exists.", hint="Name a new file.")
    waiting = out.with_name(f".{out.name}.{office.new_id()}")
    try:
        _write_private(waiting, bundle.tar)
        seq = record_bundle(office, bundle)
        waiting.replace(out)
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror}).", hint="Name a file elsewhere.") from None
    finally:
        waiting.unlink(missing_ok=True)
    return seq


def record_bundle(office: Office, bundle: Bundle) -> int:
    """Record that a bundle is handed out, which comes before it is, and return the record's entry."""
    with office.log.transaction() as transaction:
        seq = transaction.place()
        transaction.log(_record(office, bundle))
    return seq


def _record(office: Office, bundle: Bundle) -> Record:
    return Record(
        Kind.BUNDLE_EXPORTED,
        office.now(),
        actor=office.actor,
        outcome="exported",
        data={
            "recipient": bundle.purpose.recipient,
            "purpose": bundle.purpose.purpose,
            "basis": bundle.purpose.basis,
            "sha256": bundle.sha256,
            "size": bundle.size,
            "entries": len(bundle.seqs),
            "openings": bundle.openings,
            "numbers": spans(bundle.seqs),
        },
    )


def _entries(
    connection: Connection, read: HashReader, seqs: Sequence[int], note: str, about: Checkpoint
) -> list[BundledEntry]:
    if seqs[-1] >= about.size:
        raise UsageError(
            f"There is no entry {seqs[-1]} under the checkpoint of {about.size:,} entries.",
            hint="Entries are numbered from 0.",
        )
    found = []
    for seq, body, opening in evidence_rows.read_pairs(connection, seqs):
        if opening is not None:
            check_opening(body, opening)
        proof = InclusionProof(seq, prove_inclusion(seq, about.size, read), note)
        proof.verify_root(body, about)
        found.append(BundledEntry(seq, body, proof.text, opening))
    if len(found) != len(seqs):
        raise UsageError("Some of the entries are missing.", hint="Run `workplace-sync evidence verify`.")
    return found


class _Sealed:
    """What others have signed, by the size of the checkpoint."""

    def __init__(self, connection: Connection) -> None:
        self._lines = publications.cosignatures(connection)
        self._stamps = publications.time_stamps(connection)

    def found(self, size: int, note: str, consistency: str = "") -> BundledCheckpoint:
        stamps = self._stamps.get(size, [])
        chains = [one.chain for one in stamps if one.chain]
        responses = [one.response for one in stamps]
        return BundledCheckpoint(size, note, consistency, self._lines.get(size, []), responses, chains)


def _history(
    connection: Connection, read: HashReader, sealed: _Sealed, note: str, about: Checkpoint
) -> list[BundledCheckpoint]:
    """Return the earlier checkpoints that others hold or have signed, with the proofs from them to this one."""
    found = []
    for size in publications.known_sizes(connection):
        earlier = evidence_rows.read_checkpoint(connection, size)
        if 0 < size < about.size and earlier is not None:
            proof = ConsistencyProof(size, prove_consistency(size, about.size, read), note)
            found.append(sealed.found(size, earlier, proof.text))
    return found


def _write_private(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
