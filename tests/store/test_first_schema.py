"""A database of the first released schema is brought up on both engines, with its evidence and everything in it."""

import gzip
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import MetaData, create_engine, func, insert, select

from workplace_sync.app import Application
from workplace_sync.evidence.entry import CITING
from workplace_sync.jobs.plan import find_plan
from workplace_sync.jobs.review import state_of
from workplace_sync.settings import PREFIX, load_settings
from workplace_sync.store import audit, incidents
from workplace_sync.store.audit_search import Search, page
from workplace_sync.store.copying import copy_database
from workplace_sync.store.database import Database, _alembic
from workplace_sync.store.tables import metadata

FIXTURES = Path(__file__).parent / "fixtures"
KNOWN = json.loads((FIXTURES / "first_schema.json").read_text())
ORIGIN = "first-schema.test.example.org/log"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The folder's state as it was left, and its database."""
    state = tmp_path / "var"
    (state / "keys").mkdir(parents=True)
    for name, place in (
        ("log-key.TEST-ONLY.pem", "keys/log.key"),
        ("suppression-key.TEST-ONLY.txt", "keys/suppression.key"),
        ("checkpoint.txt", "checkpoint.txt"),
        ("erasures.jsonl", "erasures.jsonl"),
    ):
        shutil.copy(FIXTURES / f"first_schema.{name}", state / place)
        (state / place).chmod(0o600)
    database = state / "sync.db"
    database.write_bytes(gzip.decompress((FIXTURES / "first_schema.sqlite.gz").read_bytes()))
    return database


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    """An installation of today on a database of then: as the file it was, and as the same rows on PostgreSQL."""
    url = f"sqlite:///{file}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
        move_as_they_are(file, url)
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", url)
    monkeypatch.setenv(f"{PREFIX}EVIDENCE_ORIGIN", ORIGIN)
    with Application(load_settings(file.parent.parent), actor="ada") as opened:
        yield opened


def move_as_they_are(file: Path, url: str) -> None:
    """Make the first schema on PostgreSQL, and put the file's rows into it."""
    target, source = Database(url), create_engine(f"sqlite:///{file}")
    with target.engine.connect() as connection:
        command.upgrade(_alembic(connection), "0001")
    old, new = MetaData(), MetaData()
    old.reflect(source)
    new.reflect(target.engine)
    with source.connect() as reading, target.write() as writing:
        for table in old.sorted_tables:
            if table.name != "alembic_version" and (rows := reading.execute(select(table)).mappings().all()):
                found = [{name: aware(value) for name, value in row.items()} for row in rows]
                writing.execute(insert(new.tables[table.name]), found)
    source.dispose()
    target.close()


def aware(value: object) -> object:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def test_it_is_refused_until_it_is_brought_up(app: Application) -> None:
    current, newest = app.database.revision()
    assert (current, newest != "0001") == ("0001", True)
    with pytest.raises(Exception, match="has schema 0001") as caught:
        _ = app.office
    assert "db upgrade" in getattr(caught.value, "hint", "")


def test_it_is_brought_up_with_every_row_and_no_difference(app: Application) -> None:
    app.database.upgrade()
    assert app.database.differences() == []
    with app.database.connect() as connection:
        rows = {
            name: connection.execute(select(func.count()).select_from(metadata.tables[name])).scalar()
            for name in KNOWN["rows"]
        }
    assert rows == KNOWN["rows"]


def test_its_evidence_verifies_and_is_what_was_signed_then(app: Application) -> None:
    app.database.upgrade()
    report = app.log.audit()
    assert report.ok, report.differences
    assert (report.size, report.erased) == (KNOWN["size"], KNOWN["rows"]["evidence_entry"] - KNOWN["rows"]["opening"])
    assert app.log.latest() == (FIXTURES / "first_schema.checkpoint.txt").read_text()


def test_its_audit_log_is_readable(app: Application) -> None:
    app.database.upgrade()
    with app.database.connect() as connection:
        found = audit.list_entries(connection, limit=1_000)
    erased = KNOWN["size"] - KNOWN["rows"]["opening"]
    assert Counter(row.kind for row in found) == KNOWN["kinds"] | {"": erased}


def test_its_entries_are_found_by_the_rules_that_they_cite(app: Application) -> None:
    app.database.upgrade()
    with app.database.connect() as connection:
        citing: dict[str, list[int]] = {}
        for row in audit.list_entries(connection, limit=1_000):
            rules = row.data.get("rules") if row.kind in CITING else None
            for rule in rules if isinstance(rules, list) else []:
                citing.setdefault(str(rule), []).append(row.seq)
        assert len(citing) > 1
        for rule, seqs in citing.items():
            assert [row.seq for row in page(connection, Search(rules=(rule,)), limit=1_000).rows] == seqs


def test_plans_reviews_and_incidents_of_then_say_what_they_said(app: Application) -> None:
    app.database.upgrade()
    with app.database.connect() as connection:
        plans = connection.execute(select(metadata.tables["plan"].c.digest)).scalars().all()
        assert len(incidents.listed(connection)) == 1
    states = Counter(state_of(app.database, find_plan(app.office, digest), app.now()) for digest in plans)
    assert states == {"applied": 1, "rejected": 1}


def test_new_entries_go_on_where_the_old_ones_ended(app: Application) -> None:
    app.database.upgrade()
    assert not app.set_up(), "the log was begun then"
    assert app.office.log.size == KNOWN["size"]
    assert app.log.audit().ok


def test_once_brought_up_it_can_be_copied_to_the_other_engine(file: Path, postgres_url: str) -> None:
    old, new = Database(f"sqlite:///{file}"), Database(postgres_url)
    old.upgrade()
    new.upgrade()
    copied = copy_database(old, new)
    assert copied.entries == KNOWN["size"]
    assert {name: copied.rows[name] for name in KNOWN["rows"]} == KNOWN["rows"]
    old.close()
    new.close()
