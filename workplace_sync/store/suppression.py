"""Whom not to take in again: what is kept of a person who was erased is a keyed hash of their address, and nothing else.

Without it the next roster file, which is the union's own and may be an old one, would bring an erased person back, and
one who had opted out would be added again (promise P4). A keyed hash (HMAC-SHA256, RFC 2104) is enough to recognise an
address when it comes, and says nothing to whoever has the database but not the key: trying all addresses of a company
against it needs the key, which is a file of its own beside the key of the log. A plain hash could be tried by anybody.

A person may come by their address or, where the platform hides that, by their account; both are hashed, and stand for
the same `stand_in`. Under that name what was seen of them in a group goes on being counted, without saying who it was.
"""

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from workplace_sync.errors import SettingsError
from workplace_sync.membership.snapshot import Member
from workplace_sync.store.keys import make_secret, read_secret
from workplace_sync.store.privacy_tables import SuppressionRow

_TABLE = SuppressionRow.__table__  # type: ignore[attr-defined]
_SHOWN = 32  # hexadecimal digits: 128 bits, far beyond two people falling together
_STAND_IN = "erased-"

Hide = Callable[[Sequence[Member]], Sequence[Member]]


class Veil:
    """The key of the hashes, read from its file when it is first needed; `make` writes the file where there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._key: bytes | None = None

    def make(self) -> None:
        """Make the key if there is none. Call it before the first hash is stored, and never to replace a lost key."""
        make_secret(self.path)

    def check(self) -> None:
        """Raise SettingsError when the file is missing, can be read by others, or holds no such key."""
        self._key = self._read()

    def digest(self, name: str) -> str:
        """Return the hash of a person's key; raises SettingsError when the file is missing or holds no such key."""
        if self._key is None:
            self._key = self._read()
        return hmac.digest(self._key, name.encode(), "sha256").hex()[:_SHOWN]

    def _read(self) -> bytes:
        return read_secret(self.path, "the key for erased people", hint=_LOST)


_LOST = "Put it back from its safe copy: without it nobody can tell who was erased and must not be taken in again."


def stand_ins(connection: Connection) -> dict[str, str]:
    """Return what is suppressed: the hash of an address or an account, and who it stands for."""
    return {row.digest: row.stand_in for row in connection.execute(select(_TABLE.c.digest, _TABLE.c.stand_in))}


def suppress(connection: Connection, digests: Mapping[str, str]) -> None:
    """Keep hashes, each with what it stands for; one that is kept already stays as it is."""
    kept = stand_ins(connection)
    new = [{"digest": digest, "stand_in": name} for digest, name in digests.items() if digest not in kept]
    if new:
        connection.execute(insert(_TABLE), new)


def lift(connection: Connection, veil: Veil, key: str) -> str | None:
    """Forget the hashes of a person who wants to be taken in again; returns what they stood for, None if nothing."""
    kept = stand_ins(connection)
    name = kept.get(veil.digest(key)) if kept else None
    if name is not None:
        connection.execute(delete(_TABLE).where(_TABLE.c.stand_in == name))
    return name


def name_for(digest: str) -> str:
    """Return the stand-in of the person whose address has that hash."""
    return _STAND_IN + digest


def is_stand_in(platform_id: str) -> bool:
    """Return whether this is no account of the platform, but stands for somebody who was erased."""
    return platform_id.startswith(_STAND_IN)


def member_key(stand_in: str) -> str:
    """Return the key of a member who is only known as a stand-in: that of an account whose address is not shown.

    Nothing speaks against such a member when removals are planned, because a roster cannot be asked about them.
    """
    return f"id:{stand_in}"


class Suppressed:
    """Who is suppressed now, to be asked about many people; empty, it costs nothing."""

    def __init__(self, connection: Connection, veil: Veil | None) -> None:
        """Read the hashes; raises SettingsError when there are some and their key is not at hand."""
        self._names = stand_ins(connection)
        if self._names and veil is None:
            raise SettingsError("There are erased people, and the key for their hashes is not set.", hint=_LOST)
        self._veil = veil

    def __len__(self) -> int:
        return len(self._names)

    def of(self, keys: Iterable[str]) -> set[str]:
        """Return those of the keys that are suppressed."""
        if not self._names or self._veil is None:
            return set()
        digest, names = self._veil.digest, self._names
        return {key for key in keys if digest(key) in names}

    def hide(self, members: Sequence[Member]) -> Sequence[Member]:
        """Return the members of a page, those who were erased under their stand-ins."""
        return [self._hidden(member) for member in members] if self._names else members

    def _hidden(self, member: Member) -> Member:
        if self._veil is None:
            return member
        digest, names = self._veil.digest, self._names
        name = names.get(digest(f"id:{member.platform_id}")) or names.get(digest(member.key))
        return member if name is None else replace(member, key=member_key(name), platform_id=name)
