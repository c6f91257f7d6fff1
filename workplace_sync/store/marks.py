"""How a quiet reading is known: by a mark of all its rows, which is as the last one left it when nothing has changed.

Two readings have the same mark when they hold the same rows, in whatever order they came and however they were cut into
pages. So nothing has to be sorted, put into a table and compared on a day on which nobody came or went.

The mark is the sum of the salted SHA-256 hashes of the rows, modulo 2^256. Only the last complete reading of a group
has one, and its salt is the group's own: out of two marks, or out of a mark and a list of all others, the hash of one
person could be had, and addresses tried against it. For that reason an erasure forgets them all.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from workplace_sync.store.tables import PresenceRow
from workplace_sync.store.watch_tables import ReadingMarkRow, SuspectRow

_TABLE = ReadingMarkRow.__table__  # type: ignore[attr-defined]
_PRESENCE = PresenceRow.__table__  # type: ignore[attr-defined]
_SUSPECT = SuspectRow.__table__  # type: ignore[attr-defined]
_SALT_SIZE = 16
_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Mark:
    """The mark of a group's last complete reading, as hexadecimal digits, and how many members and administrators it showed."""

    group: str
    salt: str
    digest: str
    members: int = 0
    administrators: int = 0


class Tally:
    """Adds up the mark of a reading, page by page."""

    def __init__(self, salt: str) -> None:
        self.salt = salt
        self._prefix = bytes.fromhex(salt)
        self._sum = 0

    def add(self, lines: Iterable[bytes]) -> None:
        """Add rows, each as one line."""
        number, sha256, prefix = int.from_bytes, hashlib.sha256, self._prefix
        self._sum += sum([number(sha256(prefix + line).digest()) for line in lines])

    @property
    def digest(self) -> str:
        """The mark of all rows so far."""
        return f"{self._sum % 2**256:0{_DIGITS}x}"


def new_salt() -> str:
    """Return a salt that nobody can guess, for a group that has none yet."""
    return os.urandom(_SALT_SIZE).hex()


def of(connection: Connection, group: str) -> Mark | None:
    """Return the mark of the group's last complete reading; None where nobody may rely on it."""
    row = connection.execute(select(_TABLE).where(_TABLE.c.group_name == group)).first()
    return None if row is None else Mark(row.group_name, row.salt, row.digest, row.members, row.administrators)


def holds(connection: Connection, mark: Mark) -> bool:
    """Whether what is on record is still what the marked reading left: nobody is a suspect, and as many are present."""
    if of(connection, mark.group) != mark:
        return False
    suspects = select(func.count()).where(_SUSPECT.c.group_name == mark.group)
    present = select(func.count()).where(_PRESENCE.c.group_name == mark.group, _PRESENCE.c.gone_at.is_(None))
    return not connection.execute(suspects).scalar_one() and connection.execute(present).scalar_one() == mark.members


def put(connection: Connection, mark: Mark) -> None:
    """Keep the mark of the group's last complete reading, instead of the one before."""
    forget(connection, mark.group)
    connection.execute(
        insert(_TABLE).values(
            group_name=mark.group,
            salt=mark.salt,
            digest=mark.digest,
            members=mark.members,
            administrators=mark.administrators,
        )
    )


def forget(connection: Connection, group: str | None = None) -> None:
    """Forget the mark of a group, or all of them: the next reading is compared row by row."""
    connection.execute(delete(_TABLE) if group is None else delete(_TABLE).where(_TABLE.c.group_name == group))
