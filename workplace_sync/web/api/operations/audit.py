"""The membership audit log: entries, and the proof that each is in it."""

import base64
from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from workplace_sync.evidence.entry import Kind
from workplace_sync.jobs.consent import key_of
from workplace_sync.jobs.limits import SEARCH
from workplace_sync.jobs.sentences import sentence_of
from workplace_sync.store.audit import AuditRow
from workplace_sync.store.audit_search import page as page_of_log
from workplace_sync.web.api.calling import (
    AT_ONCE,
    V1,
    Called,
    Cursor,
    Day,
    Seq,
    Word,
    list_at,
    next_page,
    went_before,
)
from workplace_sync.web.api.parts import Listing, Part, PersonShown, Wanted, person_in
from workplace_sync.web.console.asking import Ask
from workplace_sync.web.console.keeping import rule_texts
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.references import reference
from workplace_sync.web.console.sight import in_full
from workplace_sync.web.console.views.audit import Wanted as Asked
from workplace_sync.web.console.views.audit import entry_seen, search_of

_AT = f"{V1}/audit"


class AuditEntry(Part):
    """An entry of the log. Of one whose content was erased only number and time are left."""

    seq: int
    at: datetime
    kind: str
    group: str
    person: PersonShown | None
    by: str
    outcome: str
    sentence: str
    erased: bool


class RuleThen(Part):
    """A rule as it was in force then."""

    cite: str
    policy_title: str
    title: str
    message: str
    source: str
    url: str
    in_force_from: str


class WholeEntry(AuditEntry):
    """An entry with what else is on record, and the rules behind it."""

    data: dict[str, str | int | bool]
    rules: list[RuleThen]


class EntryProof(Part):
    """The proof (c2sp.org/tlog-proof) that an entry is in the log.

    `entry` is the leaf in base64 and names nobody. `opening` is its readable content in base64; null where it was
    erased, and for those who need not see whom it is about.
    """

    seq: int
    origin: str
    key_fingerprint: str
    proof: str
    entry: str
    opening: str | None


class EntriesWanted(Wanted):
    """Whose entries are asked for, by their address, and of which kind."""

    address: Annotated[str, Field(min_length=1, max_length=320)]
    group: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    kind: Kind | None = None


class EntriesAsked(BaseModel):
    """Which entries are asked for, and which page of them.

    `until` is the last day; `rule` is like union-consent@3/consent, `person` a reference from an answer before.
    """

    model_config = ConfigDict(frozen=True)

    group: Word = ""
    kind: Kind | None = None
    outcome: Word = ""
    rule: Word = ""
    since: Day = ""
    until: Day = ""
    person: Annotated[str, Field(max_length=1_000, pattern=r"^[A-Za-z0-9_-]*$")] = ""
    cursor: Cursor = ""
    limit: Annotated[int, Field(ge=1, le=200)] = AT_ONCE


@page(_AT, Permission.AUDIT_READ, api=True)
def list_entries(ask: Called, asked: Annotated[EntriesAsked, Query()]) -> Listing[AuditEntry]:
    """List entries, newest first."""
    wanted = Asked(**asked.model_dump(exclude={"cursor", "limit", "kind"}), kind=asked.kind or "")
    place = went_before(ask, asked.cursor)
    return _page(ask, wanted, int(place) if place else None, asked.limit, "")


@page(f"{_AT}/search", Permission.AUDIT_READ, method="POST", api=True)
def search_entries(ask: Called, wanted: EntriesWanted) -> Listing[AuditEntry]:
    """List the entries about a person, newest first; `next` goes on at GET with the same group and kind, and the person's reference."""
    ask.limited(SEARCH)
    named = reference(ask, key_of(wanted.address.strip()))
    given = Asked(group=wanted.group, kind=wanted.kind or "", person=named)
    return _page(ask, given, None, AT_ONCE, list_at(_AT, given.given()))


@page(f"{_AT}/{{seq}}", Permission.AUDIT_READ, api=True)
def get_entry(ask: Called, seq: Seq) -> WholeEntry:
    """Tell an entry whole: what, who, and under which rules."""
    row = entry_seen(ask, seq)
    if row.subject:
        ask.noted_read("audit entry", row.group, [row.subject])
    cites = row.data.get("rules", [])
    texts = rule_texts(ask).find(
        str(row.data.get("policy_revision", "")), [str(cite) for cite in cites] if isinstance(cites, list) else []
    )
    data = {name: value for name, value in row.data.items() if isinstance(value, str | int)}
    return WholeEntry.model_validate(_entry(ask, row) | {"data": data, "rules": texts})


@page(f"{_AT}/{{seq}}/proof", Permission.AUDIT_READ, api=True)
def get_proof(ask: Called, seq: Seq) -> EntryProof:
    """Prove that an entry is in the log, to anybody who has the log's key."""
    row, log = entry_seen(ask, seq), ask.app.log
    opening = log.opening(seq) if in_full(ask, row.group) or not row.subject else None
    if opening is not None and row.subject:
        ask.noted_read("audit opening", row.group, [row.subject])
    return EntryProof(
        seq=seq,
        origin=log.origin,
        key_fingerprint=log.verifier.fingerprint,
        proof=log.inclusion_proof(seq),
        entry=base64.b64encode(log.entry(seq)).decode(),
        opening=None if opening is None else base64.b64encode(opening).decode(),
    )


def _page(ask: Ask, wanted: Asked, before: int | None, limit: int, of: str) -> Listing[AuditEntry]:
    search = search_of(ask, wanted)
    with ask.app.database.connect() as connection:
        found = page_of_log(connection, search, before=before, limit=limit)
    ask.noted_read("audit log", wanted.group, [search.subject or ""])
    return Listing(
        items=[AuditEntry.model_validate(_entry(ask, row)) for row in found.rows],
        next=next_page(ask, "" if found.older is None else str(found.older), of=of),
    )


def _entry(ask: Ask, row: AuditRow) -> dict[str, object]:
    return {
        "seq": row.seq,
        "at": row.at,
        "kind": row.kind,
        "group": row.group,
        "person": person_in(ask, row.subject, row.group),
        "by": row.actor,
        "outcome": row.outcome,
        "sentence": "" if row.erased else sentence_of(row),
        "erased": row.erased,
    }
