"""Quarterly reports: those that were published, a new one, and whether a file is one that was logged."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import File, Form, UploadFile
from markupsafe import Markup
from starlette.responses import Response

from workplace_sync.cases.quarter import Quarter
from workplace_sync.cases.report import Table, Version
from workplace_sync.errors import CaseError, EvidenceError, UsageError
from workplace_sync.jobs.case_desk import CaseDesk
from workplace_sync.jobs.quarterly import Published, parse_report, publish_report, verify_report, word_back
from workplace_sync.papers.pdf import has_pdf
from workplace_sync.papers.quarterly import chart_of, quarterly_files, said
from workplace_sync.store import reports as store
from workplace_sync.store.reports import KeptReport
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.case_room import officers_desk
from workplace_sync.web.console.pages import Menu, page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.refusal import not_found
from workplace_sync.web.console.views.audit import attached

_AT = "/reports"
_MEDIA: Mapping[str, str] = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
_LATEST = 8  # quarters that can be chosen


@page(_AT, Permission.CASE_FIGURES_READ, menu=Menu("Reports", 65), help="reports")
def reports(ask: Asked) -> Response:
    """List what was published, newest quarter first."""
    return _list(ask)


@page(_AT, Permission.CASES, method="POST", help="reports")
def make(ask: Asked, quarter: Annotated[str, Form()] = "", version: Annotated[str, Form()] = "") -> Response:
    """Make a quarter's report and log its hashes; the employer's is published once, when the quarter is over."""
    if version not in set(Version):
        raise UsageError("Say for whom the report is.", hint="The employer, or the committee.")
    try:
        made = _published(ask, officers_desk(ask), Quarter.parse(quarter), Version(version))
    except (CaseError, UsageError) as error:
        return ask.done(f"{error.message} {error.hint}".strip(), _AT, kind="fault")
    told = (
        "The report is made, and its hashes are in the log." if made.new else "It was published before, as it is here."
    )
    return ask.done(told, f"{_AT}/{made.report.quarter}/{made.report.version.value}")


@page(f"{_AT}/verify", Permission.CASE_FIGURES_READ, method="POST", help="reports", uploads=True)
def verify(ask: Asked, file: Annotated[UploadFile | None, File()] = None) -> Response:
    """Say whether a file is one of the reports that were logged, byte for byte. It is not kept."""
    content = file.file.read() if file is not None else b""
    if not content:
        return _list(ask, fault="No file was chosen, or it is empty.")
    try:
        found = verify_report(ask.app.office, content)
    except EvidenceError as error:
        return _list(ask, fault=f"{error.message} {error.hint}")
    told = f"It is the report of {found.quarter} for the {found.version}, as {found.by} had it logged"
    return _list(ask, done=f"{told} on {found.at:%Y-%m-%d %H:%M} UTC (entry {found.entry}).")


@page(f"{_AT}/{{quarter}}/{{version}}", Permission.CASE_FIGURES_READ, help="reports")
def report(ask: Asked, quarter: str, version: str) -> Response:
    """Show a report as it was published last, with the drafts for members beside the employer's."""
    kept = _kept(ask, quarter, version)
    found = parse_report(kept.content)
    drafts: Mapping[str, str] = {}
    if kept.version == Version.EMPLOYER and ask.may(Permission.CASES):
        drafts = word_back(officers_desk(ask), Quarter.parse(quarter))
    return ask.show(
        "report.html",
        title=f"Report of {kept.quarter}",
        crumbs=[("Reports", _AT)],
        kept=kept,
        report=found,
        tables=[(table, _chart(table), _numbers(table)) for table in found.tables],
        forms=_forms(),
        drafts=drafts,
        said=said,
    )


@page(f"{_AT}/{{quarter}}/{{version}}/{{form}}", Permission.CASE_FIGURES_READ, help="reports")
def report_file(ask: Asked, quarter: str, version: str, form: str) -> Response:
    """Hand out a report as a file, with the bytes that the log has the hash of."""
    kept = _kept(ask, quarter, version)
    if form not in _forms():
        raise not_found()
    found, ends_at = parse_report(kept.content), Quarter.parse(kept.quarter).ends_at
    content = quarterly_files(found, ends_at=ends_at, pdf=form == "pdf")[form]
    name = f"quarterly-{kept.quarter}-{kept.version}.{form}"
    return Response(content, media_type=_MEDIA[form], headers=attached(name))


def _forms() -> list[str]:
    return [form for form in _MEDIA if form != "pdf" or has_pdf()]


def _list(ask: Ask, *, fault: str = "", done: str = "") -> Response:
    with ask.app.database.connect() as connection:
        found = store.listed(connection)
    now = Quarter.of(ask.app.now())
    number = now.year * 4 + now.number - 1
    quarters = [Quarter(at // 4, at % 4 + 1) for at in range(number, number - _LATEST, -1)]
    return ask.show(
        "reports.html",
        title="Reports",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK,
        reports=found,
        quarters=[str(one) for one in quarters],
        last=str(quarters[1]),
        may_make=ask.may(Permission.CASES),
        fault=fault,
        done=done,
    )


def _published(ask: Ask, desk: CaseDesk, quarter: Quarter, version: Version) -> Published:
    groups = [one.managed for _, one in sorted(ask.console.groups().items())]
    return publish_report(desk, quarter, version, groups, ask.console.rules(), pdf=has_pdf())


def _kept(ask: Ask, quarter: str, version: str) -> KeptReport:
    with ask.app.database.connect() as connection:
        found = store.newest(connection, quarter, version)
    if found is None:
        raise UsageError("There is no such report.", hint="The list of reports has those that were published.")
    return found


def _chart(table: Table) -> Markup:
    return Markup(chart_of(table, table.title))  # noqa: S704 - made by us, with every text in it escaped


def _numbers(table: Table) -> list[str]:
    """Return the columns as the table's macro takes them: one that holds numbers begins with #."""
    held = {
        place
        for row in table.rows
        for place, cell in enumerate(row)
        if place and (cell is None or isinstance(cell, int))
    }
    return [f"{'#' if place in held else ''}{column or 'What'}" for place, column in enumerate(table.columns)]
