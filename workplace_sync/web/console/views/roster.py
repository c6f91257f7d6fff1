"""A group's roster: hand in a new file, see what is wrong with it and what it would change, then take it."""

from pathlib import PurePath
from typing import Annotated

from fastapi import File, Form, UploadFile
from starlette.responses import Response

from workplace_sync.errors import ExitCode
from workplace_sync.groups import FileSource
from workplace_sync.jobs.roster_change import RosterChange, roster_change
from workplace_sync.jobs.rosters import import_rosters
from workplace_sync.jobs.running import Verb
from workplace_sync.roster.readers import read_roster
from workplace_sync.store import roster as store
from workplace_sync.store.roster_file import replaced
from workplace_sync.store.uploads import Upload, UploadFolder
from workplace_sync.web.console import work
from workplace_sync.web.console.asking import Ask, Asked
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.refusal import not_found

_KINDS = {".csv": "a CSV file", ".xlsx": "an Excel workbook (.xlsx)"}
_LONGEST_NAME = 100
_PACKED = b"PK\x03\x04"


@page("/roster/{group}", Permission.ROSTER_UPLOAD, group="group", help="roster")
def roster(ask: Asked, group: str) -> Response:
    """Show where a group's roster comes from, and take a new file."""
    found = ask.groups[group]
    with ask.app.database.connect() as connection:
        files = [
            (number, source, store.last_import(connection, group, str(source.path)))
            for number, source in enumerate(found.sources)
            if isinstance(source, FileSource)
        ]
    return ask.show(
        "roster.html",
        title="Roster",
        crumbs=[(found.managed.title, f"/groups/{group}")],
        managed=found.managed,
        files=files,
        others=len(found.sources) - len(files),
        kinds=_KINDS,
        limit=ask.app.settings.console_upload_limit,
    )


@page("/roster/{group}", Permission.ROSTER_UPLOAD, method="POST", group="group", help="roster", uploads=True)
def upload(
    ask: Asked,
    group: str,
    file: Annotated[UploadFile | None, File()] = None,
    source: Annotated[int, Form(ge=0, le=100)] = 0,
) -> Response:
    """Keep a file that was handed in, and go on to what it would change; nothing is changed by that."""
    wanted = _source(ask, group, source)
    content = file.file.read() if file is not None else b""
    if file is None or not content:
        return ask.done("No file was chosen, or it is empty. Nothing was changed.", f"/roster/{group}", kind="fault")
    name = PurePath((file.filename or "").replace("\\", "/")).name[:_LONGEST_NAME]
    if fault := _wrong_kind(wanted, name, content):
        return ask.done(f"{fault} Nothing was changed.", f"/roster/{group}", kind="fault")
    kept = _folder(ask).keep(
        content,
        upload_id=ask.app.new_id(),
        by=ask.visitor.name,
        group=group,
        source=str(wanted.path),
        name=name,
        at=ask.app.now(),
    )
    return ask.done("", f"/roster/{group}/{kept.id}")


@page("/roster/{group}/{upload_id}", Permission.ROSTER_UPLOAD, group="group", help="roster")
def preview(ask: Asked, group: str, upload_id: str) -> Response:
    """Show what is wrong with a file that was handed in, line by line, and what it would change."""
    kept, source = _kept(ask, group, upload_id)
    change = _change(ask, kept, source)
    ask.noted_read("roster preview", group)
    return ask.show(
        "roster-preview.html",
        title="What would change",
        crumbs=[(ask.groups[group].managed.title, f"/groups/{group}"), ("Roster", f"/roster/{group}")],
        group=group,
        upload=kept,
        source=source,
        change=change,
        usable=_usable(change, source),
        skipped=source.skip_faulty_rows,
    )


@page("/roster/{group}/{upload_id}", Permission.ROSTER_UPLOAD, method="POST", group="group", help="roster")
def take(ask: Asked, group: str, upload_id: str, sure: Annotated[str, Form()] = "") -> Response:
    """Take a file that was handed in: put it in the place of the former one and read it in, or do neither."""
    kept, source = _kept(ask, group, upload_id)
    at = f"/roster/{group}/{upload_id}"
    if sure != "yes":
        return ask.done("Nothing was changed.", at, kind="warning")
    if not _usable(_change(ask, kept, source), source):
        return ask.done("This file cannot be taken as it is. Nothing was changed.", at, kind="fault")
    found = ask.groups[group]
    target = ask.app.settings.home / source.path
    with work.holding(ask, group, Verb.IMPORT) as run:
        with (
            replaced(target, kept.path, ask.app.now()) as former,
            ask.app.platform(found) as platform,
            ask.app.sources(found, platform) as sources,
        ):
            report = import_rosters(run.office, found.managed, sources)
        run.end(ExitCode.DONE, "Took a new roster.", {"people": report.people, "rejected": report.rejected})
    _folder(ask).drop(upload_id)
    told = f"The roster was taken: {report.people:,} people are wanted in the group now."
    told += f" The former file is kept as {former.name}." if former else ""
    return ask.done(f"{told} Nothing was done on the platform; make a plan next.", f"/groups/{group}")


@page("/roster/{group}/{upload_id}/drop", Permission.ROSTER_UPLOAD, method="POST", group="group", help="roster")
def drop(ask: Asked, group: str, upload_id: str) -> Response:
    """Throw away a file that was handed in."""
    _kept(ask, group, upload_id)
    _folder(ask).drop(upload_id)
    return ask.done("The file was thrown away. Nothing was changed.", f"/roster/{group}")


def _folder(ask: Ask) -> UploadFolder:
    return UploadFolder(ask.app.settings.state_dir / "uploads")


def _source(ask: Ask, group: str, number: int) -> FileSource:
    sources = ask.groups[group].sources
    found = sources[number] if number < len(sources) else None
    if not isinstance(found, FileSource):
        raise not_found()
    return found


def _kept(ask: Ask, group: str, upload_id: str) -> tuple[Upload, FileSource]:
    """Return a file that the visitor handed in for the group, and the source that it is for; refuses with 404 any other."""
    kept = _folder(ask).find(upload_id, ask.visitor.name, ask.app.now())
    sources = [source for source in ask.groups[group].sources if isinstance(source, FileSource)]
    source = next((one for one in sources if kept and str(one.path) == kept.source), None)
    if kept is None or kept.group != group or source is None:
        raise not_found()
    return kept, source


def _wrong_kind(source: FileSource, name: str, content: bytes) -> str:
    """Return why a file is not of the kind that the group's file names, '' where it is."""
    ending, given = source.path.suffix.lower(), PurePath(name).suffix.lower()
    if given not in _KINDS:
        return "That is neither a CSV file nor an Excel workbook (.xlsx)."
    if ending in _KINDS and given != ending:
        return f"The group's roster is {_KINDS[ending]}, and that is {_KINDS[given]}. Save it as {ending}, then hand it in."
    if (given == ".xlsx") != content.startswith(_PACKED):
        return f"The name says that it is {_KINDS[given]}, and its content says that it is not. Export it again."
    return ""


def _change(ask: Ask, kept: Upload, source: FileSource) -> RosterChange:
    with kept.path.open("rb") as stream:
        items = read_roster(stream, name=kept.name, mapping=source.columns, now=ask.app.now())
        return roster_change(ask.app.database, kept.group, kept.source, items)


def _usable(change: RosterChange, source: FileSource) -> bool:
    report = change.report
    whole = any(not fault.line for fault in report.faults)  # of the file itself, or of its header
    return report.good > 0 and (not report.fault_count or (source.skip_faulty_rows and not whole))
