"""Give a person everything that is held on them: as JSON for programs, and as text for people."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from workplace_sync.errors import UsageError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.consent import key_of
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.story import Chapter, story_of
from workplace_sync.store import audit
from workplace_sync.store import privacy as store

SCHEMA = "workplace-sync/person/1"

_HEADINGS = {
    "desired": "On the union's rosters, as last read",
    "consent_event": "Consent on record",
    "presence": "Seen in groups",
    "departure": "Gone from groups without our doing",
    "departure_event": "Confirmed as gone, with the cause as judged",
    "change": "Decisions in plans",
    "operation": "Operations",
    "invitation": "Invitations",
    "legal_hold": "Legal holds",
    "webhook_hint": "What the platform's webhooks said",
}


@dataclass(frozen=True, slots=True)
class AccessReport:
    """What was written: the files, how many entries and how many rows by table they show."""

    files: tuple[Path, ...]
    entries: int
    rows: dict[str, int]


def give_access(office: Office, address: str, folder: Path, *, recipient: str) -> AccessReport:
    """Write all that is held on a person into a new folder that its owner alone can read, and log that it was done.

    Raises UsageError where the folder is there already or cannot be made.
    """
    key = key_of(address)
    story = story_of(office, key)
    with office.database.connect() as connection:
        held = store.identify(connection, key)
        rows = store.rows_about(connection, held)
        entries = list(_entries(connection, held))
        others = [seq for seq in store.residue(connection, held).entries if seq not in {one.seq for one in entries}]
    now = office.now()
    whole = json.dumps(_as_json(key, now, story, rows, entries, others), default=_plain, indent=2, ensure_ascii=False)
    text = "\n".join(_as_text(key, now, story, rows, others)) + "\n"
    files = _write(folder, {"person.json": whole + "\n", "person.txt": text})
    counts = {name: len(found) for name, found in rows.items()}
    _log(office, key, now, recipient, whole, len(entries), counts)
    return AccessReport(files, len(entries), counts)


def _entries(connection: Connection, held: store.Held) -> Iterator[audit.AuditRow]:
    for key in held.keys:
        yield from audit.iterate_entries(connection, audit.AuditFilter(subject=key))


def _as_json(
    key: str,
    now: datetime,
    story: Sequence[Chapter],
    rows: Mapping[str, list[dict[str, object]]],
    entries: Sequence[audit.AuditRow],
    others: Sequence[int],
) -> dict[str, object]:
    shown = ("seq", "at", "kind", "group", "subject", "actor", "outcome", "data")
    return {
        "schema": SCHEMA,
        "address": key,
        "written_at": now,
        "story": [
            {"at": c.at, "group": c.group, "kind": c.kind, "sentence": c.sentence, "entry": c.seq, "rules": _rules(c)}
            for c in story
        ],
        "tables": {name: [_opened(row) for row in found] for name, found in rows.items()},
        "entries": [{name: getattr(one, name) for name in shown} for one in entries],
        "named_in_entries_about_others": list(others),
    }


def _rules(chapter: Chapter) -> list[dict[str, object]]:
    names = ("cite", "title", "message", "source", "url", "in_force_from")
    return [{name: getattr(rule, name) for name in names} for rule in chapter.rules]


def _opened(row: Mapping[str, object]) -> dict[str, object]:
    """Return the row, a change's line read as the JSON that it is."""
    return {name: json.loads(str(value)) if name == "body" else value for name, value in row.items()}


def _as_text(
    key: str,
    now: datetime,
    story: Sequence[Chapter],
    rows: Mapping[str, list[dict[str, object]]],
    others: Sequence[int],
) -> Iterator[str]:
    yield f"Everything held on {key}, as of {now:%Y-%m-%d %H:%M} UTC. person.json has the same for programs, in full."
    yield from ("", "What happened, oldest first", "")
    if not story:
        yield "  Nothing is on record."
    for chapter in story:
        entry = f" (entry {chapter.seq} of the evidence log)" if chapter.seq is not None else ""
        yield f"  {chapter.at:%Y-%m-%d %H:%M:%S}  {chapter.group}  {chapter.sentence}{entry}"
        yield from (f"      rule {rule.cite}: {rule.message} ({rule.source})" for rule in chapter.rules)
    for name, found in rows.items():
        yield from ("", _HEADINGS.get(name, name), "")
        for row in found:
            yield "  " + "; ".join(
                f"{title}: {_shown(value)}" for title, value in row.items() if value not in ("", None)
            )
    if others:
        yield from ("", "Named in entries about others, or as the one who acted", "")
        yield "  entries " + ", ".join(map(str, others))


def _shown(value: object) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return dict(value) if isinstance(value, Mapping) else str(value)


def _write(folder: Path, texts: Mapping[str, str]) -> tuple[Path, ...]:
    try:
        folder.mkdir(mode=0o700, parents=True)
        for name, text in texts.items():
            handle = os.open(folder / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
    except FileExistsError:
        raise UsageError(f"{folder} exists already.", hint="Choose a folder that does not exist.") from None
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}.", hint="Check the rights.") from None
    return tuple(folder / name for name in texts)


def _log(
    office: Office, key: str, now: datetime, recipient: str, whole: str, entries: int, rows: Mapping[str, int]
) -> None:
    with office.log.transaction() as transaction:
        transaction.log(
            Record(
                kind=Kind.ACCESS_GIVEN,
                at=now,
                subject=key,
                actor=office.actor,
                outcome="given",
                data={
                    "entries": entries,
                    "recipient": recipient,
                    "rows": dict(rows),
                    "sha256": hashlib.sha256(whole.encode()).hexdigest(),
                },
            )
        )
