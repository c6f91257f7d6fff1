"""Incidents in the console: the file, its papers, notes, and who may do what with them."""

import io
import re
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.sandbox_server import SandboxHandle
from tests.web.console.running import PEOPLE, ConsoleHandle, console_on, invite, play_story
from workplace_sync.evidence.entry import Kind
from workplace_sync.store import access_reads, audit, incidents
from workplace_sync.store.incidents import Incident

BT = "prospect-bt"
REASONS = {"recipient": "ACAS", "purpose": "conciliation", "basis": "legal claims"}


def _incident(console: ConsoleHandle) -> Incident:
    with console.app.database.connect() as connection:
        return incidents.listed(connection, BT)[0]


def _path(console: ConsoleHandle) -> str:
    return f"/incidents/{_incident(console).id}"


def _newest(console: ConsoleHandle, kind: Kind) -> audit.AuditRow:
    with console.app.database.connect() as connection:
        return audit.list_entries(connection, kind=kind, limit=1)[0]


@pytest.fixture
def own(sandbox: SandboxHandle, tmp_path: Path) -> Iterator[ConsoleHandle]:
    """A console of a test's own, with the story in its books."""
    with console_on(tmp_path / "union", sandbox, datetime.now(UTC) - timedelta(days=60)) as handle:
        play_story(handle)
        for name in PEOPLE:
            invite(handle.app, name)
        yield handle


def test_the_file_tells_what_happened_and_how_they_had_come_in(console: ConsoleHandle) -> None:
    found = _incident(console)
    rosa = console.known("rosa")
    assert found.id in rosa.get("/incidents").text
    page = rosa.get(f"/incidents/{found.id}")
    assert page.status_code == 200, page.text
    for sign in (
        found.signs[0].sentence.replace("'", "&#39;"),
        "How they had been added",
        "roster file",
        "Members four weeks before and after",
        "<svg",
        "when they went",
        "The last of them was missed for the first time",
    ):
        assert sign in page.text, sign


def test_people_come_fifty_at_a_time_and_each_look_is_kept(console: ConsoleHandle) -> None:
    found, audrey = _incident(console), console.known("audrey")
    first = audrey.get(_path(console)).text
    onward = re.search(r'href="([^"]*)" rel="next"', first)
    assert onward
    second = audrey.get(onward[1]).text
    named = [re.findall(r'<th scope="row"><a href="/people/[^"]*">([^<]*)</a>', page) for page in (first, second)]
    with console.app.database.connect() as connection:
        keys = incidents.keys(connection, found.id)
        assert access_reads.listed(connection, key=keys[0], reader="audrey")
    assert named[0] + named[1] == list(keys)
    assert len(named[0]) == 50


def test_a_rep_sees_nobody_in_full_and_takes_nothing_out(console: ConsoleHandle) -> None:
    rosa, path = console.known("rosa"), _path(console)
    with console.app.database.connect() as connection:
        keys = incidents.keys(connection, _incident(console).id)
    page = rosa.get(path).text
    assert not [key for key in keys if key in page]
    assert "Make a bundle" not in page
    assert "Write a note" not in page
    for refused in (rosa.get(f"{path}/statement"), rosa.get(f"{path}/statement.txt")):
        assert refused.status_code == 403
    for what, fields in (("notes", {"text": "x"}), ("close", {"outcome": "x"}), ("bundle", REASONS)):
        assert rosa.post(f"{path}/{what}", fields).status_code == 403


def test_an_incident_of_another_group_is_not_there(console: ConsoleHandle) -> None:
    path, olga = _path(console), console.known("olga")
    missing = olga.get("/incidents/0000")
    assert (missing.status_code, olga.get(path).status_code) == (404, 404)
    assert olga.get(path).text.replace(path, "") == missing.text.replace("/incidents/0000", "")
    assert _incident(console).id not in olga.get("/incidents").text
    assert olga.get(f"/incidents?group={BT}").status_code == 404
    assert console.known("audrey").get(path[:-2]).status_code == 404


def test_the_statement_can_be_read_and_taken_along(console: ConsoleHandle) -> None:
    audrey, path = console.known("audrey"), _path(console)
    page = audrey.get(f"{path}/statement")
    assert page.status_code == 200, page.text
    assert "In figures" in page.text
    with console.app.database.connect() as connection:
        keys = incidents.keys(connection, _incident(console).id)
    text = audrey.get(f"{path}/statement.txt")
    assert keys[0] in text.text
    html = audrey.get(f"{path}/statement.html")
    assert "attachment" in html.headers["Content-Disposition"]
    assert keys[0] in html.text
    assert audrey.get(f"{path}/statement.exe").status_code == 404


def test_without_the_extra_for_pdf_none_is_offered(console: ConsoleHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    audrey, path = console.known("audrey"), f"{_path(console)}/statement"
    assert f'href="{path}.pdf"' in audrey.get(path).text
    assert audrey.get(f"{path}.pdf").content.startswith(b"%PDF")
    monkeypatch.setitem(sys.modules, "typst", None)
    with console.app.database.connect() as connection:
        before = len(access_reads.listed(connection, reader="audrey"))
    assert ".pdf" not in audrey.get(path).text
    assert audrey.get(f"{path}.pdf").status_code == 404
    with console.app.database.connect() as connection:
        assert len(access_reads.listed(connection, reader="audrey")) == before


def test_a_bundle_is_handed_out_and_recorded_with_whom_it_is_for(console: ConsoleHandle) -> None:
    answer = console.known("audrey").post(f"{_path(console)}/bundle", REASONS)
    assert answer.status_code == 200, answer.text
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        names = tar.getnames()
    assert any(name.endswith("statement.html") for name in names)
    assert any(name.endswith(".tlog-proof") for name in names)
    logged = _newest(console, Kind.BUNDLE_EXPORTED)
    assert (logged.actor, logged.data["recipient"], logged.data["basis"]) == ("audrey", "ACAS", "legal claims")


def test_a_bundle_for_nobody_in_particular_is_not_made(console: ConsoleHandle) -> None:
    size = console.app.log.size
    answer = console.known("audrey").post(f"{_path(console)}/bundle", REASONS | {"basis": " "})
    assert answer.status_code == 422
    assert console.app.log.size == size


def test_an_admin_notes_and_closes(own: ConsoleHandle) -> None:
    ada, path = own.known("ada"), _path(own)
    shown = ada.follow(ada.post(f"{path}/notes", {"text": "Asked the employer <today>."})).text
    assert "ada noted: Asked the employer &lt;today&gt;." in shown
    assert ada.post(f"{path}/close", {"outcome": " "}).status_code == 422
    closed = ada.follow(ada.post(f"{path}/close", {"outcome": "They put everybody back."})).text
    assert "ada closed it: They put everybody back." in closed
    assert "Close the incident" not in closed
    assert ada.post(f"{path}/close", {"outcome": "again"}).status_code == 422
    assert _newest(own, Kind.INCIDENT_CLOSED).actor == "ada"
    assert "No incident is on record" in ada.get("/incidents?state=open").text
