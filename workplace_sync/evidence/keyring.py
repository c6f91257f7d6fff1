"""The log's keys one after the other: each signs the checkpoints of its own range, and has named the one after it.

A change of keys is an entry of the log. It holds a statement that the old and the new key have both signed, as a
signed note (c2sp.org/signed-note) of this text:

    evidence-key-rotation/v1
    <origin of the log>
    <number of the entry that holds the statement>
    <old key, as a vkey>
    <new key, as a vkey>

The old key signs the checkpoint that ends with this entry, and no larger one; the new key signs all larger ones.
"""

from dataclasses import dataclass

from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.checkpoint import parse_number, parse_text
from workplace_sync.evidence.note import Note, Signer, Verifier, parse_note

_HEADER = "evidence-key-rotation/v1"
_LINES = 5


@dataclass(frozen=True, slots=True)
class Rotation:
    """Entry `seq` is the last one that `old` signs for; from then on the log's key is `new`."""

    seq: int
    old: Verifier
    new: Verifier

    @property
    def text(self) -> str:
        """The exact text that both keys sign."""
        return f"{_HEADER}\n{self.old.name}\n{self.seq}\n{self.old.vkey}\n{self.new.vkey}\n"

    def signed(self, old: Signer, new: Signer) -> str:
        """Return the signed note, the old key's signature first."""
        _, _, second = new.sign(self.text).rpartition("\n\n")
        return old.sign(self.text) + second


def parse_rotation(raw: str) -> Rotation:
    """Return what a statement says, once both keys have signed it; raises EvidenceError when one has not."""
    note = parse_note(raw)
    lines = note.text.split("\n")
    if len(lines) != _LINES + 1 or lines[0] != _HEADER:
        raise EvidenceError("The statement about a change of keys does not have its five lines.")
    rotation = Rotation(parse_number(lines[2]), Verifier.parse(lines[3]), Verifier.parse(lines[4]))
    if rotation.text != note.text or rotation.old.name != rotation.new.name:
        raise EvidenceError("The statement about a change of keys is of another log, or not written in the usual way.")
    rotation.old.verify(note)
    rotation.new.verify(note)
    return rotation


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys that a log has had: `newest` signs now, `rotations` lead to it, oldest first.

    It verifies a checkpoint with the key of the checkpoint's own size. Raises EvidenceError when the rotations are no
    chain that ends with `newest`.
    """

    newest: Verifier
    rotations: tuple[Rotation, ...] = ()

    def __post_init__(self) -> None:
        successors = [*(one.old for one in self.rotations[1:]), self.newest]
        numbers = [one.seq for one in self.rotations]
        named = [one.new for one in self.rotations]
        if (named and named != successors) or numbers != sorted(set(numbers)):
            raise EvidenceError("The log's changes of keys do not lead from one key to the next.")

    @property
    def name(self) -> str:
        """The log's origin, which is the name of each of its keys."""
        return self.newest.name

    @property
    def keys(self) -> tuple[Verifier, ...]:
        """All keys, oldest first."""
        return (*(one.old for one in self.rotations), self.newest)

    def at(self, size: int) -> Verifier:
        """Return the key that signs the checkpoint of `size` entries."""
        return next((one.old for one in self.rotations if size <= one.seq + 1), self.newest)

    def verify(self, note: Note) -> None:
        """Raise EvidenceError unless the note is a checkpoint that the key of its size has signed."""
        self.at(parse_text(note.text).size).verify(note)
