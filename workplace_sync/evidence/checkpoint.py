"""Checkpoints (c2sp.org/tlog-checkpoint): the signed statement that a log had so many entries with this root."""

import re
from dataclasses import dataclass

from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.merkle import HASH_SIZE
from workplace_sync.evidence.note import Signer, Trusted, decode_base64, encode_base64, parse_note

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_LINES = 3


def parse_number(text: str) -> int:
    """Return a count written in decimal, at most 2^63 - 1; raises EvidenceError for `01`, signs, spaces, other digits."""
    if not _NUMBER.fullmatch(text) or int(text) >= 1 << 63:
        raise EvidenceError("A number is not written as a plain decimal without leading zeros.")
    return int(text)


def parse_hash(text: str) -> bytes:
    """Return a hash written in base64; raises EvidenceError unless it is canonical and has 32 bytes."""
    data = decode_base64(text)
    if len(data) != HASH_SIZE:
        raise EvidenceError(f"A hash is {len(data)} bytes long, not {HASH_SIZE}.")
    return data


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log `origin` had `size` entries and this root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The exact text that is signed."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    def signed(self, signer: Signer) -> str:
        """Return the signed note."""
        return signer.sign(self.text)


def parse_text(text: str) -> Checkpoint:
    """Return the checkpoint from its text; raises EvidenceError when a byte is not as the format wants.

    Extension lines, which the format allows and advises against, are refused: this log never writes one.
    """
    lines = text.split("\n")
    if len(lines) != _LINES + 1 or lines[-1] or not lines[0]:
        raise EvidenceError("The checkpoint is not three lines: origin, size, root.")
    return Checkpoint(lines[0], parse_number(lines[1]), parse_hash(lines[2]))


def open_checkpoint(raw: str, verifier: Trusted) -> Checkpoint:
    """Return what a signed checkpoint says, once origin and signature are good.

    The log's origin is the name of its key. Raises EvidenceError when the note is malformed, is another log's, or is
    not signed by the key.
    """
    note = parse_note(raw)
    checkpoint = parse_text(note.text)
    if checkpoint.origin != verifier.name:
        raise EvidenceError("The checkpoint is of another log: its origin is not this log's.")
    verifier.verify(note)
    return checkpoint
