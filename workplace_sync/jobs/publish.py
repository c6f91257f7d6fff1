"""Giving checkpoints out, and holding the log to one that somebody kept."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from workplace_sync.errors import EvidenceError, InputError, UsageError
from workplace_sync.evidence.checkpoint import Checkpoint, open_checkpoint
from workplace_sync.evidence.entry import JsonValue, Kind, Record
from workplace_sync.evidence.merkle import EMPTY_ROOT
from workplace_sync.evidence.note import encode_base64
from workplace_sync.evidence.proof import parse_consistency
from workplace_sync.evidence.published import find_checkpoint
from workplace_sync.jobs.office import Office
from workplace_sync.store import publications
from workplace_sync.store.evidence import EvidenceLog
from workplace_sync.store.publications import Publication

_KEEP = (
    "Keep that checkpoint and this database as they are: both signatures together show that two histories were told. "
    "`workplace-sync evidence verify` says what else differs."
)
_MUCH = 100_000  # bytes; what somebody kept is a checkpoint, or a mail around it


@dataclass(frozen=True, slots=True)
class Published:
    """A checkpoint that is on record as given out: its text, what it says, and the entry that records it."""

    note: str
    about: Checkpoint
    seq: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Checked:
    """The log of `now` begins with the log of `kept`; `proof` is the `.consistency` file that shows it to others.

    `recorded` tells whether the kept one is on record as given out.
    """

    kept: Checkpoint
    now: Checkpoint
    proof: str
    recorded: bool


def publish(office: Office, place: str = "") -> Published:
    """Put the newest checkpoint on record as given out, to or at `place`, and return it.

    The record is the entry that comes after what the checkpoint covers. Raises UsageError for an empty log.
    """
    note = office.log.latest()
    about = open_checkpoint(note, office.log.keys)
    at = office.now()
    with office.log.transaction() as transaction:
        seq = transaction.place()
        data: dict[str, JsonValue] = {"size": about.size, "root": encode_base64(about.root), "place": place}
        transaction.log(Record(Kind.CHECKPOINT_PUBLISHED, at, actor=office.actor, outcome="published", data=data))
        publications.add_publication(transaction.connection, Publication(about.size, note, place, at, office.actor))
    return Published(note, about, seq, at)


def check_published(log: EvidenceLog, text: str) -> Checked:
    """Prove that the log begins with the checkpoint in `text`, which somebody kept.

    Raises EvidenceError when the text holds none, it is not signed by the log's key of its time, or the log was rolled
    back or forked since.
    """
    keys = log.keys
    note = find_checkpoint(text, log.origin)
    kept = open_checkpoint(note, keys)
    now = open_checkpoint(log.checkpoint(None), keys) if log.size else Checkpoint(log.origin, 0, EMPTY_ROOT)
    if kept.size > now.size:
        raise EvidenceError(
            f"The log was rolled back: it has {now.size:,} entries, and {kept.size:,} were signed before.", hint=_KEEP
        )
    proof = log.consistency_proof(kept.size)
    try:
        parse_consistency(proof).verify(note, keys)
    except EvidenceError:
        raise EvidenceError(
            f"The log was forked: its first {kept.size:,} entries are not those that were signed before.", hint=_KEEP
        ) from None
    with log.database.connect() as connection:
        recorded = any(one.size == kept.size for one in publications.publications(connection))
    return Checked(kept, now, proof, recorded)


def read_kept(file: Path) -> str:
    """Return the text of a file that somebody kept; raises InputError when it cannot be read."""
    try:
        with file.open("rb") as stream:
            return stream.read(_MUCH).decode()
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}).", hint="Name the file that was kept.") from None
    except UnicodeDecodeError:
        raise InputError(f"{file} is not text.", hint="A checkpoint is a few lines of text.") from None


def write_new(file: Path, text: str) -> None:
    """Write a text to a file that does not exist yet; raises InputError when it does or cannot be written."""
    try:
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise InputError(f"{file} exists.", hint="Name a new file.") from None
    except OSError as error:
        raise InputError(f"{file} cannot be written ({error.strerror}).", hint="Name a file elsewhere.") from None


def require_new(file: Path) -> None:
    """Raise InputError, before anything is recorded, when the file exists or its folder does not."""
    if file.exists():
        raise InputError(f"{file} exists.", hint="Name a new file.")
    if not file.parent.is_dir():
        raise UsageError(f"There is no folder {file.parent}.", hint="Name a file in a folder that exists.")
