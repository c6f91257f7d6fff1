"""The last checkpoint, kept in a file outside the database: what shows that a database was rolled back or forked.

Put it where who restores the database does not restore it too; best on another machine's disk.
"""

from pathlib import Path

from filelock import FileLock, Timeout

from workplace_sync.errors import EvidenceError, StoreError
from workplace_sync.evidence.checkpoint import parse_text
from workplace_sync.evidence.note import parse_note
from workplace_sync.store.whole_file import replace_file

_WAIT_SECONDS = 10.0
_POLL_SECONDS = 0.002
_LIMIT = 1_000_000  # bytes; a checkpoint has a few hundred


class CheckpointFile:
    """A file that holds one signed checkpoint and only ever goes forward."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path.with_name(path.name + ".lock"), timeout=_WAIT_SECONDS, poll_interval=_POLL_SECONDS)

    def read(self) -> str | None:
        """Return the file's text, None when there is no file; raises EvidenceError when it cannot be read as text."""
        try:
            with self.path.open("rb") as file:
                return file.read(_LIMIT).decode()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            raise EvidenceError(f"The checkpoint file {self.path} is not text.", hint=_KEEP) from None
        except OSError as error:
            raise EvidenceError(
                f"The checkpoint file {self.path} cannot be read ({error.strerror}).", hint=_KEEP
            ) from None

    def advance(self, note: str, size: int) -> None:
        """Replace the file by the checkpoint `note` of `size` entries, unless it holds a larger one already.

        Call it after the database has committed: a power cut in between leaves an older checkpoint, which the next
        start proves to be a beginning of the log. Raises StoreError when the file cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._lock:
                if self._held_size() < size:
                    replace_file(self.path, note.encode())  # the lock makes it ours
        except (OSError, Timeout) as error:
            why = "another run holds its lock" if isinstance(error, Timeout) else error.strerror
            raise StoreError(
                f"All is recorded, but the checkpoint file {self.path} could not be replaced ({why}).",
                hint="Check the disk and the rights of its folder; the next recording brings the file up to date.",
            ) from None

    def _held_size(self) -> int:
        """Return the size that the file says; one that says nothing readable is left for the next start to report."""
        held = self.read()
        return -1 if held is None else parse_text(parse_note(held).text).size


_KEEP = "Keep the file as it is for whoever looks into this, and see `workplace-sync evidence verify`."
