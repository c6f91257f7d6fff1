"""What is handed out: a deterministic tar of plain files that outsiders verify offline, without this software.

Its files, with `SHA256SUMS` over them all and the log's signature over that in `SHA256SUMS.sig`:

    README.txt  manifest.json  log.vkey  log.pub.pem  policy  allowed_signers
    checkpoint  checkpoint.sshsig  [checkpoint.tsr  tsa-chain.pem  checkpoint.cosigned]
    entries/<number>.entry  .tlog-proof  [.opening]
    history/<old>.checkpoint  <old>-<new>.consistency  [<old>.tsr  <old>.cosigned]
    keys/<number>.rotation   verify.sh  verify.py   and what was given besides, such as a statement

The same entries, checkpoints and words give the same bytes: no file has a time or an owner.
"""

import io
import json
import re
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from workplace_sync.evidence.bundle_readme import readme
from workplace_sync.evidence.checkpoint import Checkpoint
from workplace_sync.evidence.cosignature import WitnessKey, cosigned, policy_text
from workplace_sync.evidence.keyring import KeyRing
from workplace_sync.evidence.note import Signer, encode_base64
from workplace_sync.evidence.sshsig import NAMESPACE, allowed_signers, sign_file

FORMAT = "workplace-sync/evidence-bundle/1"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?")
_LONGEST_NAME = 100  # what a header of the plain ustar format holds
_OURS = ("entries/", "history/", "keys/")


@dataclass(frozen=True, slots=True)
class BundledEntry:
    """An entry with its proof; `opening` is None where it was erased."""

    seq: int
    entry: bytes
    proof: str
    opening: bytes | None


@dataclass(frozen=True, slots=True)
class BundledCheckpoint:
    """A checkpoint as the log has signed it, and what others have signed of it.

    `consistency` is the proof that leads from it to the bundle's own checkpoint, "" for that one itself. `responses` are
    those of time-stamp authorities, `chains` their certificates as PEM.
    """

    size: int
    note: str
    consistency: str = ""
    cosignatures: Sequence[str] = ()
    responses: Sequence[bytes] = ()
    chains: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Purpose:
    """To whom a bundle is handed out, what for, and on what legal basis."""

    recipient: str
    purpose: str
    basis: str


@dataclass(frozen=True, slots=True)
class Contents:
    """All that goes into a bundle.

    `statements` are the signed notes about changes of keys by their entries' numbers, `scripts` what outsiders verify
    with, `extra` files of the caller's.
    """

    checkpoint: BundledCheckpoint
    about: Checkpoint
    keys: KeyRing
    purpose: Purpose
    entries: Sequence[BundledEntry]
    history: Sequence[BundledCheckpoint] = ()
    statements: Mapping[int, str] = field(default_factory=dict)
    witnesses: Sequence[WitnessKey] = ()
    scripts: Mapping[str, bytes] = field(default_factory=dict)
    extra: Mapping[str, bytes] = field(default_factory=dict)


def bundle_files(contents: Contents, signer: Signer) -> dict[str, bytes]:
    """Return all files of the bundle by their paths, signed.

    Raises ValueError when the name of an extra file is not plain, is too long, or is that of another file.
    """
    key = contents.keys.newest
    files = {
        "README.txt": readme(contents.about.origin, len(contents.entries), key.fingerprint, NAMESPACE).encode(),
        "manifest.json": _manifest(contents),
        "log.vkey": f"{key.vkey}\n".encode(),
        "log.pub.pem": key.pem,
        "policy": policy_text([one.vkey for one in reversed(contents.keys.keys)], contents.witnesses).encode(),
        "allowed_signers": allowed_signers(signer.verifier),
        "checkpoint.sshsig": sign_file(signer, contents.checkpoint.note.encode()),
        **_checkpoint_files("checkpoint", "checkpoint", contents.checkpoint),
    }
    chains = dict.fromkeys(chain for one in (contents.checkpoint, *contents.history) for chain in one.chains)
    if chains:
        files["tsa-chain.pem"] = "".join(chains).encode()
    for one in contents.history:
        files |= _checkpoint_files(f"history/{one.size}.checkpoint", f"history/{one.size}", one)
        files[f"history/{one.size}-{contents.about.size}.consistency"] = one.consistency.encode()
    for seq, statement in contents.statements.items():
        files[f"keys/{seq}.rotation"] = statement.encode()
    for entry in contents.entries:
        files |= _entry_files(entry)
    files |= contents.scripts
    for name, data in contents.extra.items():
        _check_name(name, files)
        files[name] = data
    sums = "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())).encode()
    return {**files, "SHA256SUMS": sums, "SHA256SUMS.sig": signer.sign_bytes(sums)}


def write_tar(files: Mapping[str, bytes]) -> bytes:
    """Return the tar of the files (ustar), README first and then by name, the same for the same files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files, key=lambda name: (name != "README.txt", name)):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(files[name]), 0o644
            tar.addfile(member, io.BytesIO(files[name]))
    return out.getvalue()


def spans(seqs: Iterable[int]) -> str:
    """Return numbers as text, in rising order, neighbours together: `3,5-9`."""
    found: list[list[int]] = []
    for seq in sorted(seqs):
        if found and seq == found[-1][1] + 1:
            found[-1][1] = seq
        else:
            found.append([seq, seq])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def _entry_files(one: BundledEntry) -> dict[str, bytes]:
    start = f"entries/{one.seq}"
    files = {f"{start}.entry": one.entry, f"{start}.tlog-proof": one.proof.encode()}
    return files if one.opening is None else {**files, f"{start}.opening": one.opening}


def _checkpoint_files(path: str, start: str, one: BundledCheckpoint) -> dict[str, bytes]:
    files = {path: one.note.encode()}
    if one.cosignatures:
        files[f"{start}.cosigned"] = cosigned(one.note, one.cosignatures).encode()
    for number, response in enumerate(one.responses, 1):
        files[f"{start}.tsr" if number == 1 else f"{start}-{number}.tsr"] = response
    return files


def _manifest(contents: Contents) -> bytes:
    """Return the manifest as RFC 8785 writes it: its keys are ASCII, and it has no fractions."""
    about, purpose = contents.about, contents.purpose
    value = {
        "basis": purpose.basis,
        "entries": spans(one.seq for one in contents.entries),
        "extra": sorted(contents.extra),
        "fingerprint": contents.keys.newest.fingerprint,
        "format": FORMAT,
        "history": [one.size for one in contents.history],
        "key_changes": sorted(contents.statements),
        "openings": spans(one.seq for one in contents.entries if one.opening is not None),
        "origin": about.origin,
        "purpose": purpose.purpose,
        "recipient": purpose.recipient,
        "root": encode_base64(about.root),
        "size": about.size,
    }
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _check_name(name: str, files: Mapping[str, bytes]) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ValueError("a file for the bundle needs a plain name of at most 100 letters, digits, dots and dashes")
    if name in files or name.startswith((*_OURS, "SHA256SUMS")):
        raise ValueError("a file for the bundle has the name of one of the bundle's own")
