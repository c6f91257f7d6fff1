"""What the log holds: a record, its opening file (readable, erasable) and its entry (a commitment, for ever).

docs/verify.md gives the formats byte for byte, for those who check them by hand. An entry says when and in which
place something was recorded, and nothing of what or whom; its opening says all, and a salt of 32 random bytes keeps
the content from being guessed once the opening is erased. One thing an entry does say for ever: that contents were
erased then, so that a gap is explained even when the erasure's own opening has been erased in its turn.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from json.encoder import encode_basestring
from typing import NamedTuple, TypeAlias, TypeGuard, cast

from workplace_sync.errors import EvidenceError

SALT_SIZE = 32
JsonValue: TypeAlias = "str | int | Sequence[JsonValue] | Mapping[str, JsonValue] | None"  # bool is an int

_HEADER = b"evidence-opening/v1\n"
_BODY = len(_HEADER) + 2 * SALT_SIZE + 1
_MAX_INT = (1 << 53) - 1  # what RFC 8785 can write exactly
_SALT_LINE = re.compile(rb"[0-9a-f]{64}\n")
_ENTRY = re.compile(
    rb'\{"at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)","c":"([0-9a-f]{64})","seq":(0|[1-9]\d{0,18}),"t":"(event|erasure)","v":1\}'
)
_KEYS = {"actor", "at", "data", "group", "kind", "outcome", "subject", "v"}


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else list(cast("Sequence[object]", value))


# the same bytes as RFC 8785 for what _check_value lets through: ASCII keys, no floats, no large numbers
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain).encode


class Kind(StrEnum):
    """What a record is about."""

    LOG_CREATED = "log.created"
    POLICIES_ACTIVATED = "policies.activated"
    ROSTER_IMPORTED = "roster.imported"
    CONSENT_CHANGED = "consent.changed"
    SNAPSHOT_TAKEN = "snapshot.taken"
    GROUP_BLIND = "group.blind"
    GROUP_SIGHTED = "group.sighted"
    MEMBER_DEPARTED = "member.departed"
    INCIDENT_OPENED = "incident.opened"
    INCIDENT_UPDATED = "incident.updated"
    INCIDENT_CLOSED = "incident.closed"
    ENGAGEMENT_TAKEN = "engagement.taken"
    PLAN_MADE = "plan.made"
    PLAN_APPROVED = "plan.approved"
    PLAN_REJECTED = "plan.rejected"
    PLAN_APPROVAL_VOIDED = "plan.approval_voided"
    PLAN_REJECTION_LIFTED = "plan.rejection_lifted"
    OPERATION_OUTCOME = "operation.outcome"
    INVITATIONS_MADE = "invitations.made"
    EVIDENCE_VERIFIED = "evidence.verified"
    WEBHOOK_RECEIVED = "webhook.received"
    CHECKPOINT_PUBLISHED = "checkpoint.published"
    WITNESS_ADDED = "witness.added"
    BUNDLE_EXPORTED = "bundle.exported"
    KEY_ROTATED = "key.rotated"
    KEY_IN_USE = "key.in_use"
    ERASURE_DONE = "erasure.done"
    ERASURE_REFUSED = "erasure.refused"
    ERASURE_REPLAYED = "erasure.replayed"
    RETENTION_APPLIED = "retention.applied"
    ACCESS_GIVEN = "access.given"
    AUDIT_EXPORTED = "audit.exported"
    HOLD_PLACED = "hold.placed"
    HOLD_LIFTED = "hold.lifted"
    LEASE_RELEASED = "lease.released"
    ACCOUNT_INVITED = "account.invited"
    ACCOUNT_SET_UP = "account.set_up"
    ACCOUNT_DISABLED = "account.disabled"
    TOKEN_ISSUED = "token.issued"  # noqa: S105 - the name of a kind
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - the name of a kind
    ESCALATION_RECEIVED = "escalation.received"
    ESCALATION_STEP = "escalation.step"
    ESCALATION_UNSEAL_ASKED = "escalation.unseal_asked"
    ESCALATION_UNSEALED = "escalation.unsealed"
    ESCALATION_RESEALED = "escalation.resealed"
    ESCALATION_HELD = "escalation.held"
    ESCALATION_ERASED = "escalation.erased"
    REPORT_PUBLISHED = "report.published"
    REPORT_TEXT_APPROVED = "report.text_approved"


ERASING = (Kind.ERASURE_DONE, Kind.ERASURE_REPLAYED, Kind.RETENTION_APPLIED)
"""The kinds of records that tell of contents erased."""

CITING = (Kind.OPERATION_OUTCOME, Kind.PLAN_MADE)
"""The kinds of records whose data names the rules behind them, as `rules`."""

_TYPES: Mapping[str, str] = dict.fromkeys(ERASING, "erasure")


def type_of(kind: str) -> str:
    """Return what an entry shows of its record's kind: "erasure" where contents were erased, "event" for all else."""
    return _TYPES.get(kind, "event")


@dataclass(frozen=True, slots=True)
class Record:
    """Something that happened or was seen, at a UTC-aware time.

    `subject` is the key of the person it is about, `actor` who did it, `outcome` how it ended. `data` holds strings,
    whole numbers below 2^53, booleans, None, lists and mappings with ASCII keys; a float has no one way of writing.
    """

    kind: Kind
    at: datetime
    group: str = ""
    subject: str = ""
    actor: str = ""
    outcome: str = ""
    data: Mapping[str, JsonValue] = field(default_factory=dict)


class Entry(NamedTuple):
    """What an entry's bytes say: its place in the log, its time to the second (as text), its commitment in hex.

    `type` is what `type_of` gives for its record.
    """

    seq: int
    at: str
    commitment: str
    type: str


def write_time(at: datetime) -> str:
    """Return the time as an opening has it, with microseconds; raises ValueError for a time without zone."""
    if at.tzinfo is None:
        raise ValueError("a record's time has no time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def second_of(time: str) -> str:
    """Return an opening's time, cut to the second, as its entry has it."""
    return time[:19] + "Z"


def write_opening(record: Record, salt: bytes) -> bytes:
    """Return the opening file of a record.

    Raises ValueError or TypeError, with the place and never the value, when the record holds what cannot be written canonically.
    """
    if len(salt) != SALT_SIZE:
        raise ValueError(f"a salt has {SALT_SIZE} bytes, not {len(salt)}")
    _check_value(record.data, "data")
    try:
        return (
            _HEADER
            + salt.hex().encode()
            + opening_start(record.actor, write_time(record.at))
            + _canonical(record.data).encode()
            + opening_end(record.group, record.kind, record.outcome, record.subject)
        )
    except UnicodeEncodeError:
        raise ValueError("a record's text holds half a surrogate pair, which is not a character") from None


def opening_start(actor: str, time: str) -> bytes:
    """Return the bytes between an opening's salt and its data."""
    return f'\n{{"actor":{encode_basestring(actor)},"at":"{time}","data":'.encode()


def opening_end(group: str, kind: str, outcome: str, subject: str) -> bytes:
    """Return the bytes after an opening's data."""
    return (
        f',"group":{encode_basestring(group)},"kind":{encode_basestring(kind)},"outcome":{encode_basestring(outcome)},'
        f'"subject":{encode_basestring(subject)},"v":1}}\n'
    ).encode()


def opening_says(file: bytes, fields: "Indexed") -> bool:
    """Return whether an opening file that its commitment covers has these fields, without parsing its data.

    The fields' canonical writing stands right before and after the data, where nothing else can look like it:
    a quotation mark inside a string is never written without a backslash.
    """
    return (
        file.startswith(opening_start(fields.actor, fields.time), _BODY - 1)
        and file.endswith(opening_end(fields.group, fields.kind, fields.outcome, fields.subject))
        and _opening_cites(file, fields.kind, fields.rules)
    )


def _opening_cites(file: bytes, kind: str, rules: str | None) -> bool:
    if rules is None:
        return False
    if rules:
        return f'"rules":{rules}'.encode() in file
    return kind not in CITING or b'"rules":["' not in file


def rules_cited(record: Record) -> str:
    """Return the rules that a record of a citing kind names, as its opening writes them; "" for none."""
    rules = record.data.get("rules") if record.kind in CITING else None
    return _canonical(rules) if rules and isinstance(rules, list) else ""


class Indexed(NamedTuple):
    """The fields of an opening that the database repeats for search; `time` as `write_time` writes it.

    `rules` are as `rules_cited` returns them, None where the database holds such as cannot be.
    """

    time: str
    kind: str
    group: str
    subject: str
    actor: str
    outcome: str
    rules: str | None = ""


def commitment_of(opening: bytes) -> str:
    """Return the commitment to an opening file, in hex; the same as `sha256sum` prints."""
    return sha256(opening).hexdigest()


def write_entry(seq: int, time: str, commitment: str, kind: str = "") -> bytes:
    """Return the entry's bytes, for an opening's `time`, its commitment and its record's kind."""
    return f'{{"at":"{time[:19]}Z","c":"{commitment}","seq":{seq},"t":"{type_of(kind)}","v":1}}'.encode()


def parse_entry(body: bytes) -> Entry:
    """Return what an entry says; raises EvidenceError when its bytes are not exactly of the format."""
    match = _ENTRY.fullmatch(body)
    if match is None:
        raise EvidenceError("An entry of the evidence log does not have an entry's form.")
    return Entry(int(match[3]), match[1].decode(), match[2].decode(), match[4].decode())


def parse_opening(file: bytes) -> Record:
    """Return the record in an opening file; raises EvidenceError when its bytes are not exactly of the format."""
    salt_line, text = file[len(_HEADER) : _BODY], file[_BODY:-1]
    if not file.startswith(_HEADER) or not _SALT_LINE.fullmatch(salt_line) or not file.endswith(b"}\n"):
        raise EvidenceError("An opening is not of the form: header, salt, JSON, each on a line.")
    value = _parse_json(text)
    if not _is_opening(value):
        raise EvidenceError("An opening's JSON does not have the fields of a record.")
    fields = {name: cast("str", value[name]) for name in ("group", "subject", "actor", "outcome")}
    try:
        at = datetime.fromisoformat(cast("str", value["at"]))
        record = Record(
            Kind(cast("str", value["kind"])), at, **fields, data=cast("dict[str, JsonValue]", value["data"])
        )
        salt = bytes.fromhex(salt_line.decode())
        canonical = write_opening(record, salt) == file
    except (TypeError, ValueError):
        canonical = False
    if not canonical:
        raise EvidenceError("An opening's JSON is not written in the canonical way (RFC 8785), or has unknown values.")
    return record


def check_opening(body: bytes, file: bytes) -> Record:
    """Return the record in an opening, once it is the one that the entry commits to.

    Raises EvidenceError when it is another entry's, or was changed.
    """
    entry = parse_entry(body)
    if commitment_of(file) != entry.commitment:
        raise EvidenceError(f"The opening is not the one that entry {entry.seq} commits to.")
    record = parse_opening(file)
    if second_of(write_time(record.at)) != entry.at:
        raise EvidenceError(f"The opening of entry {entry.seq} has another time than the entry.")
    if type_of(record.kind) != entry.type:
        raise EvidenceError(f"Entry {entry.seq} and its opening do not agree whether contents were erased.")
    return record


def _parse_json(text: bytes) -> object:
    try:
        return cast("object", json.loads(text))
    except (ValueError, RecursionError):
        raise EvidenceError("An opening's JSON cannot be read.") from None


def _is_opening(value: object) -> TypeGuard[dict[str, object]]:
    return (
        isinstance(value, dict)
        and value.keys() == _KEYS
        and isinstance(value["data"], dict)
        and all(isinstance(value[name], str) for name in _KEYS - {"data", "v"})
    )


def _check_value(value: JsonValue, place: str) -> None:
    if value is None or isinstance(value, str):
        return
    if isinstance(value, int):
        if abs(value) > _MAX_INT:
            raise ValueError(f"{place} is a number beyond 2^53; write it as a string")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError(f"{place} has a key that is not ASCII text")
            _check_value(inner, f"{place}.{key}")
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        for index, inner in enumerate(value):
            _check_value(inner, f"{place}[{index}]")
    else:
        raise TypeError(f"{place} is a {type(value).__name__}; evidence holds text, whole numbers, true, false, none")
