"""Witnesses: other people who say, with a key of their own, which log they have seen, and sign no second history.

The union's side adds them, asks them and checks what they sign. The other side, `cosign`, runs on the witness's own
machine, with nothing but a key file and the file of what was cosigned before.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from filelock import FileLock, Timeout

from workplace_sync.errors import EvidenceError, InputError, SettingsError, StoreError, UsageError
from workplace_sync.evidence.checkpoint import Checkpoint, open_checkpoint, parse_text
from workplace_sync.evidence.cosignature import Cosignature, WitnessKey, WitnessSigner, cosigned
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.evidence.merkle import check_consistency
from workplace_sync.evidence.note import Verifier, parse_note
from workplace_sync.evidence.proof import parse_consistency
from workplace_sync.evidence.published import find_checkpoint
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.publish import check_published
from workplace_sync.store import publications
from workplace_sync.store.keys import read_private, write_private
from workplace_sync.store.whole_file import replace_file

_WAIT_SECONDS = 10.0
_REFUSED = "Do not sign it, and keep the file: with what you signed before, it shows that two histories were told."


def add_witness(office: Office, name: str, vkey: str) -> WitnessKey:
    """Take somebody in as a witness, by the key that they published; recorded. Raises UsageError when that is no such key."""
    try:
        key = WitnessKey.parse(vkey)
    except EvidenceError as error:
        raise UsageError(
            error.message, hint="Take the line that `workplace-sync evidence witness key` shows."
        ) from None
    if key.name != name:
        raise UsageError("The key is named otherwise than the witness.", hint="Use the name at the key's beginning.")
    with office.log.transaction() as transaction:
        known = [one.key for one in publications.witnesses(transaction.connection)]
        if any(key.name == one.name or key.public == one.public for one in known):
            raise UsageError("There is a witness with this name or key.", hint="A key stands for one witness alone.")
        if key.public in {one.public for one in office.log.keys.keys}:
            raise UsageError("This is the log's own key.", hint="A witness is somebody else.")
        publications.add_witness(transaction.connection, key, office.now(), office.actor)
        data = {"witness": key.name, "vkey": key.vkey}
        transaction.log(Record(Kind.WITNESS_ADDED, office.now(), actor=office.actor, outcome="added", data=data))
    return key


def request_for(office: Office, name: str, *, since: int | None = None, size: int | None = None) -> str:
    """Return what a witness is to cosign: the checkpoint of `size` entries, or the newest, with the proof from their last.

    It is the body of an add-checkpoint request (c2sp.org/tlog-witness). `since` is the size to prove from where the
    witness knows better than we. Raises UsageError when there is no such witness or no such size.
    """
    with office.database.connect() as connection:
        sizes = {one.key.name: one.size for one in publications.witnesses(connection)}
    if name not in sizes:
        raise UsageError("There is no such witness.", hint="Witnesses: " + (", ".join(sizes) or "none yet") + ".")
    return office.log.consistency_proof(sizes[name] if since is None else since, size)


def check_cosigned(office: Office, text: str) -> list[Cosignature]:
    """Keep the cosignatures of our witnesses in `text`, once they are good and over a checkpoint of this log.

    Raises EvidenceError when one of them is false, none is there, or the log is not the one that they saw.
    """
    checked = check_published(office.log, text)
    note = parse_note(find_checkpoint(text, office.log.origin))
    with office.database.connect() as connection:
        known = publications.witnesses(connection)
    found = [good for one in known if (good := one.key.find(note)) is not None]
    if not found:
        raise EvidenceError(
            "No witness of ours has signed this checkpoint.",
            hint="Add the witness first, with the key that they published: `workplace-sync evidence witness add`.",
        )
    with office.database.write() as connection:
        publications.add_cosignatures(connection, checked.kept.size, found)
    return found


def create_witness_key(file: Path, name: str) -> WitnessKey:
    """Make a witness's key, and the file beside it that remembers what was cosigned; raises SettingsError, UsageError."""
    try:
        signer = WitnessSigner(name, Ed25519PrivateKey.generate())
    except EvidenceError as error:
        raise UsageError(
            error.message, hint="Use an address of yours without https://, such as rep.example.org/w1."
        ) from None
    write_private(file, signer.pem)
    _write_memory(file, _Memory(name, {}))
    return signer.key


@dataclass(frozen=True, slots=True)
class CosignedAnswer:
    """What a witness gives back: the checkpoint with their signature, and what it says."""

    note: str
    about: Checkpoint
    witness: str
    first: bool


def cosign(key_file: Path, text: str, now: datetime, *, log_key: str | None = None) -> CosignedAnswer:
    """Sign that the checkpoint in `text` is consistent with all that was cosigned before, and remember it.

    `text` is a checkpoint, or one with the proof from the last one. `log_key` is the log's key, from where the union has
    published it: needed the first time, and after the log's key was changed. What is signed is on disk before it is
    returned. Raises EvidenceError when the checkpoint is false or inconsistent, UsageError when something is missing,
    SettingsError without the key, StoreError while another run signs.
    """
    pem = read_private(key_file, hint="Make a key first: `workplace-sync evidence witness key`.")
    with _alone(key_file):
        memory = _read_memory(key_file)
        signer = _signer(memory.name, pem, key_file)
        old_size, hashes, note = _parse(text)
        seen = memory.logs.get(parse_text(parse_note(note).text).origin)
        verifier = _log_key(log_key, seen)
        about = open_checkpoint(note, verifier)
        if seen is not None:
            _check_growth(parse_text(parse_note(seen.checkpoint).text), about, old_size, hashes)
        _write_memory(key_file, _Memory(memory.name, {**memory.logs, about.origin: _Seen(verifier.vkey, note)}))
        return CosignedAnswer(cosigned(note, [signer.cosign(about.text, now)]), about, memory.name, seen is None)


@contextmanager
def _alone(key_file: Path) -> Iterator[None]:
    """Keep every other run with this key waiting; raises StoreError where one is not over in time, or nothing can wait."""
    lock = FileLock(key_file.with_name(key_file.name + ".lock"), timeout=_WAIT_SECONDS)
    try:
        lock.acquire()
    except (OSError, Timeout) as error:
        why = "another run holds its lock" if isinstance(error, Timeout) else error.strerror
        raise StoreError(
            f"Nothing was signed: the key at {key_file} cannot be had alone ({why}).",
            hint="Check the rights of its folder, and try again.",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _parse(text: str) -> tuple[int | None, tuple[bytes, ...], str]:
    """Return the size that a proof starts at, None without one, its hashes, and the checkpoint."""
    if text.startswith("old "):
        proof = parse_consistency(text)
        return proof.old_size, proof.hashes, proof.checkpoint
    return None, (), text


def _log_key(given: str | None, seen: "_Seen | None") -> Verifier:
    if given is None and seen is None:
        raise UsageError(
            "This log is new to you, and its key must come from elsewhere than this file.",
            hint="Give the key that the union has published with --log-key.",
        )
    try:
        return Verifier.parse(given if given is not None else seen.vkey if seen else "")
    except EvidenceError as error:
        raise UsageError(error.message, hint="Give the log's key as the union published it: name+id+key.") from None


def _check_growth(last: Checkpoint, new: Checkpoint, old_size: int | None, hashes: tuple[bytes, ...]) -> None:
    if new.size < last.size:
        raise EvidenceError(
            f"The log was rolled back: this checkpoint has {new.size:,} entries, and you have signed {last.size:,}.",
            hint=_REFUSED,
        )
    if new.size > last.size and last.size and old_size != last.size:
        raise UsageError(
            f"The proof that the log still begins with the {last.size:,} entries you have signed is missing.",
            hint=f"Ask the union for it: `workplace-sync evidence publish --witness NAME --since {last.size}`.",
        )
    try:
        check_consistency(last.size, last.root, new.size, new.root, hashes if new.size > last.size else ())
    except EvidenceError:
        raise EvidenceError(
            f"The log was forked: it does not begin with the {last.size:,} entries you have signed.", hint=_REFUSED
        ) from None


@dataclass(frozen=True, slots=True)
class _Seen:
    """The key of a log, and the last of its checkpoints that was cosigned."""

    vkey: str
    checkpoint: str


@dataclass(frozen=True, slots=True)
class _Memory:
    """What a witness remembers: its own name, and what it has seen of each log by its origin."""

    name: str
    logs: Mapping[str, _Seen]


def _memory_file(key_file: Path) -> Path:
    return key_file.with_name(key_file.name + ".seen.json")


def _read_memory(key_file: Path) -> _Memory:
    file = _memory_file(key_file)
    try:
        value = json.loads(file.read_text("utf-8"))
        logs = {
            str(origin): _Seen(str(seen["vkey"]), str(seen["checkpoint"])) for origin, seen in value["logs"].items()
        }
        return _Memory(str(value["name"]), logs)
    except OSError as error:
        raise SettingsError(
            f"{file}, which remembers what was cosigned, cannot be read ({error.strerror}).",
            hint="Put it back. Without it two histories could be signed: if it is lost, make a new key.",
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SettingsError(f"{file} is damaged.", hint="Put back a copy, or make a new key.") from None


def _write_memory(key_file: Path, memory: _Memory) -> None:
    file = _memory_file(key_file)
    logs = {origin: {"vkey": seen.vkey, "checkpoint": seen.checkpoint} for origin, seen in memory.logs.items()}
    text = json.dumps({"name": memory.name, "logs": logs}, indent=2, ensure_ascii=False) + "\n"
    try:
        replace_file(file, text.encode())
    except OSError as error:
        raise InputError(f"{file} cannot be written ({error.strerror}).", hint="Check the folder's rights.") from None


def _signer(name: str, pem: bytes, key_file: Path) -> WitnessSigner:
    try:
        return WitnessSigner.from_pem(name, pem)
    except EvidenceError as error:
        raise SettingsError(error.message, hint=f"Check that {key_file} is your key.") from None
