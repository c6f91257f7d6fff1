"""Taking entries out of the audit log, as a file of rows: who took which is an entry of the log itself."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator

from workplace_sync.evidence.entry import JsonValue, Kind, Record
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.sentences import sentence_of
from workplace_sync.roster.values import safe_cell
from workplace_sync.store.audit import AuditRow
from workplace_sync.store.audit_search import Search, every

FORMS = ("csv", "json")
TITLES = ("entry", "at", "kind", "group", "person", "by", "outcome", "what")

Shown = Callable[[AuditRow], str]
"""Returns the person of an entry as the reader may see them."""


def export(office: Office, search: Search, form: str, shown: Shown) -> Iterator[str]:
    """Record that these entries are taken out, and return them as the text of a file, "csv" or "json", piece by piece.

    It holds what was in the log before that record, newest first. Raises ValueError for another form.
    """
    if form not in FORMS:
        raise ValueError("an export is csv or json")
    upto = _record(office, search, form)
    rows = every(office.database, search, upto)
    return _csv(rows, shown) if form == "csv" else _json(rows, shown)


def _record(office: Office, search: Search, form: str) -> int:
    data: dict[str, JsonValue] = {
        "form": form,
        "groups": None if search.groups is None else list(search.groups),
        "kind": search.kind,
        "outcome": search.outcome,
        "rules": list(search.rules),
        "since": search.since.isoformat() if search.since else None,
        "until": search.until.isoformat() if search.until else None,
    }
    with office.log.transaction() as transaction:
        upto = transaction.place()
        transaction.log(
            Record(
                kind=Kind.AUDIT_EXPORTED,
                at=office.now(),
                subject=search.subject or "",
                actor=office.actor,
                outcome="exported",
                data=data | {"size": upto},
            )
        )
    return upto


def _csv(rows: Iterable[AuditRow], shown: Shown) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text)
    yield "\ufeff"  # by which a spreadsheet knows the text for UTF-8
    writer.writerow(TITLES)
    for row in rows:
        told = (row.seq, f"{row.at:%Y-%m-%d %H:%M:%S}", row.kind, row.group, shown(row), row.actor, row.outcome)
        writer.writerow([safe_cell(cell) for cell in (*told, sentence_of(row))])
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def _json(rows: Iterable[AuditRow], shown: Shown) -> Iterator[str]:
    yield '{"schema":"audit-export/1","entries":['
    between = "\n"
    for row in rows:
        told = {"entry": row.seq, "at": row.at.isoformat(), "kind": row.kind, "group": row.group, "person": shown(row)}
        told |= {"by": row.actor, "outcome": row.outcome, "what": sentence_of(row), "data": row.data}
        yield between + json.dumps(told | {"erased": row.erased}, ensure_ascii=False, default=dict)
        between = ",\n"
    yield "\n]}\n"
