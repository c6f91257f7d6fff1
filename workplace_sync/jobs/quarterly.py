"""The quarterly report: make it, publish it, keep what left, and tell later whether a file is one that was published.

The employer's version of a quarter is published once, when the quarter is over: what came later is told by later ones, which
are gated against it. Asked for again, it is written again as it was. The committee's is made anew each time.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection

from workplace_sync.cases.gate_text import leaving
from workplace_sync.cases.quarter import Quarter
from workplace_sync.cases.release import Release, parse_release
from workplace_sync.cases.report import Report, Table, Version
from workplace_sync.cases.report_cases import CaseFile
from workplace_sync.cases.report_committee import committee_report
from workplace_sync.cases.report_employer import employer_report
from workplace_sync.cases.report_groups import GroupFigures
from workplace_sync.cases.word_back import draft_email, draft_post
from workplace_sync.errors import BusyError, EvidenceError, StoreError, UsageError
from workplace_sync.evidence.entry import JsonValue, Kind, Record
from workplace_sync.jobs.case_desk import CaseDesk
from workplace_sync.jobs.case_steps import writing
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.plan import Rules
from workplace_sync.jobs.quarterly_groups import group_figures
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.papers.quarterly import quarterly_files
from workplace_sync.store import audit, cases, reports
from workplace_sync.store.audit import AuditFilter
from workplace_sync.store.reports import KeptReport

TEXTS = "texts"
"""The key of the table that holds the texts which officers approved to leave."""


@dataclass(frozen=True, slots=True)
class Published:
    """A report with its files by their endings (`html`), and the entry of the log that holds their hashes.

    `new` is false where the same was published before.
    """

    report: Report
    files: Mapping[str, bytes]
    entry: int
    new: bool


@dataclass(frozen=True, slots=True)
class Logged:
    """A file of a report, as the evidence log has it. `form` is its ending."""

    entry: int
    at: datetime
    by: str
    quarter: str
    version: str
    digest: str
    form: str


@dataclass(frozen=True, slots=True)
class _Made:
    """A report; where it is new and the employer's, what leaves with it, and the quarter of the one it was gated against."""

    report: Report
    release: bytes = b""
    after: str = ""


def publish_report(
    desk: CaseDesk,
    quarter: Quarter,
    version: Version,
    groups: Iterable[ManagedGroup],
    rules: Rules,
    *,
    pdf: bool = True,
) -> Published:
    """Publish a quarter's report: log the hashes of its files, keep what left, and return them.

    Without `pdf` no PDF is made. Raises CaseError for somebody who may not see cases; UsageError where the quarter has not
    begun, or the employer's version would leave before it is over, or after that of a later quarter; SettingsError without
    the extra `pdf`.
    """
    desk.require_sight()
    if desk.office.now() < quarter.begins_at:
        raise UsageError(f"The quarter {quarter} has not begun.", hint="Nothing can be said of it yet.")
    with desk.office.database.connect() as connection:
        kept = reports.newest(connection, str(quarter), version)
        if version is Version.EMPLOYER and kept is not None:
            made = _Made(parse_report(kept.content), kept.release)
        else:
            made = _make(desk, connection, quarter, version, groups, rules)
    files = quarterly_files(made.report, ends_at=quarter.ends_at, pdf=pdf)
    hashes = {form: sha256(content).hexdigest() for form, content in files.items()}
    known = {
        one.form: one for one in logged_files(desk.office) if one.form in hashes and one.digest == hashes[one.form]
    }
    if known.keys() == hashes.keys():
        return Published(made.report, files, max(one.entry for one in known.values()), new=False)
    return Published(made.report, files, _log(desk, made, hashes), new=True)


def verify_report(office: Office, content: bytes) -> Logged:
    """Return what the evidence log says of a report's file; raises EvidenceError where it is none that was logged."""
    digest = sha256(content).hexdigest()
    found = next((one for one in logged_files(office) if one.digest == digest), None)
    if found is None:
        raise EvidenceError(
            "This file is none of the reports that were logged.",
            hint="It was changed, or is no report of this union's. Ask for the file anew, and compare its SHA-256.",
        )
    return found


def logged_files(office: Office) -> list[Logged]:
    """Return every file of every report that was logged, oldest first; raises EvidenceError for an altered entry."""
    with office.database.connect() as connection:
        rows = list(audit.iterate_entries(connection, AuditFilter(kind=Kind.REPORT_PUBLISHED)))
    return [
        Logged(row.seq, row.at, row.actor, str(row.data["quarter"]), str(row.data["version"]), str(digest), form)
        for row in rows
        for form, digest in _hashes(row.data["files"]).items()
    ]


def list_reports(desk: CaseDesk) -> list[KeptReport]:
    """Return the reports that were published, newest quarter first; raises CaseError as `publish_report` does."""
    desk.require_sight()
    with desk.office.database.connect() as connection:
        return reports.listed(connection)


def word_back(desk: CaseDesk, quarter: Quarter) -> Mapping[str, str]:
    """Return the drafts for members, by file name: a post for the group, and an e-mail with its subject in the first line.

    They hold what the employer's version holds, and nothing else. Raises UsageError before that was published, CaseError
    as `publish_report` does.
    """
    desk.require_sight()
    with desk.office.database.connect() as connection:
        kept = reports.newest(connection, str(quarter), Version.EMPLOYER)
    if kept is None:
        raise UsageError(
            f"The report of {quarter} for the employer was not published.",
            hint=f"Run `workplace-sync report quarterly {quarter}` first: members hear what the employer hears.",
        )
    report = parse_report(kept.content)
    subject, text = draft_email(report)
    return {
        f"word-back-{quarter}-post.txt": draft_post(report) + "\n",
        f"word-back-{quarter}-email.txt": f"Subject: {subject}\n\n{text}\n",
    }


def parse_report(content: bytes) -> Report:
    """Return the report that `Report.as_json` wrote; raises StoreError for anything else."""
    try:
        plain = json.loads(content)
        tables = tuple(
            Table(
                one["key"],
                one["title"],
                one["definition"],
                tuple(one["columns"]),
                tuple(tuple(row) for row in one["rows"]),
                one["series"],
            )
            for one in plain["tables"]
        )
        version, notes = Version(plain["version"]), tuple(plain["notes"])
        report = Report(plain["quarter"], version, plain["k"], plain["title"], notes, tables)
        same = report.as_json() == content
    except (KeyError, TypeError, ValueError):
        same = False
    if not same:
        raise StoreError("A report that was published cannot be read.", hint="Restore it from a backup.")
    return report


def _make(
    desk: CaseDesk,
    connection: Connection,
    quarter: Quarter,
    version: Version,
    groups: Iterable[ManagedGroup],
    rules: Rules,
) -> _Made:
    over = desk.office.now() >= quarter.ends_at
    texts = reports.texts(connection, str(quarter))
    files = [CaseFile(case, tuple(events)) for case, events in sorted(cases.events(connection).items())]
    approved = {one.digest for _, one in texts} if version is Version.EMPLOYER else None
    figures = [group_figures(connection, one, rules, quarter, approved) for one in groups]
    figures = [one for one in figures if _looked_at(one)]
    told = [leaving(text, one) for text, one in texts]
    if version is Version.COMMITTEE:
        report = committee_report(quarter, files, figures, desk.rulebook)
        if not over:
            report = replace(report, notes=(*report.notes, "The quarter was not over when this was written."))
        return _Made(_with_texts(report, told))
    if not over:
        raise UsageError(
            f"The quarter {quarter} is not over.",
            hint="The employer's version is published once, afterwards. `--for committee` shows how it stands now.",
        )
    earlier = _earlier(connection, quarter)
    report, release = employer_report(quarter, files, figures, desk.rulebook, earlier)
    return _Made(_with_texts(report, told), release.as_json(), earlier.period if earlier else "")


def _looked_at(group: GroupFigures) -> bool:
    """Whether anybody looked at a group in the quarter, or something is on record about it all the same."""
    return group.size_first is not None or any((group.methods, group.causes, group.incidents, group.blind))


def _earlier(connection: Connection, quarter: Quarter) -> Release | None:
    last = reports.last_release(connection)
    if last is None:
        return None
    if last[0] >= str(quarter):
        raise UsageError(
            f"The report of {last[0]} was published already.",
            hint="Quarters are published in their order: what an earlier one would say could undo a later one.",
        )
    return parse_release(last[1])


def _with_texts(report: Report, texts: Sequence[str]) -> Report:
    if not texts:
        return report
    table = Table(
        TEXTS,
        "In the union's words",
        "Texts that an officer has approved to leave the union.",
        ("text", "words"),
        tuple((str(number), text) for number, text in enumerate(texts, start=1)),
    )
    return replace(report, tables=(table, *report.tables))


def _log(desk: CaseDesk, made: _Made, hashes: Mapping[str, str]) -> int:
    report, at = made.report, desk.office.now()
    kept = KeptReport(report.quarter, report.version, report.digest, at, desk.actor, report.as_json(), made.release)
    data: dict[str, JsonValue] = {
        "digest": report.digest,
        "files": hashes,
        "quarter": report.quarter,
        "version": report.version.value,
    }
    with writing(desk) as transaction:
        entry = transaction.place()
        _require_still_first(transaction.connection, made)
        reports.put(transaction.connection, kept)
        transaction.log(Record(Kind.REPORT_PUBLISHED, at, actor=desk.actor, outcome="published", data=data))
    return entry


def _require_still_first(connection: Connection, made: _Made) -> None:
    """Raise BusyError where somebody published for the employer since this report was made: it is gated against too little."""
    last = reports.last_release(connection)
    kept = reports.newest(connection, made.report.quarter, Version.EMPLOYER)
    written_again = kept is not None and kept.digest == made.report.digest
    if made.release and not written_again and (last[0] if last else "") != made.after:
        raise BusyError("Somebody else has just published a report.", hint="Ask for it again.")


def _hashes(files: object) -> Mapping[str, str]:
    return {str(form): str(digest) for form, digest in files.items()} if isinstance(files, Mapping) else {}
