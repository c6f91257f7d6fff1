"""What the platform's webhooks say: the signatures over a raw body, and the body as hints.

Pure, and total: whatever the bytes are, nothing here raises. How little of the payloads is documented is told at each
reading; what is not known comes out as "unknown", never as a guess. A hint is not proof: it says that the platform
said so, and the members' list says what is so.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

RETRIES_END = timedelta(hours=36)  # the platform sends again for so long (graph-api/webhooks/getting-started)
CLOCKS_DIFFER = timedelta(minutes=5)

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_WORD = re.compile(r"[0-9A-Za-z_.-]{1,64}")
_YEAR_2000, _YEAR_2200 = 946_684_800, 7_258_118_400
_OUT = frozenset(["remove", "removed", "delete", "deleted", "leave", "left", "unjoin"])
_IN = frozenset(["add", "added", "join", "joined"])

# What these topics send is known, and none of our business: posts, chats, profiles. It is not kept.
_OTHERS: Mapping[str, frozenset[str]] = {
    "page": frozenset(["mention", "messages", "message_deliveries", "messaging_postbacks", "message_reads"]),
    "group": frozenset(["posts", "comments"]),
    "user": frozenset(["status", "events"]),
}


class Proof(StrEnum):
    """Which of a delivery's signatures there were; every one that was there matched."""

    SHA1 = "sha1"
    SHA256 = "sha256"
    BOTH = "sha1+sha256"


@dataclass(frozen=True, slots=True)
class Signatures:
    """The headers X-Hub-Signature and X-Hub-Signature-256 as they came, None where one was not there."""

    sha1: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """A delivery's signatures match. `by` names the secrets they match with: who can have sent it."""

    proof: Proof
    by: tuple[str, ...]


class Direction(StrEnum):
    """Where a membership hint says that somebody went."""

    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"


class Timing(StrEnum):
    """How the time that a delivery tells fits to when it came.

    OLD is older than the platform's own retries can explain, so somebody may have kept it back or sent it once more.
    """

    FRESH = "fresh"
    OLD = "old"
    AHEAD = "ahead"
    UNTIMED = "untimed"


@dataclass(frozen=True, slots=True)
class MembershipHint:
    """The platform says that a group's membership changed.

    `verb` is its own word, in lower case: only "add" was ever seen documented. `actor_id` is empty
    where no actor was named by id; when one is named, and what it means for changes through the API, is not documented.
    """

    group_platform_id: str
    member_platform_id: str
    verb: str
    at: datetime | None = None
    actor_id: str = ""

    @property
    def direction(self) -> Direction:
        """What we take the verb to mean."""
        return Direction.IN if self.verb in _IN else Direction.OUT if self.verb in _OUT else Direction.UNKNOWN


@dataclass(frozen=True, slots=True)
class AccountHint:
    """The platform says that an administrator did something to an account. `event` is its own word, in upper case."""

    account_platform_id: str
    event: str
    at: datetime | None = None
    actor_id: str = ""

    @property
    def deactivates(self) -> bool:
        """Whether the account was switched off, as far as the event's name says."""
        return "DEACTIVATE" in self.event


@dataclass(frozen=True, slots=True)
class Reading:
    """What a body says. `topic` is its `object`, empty where it has none that can be a topic's name.

    `about` are the ids of the groups or companies that its entries name; `times` those of its entries that tell one.
    `unknown` counts the parts whose shape is not known, `others` those that are known and no business of ours.
    """

    topic: str = ""
    about: frozenset[str] = frozenset()
    times: tuple[datetime, ...] = ()
    membership: tuple[MembershipHint, ...] = ()
    accounts: tuple[AccountHint, ...] = ()
    unknown: int = 0
    others: int = 0

    def timing(self, received_at: datetime) -> Timing:
        """Return how the times told fit to when the delivery came."""
        if not self.times:
            return Timing.UNTIMED
        if min(self.times) < received_at - RETRIES_END:
            return Timing.OLD
        return Timing.AHEAD if max(self.times) > received_at + CLOCKS_DIFFER else Timing.FRESH


def verify(body: bytes, signatures: Signatures, secrets: Mapping[str, bytes]) -> Verified | None:
    """Return with which secrets every given signature matches; None with none of them, or without any signature.

    Takes as long whichever secret matches, and however much of a signature is right.
    """
    given = [
        (header.encode("utf-8", "replace"), name, digest)
        for header, name, digest in (
            (signatures.sha1, b"sha1=", hashlib.sha1),
            (signatures.sha256, b"sha256=", hashlib.sha256),
        )
        if header is not None
    ]
    fitting = []
    for by, secret in secrets.items():
        fits = bool(given)
        for header, name, digest in given:
            fits &= hmac.compare_digest(name + hmac.new(secret, body, digest).hexdigest().encode(), header)
        if fits:
            fitting.append(by)
    if not fitting:
        return None
    if signatures.sha256 is None:
        return Verified(Proof.SHA1, tuple(fitting))
    return Verified(Proof.SHA256 if signatures.sha1 is None else Proof.BOTH, tuple(fitting))


def digest_of(body: bytes) -> str:
    """Return what a delivery is known by: the hex SHA-256 of its raw body."""
    return hashlib.sha256(body).hexdigest()


def read_delivery(body: bytes) -> Reading:
    """Return what a body says."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return Reading(unknown=1)
    if not isinstance(value, dict):
        return Reading(unknown=1)
    topic = _word(value.get("object"))
    entries = value.get("entry")
    if not isinstance(entries, list) or not entries:
        return Reading(topic, unknown=1)
    about: set[str] = set()
    times: list[datetime] = []
    found: list[_Part] = []
    for entry in entries:
        fields: Mapping[str, object] = entry if isinstance(entry, dict) else {}
        entry_id, at = _id(fields.get("id")), _unix(fields.get("time"))
        about |= {entry_id} - {""}
        times += [] if at is None else [at]
        found += _parts(topic, entry_id, at, fields)
    return Reading(
        topic=topic,
        about=frozenset(about),
        times=tuple(times),
        membership=tuple(part for part in found if isinstance(part, MembershipHint)),
        accounts=tuple(part for part in found if isinstance(part, AccountHint)),
        unknown=sum(part is _Skipped.UNKNOWN for part in found),
        others=sum(part is _Skipped.OTHER for part in found),
    )


class _Skipped(StrEnum):
    UNKNOWN = "unknown"
    OTHER = "other"


_Part = MembershipHint | AccountHint | _Skipped


def _parts(topic: str, entry_id: str, at: datetime | None, entry: Mapping[str, object]) -> Iterator[_Part]:
    changes = entry.get("changes")
    if topic == "page" and isinstance(entry.get("messaging"), list):  # chats have no `changes`
        yield _Skipped.OTHER
    elif isinstance(changes, list) and changes:
        yield from (_part(topic, entry_id, at, change) for change in changes)
    else:
        yield _Skipped.UNKNOWN


def _part(topic: str, entry_id: str, at: datetime | None, change: object) -> _Part:
    if not isinstance(change, dict):
        return _Skipped.UNKNOWN
    field, value = _word(change.get("field")), change.get("value")
    if field in _OTHERS.get(topic, ()):
        return _Skipped.OTHER
    if not isinstance(value, dict):
        return _Skipped.UNKNOWN
    match (topic, field):
        case ("group", "membership"):
            return _membership(entry_id, at, value)
        case ("workplace_security", "admin_activity"):
            return _account(at, value)
        case _:
            return _Skipped.UNKNOWN


def _membership(group: str, at: datetime | None, value: Mapping[str, object]) -> _Part:
    member = value.get("member")
    member_id = _id(member.get("id") if isinstance(member, dict) else member)
    verb = _word(value.get("verb")).lower()
    if not (group and member_id and verb):
        return _Skipped.UNKNOWN
    return MembershipHint(group, member_id, verb, at, _actor(value.get("actor")))


def _actor(actor: object) -> str:
    """Return the id of an actor, '' where there is none. That it is an object is seen nowhere but in examples."""
    if isinstance(actor, dict):
        return _id(actor.get("id"))
    found = _id(actor)
    return found if found.isdigit() else ""


def _account(at: datetime | None, value: Mapping[str, object]) -> _Part:
    account, event = _id(value.get("target_id")), _word(value.get("event")).upper()
    if not (account and event):
        return _Skipped.UNKNOWN
    return AccountHint(account, event, _iso(value.get("timestamp")) or at, _id(value.get("actor_id")))


def _word(value: object) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def _id(value: object) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 64 else value
    return text if isinstance(text, str) and _ID.fullmatch(text) else ""


def _unix(value: object) -> datetime | None:
    if isinstance(value, int) and not isinstance(value, bool) and _YEAR_2000 <= value < _YEAR_2200:
        return datetime.fromtimestamp(value, UTC)
    return None


def _iso(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at.astimezone(UTC) if at is not None and at.tzinfo is not None else None
    except (ValueError, OverflowError):  # the latter at the ends of the calendar
        return None
