"""The quarterly report from the books: once for the employer, with nothing small in it; and whether a file is one of ours."""

import csv
import io
import itertools
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text as sql

from tests.jobs.case_room import Room, room
from tests.world import CONSENT, GUARD, START, World, rules_of
from workplace_sync.cases.categories import Area
from workplace_sync.cases.escalation import Kind, Outcome, OutcomeFact, Raising, Step, Tone, Validation
from workplace_sync.cases.escalation_steps import Role
from workplace_sync.cases.quarter import Quarter
from workplace_sync.cases.report import Report, Version
from workplace_sync.errors import BusyError, CaseError, EvidenceError, StoreError, UsageError
from workplace_sync.evidence.entry import Kind as EntryKind
from workplace_sync.jobs.escalations import act
from workplace_sync.jobs.incidents import close_incident
from workplace_sync.jobs.quarterly import (
    Published,
    list_reports,
    parse_report,
    publish_report,
    verify_report,
    word_back,
)
from workplace_sync.jobs.quarterly_groups import group_figures
from workplace_sync.jobs.report_texts import approve_text, check_text
from workplace_sync.jobs.sentences import sentence_of
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.papers.quarterly import quarterly_files
from workplace_sync.store import audit, incidents, reports
from workplace_sync.store.database import Database

Q3, Q4, Q1 = Quarter(2026, 3), Quarter(2026, 4), Quarter(2027, 1)
DAY = date(2026, 7, 3)
K = 5
GROUP = ManagedGroup("prospect-bt", "Prospect in BT", "bt", "1")
RULES = rules_of(CONSENT, GUARD)


@pytest.fixture
def office_of(database: Database, tmp_path: Path) -> Room:
    made = room(database, tmp_path)
    made.rules(areas=(Area("networks", "Networks"), Area("consumer", "Consumer")))
    return made


def called_out(one: Room, at: datetime, *, networks: int, consumer: int, good: int, settled: int) -> None:
    one.clock.at = at
    kinds = [("networks", "forced-distribution", Tone.BAD)] * networks + [("consumer", "sickness", Tone.BAD)] * consumer
    cases = [
        one.report(area=area, category=category, tone=tone).case
        for area, category, tone in [*kinds, *[("consumer", "improvement", Tone.GOOD)] * good]
    ]
    desk = one.at("bryn")
    for case in cases[:settled]:
        act(desk, case, Step.VALIDATION_NOTED, facts=Validation(DAY), words="It is so.")
        act(desk, case, Step.SUBSTANTIATED)
        act(desk, case, Step.RAISED, facts=Raising(Kind.INDIVIDUAL, "Head of Pay", "letter", DAY))
        act(desk, case, Step.OUTCOME_RECORDED, facts=OutcomeFact(Outcome.CHANGED))


def publish(one: Room, quarter: Quarter, version: Version = Version.EMPLOYER, *, pdf: bool = False) -> Published:
    one.clock.at = max(one.clock.at, quarter.ends_at)
    return publish_report(one.at("bryn"), quarter, version, [GROUP], RULES, pdf=pdf)


def counts_in(content: bytes) -> dict[str, dict[str, list[int]]]:
    """Return the counts in a report's CSV, by table and the quarters in which they came."""
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in csv.DictReader(io.StringIO(content.decode(), newline="")):
        if row["column"] == "escalations":
            found[row["table"]][row["row"]].append(int(row["value"]))
    return found


def subtractions(total: int, parts: list[int]) -> Iterator[int]:
    counted = [part for part in parts if part]
    for size in range(len(counted) + 1):
        yield from (total - sum(some) for some in itertools.combinations(counted, size))


def test_whatever_is_subtracted_from_whatever_left_in_two_quarters_nothing_small_is_left(office_of: Room) -> None:
    called_out(office_of, Q3.begins_at, networks=7, consumer=2, good=6, settled=3)
    publish(office_of, Q3)
    called_out(office_of, Q4.begins_at, networks=9, consumer=1, good=1, settled=8)
    files = [publish(office_of, one).files for one in (Q3, Q4)]
    for content in (one["csv"] for one in files):
        tables = counts_in(content)
        totals = {when: counts[0] for when, counts in tables["Escalations received"].items()}
        for title in ("By category", "By area of the business", "By kind", "State and outcome"):
            for when, counts in tables[title].items():
                assert sum(counts) == totals[when], title
                left = list(subtractions(totals[when], counts))
                assert not [number for number in (*counts, *left) if 0 < number < K], (title, counts)
        assert not [number for cells in tables["By area and category"].values() for number in cells if number < K]
    assert counts_in(files[1]["csv"])["Escalations received"]["2026-Q3"] == [15]
    committee = counts_in(publish(office_of, Q4, Version.COMMITTEE).files["csv"])
    assert {1, 9} <= {number for counts in committee["By area and category"].values() for number in counts}


def test_the_employers_report_is_published_once_and_written_again_byte_for_byte(office_of: Room) -> None:
    called_out(office_of, Q3.begins_at, networks=7, consumer=0, good=0, settled=0)
    first = publish(office_of, Q3, pdf=True)
    called_out(office_of, office_of.clock.at, networks=6, consumer=0, good=0, settled=6)
    office_of.rules(k=3)
    again = publish(office_of, Q3, pdf=True)
    assert (first.new, again.new) == (True, False)
    assert (again.files, again.entry) == (first.files, first.entry)
    assert set(first.files) == {"html", "csv", "json", "pdf"}
    assert [(one.quarter, one.version) for one in list_reports(office_of.at("bryn"))] == [("2026-Q3", "employer")]
    without = publish(office_of, Q3)
    assert without.entry == first.entry


def test_a_file_is_known_again_and_a_changed_byte_is_found(office_of: Room) -> None:
    made = publish(office_of, Q3, pdf=True)
    for form, content in made.files.items():
        found = verify_report(office_of.desk.office, content)
        assert (found.form, found.quarter, found.version, found.entry) == (form, "2026-Q3", "employer", made.entry)
        for place in (0, len(content) // 2, len(content) - 1):
            changed = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
            with pytest.raises(EvidenceError, match="none of the reports"):
                verify_report(office_of.desk.office, changed)


@pytest.mark.parametrize("version", Version)
def test_of_a_quarter_that_has_not_begun_there_is_no_report(office_of: Room, version: Version) -> None:
    for quarter in (Quarter.of(office_of.clock.at).next, Quarter(9000, 1)):
        with pytest.raises(UsageError, match="has not begun"):
            publish_report(office_of.at("bryn"), quarter, version, [], RULES, pdf=False)


def test_the_employer_hears_of_whole_quarters_in_their_order(office_of: Room) -> None:
    office_of.clock.at = Q4.ends_at - timedelta(seconds=1)
    with pytest.raises(UsageError, match="not over"):
        publish_report(office_of.at("bryn"), Q4, Version.EMPLOYER, [], RULES, pdf=False)
    early = publish_report(office_of.at("bryn"), Q4, Version.COMMITTEE, [], RULES, pdf=False)
    assert "not over" in early.report.notes[-1]
    publish(office_of, Q4)
    with pytest.raises(UsageError, match="published already"):
        publish(office_of, Q3)
    assert "not over" not in publish(office_of, Q4, Version.COMMITTEE).report.notes[-1]


def test_of_two_who_publish_at_once_the_second_is_told_to_ask_again(
    office_of: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "workplace_sync.jobs.quarterly.quarterly_files"

    def meanwhile(report: Report, **more: Any) -> dict[str, bytes]:  # noqa: ANN401 - passed on as it is
        monkeypatch.setattr(name, quarterly_files)
        publish(office_of, Q3)
        return quarterly_files(report, **more)

    monkeypatch.setattr(name, meanwhile)
    with pytest.raises(BusyError, match="just published"):
        publish(office_of, Q4)
    assert [one.quarter for one in list_reports(office_of.at("bryn"))] == ["2026-Q3"]
    assert publish(office_of, Q4).new is True


def test_only_those_who_see_cases_make_reports(office_of: Room) -> None:
    for role in (Role.ADMIN, Role.AUDITOR, Role.REP):
        desk = office_of.at("sam", role)
        for refused in (
            lambda desk=desk: publish_report(desk, Q3, Version.COMMITTEE, [], RULES, pdf=False),
            lambda desk=desk: list_reports(desk),
            lambda desk=desk: word_back(desk, Q3),
            lambda desk=desk: check_text(desk, "x"),
        ):
            with pytest.raises(CaseError):
                refused()
    with pytest.raises(CaseError, match="Only an officer"):
        approve_text(office_of.at("sam", Role.OWNER), Q3, "The union met the employer.")


def test_a_text_leaves_as_it_was_approved_and_for_its_quarter_alone(office_of: Room) -> None:
    office_of.clock.at = Q3.begins_at
    text = "The union met the employer.\nThe manager in Networks was there.\n"
    (mark,) = check_text(office_of.at("bryn"), text)
    assert (mark.line, mark.column) == (2, 1)
    with pytest.raises(CaseError, match="title and site"):
        approve_text(office_of.at("bryn"), Q3, text)
    assert approve_text(office_of.at("bryn"), Q3, text, despite=True).despite == 1
    assert approve_text(office_of.at("bryn"), Q3, text, despite=True).by == "bryn"  # once is enough
    with pytest.raises(CaseError, match="phone"):
        approve_text(office_of.at("bryn"), Q3, "Ring 07700 900123.", despite=True)
    with pytest.raises(CaseError, match="empty"):
        approve_text(office_of.at("bryn"), Q3, " \n")
    table = publish(office_of, Q3).report.table("texts")
    assert table is not None
    assert [row[1] for row in table.rows] == [text.rstrip()]
    assert publish(office_of, Q4).report.table("texts") is None
    with pytest.raises(UsageError, match="published already"):
        approve_text(office_of.at("bryn"), Q3, "One thing more.")
    with office_of.desk.office.database.connect() as connection:
        rows = audit.list_entries(connection, kind=EntryKind.REPORT_TEXT_APPROVED)
    assert [sentence_of(row) for row in rows] == [
        "A text of 2026-Q3 was approved to leave, despite 1 marks that were found in it."
    ]


def test_word_goes_back_once_the_report_is_out_and_says_no_more_than_it(office_of: Room) -> None:
    with pytest.raises(UsageError, match="was not published"):
        word_back(office_of.at("bryn"), Q3)
    called_out(office_of, Q3.begins_at, networks=8, consumer=0, good=0, settled=8)
    publish(office_of, Q3)
    drafts = word_back(office_of.at("bryn"), Q3)
    assert set(drafts) == {"word-back-2026-Q3-post.txt", "word-back-2026-Q3-email.txt"}
    for text in drafts.values():
        assert "outcome: changed: 8" in text
        assert "Head of Pay" not in text
    assert drafts["word-back-2026-Q3-email.txt"].startswith("Subject: ")


def test_a_kept_report_that_was_altered_is_not_written_again(office_of: Room) -> None:
    made = publish(office_of, Q3)
    assert parse_report(made.files["json"]) == made.report
    for content in (b"", b"[]", made.files["json"].replace(b'"k":5', b'"k": 5')):
        with pytest.raises(StoreError):
            parse_report(content)


def test_a_group_is_counted_by_method_and_cause_and_an_incidents_outcome_only_leaves_approved(
    world_on_each_engine: World,
) -> None:
    world = world_on_each_engine
    plan = world.plan(world.people(30)).record
    world.approve(plan)
    added_since = datetime.now(UTC)
    world.apply(plan)
    body = {"group": world.group.platform_id, "since": added_since.timestamp()}
    world.sandbox.control("POST", "employer/remove-bulk", body)
    world.observe()
    world.observe()
    with world.office.database.connect() as connection:
        (incident,) = incidents.listed(connection)
    close_incident(world.office, incident, "The employer put Amina back.")
    quarter = Quarter.of(START)
    with world.office.database.connect() as connection:
        whole = group_figures(connection, world.group, world.rules, quarter)
        leaving = group_figures(connection, world.group, world.rules, quarter, approved=())
        before = group_figures(connection, world.group, world.rules, Quarter(2020, 1))
        assert reports.came_otherwise(connection, world.group.name, quarter.begins_at, quarter.ends_at) == 0
    with world.office.database.write() as connection:
        connection.execute(sql("DELETE FROM operation"))
        unknown = group_figures(connection, world.group, world.rules, quarter)
    assert sum(unknown.methods.values()) - sum(unknown.policies.values()) == 30  # seen to come, and not by our doing
    assert whole.methods == {"roster file": 30}
    assert sum(whole.policies.values()) == 30
    assert sum(whole.causes.values()) == 30
    assert whole.size_first == whole.size_last
    assert [one.outcome for one in whole.incidents] == ["The employer put Amina back."]
    assert [one.outcome for one in leaving.incidents] == ["closed"]
    assert (before.methods, before.size_first, before.incidents) == ({}, None, ())
    assert [one.cite for one in before.in_force] == ["consent@2", "guard@1"]
