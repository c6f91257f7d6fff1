"""Turning the pages of the audit log: what is found, whose entries are seen, and that each page walks an index."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite

from tests.store.logs import START, make_log, make_record
from workplace_sync.evidence.difference import What
from workplace_sync.evidence.entry import Kind
from workplace_sync.store.audit_search import Search, every, page, page_statements
from workplace_sync.store.database import Database
from workplace_sync.store.evidence import EvidenceLog

BT, OPENREACH = "prospect-bt", "prospect-openreach"
RARE = "union-consent@3/consent"


@pytest.fixture
def log(database: Database, tmp_path: Path) -> EvidenceLog:
    """A log of 120 entries in two groups and, every tenth, in none; every fifth of another kind, every 30th with a rule."""
    made = make_log(database, tmp_path / "checkpoint")
    with made.transaction() as transaction:
        for number in range(120):
            kind = Kind.MEMBER_DEPARTED if number % 5 == 0 else Kind.OPERATION_OUTCOME
            group = "" if number % 10 == 0 else BT if number % 3 else OPENREACH
            record = make_record(number, group, kind)
            data = {**record.data, "rules": [RARE] if number % 30 == 7 else []}
            transaction.log(replace(record, data=data, outcome="failed" if number % 4 == 1 else "done"))
    return made


def _seqs(log: EvidenceLog, search: Search, **place: int) -> list[int]:
    with log.database.connect() as connection:
        return [row.seq for row in page(connection, search, **place).rows]


def _group(number: int) -> str:
    return "" if number % 10 == 0 else BT if number % 3 else OPENREACH


@pytest.mark.parametrize(
    ("search", "keep"),
    [
        (Search(), lambda _: True),
        (Search((BT,)), lambda n: _group(n) == BT),
        (Search((BT, OPENREACH)), lambda n: _group(n) != ""),
        (Search((BT, OPENREACH), kind=Kind.MEMBER_DEPARTED), lambda n: n % 5 == 0 and _group(n) != ""),
        (Search(kind=Kind.MEMBER_DEPARTED), lambda n: n % 5 == 0),
        (Search(outcome="failed"), lambda n: n % 4 == 1),
        (Search((BT,), outcome="failed"), lambda n: n % 4 == 1 and _group(n) == BT),
        (Search((BT,), kind=Kind.MEMBER_DEPARTED, outcome="failed"), lambda n: n % 20 == 5 and _group(n) == BT),
        (Search(rules=(RARE, "x@1/y")), lambda n: n % 30 == 7),
        (Search((OPENREACH,), rules=(RARE,)), lambda n: n % 30 == 7 and _group(n) == OPENREACH),
        (Search((BT,), subject="person3@bt.example.org"), lambda n: n % 7 == 3 and _group(n) == BT),
        (Search(subject="person3@bt.example.org", outcome="done"), lambda n: n % 7 == 3 and n % 4 != 1),
        (Search(subject="person3@bt.example.org", rules=(RARE,)), lambda n: n % 7 == 3 and n % 30 == 7),
        (Search(since=START + timedelta(seconds=30)), lambda n: n >= 30),
        (Search((BT,), until=START + timedelta(seconds=30)), lambda n: n < 30 and _group(n) == BT),
        (Search(kind=Kind.MEMBER_DEPARTED, rules=(RARE,)), lambda _: False),
        (Search((BT,), kind=Kind.MEMBER_DEPARTED, outcome="never so"), lambda _: False),
        (Search(()), lambda _: False),
    ],
)
def test_each_question_finds_its_entries_newest_first(log: EvidenceLog, search: Search, keep: object) -> None:
    wanted = [number for number in range(119, -1, -1) if keep(number)]  # type: ignore[operator]
    assert _seqs(log, search, limit=200) == wanted
    assert [row.seq for row in every(log.database, search, 120)] == wanted


def test_pages_join_without_gap_or_double_in_both_directions(log: EvidenceLog) -> None:
    search = Search((BT,))
    whole = _seqs(log, search, limit=200)
    down, before = [], None
    with log.database.connect() as connection:
        while True:
            found = page(connection, search, before=before, limit=7)
            down.append([row.seq for row in found.rows])
            if found.older is None:
                break
            before = found.older
        assert [seq for part in down for seq in part] == whole
        for above, below in zip(down[-2::-1], down[:0:-1], strict=True):
            again = page(connection, search, after=below[0], limit=7)
            assert [row.seq for row in again.rows] == above
        assert page(connection, search, limit=7).newer is None
        assert page(connection, search, after=whole[7], limit=7).newer is None


def test_pages_of_a_rule_join_too_whatever_number_of_classes_cite_it(database: Database, tmp_path: Path) -> None:
    log = make_log(database, tmp_path / "checkpoint")
    with log.transaction() as transaction:
        for number in range(500):
            record = make_record(number, f"group-{number % 230}")
            data = {**record.data, "rules": [RARE, "x@1/y"] if number % 2 else ["x@1/y"]}
            transaction.log(replace(record, data=data, outcome="done"))
    search = Search(rules=(RARE,))
    wanted = [number for number in range(499, -1, -1) if number % 2]
    assert [row.seq for row in every(database, search, 500)] == wanted
    with database.connect() as connection:
        below = page(connection, search, before=wanted[99], limit=50)
        assert [row.seq for row in below.rows] == wanted[100:150]
        above = page(connection, search, after=below.newer, limit=50)
        assert [row.seq for row in above.rows] == wanted[50:100]
        assert page(connection, replace(search, outcome="failed")).rows == ()


@pytest.mark.parametrize(("wrong", "found"), [(None, {7, 67}), (99, {7, 9, 67}), (1, {9})])
def test_an_entry_that_was_put_among_those_of_other_rules_is_found_by_the_audit(
    log: EvidenceLog, wrong: int | None, found: set[int]
) -> None:
    assert log.audit().ok
    with log.database.write() as connection:
        statement = text("UPDATE opening SET citing_class = :wrong WHERE seq IN (7, 9, 67)")
        connection.execute(statement, {"wrong": wrong})
    differences = log.audit().differences
    assert {(one.what, one.first) for one in differences} == {(What.INDEX_ALTERED, seq) for seq in found}


def test_an_entry_of_a_wrong_clock_hides_no_other_of_its_day(database: Database, tmp_path: Path) -> None:
    log = make_log(database, tmp_path / "checkpoint")
    days = [90, *range(40), -90]
    with log.transaction() as transaction:
        for day in days:
            transaction.log(replace(make_record(abs(day)), at=START + timedelta(days=day)))
    since, until = START + timedelta(days=20), START + timedelta(days=22)
    assert [days[seq] for seq in _seqs(log, Search(since=since, until=until))] == [21, 20]
    assert [days[seq] for seq in _seqs(log, Search((BT,), since=since))] == [*range(39, 19, -1), 90]
    assert [days[seq] for seq in _seqs(log, Search(until=START + timedelta(days=2)))] == [-90, 1, 0]
    assert _seqs(log, Search(since=START + timedelta(days=99))) == []


@pytest.mark.parametrize(
    ("search", "index"),
    [
        (Search((BT,)), "ix_opening_group_name_seq"),
        (Search((BT,), outcome="failed"), "ix_opening_group_name_outcome_seq"),
        (Search(outcome="failed"), "ix_opening_outcome_seq"),
        (Search(kind=Kind.PLAN_MADE, outcome="failed"), "ix_opening_kind_outcome_seq"),
        (Search((BT,), kind=Kind.PLAN_MADE, outcome="failed"), "ix_opening_group_name_kind_seq"),
        (Search((BT,), subject="x", kind=Kind.PLAN_MADE, outcome="failed"), "ix_opening_subject_seq"),
        (Search((BT,), since=START, until=START + timedelta(days=9)), "ix_opening_group_name_seq"),
        (Search((BT,), rules=(RARE,)), "ix_opening_citing_class_seq"),
        (Search((BT,), subject="x", rules=(RARE,)), "ix_opening_subject_seq"),
    ],
)
def test_a_page_walks_the_index_made_for_it_and_sorts_nothing(log: EvidenceLog, search: Search, index: str) -> None:
    postgres = not log.database.is_sqlite
    [statement] = page_statements(search, 0, 1_000_000, 51, classes=[1, 2] if search.rules else None)
    dialect = postgresql.dialect() if postgres else sqlite.dialect()  # type: ignore[no-untyped-call]
    compiled = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    with log.database.connect() as connection:
        if postgres:
            connection.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"))
        how = "EXPLAIN" if postgres else "EXPLAIN QUERY PLAN"
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(f"{how} {compiled.replace('%', '%%')}"))
    if postgres:  # which of two good indexes it takes depends on its statistics, of which a small table has none
        assert "using ix_opening_" in plan, plan
        assert "Bitmap" not in plan, plan
        assert "Seq Scan" not in plan, plan
        return
    assert index in plan, plan
    if not search.rules:
        assert "TEMP B-TREE" not in plan, plan
