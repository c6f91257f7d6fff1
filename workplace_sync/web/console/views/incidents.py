"""Incidents: who was removed by others when, how they had come in, which rules there were, and the papers to hand out."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated

from fastapi import Form, Query
from starlette.responses import Response

from workplace_sync.cases.incident import Engagement
from workplace_sync.errors import UsageError
from workplace_sync.groups import GroupFile
from workplace_sync.jobs.bundle import make_bundle, record_bundle
from workplace_sync.jobs.incident_file import IncidentFile, read_file
from workplace_sync.jobs.incident_papers import incident_papers, incident_statement
from workplace_sync.jobs.incidents import add_note, close_incident
from workplace_sync.jobs.plan import Rules
from workplace_sync.papers import statement as paper
from workplace_sync.papers.pdf import has_pdf
from workplace_sync.store import histories
from workplace_sync.store import incidents as store
from workplace_sync.store.incidents import Incident, Removed
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.charts import Chart, line_chart
from workplace_sync.web.console.keeping import kept
from workplace_sync.web.console.pages import Menu, page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.references import person_path
from workplace_sync.web.console.refusal import not_found
from workplace_sync.web.console.sight import groups_seen, in_full, person_shown, sees
from workplace_sync.web.console.views.audit import attached

_AT = "/incidents"
_AROUND = timedelta(weeks=4)
_AT_ONCE = 50
_MEDIA: Mapping[str, str] = {
    "txt": "text/plain; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
}


class Files:
    """The files of the incidents looked at last: one of thousands of people takes a moment to put together."""

    def __init__(self, ask: Ask) -> None:
        self._office = ask.app.office
        self._rules = ask.console.rules
        self._read = lru_cache(maxsize=8)(self._make)

    def of(self, incident: Incident, now: datetime) -> IncidentFile:
        """Return the file of an incident as it is, but for notes, up to a minute ago."""
        return self._read(incident, self._rules().policies.revision, now.replace(second=0, microsecond=0))

    def _make(self, incident: Incident, _revision: str, _minute: datetime) -> IncidentFile:
        return read_file(self._office, incident, self._rules())


@page(_AT, Permission.INCIDENTS_READ, menu=Menu("Incidents", 50), help="incidents")
def incidents(ask: Asked, group: str = "", state: str = "") -> Response:
    """List incidents, newest first: all, or those of a group, or those that nobody closed."""
    seen = groups_seen(ask)
    if group and not sees(seen, group):
        raise not_found()
    with ask.app.database.connect() as connection:
        found = store.listed(connection, group or None, still_open=state == "open")
    return ask.show(
        "incidents.html",
        title="Incidents",
        incidents=[one for one in found if sees(seen, one.group)],
        groups=sorted(ask.groups),
        group=group,
        state=state,
    )


@page(f"{_AT}/{{incident_id}}", Permission.INCIDENTS_READ, help="incidents")
def incident(
    ask: Asked, incident_id: str, page_at: Annotated[int, Query(alias="from", ge=0, le=10**9)] = 0
) -> Response:
    """Show the file of an incident; of those removed, fifty at a time."""
    found = incident_seen(ask, incident_id)
    file = kept(ask, Files, lambda: Files(ask)).of(found, ask.app.now())
    shown = file.people[page_at : page_at + _AT_ONCE]
    ask.noted_read("incident", found.group, [one.key for one in shown])
    with ask.app.database.connect() as connection:
        notes = store.notes(connection, found.id)
        sizes = histories.sizes_by_day(connection, found.group, found.began_at - _AROUND)
    at = f"{_AT}/{found.id}"
    return ask.show(
        "incident.html",
        title="Incident",
        crumbs=[("Incidents", _AT)],
        incident=found,
        file=file,
        notes=notes,
        chart=_chart(found, file, sizes),
        people=[_line(ask, one, found.group) for one in shown],
        first=page_at + 1,
        number=len(file.people),
        newer=f"{at}?from={max(0, page_at - _AT_ONCE)}#people" if page_at else "",
        older=f"{at}?from={page_at + _AT_ONCE}#people" if page_at + _AT_ONCE < len(file.people) else "",
        received=_received,
        configured=found.group in ask.groups,
        may_write=ask.may(Permission.INCIDENTS_WRITE, found.group),
        may_export=ask.may(Permission.AUDIT_EXPORT, found.group),
        may_name=in_full(ask, found.group),
    )


@page(f"{_AT}/{{incident_id}}/statement", Permission.ADDRESSES_READ, help="incidents")
def statement(ask: Asked, incident_id: str) -> Response:
    """Show how those removed had been added, in figures, with the whole statement to be taken along."""
    found = incident_seen(ask, incident_id)
    made = incident_statement(ask.app.office, _group(ask, found).managed, _rules(ask), found)
    return ask.show(
        "incident-statement.html",
        title="Statement",
        crumbs=[("Incidents", _AT), ("Incident", f"{_AT}/{found.id}")],
        incident=found,
        made=made,
        introduction=paper.introduction(made),
        platform=paper.platform_sentences(made),
        pdf=has_pdf(),
    )


@page(f"{_AT}/{{incident_id}}/statement.{{form}}", Permission.ADDRESSES_READ, help="incidents")
def statement_file(ask: Asked, incident_id: str, form: str) -> Response:
    """Hand out the statement as text, HTML or PDF; it names everybody."""
    found = incident_seen(ask, incident_id)
    if form not in _MEDIA or (form == "pdf" and not has_pdf()):
        raise not_found()
    made = incident_statement(ask.app.office, _group(ask, found).managed, _rules(ask), found)
    content: str | bytes = paper.statement_text(made)
    if form != "txt":
        content = paper.statement_html(made) if form == "html" else paper.statement_pdf(made)
    ask.noted_read("statement", found.group, [*(one.person for one in made.additions), *made.unrecorded])
    return Response(content, media_type=_MEDIA[form], headers=attached(f"statement-{found.id}.{form}"))


@page(f"{_AT}/{{incident_id}}/bundle", Permission.AUDIT_EXPORT, method="POST", help="incidents")
def bundle(
    ask: Asked,
    incident_id: str,
    recipient: Annotated[str, Form()] = "",
    purpose: Annotated[str, Form()] = "",
    basis: Annotated[str, Form()] = "",
) -> Response:
    """Hand out all that tells of an incident, for an outsider to verify; that it was is recorded first."""
    found = incident_seen(ask, incident_id)
    group = _group(ask, found).managed
    if not (recipient.strip() and purpose.strip() and basis.strip()):
        raise UsageError("Recipient, purpose and basis must be named.", hint="Go back and fill them in.")
    seqs, files = incident_papers(ask.app.office, group, _rules(ask), found)
    made = make_bundle(ask.desk, seqs, recipient=recipient, purpose=purpose, basis=basis, extra=files)
    record_bundle(ask.desk, made)
    with ask.app.database.connect() as connection:
        ask_keys = store.keys(connection, found.id)
    ask.noted_read("bundle", found.group, ask_keys)
    return Response(made.tar, media_type="application/x-tar", headers=attached(f"incident-{found.id}.tar"))


@page(f"{_AT}/{{incident_id}}/notes", Permission.INCIDENTS_WRITE, method="POST", help="incidents")
def note(ask: Asked, incident_id: str, text: Annotated[str, Form()] = "") -> Response:
    """Write a note into the file of an incident."""
    found = incident_seen(ask, incident_id)
    add_note(ask.desk, found, text)
    return ask.done("The note was written into the file, and into the log.", f"{_AT}/{found.id}")


@page(f"{_AT}/{{incident_id}}/close", Permission.INCIDENTS_WRITE, method="POST", help="incidents")
def close(ask: Asked, incident_id: str, outcome: Annotated[str, Form()] = "") -> Response:
    """Close an incident, saying how it ended."""
    found = incident_seen(ask, incident_id)
    close_incident(ask.desk, found, outcome)
    return ask.done("The incident is closed. Removals after this open a new one.", f"{_AT}/{found.id}")


def incident_seen(ask: Ask, incident_id: str) -> Incident:
    """Return an incident by its whole id, if it is one of a group of the visitor's."""
    with ask.app.database.connect() as connection:
        found = [one for one in store.find(connection, incident_id) if one.id == incident_id]
    if not found or not sees(groups_seen(ask), found[0].group):
        raise not_found()
    return found[0]


def _group(ask: Ask, found: Incident) -> GroupFile:
    if found.group not in ask.groups:
        raise UsageError(
            "The group of this incident is configured no more, so its statement cannot be made.",
            hint="Put its file back among the groups, and try again.",
        )
    return ask.groups[found.group]


def _rules(ask: Ask) -> Rules:
    return ask.console.rules()


def _line(ask: Ask, one: Removed, group: str) -> dict[str, object]:
    path = person_path(ask, one.key) if ask.may(Permission.PEOPLE_READ, group) else ""
    return {"one": one, "shown": person_shown(ask, one.key, group), "path": path}


def _chart(found: Incident, file: IncidentFile, sizes: list[tuple[datetime, int]]) -> Chart | None:
    shown = [(at, size) for at, size in sizes if at <= found.last_gone_at + _AROUND]
    bands = [(found.began_at, found.last_gone_at, "when they went")]
    ends = found.last_gone_at + _AROUND
    bands += [(one.blind.began_at, one.blind.ended_at or ends, "could not be seen") for one in file.blind]
    return line_chart("Members four weeks before and after", shown, bands=bands)


def _received(mean: Engagement) -> str:
    parts = (("seen by", mean.seen_tenths), ("reactions", mean.reactions_tenths), ("comments", mean.comments_tenths))
    told = [f"{word} {tenths / 10:,.1f}" for word, tenths in parts if tenths is not None]
    return f"on average {', '.join(told)}" if told else "the platform tells no counts"
