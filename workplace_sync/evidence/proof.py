"""Proofs as text files: `.tlog-proof` (c2sp.org/tlog-proof) and `.consistency` (the body of c2sp.org/tlog-witness)."""

from collections.abc import Sequence
from dataclasses import dataclass

from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.checkpoint import Checkpoint, open_checkpoint, parse_hash, parse_number
from workplace_sync.evidence.merkle import check_consistency, leaf_hash, root_of_inclusion
from workplace_sync.evidence.note import Trusted, decode_base64, encode_base64

MAX_HASHES = 63
_HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """Entry `index` is in the log of the signed `checkpoint`; `extra` is not covered by anything."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    @property
    def text(self) -> str:
        """The file's content."""
        extra = [f"extra {encode_base64(self.extra)}"] if self.extra else []
        return _join([_HEADER, *extra, f"index {self.index}"], self.hashes, self.checkpoint)

    def verify(self, entry: bytes, verifier: Trusted) -> Checkpoint:
        """Return the checkpoint that covers the entry; raises EvidenceError when signature or path do not verify."""
        checkpoint = open_checkpoint(self.checkpoint, verifier)
        self.verify_root(entry, checkpoint)
        return checkpoint

    def verify_root(self, entry: bytes, checkpoint: Checkpoint) -> None:
        """Raise EvidenceError unless the path leads from the entry to the root of a checkpoint that is known to be good."""
        if root_of_inclusion(self.index, checkpoint.size, leaf_hash(entry), self.hashes) != checkpoint.root:
            raise EvidenceError(f"The entry is not entry {self.index} of the log that the checkpoint signs.")


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """The log of the signed `checkpoint` begins with the log as it was at `old_size` entries."""

    old_size: int
    hashes: tuple[bytes, ...]
    checkpoint: str

    @property
    def text(self) -> str:
        """The file's content."""
        return _join([f"old {self.old_size}"], self.hashes, self.checkpoint)

    def verify(self, old_checkpoint: str, verifier: Trusted) -> Checkpoint:
        """Return the newer checkpoint, once both signatures and the proof between them are good.

        Raises EvidenceError when one of them is not.
        """
        old, new = open_checkpoint(old_checkpoint, verifier), open_checkpoint(self.checkpoint, verifier)
        if old.size != self.old_size:
            raise EvidenceError(f"The proof starts at {self.old_size} entries, the older checkpoint at {old.size}.")
        check_consistency(old.size, old.root, new.size, new.root, self.hashes)
        return new


def parse_inclusion(text: str) -> InclusionProof:
    """Return the proof from a `.tlog-proof` file; raises EvidenceError when a byte is not as the format wants."""
    lines, checkpoint = _split(text)
    if lines.pop(0) != _HEADER:
        raise EvidenceError(f"The proof does not begin with the line {_HEADER}.")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "))
    return InclusionProof(_number("index", lines), _hashes(lines), checkpoint, extra)


def parse_consistency(text: str) -> ConsistencyProof:
    """Return the proof from a `.consistency` file; raises EvidenceError when a byte is not as the format wants."""
    lines, checkpoint = _split(text)
    return ConsistencyProof(_number("old", lines), _hashes(lines), checkpoint)


def _join(head: list[str], hashes: Sequence[bytes], checkpoint: str) -> str:
    return "\n".join([*head, *map(encode_base64, hashes), "", checkpoint])


def _split(text: str) -> tuple[list[str], str]:
    head, blank, checkpoint = text.partition("\n\n")
    if not blank:
        raise EvidenceError("The proof has no checkpoint after a blank line.")
    return head.split("\n"), checkpoint


def _number(name: str, lines: list[str]) -> int:
    if not lines or not lines[0].startswith(f"{name} "):
        raise EvidenceError(f"The proof has no line {name!r} where one belongs.")
    return parse_number(lines.pop(0).removeprefix(f"{name} "))


def _hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    if len(lines) > MAX_HASHES:
        raise EvidenceError(f"The proof has more than {MAX_HASHES} hashes.")
    return tuple(parse_hash(line) for line in lines)
