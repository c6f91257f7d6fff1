"""The evidence log: its newest checkpoint, and the proof that it only ever grew."""

from typing import Annotated

from fastapi import Query

from workplace_sync.evidence.checkpoint import open_checkpoint
from workplace_sync.evidence.note import encode_base64
from workplace_sync.web.api.calling import V1, Called
from workplace_sync.web.api.parts import Part
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission

_AT = f"{V1}/evidence"


class LogCheckpoint(Part):
    """The newest checkpoint: `note` is the signed text, the others what it says. Compare the fingerprint with the published one."""

    origin: str
    size: int
    root: str
    note: str
    key_fingerprint: str


class LogConsistency(Part):
    """The proof (c2sp.org/tlog-witness) that the log as it is begins with the log as it was at `old` entries."""

    old: int
    proof: str


@page(_AT, Permission.EVIDENCE_READ, api=True)
def get_checkpoint(ask: Called) -> LogCheckpoint:
    """Tell the newest signed checkpoint; it names nobody."""
    log = ask.app.log
    note = log.latest()
    about = open_checkpoint(note, log.keys)
    return LogCheckpoint(
        origin=about.origin,
        size=about.size,
        root=encode_base64(about.root),
        note=note,
        key_fingerprint=log.verifier.fingerprint,
    )


@page(f"{_AT}/consistency", Permission.EVIDENCE_READ, api=True)
def get_consistency(ask: Called, old: Annotated[int, Query(ge=0, lt=2**31)]) -> LogConsistency:
    """Prove that the log begins with what it was at `old` entries; 404 where it was never that large."""
    return LogConsistency(old=old, proof=ask.app.log.consistency_proof(old))
