"""Files that were handed in and not yet taken: private, known by an id, and gone after an hour."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from workplace_sync.errors import StoreError

KEPT = timedelta(hours=1)
_ID = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody handed in for a group's roster. `name` is what they call it, `source` the roster file it is for."""

    id: str
    by: str
    group: str
    source: str
    name: str
    at: datetime
    path: Path


class UploadFolder:
    """The folder of such files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(
        self, content: bytes, *, upload_id: str, by: str, group: str, source: str, name: str, at: datetime
    ) -> Upload:
        """Keep a file; those that were left are thrown away first. Raises StoreError where it cannot be written."""
        self.sweep(at)
        told = {"by": by, "group": group, "source": source, "name": name, "at": at.isoformat()}
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(self._folder / f"{upload_id}.roster", content)
            _write(self._folder / f"{upload_id}.json", json.dumps(told).encode())
        except OSError as error:
            raise StoreError(
                f"The file could not be kept: {error.strerror}.",
                hint="Look at the room and the rights in the state folder.",
            ) from None
        return Upload(upload_id, by, group, source, name, at, self._folder / f"{upload_id}.roster")

    def find(self, upload_id: str, by: str, now: datetime) -> Upload | None:
        """Return a file that the same person handed in within the last hour; None for any other."""
        found = self._read(upload_id) if _ID.fullmatch(upload_id) else None
        return found if found and found.by == by and now - found.at < KEPT else None

    def drop(self, upload_id: str) -> None:
        """Throw a file away."""
        for ending in ("json", "roster"):
            (self._folder / f"{upload_id}.{ending}").unlink(missing_ok=True)

    def sweep(self, now: datetime) -> None:
        """Throw away what was handed in more than an hour ago."""
        for upload_id in list(self._ids()):
            found = self._read(upload_id)
            if found is None or now - found.at >= KEPT:
                self.drop(upload_id)

    def _ids(self) -> Iterator[str]:
        yield from {file.stem for file in self._folder.glob("*.*") if _ID.fullmatch(file.stem)}

    def _read(self, upload_id: str) -> Upload | None:
        try:
            told = json.loads((self._folder / f"{upload_id}.json").read_bytes())
            at = datetime.fromisoformat(told["at"])
            path = self._folder / f"{upload_id}.roster"
            return Upload(upload_id, told["by"], told["group"], told["source"], told["name"], at, path)
        except (OSError, ValueError, KeyError):
            return None


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
