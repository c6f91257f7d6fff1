"""The queries of the audit views: what they find, in which order, and through which index."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.dialects import sqlite

from tests.store.logs import START, add, make_log, make_record
from workplace_sync.errors import EvidenceError
from workplace_sync.evidence.entry import Kind
from workplace_sync.store.audit import AuditFilter, entry, iterate_entries, list_entries, page_statement
from workplace_sync.store.database import Database
from workplace_sync.store.evidence import EvidenceLog

EVERY_FIFTH = Kind.MEMBER_DEPARTED


@pytest.fixture
def log(database: Database, tmp_path: Path) -> EvidenceLog:
    """A log of 120 entries in two groups, every fifth of another kind."""
    made = make_log(database, tmp_path / "checkpoint")
    with made.transaction() as transaction:
        for number in range(120):
            kind = EVERY_FIFTH if number % 5 == 0 else Kind.OPERATION_OUTCOME
            transaction.log(make_record(number, "prospect-bt" if number % 3 else "prospect-openreach", kind))
    return made


def _seqs(log: EvidenceLog, **wanted: object) -> list[int]:
    with log.database.connect() as connection:
        return [row.seq for row in list_entries(connection, limit=200, **wanted)]  # type: ignore[arg-type]


def _expected(keep: object) -> list[int]:
    return [number for number in range(119, -1, -1) if keep(number)]  # type: ignore[operator]


def test_entries_come_newest_first_with_all_that_was_recorded(log: EvidenceLog) -> None:
    with log.database.connect() as connection:
        page = list_entries(connection)
    assert [row.seq for row in page] == list(range(119, 69, -1))
    record = make_record(119)
    row = page[0]
    assert (row.at, row.kind, row.group, row.subject) == (record.at, record.kind, record.group, record.subject)
    assert (row.actor, row.outcome, row.data, row.erased) == (record.actor, record.outcome, record.data, False)


def test_each_filter_finds_its_entries_and_they_can_be_combined(log: EvidenceLog) -> None:
    openreach = lambda number: number % 3 == 0  # noqa: E731
    subject = "person3@bt.example.org"
    since, until = START + timedelta(seconds=30), START + timedelta(seconds=60)
    assert _seqs(log, group="prospect-openreach") == _expected(openreach)
    assert _seqs(log, kind=EVERY_FIFTH) == _expected(lambda n: n % 5 == 0)
    assert _seqs(log, group="prospect-openreach", kind=EVERY_FIFTH) == _expected(lambda n: n % 15 == 0)
    assert _seqs(log, subject=subject) == _expected(lambda n: n % 7 == 3)
    assert _seqs(log, subject=subject, group="prospect-openreach") == _expected(lambda n: n % 21 == 3)
    assert _seqs(log, since=since, until=until) == _expected(lambda n: 30 <= n < 60)
    assert _seqs(log, since=since, group="prospect-openreach") == _expected(lambda n: n >= 30 and n % 3 == 0)
    assert _seqs(log, until=until, subject=subject) == _expected(lambda n: n < 60 and n % 7 == 3)
    assert _seqs(log, outcome="refused") == []
    assert len(_seqs(log, outcome="accepted")) == 120
    assert _seqs(log, since=START + timedelta(days=1)) == []


@pytest.mark.parametrize(
    "wanted", [{}, {"group": "prospect-bt"}, {"kind": EVERY_FIFTH}, {"until": START + timedelta(seconds=100)}]
)
def test_pages_follow_each_other_without_gap_or_repetition(log: EvidenceLog, wanted: dict[str, object]) -> None:
    seen: list[int] = []
    before = None
    with log.database.connect() as connection:
        while page := list_entries(connection, before_seq=before, limit=7, **wanted):  # type: ignore[arg-type]
            seen += [row.seq for row in page]
            before = page[-1].seq
    assert seen == _seqs(log, **wanted)
    assert all(newer > older for newer, older in pairwise(seen))


def test_an_erased_entry_is_listed_with_its_time_alone_and_found_by_no_filter(log: EvidenceLog) -> None:
    with log.database.write() as connection:
        connection.execute(text("DELETE FROM opening WHERE seq = 118"))
    with log.database.connect() as connection:
        row = list_entries(connection)[1]
        assert entry(connection, 118) == row
    assert (row.seq, row.erased, row.subject, row.data) == (118, True, "", {})
    assert row.at == START + timedelta(seconds=118)
    assert 118 not in _seqs(log, outcome="accepted")


def test_one_entry_is_found_by_its_number(log: EvidenceLog) -> None:
    with log.database.connect() as connection:
        found = entry(connection, 5)
        assert found is not None
        assert (found.seq, found.kind) == (5, EVERY_FIFTH)
        assert entry(connection, 120) is None


def test_an_opening_that_was_altered_is_not_shown(log: EvidenceLog) -> None:
    with log.database.write() as connection:
        connection.execute(text("UPDATE opening SET file = (SELECT file FROM opening WHERE seq = 7) WHERE seq = 8"))
    with log.database.connect() as connection, pytest.raises(EvidenceError, match="entry 8"):
        list_entries(connection, before_seq=20)


def test_everything_asked_for_is_iterated_oldest_first_in_chunks(sqlite_database: Database, tmp_path: Path) -> None:
    log = make_log(sqlite_database, tmp_path / "checkpoint")
    add(log, 2_300)
    asked: list[str] = []
    with sqlite_database.connect() as connection:
        event.listen(connection, "before_cursor_execute", lambda *call: asked.append(call[2]))
        every = [row.seq for row in iterate_entries(connection, AuditFilter())]
        assert every == list(range(2_300))
        assert sum(statement.startswith("SELECT") for statement in asked) == 4
        some = [row.seq for row in iterate_entries(connection, AuditFilter(subject="person3@bt.example.org"))]
        assert some == list(range(3, 2_300, 7))


@pytest.mark.parametrize(
    ("wanted", "uses"),
    [
        (AuditFilter(), "SEARCH evidence_entry USING INTEGER PRIMARY KEY"),
        (AuditFilter(subject="a"), "ix_opening_subject_seq (subject=? AND seq>? AND seq<?)"),
        (AuditFilter(group="a", kind=EVERY_FIFTH), "ix_opening_group_name_kind_seq (group_name=? AND kind=? AND seq>? AND seq<?)"),
        (AuditFilter(group="a"), "ix_opening_group_name_kind_seq (group_name=? AND kind=? AND seq>? AND seq<?)"),
        (AuditFilter(kind=EVERY_FIFTH), "SEARCH opening USING INDEX ix_opening_kind_seq (kind=? AND seq>? AND seq<?)"),
        (AuditFilter(outcome="a"), "ix_opening_outcome_seq (outcome=? AND seq>? AND seq<?)"),
    ],
)  # fmt: skip
def test_no_page_reads_the_whole_log_or_sorts_it(sqlite_database: Database, wanted: AuditFilter, uses: str) -> None:
    statement = page_statement(wanted, 0, 10**6, 50)
    compiled = statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with sqlite_database.connect() as connection:
        plan = "\n".join(row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}")))
    assert uses in plan
    assert "SCAN opening" not in plan
    assert "SCAN evidence_entry" not in plan
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan


@pytest.mark.parametrize("wanted", [{}, {"group": "prospect-bt"}, {"since": START, "group": "prospect-bt"}])
def test_a_page_costs_a_fixed_number_of_queries(log: EvidenceLog, wanted: dict[str, object]) -> None:
    asked: list[str] = []
    with log.database.connect() as connection:
        event.listen(connection, "before_cursor_execute", lambda *call: asked.append(call[2]))
        assert list_entries(connection, limit=50, **wanted)  # type: ignore[arg-type]
    assert sum(statement.startswith("SELECT") for statement in asked) <= 2
