"""Duplicates become one systemic issue, and every receipt still works."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases.files import BEGIN, DAY, Told
from workplace_sync.cases.escalation import Escalation, Kind, Outcome, Report, State, Step
from workplace_sync.cases.escalation_steps import Role
from workplace_sync.cases.merging import merge, root_of, standing
from workplace_sync.cases.retention import Expiry, expired, months_after
from workplace_sync.cases.word_back import word_to_reporter
from workplace_sync.errors import CaseError

SYSTEMIC = Report("exit-targets", "networks", kind=Kind.SYSTEMIC)


def join(duplicate: Told, issue: Told, day: float = 1) -> None:
    leaves, takes = merge(duplicate.now, issue.now, by="Ada", role=Role.OFFICER, at=BEGIN + day * DAY)
    duplicate.events.append(leaves)
    issue.events.append(takes)


def all_of(*cases: Told) -> dict[str, Escalation]:
    return {case.id: case.now for case in cases}


def test_a_merged_report_goes_on_as_its_issue_does() -> None:
    one, other, issue = Told("A"), Told("B"), Told("C", SYSTEMIC)
    join(one, issue)
    join(other, issue)
    cases = all_of(one, other, issue)
    assert one.now.state is State.MERGED
    assert issue.now.absorbed == ("A", "B")
    assert {root_of(case, cases) for case in cases} == {"C"}
    issue.settled(day=4)
    cases = all_of(one, other, issue)
    assert (standing("A", cases).state, standing("A", cases).outcome) == (State.OUTCOME, Outcome.CHANGED)
    assert standing("A", cases).kind is Kind.SYSTEMIC
    assert standing("A", cases) == standing("C", cases)


def test_a_merged_report_can_be_added_to_and_reads_the_state_of_its_issue() -> None:
    one, issue = Told("A"), Told("C", SYSTEMIC)
    one.do(Step.ASKED, words="When?")
    join(one, issue)
    one.do(Step.ADDED, by="", role=Role.REPORTER, words="More of it.")
    one.do(Step.REPLIED, by="", role=Role.REPORTER, words="In May.")
    issue.settled(day=4)
    told = word_to_reporter("A", all_of(one, issue))
    assert told == (
        "There is an outcome.",
        "The union treats it as a part of a larger issue, and this is how that stands.",
        "What came of it: the employer changed it.",
    )
    assert "In May" not in str(word_to_reporter("C", all_of(one, issue)))


def test_a_question_is_told_with_the_state() -> None:
    case = Told("A").do(Step.ASKED, words="When?")
    assert word_to_reporter("A", all_of(case))[-1] == "An officer has asked you something: please answer below."


def test_an_issue_can_become_a_part_of_a_larger_one() -> None:
    one, issue, larger = Told("A"), Told("B", SYSTEMIC), Told("C", SYSTEMIC)
    join(one, issue)
    join(issue, larger)
    cases = all_of(one, issue, larger)
    assert {root_of(case, cases) for case in cases} == {"C"}


def test_only_an_open_systemic_issue_that_is_no_part_of_another_absorbs() -> None:
    one, issue, larger = Told("A"), Told("B", SYSTEMIC), Told("C", SYSTEMIC)
    with pytest.raises(CaseError, match="about one person"):
        join(issue, one)
    join(issue, larger)
    with pytest.raises(CaseError, match="part of case C already"):
        join(one, issue)
    with pytest.raises(CaseError, match="cannot be merged with itself"):
        join(larger, larger)
    larger.do(Step.CLOSED)
    with pytest.raises(CaseError, match="Case C is closed"):
        join(one, larger)


def test_merges_that_go_round_or_lead_nowhere_are_told() -> None:
    one, issue = Told("A"), Told("B", SYSTEMIC)
    join(one, issue)
    with pytest.raises(CaseError, match="is not there"):
        root_of("A", all_of(one))
    round_about = all_of(one) | {"B": Told("B", SYSTEMIC).now}
    loop = Told("B", SYSTEMIC)
    join(loop, Told("A", SYSTEMIC))
    round_about["B"] = loop.now
    with pytest.raises(CaseError, match="merged into itself"):
        root_of("A", round_about)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=20))
def test_no_merging_ever_goes_round(pairs: Sequence[tuple[int, int]]) -> None:
    cases = [Told(str(number), SYSTEMIC) for number in range(6)]
    for duplicate, issue in pairs:
        try:
            join(cases[duplicate], cases[issue])
        except CaseError:
            continue
    known = all_of(*cases)
    roots = {root_of(case, known) for case in known}
    assert {case.id for case in known.values() if not case.merged_into} == roots


def closed(case: Told, day: float) -> Told:
    return case.do(Step.CLOSED, day=day)


def test_closed_cases_lose_their_words_after_the_time_that_is_set() -> None:
    one, issue, still, held = Told("A"), Told("B", SYSTEMIC), Told("C"), Told("D")
    join(one, issue)
    closed(issue, 10)
    closed(held, 5)
    cases = all_of(one, issue, still, held)
    over = months_after(BEGIN + 10 * DAY, 12)
    assert expired(cases, over - DAY, 12, ["D"]) == (Expiry(months_after(BEGIN + 5 * DAY, 12), "D", held=True),)
    assert [found.case for found in expired(cases, over, 12)] == ["D", "A", "B"]
    assert [found.held for found in expired(cases, over, 12, ["A", "unknown"])] == [False, True, True]


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [("2026-01-31", 1, "2026-02-28"), ("2026-12-15", 1, "2027-01-15"), ("2024-02-29", 12, "2025-02-28")],
)
def test_months_end_where_months_do(day: str, months: int, expected: str) -> None:
    at = BEGIN.replace(year=int(day[:4]), month=int(day[5:7]), day=int(day[8:]))
    assert months_after(at, months).date().isoformat() == expected
