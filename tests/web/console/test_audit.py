"""The audit log in the console: what is found, by whom, what leaves it, and what it proves."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from tests.web.console.running import OTHER_GROUP, Browser, ConsoleHandle
from workplace_sync.evidence.checkpoint import open_checkpoint
from workplace_sync.evidence.entry import Kind, Record, check_opening
from workplace_sync.evidence.proof import parse_inclusion
from workplace_sync.store import access_reads, audit

BT = "prospect-bt"


def _newest(console: ConsoleHandle, kind: Kind, group: str | None = BT) -> audit.AuditRow:
    with console.app.database.connect() as connection:
        return audit.list_entries(connection, group=group, kind=kind, limit=1)[0]


def _numbers(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'<a href="/audit/(\d+)">', page)]


def _older(page: str) -> str:
    found = re.search(r'href="([^"]*)" rel="next"', page)
    return found[1].replace("&amp;", "&") if found else ""


def _found(browser: Browser, address: str) -> str:
    answer = browser.post("/audit/person", {"address": address})
    assert address not in answer.headers["Location"]
    return str(browser.follow(answer).text)


def test_a_rep_finds_a_removal_and_its_proof_verifies(console: ConsoleHandle) -> None:
    row = _newest(console, Kind.MEMBER_DEPARTED)
    rosa = console.known("rosa")
    page = _found(rosa, row.subject.upper())
    assert row.seq in _numbers(page)
    assert "Gone from the group without an operation of ours" in page
    whole = rosa.get(f"/audit/{row.seq}")
    assert whole.status_code == 200, whole.text
    proof = parse_inclusion(rosa.get(f"/audit/{row.seq}/proof").text)
    leaf = rosa.get(f"/audit/{row.seq}/leaf").content
    proof.verify_root(leaf, open_checkpoint(proof.checkpoint, console.app.log.keys))
    assert proof.index == row.seq


def test_the_proof_is_the_one_that_the_command_line_writes(console: ConsoleHandle) -> None:
    answer = console.known("audrey").get("/audit/3/proof")
    assert answer.text == console.app.log.inclusion_proof(3)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="3.tlog-proof"'


def test_addresses_are_masked_for_a_rep_and_whole_for_an_auditor(console: ConsoleHandle) -> None:
    row = _newest(console, Kind.OPERATION_OUTCOME)
    for path in (f"/audit?kind={row.kind}", f"/audit/{row.seq}"):
        assert row.subject not in console.known("rosa").get(path).text
        assert row.subject in console.known("audrey").get(path).text
    assert console.known("rosa").get(f"/audit/{row.seq}/opening").status_code == 403
    opening = console.known("audrey").get(f"/audit/{row.seq}/opening").content
    leaf = console.known("audrey").get(f"/audit/{row.seq}/leaf").content
    assert check_opening(leaf, opening).subject == row.subject


def test_other_groups_entries_are_not_there(console: ConsoleHandle) -> None:
    row = _newest(console, Kind.OPERATION_OUTCOME)
    olga = console.known("olga")
    for path in (f"/audit/{row.seq}", f"/audit/{row.seq}/proof", f"/audit/{row.seq}/leaf", f"/audit?group={BT}"):
        assert olga.get(path).status_code == 404, path
    assert _numbers(olga.get("/audit").text) == []
    assert _numbers(_found(olga, row.subject)) == []
    assert console.known("rosa").get(f"/audit?group={OTHER_GROUP}").status_code == 404


def test_what_is_about_no_group_is_for_those_who_may_read_all(console: ConsoleHandle) -> None:
    assert console.known("audrey").get("/audit/0").status_code == 200
    assert console.known("rosa").get("/audit/0").status_code == 404


@pytest.mark.parametrize("number", ["-1", "99999999", "99999999999999999999", "x"])
def test_an_entry_that_is_not_there_is_told_plainly(console: ConsoleHandle, number: str) -> None:
    assert console.known("audrey").get(f"/audit/{number}").status_code in {404, 422}


def test_the_list_can_be_narrowed_and_its_pages_join(console: ConsoleHandle) -> None:
    rosa = console.known("rosa")
    address, seen = f"/audit?kind={Kind.OPERATION_OUTCOME}&outcome=done", list[int]()
    while address:
        page = rosa.get(address).text
        seen += _numbers(page)
        address = _older(page)
    with console.app.database.connect() as connection:
        rows = audit.list_entries(connection, group=BT, kind=Kind.OPERATION_OUTCOME, outcome="done", limit=10_000)
    assert len(rows) > 100
    assert seen == [row.seq for row in rows]


def test_the_list_can_be_narrowed_by_rule_and_by_day(console: ConsoleHandle) -> None:
    rosa, row = console.known("rosa"), _newest(console, Kind.PLAN_MADE)
    rules = row.data["rules"]
    assert isinstance(rules, list)
    policy, _, rest = str(rules[0]).partition("@")
    page = rosa.get(f"/audit?rule={policy}/{rest.partition('/')[2]}&kind={Kind.PLAN_MADE}")
    assert row.seq in _numbers(page.text)
    assert _numbers(rosa.get("/audit?rule=no-such-rule").text) == []
    day = row.at.date()
    assert row.seq in _numbers(rosa.get(f"/audit?since={day}&until={day}&kind={Kind.PLAN_MADE}").text)
    assert _numbers(rosa.get(f"/audit?since={day + timedelta(days=1)}").text) == []


@pytest.mark.parametrize("asked", ["since=2026-02-30", "until=<b>soon</b>", "since=2026-11", "kind=member.vanished"])
def test_what_is_no_day_and_no_kind_is_refused_and_does_not_show_everything(console: ConsoleHandle, asked: str) -> None:
    answer = console.known("rosa").get(f"/audit?{asked}")
    assert answer.status_code == 422
    assert "is no day" in answer.text or "no such kind" in answer.text
    assert "Go back, and" in answer.text
    assert "<b>soon" not in answer.text
    assert _numbers(answer.text) == []


def test_an_entry_shows_the_rules_that_decided(console: ConsoleHandle) -> None:
    row = _newest(console, Kind.PLAN_MADE)
    page = console.known("rosa").get(f"/audit/{row.seq}").text
    rules = row.data["rules"]
    assert isinstance(rules, list)
    assert str(rules[0]) in page
    assert "in force from" in page


def test_an_export_holds_what_was_asked_for_and_is_itself_logged(console: ConsoleHandle) -> None:
    audrey = console.known("audrey")
    wanted = {"kind": Kind.MEMBER_DEPARTED.value, "group": BT}
    answer = audrey.post("/audit/export", {**wanted, "form": "json"})
    assert answer.status_code == 200, answer.text
    entries = json.loads(answer.text)["entries"]
    with console.app.database.connect() as connection:
        rows = audit.list_entries(connection, group=BT, kind=Kind.MEMBER_DEPARTED, limit=10_000)
    assert [one["entry"] for one in entries] == [row.seq for row in rows]
    assert entries[0]["person"] == rows[0].subject
    logged = _newest(console, Kind.AUDIT_EXPORTED, None)
    assert (logged.actor, logged.data["kind"], logged.data["groups"]) == ("audrey", "member.departed", [BT])
    table = list(csv.reader(io.StringIO(audrey.post("/audit/export", {**wanted, "form": "csv"}).text.lstrip("\ufeff"))))
    assert [int(line[0]) for line in table[1:]] == [row.seq for row in rows]
    assert logged.seq in _numbers(audrey.get(f"/audit?kind={Kind.AUDIT_EXPORTED}").text)


def test_an_export_without_a_role_for_it_leaves_nothing(console: ConsoleHandle) -> None:
    before = console.app.log.size
    assert console.known("rosa").post("/audit/export", {"form": "csv"}).status_code == 403
    assert console.known("audrey").post("/audit/export", {"form": "exe"}).status_code == 404
    assert console.known("ada").post("/audit/export", {"form": "csv", "group": OTHER_GROUP}).status_code == 404
    assert console.app.log.size == before


def test_a_cell_that_begins_like_a_formula_is_text(console: ConsoleHandle) -> None:
    desk = console.app.office
    with desk.log.transaction() as transaction:
        at = console.app.now()
        transaction.log(Record(Kind.TOKEN_ISSUED, at, actor="=HYPERLINK(1)", outcome="issued", data={"account": "x"}))
    text = console.known("audrey").post("/audit/export", {"form": "csv", "kind": Kind.TOKEN_ISSUED.value}).text
    assert "'=HYPERLINK" in text
    assert ",=HYPERLINK" not in text


def test_who_looked_somebody_up_is_kept(console: ConsoleHandle) -> None:
    row = _newest(console, Kind.MEMBER_DEPARTED)
    _found(console.known("rosa"), row.subject)
    with console.app.database.connect() as connection:
        reads = access_reads.listed(connection, key=row.subject, reader="rosa")
    assert "audit log" in {one.kind for one in reads}


def test_a_page_takes_the_same_few_queries_however_much_is_on_it(console: ConsoleHandle) -> None:
    counts = []
    for query in ("", "?kind=log.created", f"?group={BT}"):
        statements: list[str] = []

        def count(*args: object, into: list[str] = statements) -> None:
            into.append(str(args[2]))

        event.listen(console.app.database.engine, "before_cursor_execute", count)
        try:
            assert console.known("audrey").get(f"/audit{query}").status_code == 200
        finally:
            event.remove(console.app.database.engine, "before_cursor_execute", count)
        counts.append(len(statements))
    assert max(counts) <= 12, counts
    assert max(counts) - min(counts) <= 1, counts
