"""What was erased, kept in a file beside the checkpoint, outside the database: a copy put back would bring it all back.

A line is one erasure, as JSON: numbers of entries, each with the beginning of its commitment (which is public in the
log, and keeps another entry that came to bear the same number from being taken for it), and keyed hashes of people
(see suppression.py). Nobody can be found from it. The database has the same lines, so either can be told to be behind.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, insert, select

from workplace_sync.errors import StoreError
from workplace_sync.store.privacy_tables import ErasureRow
from workplace_sync.store.whole_file import replace_file

_TABLE = ErasureRow.__table__  # type: ignore[attr-defined]
_WAIT_SECONDS = 10.0
COMMITMENT_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure. `entries` are numbers with the first digits of their commitments, `people` hashes with stand-ins.

    `before` says for each kind of entry up to which time contents were erased because they were past their time;
    such an erasure is carried out again by that rule.
    """

    id: str
    at: datetime
    entries: tuple[tuple[int, str], ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, datetime] = field(default_factory=dict)

    def line(self) -> str:
        """Return the line of the journal, without a line feed."""
        value = {
            "at": self.at.astimezone(UTC).isoformat(),
            "before": {kind: time.astimezone(UTC).isoformat() for kind, time in self.before.items()},
            "entries": [list(entry) for entry in self.entries],
            "id": self.id,
            "people": dict(self.people),
            "v": 1,
        }
        return json.dumps(value, sort_keys=True, separators=(",", ":"))

    @classmethod
    def parse(cls, line: str) -> "Erasure":
        """Return the erasure of a line; raises ValueError, KeyError or TypeError for a line that is none."""
        value = json.loads(line)
        return cls(
            str(value["id"]),
            datetime.fromisoformat(value["at"]),
            tuple((int(seq), str(commitment)) for seq, commitment in value["entries"]),
            {str(digest): str(name) for digest, name in value["people"].items()},
            {str(kind): datetime.fromisoformat(time) for kind, time in value["before"].items()},
        )


class JournalFile:
    """The file. It only ever grows, and is replaced whole, so that no line is ever half there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path.with_name(path.name + ".lock"), timeout=_WAIT_SECONDS)

    def read(self) -> list[Erasure]:
        """Return all erasures, oldest first; none where there is no file. Raises StoreError when it cannot be read."""
        try:
            return [Erasure.parse(line) for line in self.path.read_text("utf-8").splitlines()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"The journal of erasures {self.path} cannot be read ({error.strerror}).") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise StoreError(
                f"The journal of erasures {self.path} was changed: it has a line that is no erasure.",
                hint="Put it back from its copy. Without it, nobody knows what a copy of the database must not bring back.",
            ) from None

    def add(self, erasures: Iterable[Erasure]) -> None:
        """Add what is not in the file yet; raises StoreError when it cannot be written."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._lock:
                kept = self.read()
                known = {one.id for one in kept}
                self._replace([*kept, *(one for one in erasures if one.id not in known)])
        except (OSError, Timeout) as error:
            why = "another run holds its lock" if isinstance(error, Timeout) else error.strerror
            raise StoreError(
                f"All is erased, but the journal of erasures {self.path} could not be written ({why}).",
                hint="Check the disk and the rights of its folder, then run `workplace-sync privacy replay`.",
            ) from None

    def _replace(self, erasures: list[Erasure]) -> None:
        replace_file(self.path, "".join(f"{one.line()}\n" for one in erasures).encode(), mode=0o600)


def record(connection: Connection, erasure: Erasure) -> None:
    """Keep an erasure in the database, with the transaction that carries it out."""
    connection.execute(insert(_TABLE).values(id=erasure.id, at=erasure.at, line=erasure.line()))


def recorded(connection: Connection) -> list[Erasure]:
    """Return all erasures that the database knows, oldest first."""
    return [Erasure.parse(row.line) for row in connection.execute(select(_TABLE.c.line).order_by(_TABLE.c.at))]


def recorded_ids(connection: Connection) -> set[str]:
    """Return the ids of all erasures that the database knows."""
    return set(connection.execute(select(_TABLE.c.id)).scalars())
