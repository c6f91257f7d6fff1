"""The membership audit log: what was done and seen, by whom and under which rule, to be searched, taken out and proved."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from workplace_sync.errors import SyncError
from workplace_sync.evidence.entry import Kind
from workplace_sync.jobs.audit_export import FORMS, export
from workplace_sync.jobs.consent import key_of
from workplace_sync.jobs.limits import SEARCH
from workplace_sync.jobs.sentences import sentence_of
from workplace_sync.store import audit
from workplace_sync.store.audit import AuditRow
from workplace_sync.store.audit_search import Search
from workplace_sync.store.audit_search import page as page_of_log
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.keeping import rule_texts
from workplace_sync.web.console.pages import Menu, page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.references import person_path, reference, referred
from workplace_sync.web.console.refusal import RefusalError, forbidden, not_found
from workplace_sync.web.console.sight import begin_of, day_asked, end_of, groups_seen, in_full, person_shown, sees

_AT = "/audit"
_LAST = 2**31 - 1
_LONGEST = 200
_FIELDS = {"group", "kind", "outcome", "rule", "since", "until", "person"}


class Wanted(BaseModel):
    """What the form of the page asks for, as its texts; `person` is a reference. `before` and `after` turn the pages."""

    model_config = ConfigDict(frozen=True)

    group: str = ""
    kind: str = ""
    outcome: str = ""
    rule: str = ""
    since: str = ""
    until: str = ""
    person: str = ""
    before: Annotated[int | None, Field(ge=0, le=_LAST)] = None
    after: Annotated[int | None, Field(ge=0, le=_LAST)] = None

    def given(self) -> dict[str, str]:
        """Return the fields that are filled in."""
        return {name: str(value) for name, value in self.model_dump(include=_FIELDS).items() if value}

    def address(self, **place: int) -> str:
        """Return the address of the page that asks for this, from a place of the list on."""
        query = urlencode(self.given() | {name: str(number) for name, number in place.items()})
        return f"{_AT}?{query}" if query else _AT


class Export(Wanted):
    """What to take out, and how: as "csv" or "json"."""

    form: str = "csv"


def search_of(ask: Ask, wanted: Wanted) -> Search:
    """Return the search that a form means, among what the visitor may see; refuses with 404 a group that is not theirs."""
    seen = groups_seen(ask)
    if wanted.group and not sees(seen, wanted.group):
        raise not_found()
    return Search(
        (wanted.group,) if wanted.group else seen,
        referred(ask, wanted.person) if wanted.person else None,
        _kind(wanted.kind),
        wanted.outcome.strip()[:_LONGEST] or None,
        cites_of(ask, wanted.rule.strip()[:_LONGEST]),
        begin_of(day_asked(wanted.since)),
        end_of(day_asked(wanted.until)),
    )


def _kind(text: str) -> Kind | None:
    if text and text not in set(Kind):
        raise RefusalError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "There is no such kind of entry.",
            hint="Go back, and choose one of the list.",
        )
    return Kind(text) if text else None


def cites_of(ask: Ask, rule: str) -> tuple[str, ...]:
    """Return the citations that are meant by a rule: itself, or of `policy/rule` those of all versions."""
    if not rule or "@" in rule:
        return (rule,) if rule else ()
    policy, _, name = rule.partition("/")
    known = tuple(f"{one.id}@{one.version}/{name}" for one in ask.console.rules().policies.versions(policy) if name)
    return known or (rule,)


@page(_AT, Permission.AUDIT_READ, menu=Menu("Audit log", 30), help="audit")
def audit_log(ask: Asked, wanted: Annotated[Wanted, Query()]) -> Response:
    """Show a page of the log, newest first."""
    search = search_of(ask, wanted)
    with ask.app.database.connect() as connection:
        found = page_of_log(connection, search, before=wanted.before, after=wanted.after)
    ask.noted_read("audit log", wanted.group, [search.subject or ""])
    return ask.show(
        "audit.html",
        title="Audit log",
        wanted=wanted,
        person=search.subject or "",
        rows=[_line(ask, row) for row in found.rows],
        older="" if found.older is None else wanted.address(before=found.older),
        newer="" if found.newer is None else wanted.address(after=found.newer),
        groups=sorted(ask.groups),
        kinds=[(each.value, each.value.replace(".", ": ").replace("_", " ")) for each in sorted(Kind)],
        rules=_rules(ask),
        may_export=ask.may(Permission.AUDIT_EXPORT, wanted.group or None),
        shown=lambda key: person_shown(ask, key, wanted.group),
    )


@page(f"{_AT}/person", Permission.AUDIT_READ, method="POST", help="audit")
def find_person(ask: Asked, address: Annotated[str, Form()] = "") -> Response:
    """Go on to the entries about a person, whose address is in no address of ours."""
    ask.limited(SEARCH)
    return ask.done("", Wanted(person=reference(ask, key_of(address.strip()))).address())


@page(f"{_AT}/export", Permission.AUDIT_EXPORT, method="POST", help="audit")
def export_log(ask: Asked, wanted: Annotated[Export, Form()]) -> Response:
    """Hand out what the form asks for as a file, and record that it was."""
    if wanted.form not in FORMS:
        raise not_found()
    search = search_of(ask, wanted)
    ask.noted_read("audit export", wanted.group, [search.subject or ""])
    pieces = export(ask.desk, search, wanted.form, lambda row: person_shown(ask, row.subject, row.group))
    name = f"audit-{ask.app.now():%Y-%m-%d}.{wanted.form}"
    media = "text/csv; charset=utf-8" if wanted.form == "csv" else "application/json"
    return StreamingResponse(pieces, media_type=media, headers=attached(name))


@page(f"{_AT}/{{seq}}", Permission.AUDIT_READ, help="audit")
def entry(ask: Asked, seq: int) -> Response:
    """Show one entry whole: what, who, under which rules, and how to prove it."""
    row = entry_seen(ask, seq)
    if row.subject:
        ask.noted_read("audit entry", row.group, [row.subject])
    cites = row.data.get("rules", [])
    texts = rule_texts(ask).find(
        str(row.data.get("policy_revision", "")), [str(cite) for cite in cites] if isinstance(cites, list) else []
    )
    return ask.show(
        "audit-entry.html",
        title=f"Entry {seq:,}",
        crumbs=[("Audit log", _AT)],
        row=row,
        sentence=sentence_of(row),
        shown=person_shown(ask, row.subject, row.group),
        person=person_path(ask, row.subject)
        if row.subject and ask.may(Permission.PEOPLE_READ, row.group or None)
        else "",
        rules=texts,
        in_full=in_full(ask, row.group) or not row.subject,
        links=_links(ask, row.data),
        origin=ask.app.log.origin,
        fingerprint=ask.app.log.verifier.fingerprint,
    )


@page(f"{_AT}/{{seq}}/proof", Permission.AUDIT_READ, help="audit")
def proof(ask: Asked, seq: int) -> Response:
    """Hand out the proof that an entry is in the log (c2sp.org/tlog-proof); it names nobody."""
    entry_seen(ask, seq)
    return PlainTextResponse(ask.app.log.inclusion_proof(seq), headers=attached(f"{seq}.tlog-proof"))


@page(f"{_AT}/{{seq}}/leaf", Permission.AUDIT_READ, help="audit")
def leaf(ask: Asked, seq: int) -> Response:
    """Hand out the entry as it lies in the log; it names nobody."""
    entry_seen(ask, seq)
    return Response(ask.app.log.entry(seq), media_type="application/octet-stream", headers=attached(f"{seq}.entry"))


@page(f"{_AT}/{{seq}}/opening", Permission.AUDIT_READ, help="audit")
def opening(ask: Asked, seq: int) -> Response:
    """Hand out the readable content of an entry, which names the person it is about."""
    row = entry_seen(ask, seq)
    if row.subject and not in_full(ask, row.group):
        raise forbidden()
    found = ask.app.log.opening(seq)
    if found is None:
        raise not_found()
    ask.noted_read("audit opening", row.group, [row.subject])
    return Response(found, media_type="application/octet-stream", headers=attached(f"{seq}.opening"))


def attached(name: str) -> dict[str, str]:
    """Return the headers of a file to be kept, not shown."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def entry_seen(ask: Ask, seq: int) -> AuditRow:
    """Return an entry, if it is one that the visitor may see."""
    with ask.app.database.connect() as connection:
        row = audit.entry(connection, seq) if 0 <= seq <= _LAST else None
    if row is None or not sees(groups_seen(ask), row.group):
        raise not_found()
    return row


def _line(ask: Ask, row: AuditRow) -> dict[str, object]:
    return {
        "row": row,
        "sentence": sentence_of(row),
        "shown": person_shown(ask, row.subject, row.group),
        "person": person_path(ask, row.subject) if row.subject else "",
    }


def _links(ask: Ask, data: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the pages about what an entry names."""
    found = []
    if isinstance(plan := data.get("plan"), str) and ask.may(Permission.PLANS_READ):
        found.append(("The plan", f"/plans/{plan}"))
    if isinstance(incident := data.get("incident"), str) and incident and ask.may(Permission.INCIDENTS_READ):
        found.append(("The incident", f"/incidents/{incident}"))
    return found


def _rules(ask: Ask) -> list[str]:
    """Return the rules of the shelves to choose from; none where the files cannot be read, which their own page tells."""
    try:
        policies = ask.console.rules().policies.policies
    except SyncError:
        return []
    return sorted({f"{policy.id}/{rule.id}" for policy in policies for rule in policy.document.all_rules})
