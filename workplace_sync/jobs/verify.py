"""Verifying the evidence: the full audit, and a folder with which anybody verifies an entry without this software."""

import os
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from workplace_sync.errors import InputError, UsageError
from workplace_sync.evidence.checkpoint import parse_text
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.evidence.note import encode_base64, parse_note
from workplace_sync.evidence.proof import parse_inclusion
from workplace_sync.evidence.verify import VerifyReport
from workplace_sync.store.evidence import EvidenceLog


def verify_evidence(
    log: EvidenceLog,
    *,
    openings: bool = True,
    record_as: str | None = None,
    watch: Callable[[int], None] | None = None,
) -> VerifyReport:
    """Audit the whole log and return the report; memory stays flat. `watch` is told how many entries were read so far.

    With `record_as`, the name of who asked, a good result becomes an entry itself. A bad one does not: nothing is
    added to a log that does not verify. Raises EvidenceError when the checkpoint file cannot even be read as text.
    """
    report = log.audit(openings=openings, watch=watch)
    if report.ok and record_as is not None:
        with log.transaction() as transaction:
            transaction.log(
                Record(
                    kind=Kind.EVIDENCE_VERIFIED,
                    at=log.now(),
                    actor=record_as,
                    outcome="verified",
                    data={"size": report.size, "root": encode_base64(report.root), "openings": report.openings},
                )
            )
    return report


def script(name: str) -> bytes:
    """Return one of the scripts that outsiders verify with: `verify.sh`, or `verify.py`."""
    return resources.files("workplace_sync.jobs").joinpath("outsiders", name).read_bytes()


def write_openssl_kit(log: EvidenceLog, folder: Path, seq: int) -> list[Path]:
    """Write to `folder` all that openssl and sha256sum need to verify entry `seq`, and return the files.

    The key in the folder proves only that the folder agrees with itself: `verify.sh` wants the fingerprint that the
    union has published. Raises UsageError when there is no such entry or its opening was erased, InputError when the
    folder holds files already or cannot be written.
    """
    opening = log.opening(seq)
    if opening is None:
        raise UsageError(f"The opening of entry {seq} was erased.", hint="Only that there was an entry can be proved.")
    text = log.inclusion_proof(seq)
    note = parse_inclusion(text).checkpoint
    signed = parse_note(note)
    key = log.keys.at(parse_text(signed.text).size)
    files: dict[str, bytes] = {
        "checkpoint": note.encode(),
        "checkpoint.text": signed.text.encode(),
        "checkpoint.sig": signed.signatures[0].data,
        "log.pub.pem": key.pem,
        "log.vkey": f"{key.vkey}\n".encode(),
        f"{seq}.entry": log.entry(seq),
        f"{seq}.opening": opening,
        f"{seq}.tlog-proof": text.encode(),
        "verify.sh": script("verify.sh"),
    }
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputError(f"The folder {folder} is not empty.", hint="Name a folder that does not exist yet.")
        for name, data in files.items():  # an opening may name a person
            with os.fdopen(os.open(folder / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(data)
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror}).", hint="Name another folder.") from None
    return [folder / name for name in files]
