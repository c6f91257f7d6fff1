"""The quarterly report: what the committee reads, what the employer reads, and that the latter tells of nobody."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases.files import BEGIN, DAY, Told, told
from workplace_sync.cases.categories import Area, Category, Rulebook
from workplace_sync.cases.escalation import Kind, Outcome, Report, Step, Tone
from workplace_sync.cases.escalation_steps import Role
from workplace_sync.cases.merging import merge
from workplace_sync.cases.quarter import Quarter
from workplace_sync.cases.release import Release
from workplace_sync.cases.report import Report as Paper
from workplace_sync.cases.report import Table, Version
from workplace_sync.cases.report_cases import CaseFile, Reached, as_of, days_to
from workplace_sync.cases.report_committee import committee_report
from workplace_sync.cases.report_employer import employer_report
from workplace_sync.cases.report_groups import BlindFigure, GroupFigures, IncidentFigure, PolicyFigure, group_tables
from workplace_sync.cases.word_back import draft_email, draft_post
from workplace_sync.errors import UsageError

Q3, Q4 = Quarter(2026, 3), Quarter(2026, 4)
BOOK = Rulebook(areas=(Area("networks", "Networks"), Area("consumer", "Consumer")))
Rows = tuple[tuple[object, ...], ...]


def files(*cases: Told) -> list[CaseFile]:
    return [case.file for case in cases]


def rows(paper: Paper, key: str) -> Rows:
    table = paper.table(key)
    assert table is not None
    return table.rows


def shown(paper: Paper, key: str) -> Rows:
    return tuple(row for row in rows(paper, key) if row[-1])


def many(number: int, start: int = 0, *, category: str = "exit-targets", area: str = "networks") -> list[Told]:
    return [told(start + each, category, area) for each in range(number)]


def test_a_quarter_is_from_midnight_to_midnight_utc() -> None:
    assert Quarter.parse("2026-Q3") == Q3
    assert (Q3.begins_at, Q3.ends_at) == (datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))
    assert (str(Q4), str(Q4.next)) == ("2026-Q4", "2027-Q1")
    assert Quarter.of(Q3.ends_at) == Q4
    assert Quarter.of(Q3.ends_at - timedelta(microseconds=1)) == Q3
    assert [str(one) for one in Q4.until(Quarter(2027, 1))] == ["2026-Q4", "2027-Q1"]
    assert list(Q4.until(Q3)) == []
    with pytest.raises(ValueError, match="without zone"):
        Quarter.of(datetime(2026, 7, 1))  # noqa: DTZ001 - that is the fault


@pytest.mark.parametrize("text", ["2026-Q5", "2026Q3", "", "26-Q1", "2026-Q3 ", "0026-Q1", "9999-Q4"])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Quarter.parse(text)


@given(st.one_of(st.text(), st.from_regex(r"\d{4}-Q\d", fullmatch=True)))
def test_whatever_is_a_quarter_begins_and_ends(text: str) -> None:
    try:
        quarter = Quarter.parse(text)
    except UsageError:
        return
    assert quarter.begins_at < quarter.ends_at


def test_the_committee_reads_every_number() -> None:
    cases = [*many(3), *many(1, 3, area="consumer"), told(4, "improvement", tone=Tone.GOOD)]
    cases[0].settled(day=4)
    cases[1].settled(day=8, outcome=Outcome.REFUSED)
    cases[2].do(Step.CLOSED)
    paper = committee_report(Q3, files(*cases, told(9, "pay", "mars", day=100)), [], BOOK)
    assert shown(paper, "category") == (
        ("Targets for managed exits or unregretted leavers", 4),
        ("Improvement seen", 1),
    )
    assert shown(paper, "area") == (("Networks", 4), ("Consumer", 1))
    assert shown(paper, "kind") == (("about one person", 3), ("about how things are done", 2))
    assert shown(paper, "progress") == (
        ("received", 2),
        ("closed without outcome", 1),
        ("outcome: changed", 1),
        ("outcome: refused", 1),
    )
    assert rows(paper, "times")[0] == ("to a finding", 2, 4)
    assert rows(paper, "times")[3] == ("to an outcome", 2, 4)
    assert rows(paper, "improvements") == (("2026-Q3", 1),)
    later = committee_report(Q4, files(*cases, told(9, "pay", "mars", day=100)), [], BOOK)
    assert rows(later, "trend") == (("2026-Q3", 5), ("2026-Q4", 1))
    assert ("mars", 1) in rows(later, "area")
    assert ("pay", 1) in rows(later, "category")


def test_a_quarter_without_anything_has_a_report() -> None:
    paper, release = employer_report(Q3, [], [], BOOK)
    assert rows(paper, "trend") == (("2026-Q3", 0),)
    assert committee_report(Q3, [], [], BOOK).table("trend") is not None
    assert "No numbers can be shown yet." in draft_post(paper)
    after, _ = employer_report(Q4, [], [], BOOK, release)
    assert rows(after, "trend") == (("2026-Q3", 0), ("2026-Q4", 0))


def test_the_employer_reads_nothing_below_k() -> None:
    cases = [*many(6), *many(4, 6, area="consumer"), told(10, "improvement", tone=Tone.GOOD)]
    paper, release = employer_report(Q3, files(*cases), [], BOOK)
    assert shown(paper, "trend") == (("2026-Q3", 11),)
    assert shown(paper, "area") == (("2026-Q3", "Networks + Consumer", 11),)
    assert rows(paper, "improvements") == ()
    assert release.cohorts[0].total == 11
    assert paper.k == 5


def test_too_few_are_counted_with_the_next_quarter() -> None:
    first, release = employer_report(Q3, files(*many(3)), [], BOOK)
    assert rows(first, "trend") == ()
    assert "Too few escalations came in 2026-Q3" in str(first.notes)
    cases = [*many(3), *[told(10 + each, day=100) for each in range(6)]]
    second, _ = employer_report(Q4, files(*cases), [], BOOK, release)
    assert rows(second, "trend") == (("2026-Q3 to 2026-Q4", 9),)


def test_what_came_of_it_is_told_in_later_quarters_and_what_was_published_stays() -> None:
    cases = many(6)
    first, release = employer_report(Q3, files(*cases), [], BOOK)
    assert shown(first, "progress") == (("2026-Q3", "2026-Q3", "received", 6),)
    assert rows(first, "times") == (("2026-Q3", None),)
    for case in cases:
        case.settled(day=95)
    good = [told(20 + each, "improvement", tone=Tone.GOOD, day=100) for each in range(5)]
    second, after = employer_report(Q4, files(*cases, *good), [], BOOK, release)
    assert shown(second, "progress") == (
        ("2026-Q3", "2026-Q4", "outcome: changed", 6),
        ("2026-Q4", "2026-Q4", "received", 5),
    )
    assert rows(second, "times") == (("2026-Q3", 95), ("2026-Q4", None))
    assert shown(second, "improvements") == (("2026-Q4", "Improvement seen", 5),)
    assert "2026-Q3" not in str(rows(second, "category"))  # told once
    assert after.cohorts[0].margins == release.cohorts[0].margins


def test_too_few_who_moved_on_are_told_with_those_who_do_later() -> None:
    cases = many(12)
    _, release = employer_report(Q3, files(*cases), [], BOOK)
    for case in cases[:2]:
        case.settled(day=95)
    second, release = employer_report(Q4, files(*cases), [], BOOK, release)
    assert shown(second, "progress") == (("2026-Q3", "2026-Q3", "received", 12),)
    for case in cases[2:6]:
        case.settled(day=190)
    third, _ = employer_report(Quarter(2027, 1), files(*cases), [], BOOK, release)
    assert shown(third, "progress") == (
        ("2026-Q3", "2027-Q1", "received", 6),
        ("2026-Q3", "2027-Q1", "outcome: changed", 6),
    )


def test_a_median_is_of_no_others_than_those_who_are_shown() -> None:
    cases = many(12)
    for case in cases[:6]:
        case.settled(day=9)
    cases[6].settled(day=20, outcome=Outcome.REFUSED)
    paper, _ = employer_report(Q3, files(*cases), [], BOOK)
    assert shown(paper, "progress") == (
        ("2026-Q3", "2026-Q3", "received + outcome: refused", 6),
        ("2026-Q3", "2026-Q3", "outcome: changed", 6),
    )
    assert rows(paper, "times") == (("2026-Q3", None),)


def test_where_no_lines_are_safe_all_are_told_together() -> None:
    cases = many(5)
    cases[0].do(Step.CLOSED)
    paper, _ = employer_report(Q3, files(*cases), [], BOOK)
    assert rows(paper, "progress") == (("2026-Q3", "2026-Q3", "all together", 5),)


def test_cases_that_are_gone_from_the_books_are_told_and_say_nothing_new() -> None:
    cases = files(*many(6))
    first, release = employer_report(Q3, cases, [], BOOK)
    second, after = employer_report(Q4, cases[1:], [], BOOK, release)
    assert shown(second, "trend") == shown(first, "trend")
    assert rows(second, "progress") == rows(first, "progress")
    assert "Nothing new is said of escalations received in 2026-Q3" in str(second.notes)
    assert after.changed == ("2026-Q3",)


def test_a_quarter_is_published_once() -> None:
    _, release = employer_report(Q3, [], [], BOOK)
    with pytest.raises(ValueError, match="earlier period"):
        employer_report(Q3, [], [], BOOK, release)


def test_good_and_bad_news_of_a_category_are_told_apart() -> None:
    cases = [*many(6, category="wellbeing"), *[told(9 + each, "wellbeing", tone=Tone.GOOD) for each in range(5)]]
    paper, _ = employer_report(Q3, files(*cases), [], BOOK)
    assert shown(paper, "category") == (
        ("2026-Q3", "Wellbeing (bad news)", 6),
        ("2026-Q3", "Wellbeing (good news)", 5),
    )
    assert shown(paper, "area_category") == (
        ("2026-Q3", "Networks", "Wellbeing (bad news)", 6),
        ("2026-Q3", "Networks", "Wellbeing (good news)", 5),
    )


def days(case: str, *cases: Told, before: datetime = Q3.ends_at) -> int | None:
    known = {one.id: one.file for one in cases}
    return days_to(known[case], known, as_of(list(known.values()), before), Reached.OUTCOME, before)


def test_what_was_merged_took_as_long_as_its_issue_took_from_then_on() -> None:
    one, issue = Told("A"), Told("B", Report("exit-targets", "networks", kind=Kind.SYSTEMIC))
    issue.settled(day=3)
    leaves, takes = merge(one.now, issue.now, by="Ada", role=Role.OFFICER, at=BEGIN + 5 * DAY)
    one.events.append(leaves)
    issue.events.append(takes)
    assert [days(case, one, issue) for case in ("A", "B")] == [5, 3]
    assert days("A", one, issue, before=BEGIN + 4 * DAY) is None
    other = Told("B", issue.report)
    other.events.append(takes)
    assert days("A", one, other) is None
    assert list(as_of([one.file], BEGIN)) == []
    assert shown(committee_report(Q3, files(one, issue), [], BOOK), "progress") == (("outcome: changed", 2),)


GROUP = GroupFigures(
    "prospect-bt",
    "Prospect in BT",
    120,
    107,
    methods={"roster file": 9, "not by us": 6},
    policies={"union-consent": 15},
    causes={"left": 6, "likely removed by others": 22},
    incidents=(IncidentFigure("01AB", BEGIN, 22), IncidentFigure("01AC", BEGIN, 0, "explained")),
    blind=(BlindFigure("token revoked", BEGIN, None), BlindFigure("read failed", BEGIN, BEGIN + DAY)),
    in_force=(PolicyFigure("union-consent@3", "People ask to be in", "BT committee", BEGIN),),
)


def tables(group: GroupFigures, k: int) -> dict[str, Table]:
    return {table.key.partition(".")[2]: table for table in group_tables(group, k)}


def test_a_group_is_told_with_its_growth_additions_removals_and_incidents() -> None:
    told_of = tables(GROUP, 5)
    assert [row[1] for row in told_of["growth"].rows] == [120, 15, 28, 107]
    assert told_of["methods"].rows == (("not by us", 6), ("roster file", 9))
    assert told_of["policies"].rows == (("union-consent", 15),)
    assert told_of["causes"].rows == (("left", 6), ("likely removed by others", 22))
    assert [row[2:] for row in told_of["incidents"].rows] == [(22, "open"), (0, "explained")]
    assert told_of["blind"].rows[0] == ("token revoked", "2026-07-01 09:00 UTC", "still")
    assert told_of["in_force"].rows[0][0] == "union-consent@3"


def test_additions_and_removals_of_a_group_are_both_shown_or_both_withheld() -> None:
    few = GroupFigures("g", "G", 100, 97, methods={"roster file": 9}, causes={"left": 3}, incidents=GROUP.incidents)
    told_of = tables(few, 5)
    assert [row[1] for row in told_of["growth"].rows] == [100, None, None, 97]
    assert (told_of["methods"].rows, told_of["causes"].rows) == ((("all", None),), (("all", None),))
    assert [row[2] for row in told_of["incidents"].rows] == [None, None]
    assert [row[1] for row in tables(few, 1)["growth"].rows] == [100, 9, 3, 97]
    assert [row[2] for row in tables(few, 1)["incidents"].rows] == [22, 0]


def test_an_incident_is_not_told_where_few_would_be_left_beside_it() -> None:
    beside = GroupFigures("g", "G", causes={"likely removed by others": 24}, incidents=GROUP.incidents)
    assert [row[2] for row in tables(beside, 5)["incidents"].rows] == [None, None]
    assert [row[1] for row in tables(beside, 5)["growth"].rows] == [None, 0, 24, None]


def test_a_tiny_group_has_no_size_and_policies_that_leave_some_out_are_withheld() -> None:
    tiny = GroupFigures("g", "G", 3, 8, methods={"roster file": 9}, policies={"union-consent": 6})
    assert [row[1] for row in tables(tiny, 5)["growth"].rows] == [None, 9, 0, None]
    assert tables(tiny, 5)["policies"].rows == (("all", None),)
    assert tables(tiny, 1)["policies"].rows == (("union-consent", 6),)


def test_the_same_report_is_the_same_bytes_as_json_and_csv() -> None:
    cases = files(*many(7), *many(5, 7, area="consumer"))
    one, _ = employer_report(Q3, cases, [GROUP], BOOK)
    other, _ = employer_report(Q3, cases[::-1], [GROUP], BOOK)
    assert one.as_json() == other.as_json()
    assert one.as_csv() == other.as_csv()
    assert (one.digest, len(one.digest)) == (other.digest, 64)
    assert json.loads(one.as_json())["version"] == "employer"
    assert one.table("nothing") is None
    assert b"withheld" in employer_report(Q3, [], [GroupFigures("g", "G")], BOOK)[0].as_csv()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_cell_of_a_spreadsheet_is_taken_for_a_formula(start: str) -> None:
    evil = Rulebook(areas=(Area("x", f"{start}cmd()"),), categories=(Category("c", f"{start}sum"),))
    paper = committee_report(Q3, files(told(1, "c", "x")), [], evil)
    cells = {cell for row in csv.reader(io.StringIO(paper.as_csv().decode(), newline="")) for cell in row}
    assert f"'{start}cmd()" in cells
    assert not [cell for cell in cells if cell.startswith(start)]


def test_every_table_says_what_is_counted() -> None:
    for paper in (employer_report(Q3, [], [GROUP], BOOK)[0], committee_report(Q3, [], [GROUP], BOOK)):
        assert all(table.definition.endswith(".") for table in paper.tables)
        assert len({table.key for table in paper.tables}) == len(paper.tables)
        assert all(len(row) == len(table.columns) for table in paper.tables for row in table.rows)


def test_drafts_are_made_of_what_has_been_through_the_gate() -> None:
    paper, _ = employer_report(Q3, files(*many(6)), [], BOOK)
    assert "- 2026-Q3, 2026-Q3, received: 6" in draft_post(paper)
    subject, text = draft_email(paper)
    assert subject.endswith("2026-Q3")
    assert "Dear members" in text
    with pytest.raises(ValueError, match="through the gate"):
        draft_post(committee_report(Q3, [], [], BOOK))
    bare = Paper("2026-Q3", Version.EMPLOYER, 5, "", (), ())
    assert "How far it came cannot be shown yet." in draft_post(bare)


AREAS, CATEGORIES = ["networks", "consumer"], ["exit-targets", "wellbeing", "improvement"]
CASES = st.lists(
    st.tuples(st.sampled_from(AREAS), st.sampled_from(CATEGORIES), st.integers(0, 180), st.integers(0, 180)),
    max_size=40,
)


@given(CASES)
@settings(max_examples=40, deadline=None)
def test_no_number_of_people_in_any_report_to_the_employer_is_below_k(
    drawn: Sequence[tuple[str, str, int, int]],
) -> None:
    cases = [told(number, category, area, day=day) for number, (area, category, day, _) in enumerate(drawn)]
    for case, (_, _, day, after) in zip(cases, drawn, strict=True):
        if after % 3:
            case.settled(day=day + after)
    release: Release | None = None
    for quarter in Q3.until(Quarter(2027, 2)):
        paper, release = employer_report(quarter, files(*cases), [], BOOK, release)
        counts = [
            row[-1] for table in paper.tables if table.columns[-1] == "escalations" for row in table.rows if row[-1]
        ]
        assert all(isinstance(count, int) and count >= BOOK.k for count in counts)
