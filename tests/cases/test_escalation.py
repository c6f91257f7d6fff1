"""The way of an escalation: what is possible when, for whom, by when; and what its events say."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases.files import BEGIN, DAY, ON, Told
from workplace_sync.cases.escalation import (
    FACTS_OF,
    Answer,
    Confidentiality,
    Escalation,
    Event,
    Facts,
    Kind,
    Link,
    LinkKind,
    Merge,
    Outcome,
    OutcomeFact,
    Period,
    Raising,
    Recusal,
    Report,
    State,
    Step,
    Tone,
    Unsealing,
    Validation,
    after,
    case_id,
    escalation_of,
)
from workplace_sync.cases.escalation_facts import read_facts, write_facts
from workplace_sync.cases.escalation_steps import (
    Deadlines,
    Due,
    Duty,
    Role,
    allowed,
    allowed_now,
    due,
    overdue,
    received,
    step,
)
from workplace_sync.errors import CaseError

SOME_FACTS: dict[Step, Facts] = {
    Step.RECEIVED: Report("pay", "north", happened=Period(ON, ON), recused=("Grace",), via="console"),
    Step.VALIDATION_NOTED: Validation(ON),
    Step.RAISED: Raising(Kind.SYSTEMIC, "Group HR", "letter", ON, "P/7"),
    Step.ANSWERED: Answer(ON),
    Step.OUTCOME_RECORDED: OutcomeFact(Outcome.REFUSED),
    Step.LINKED: Link(LinkKind.INCIDENT, "01ABC"),
    Step.RECUSED: Recusal("Cerys"),
    Step.MERGED: Merge("OTHER"),
    Step.ABSORBED: Merge("OTHER"),
    Step.UNSEALED: Unsealing("Bryn"),
}


def test_an_escalation_goes_its_whole_way_and_can_be_opened_again() -> None:
    case = Told()
    assert case.now.state is State.RECEIVED
    assert case.now.open
    case.settled(day=3).do(Step.REPORTED_BACK, day=4).do(Step.CLOSED, day=5)
    assert (case.now.state, case.now.outcome, case.now.kind) == (State.CLOSED, Outcome.CHANGED, Kind.SYSTEMIC)
    assert (case.now.closed_at, case.now.open) == (BEGIN + 5 * DAY, False)
    assert case.now.raised[0].reference == "P/7"
    case.do(Step.REOPENED, day=9)
    assert (case.now.state, case.now.outcome, case.now.closed_at) == (State.IN_VALIDATION, None, None)


@pytest.mark.parametrize(
    ("state", "role", "steps"),
    [
        (State.RECEIVED, Role.REPORTER, {Step.ADDED, Step.REPLIED}),
        (State.CLOSED, Role.REPORTER, {Step.ADDED, Step.REPLIED}),
        (State.MERGED, Role.REPORTER, {Step.ADDED, Step.REPLIED}),
        (State.RECEIVED, Role.REP, set()),
        (State.RECEIVED, Role.ADMIN, set()),
        (State.RECEIVED, Role.AUDITOR, set()),
        (State.RECEIVED, Role.OWNER, {Step.NOTED, Step.LINKED, Step.CLOSED}),
        (State.CLOSED, Role.OWNER, {Step.NOTED, Step.LINKED, Step.REOPENED}),
        (State.CLOSED, Role.OFFICER, {Step.NOTED, Step.LINKED, Step.RECUSED, Step.UNSEALED, Step.REOPENED}),
    ],
)
def test_each_role_has_its_steps(state: State, role: Role, steps: set[Step]) -> None:
    assert allowed(state, role) == steps


def test_only_an_officer_opens_who_reported() -> None:
    for role in set(Role) - {Role.OFFICER}:
        assert all(Step.UNSEALED not in allowed(state, role) for state in State)


def test_what_is_not_possible_says_what_is() -> None:
    with pytest.raises(CaseError) as caught:
        Told().do(Step.RAISED, SOME_FACTS[Step.RAISED])
    assert caught.value.message == "Case 7KQ2-M9TD is received: raised is not possible for the role officer."
    assert "validation noted" in caught.value.hint
    with pytest.raises(CaseError, match="not possible for who reported"):
        Told().do(Step.CLOSED, by="", role=Role.REPORTER)
    with pytest.raises(CaseError) as caught:
        Told().do(Step.NOTED, by="Rhona", role=Role.ADMIN)
    assert caught.value.hint == "Nothing is possible for the role admin now."


def test_a_reply_needs_a_question_and_settles_it() -> None:
    case = Told()
    with pytest.raises(CaseError, match="replied is not possible"):
        case.do(Step.REPLIED, by="", role=Role.REPORTER)
    case.do(Step.ASKED, words="Which week?")
    assert case.now.asked
    case.do(Step.NOTED)
    assert case.now.asked
    case.do(Step.REPLIED, by="", role=Role.REPORTER)
    assert (case.now.asked, case.now.unread) == (False, True)
    case.do(Step.UNSEALED, Unsealing("Bryn"))
    assert case.now.unread
    case.do(Step.NOTED)
    assert not case.now.unread


def test_an_officer_whom_it_is_about_has_no_part_in_it() -> None:
    case = Told(report=Report("other", "north", recused=("Ada",)))
    assert allowed_now(case.now, Role.OFFICER, "Ada") == frozenset()
    with pytest.raises(CaseError, match="no part in case"):
        case.do(Step.NOTED)
    case.do(Step.RECUSED, Recusal("Grace"), by="Bryn")
    assert case.now.recused == {"Ada", "Grace"}
    with pytest.raises(CaseError, match="second officer has no part"):
        case.do(Step.UNSEALED, Unsealing("Ada"), by="Bryn")


@pytest.mark.parametrize("way", [Confidentiality.UNION_ONLY, Confidentiality.NOT_NAMED])
def test_who_is_not_to_be_named_opens_to_two_officers_only(way: Confidentiality) -> None:
    case = Told(report=Report("other", "north", confidentiality=way))
    for second in ("", "Ada"):
        with pytest.raises(CaseError, match="two officers"):
            case.do(Step.UNSEALED, Unsealing(second))
    case.do(Step.UNSEALED, Unsealing("Bryn"))
    with pytest.raises(CaseError, match="needs words"):
        case.do(Step.UNSEALED, Unsealing("Bryn"), words=" ")


def test_who_is_to_be_named_opens_to_one() -> None:
    case = Told(report=Report("other", "north", confidentiality=Confidentiality.NAMED))
    assert case.do(Step.UNSEALED, Unsealing()).now.state is State.RECEIVED
    with pytest.raises(CaseError, match="two officers"):
        case.do(Step.UNSEALED, Unsealing("Ada"))


def test_a_step_comes_with_what_belongs_to_it() -> None:
    with pytest.raises(CaseError, match="without what belongs to it"):
        Told().do(Step.VALIDATION_NOTED)
    with pytest.raises(CaseError, match="cannot be merged with itself"):
        Told().do(Step.MERGED, Merge("7KQ2-M9TD"))


def test_a_rep_may_open_an_escalation_and_an_admin_may_not() -> None:
    event = received(Report("other", "north"), by="Kofi", role=Role.REP, at=BEGIN, words="Heard it.")
    assert escalation_of("A", [event]).opened_at == BEGIN
    with pytest.raises(CaseError, match="opens no escalation"):
        received(Report("other", "north"), by="Rhona", role=Role.ADMIN, at=BEGIN, words="Heard it.")
    with pytest.raises(CaseError, match="Nothing is told"):
        received(Report("other", "north"), by="", role=Role.REPORTER, at=BEGIN, words=" \n")


def test_events_that_are_none_are_refused() -> None:
    with pytest.raises(CaseError, match="do not begin"):
        escalation_of("A", [])
    first = Told().events[0]
    with pytest.raises(CaseError, match="do not begin"):
        escalation_of("A", [replace(first, facts=None)])
    with pytest.raises(CaseError, match="do not begin"):
        escalation_of("A", [replace(first, step=Step.NOTED)])
    with pytest.raises(CaseError, match="cannot be read"):
        escalation_of("A", [first, first])
    with pytest.raises(CaseError, match="cannot be read"):
        escalation_of("A", [first, replace(first, step=Step.NOTED)])


def test_links_are_kept_once() -> None:
    case = Told()
    for ref in ("2", "1", "2"):
        case.do(Step.LINKED, Link(LinkKind.INCIDENT, ref))
    assert [link.ref for link in case.now.links] == ["1", "2"]


def test_only_a_systemic_issue_absorbs() -> None:
    assert Step.ABSORBED not in allowed_now(Told().now, Role.OFFICER)
    issue = Told(report=Report("other", "north", kind=Kind.SYSTEMIC)).do(Step.ABSORBED, Merge("B"))
    assert issue.now.absorbed == ("B",)


def test_words_can_be_erased_and_what_is_counted_stays() -> None:
    case = Told().settled()
    bare = [event.without_words() for event in case.events]
    assert all(not event.words for event in bare)
    assert "Group HR" not in str(bare)
    now = escalation_of(case.id, bare)
    assert (now.state, now.outcome, now.kind) == (case.now.state, case.now.outcome, case.now.kind)


def test_it_cannot_end_before_it_began() -> None:
    assert Period(ON, ON).last == ON
    with pytest.raises(CaseError, match="ends before it begins"):
        Period(ON, date(2026, 7, 1))


def test_what_is_not_done_in_time_is_overdue() -> None:
    limits = Deadlines()
    case = Told()
    assert due(case.now, limits) == Due(BEGIN + 7 * DAY, Duty.VALIDATE, case.id)
    case.do(Step.VALIDATION_NOTED, Validation(ON), day=5)
    assert due(case.now, limits) == Due(BEGIN + 7 * DAY, Duty.VALIDATE, case.id)  # talking stops no clock
    assert overdue(case.now, BEGIN + 7 * DAY, limits) is None
    assert overdue(case.now, BEGIN + 8 * DAY, limits) is not None
    case.do(Step.SUBSTANTIATED, day=6)
    assert due(case.now, limits) == Due(BEGIN + 20 * DAY, Duty.RAISE, case.id)
    case.do(Step.RAISED, SOME_FACTS[Step.RAISED], day=7)
    case.do(Step.RAISED, SOME_FACTS[Step.RAISED], day=10)
    assert due(case.now, limits) == Due(BEGIN + 38 * DAY, Duty.CHASE, case.id)
    case.do(Step.ANSWERED, Answer(ON), day=11)
    assert due(case.now, limits) == Due(BEGIN + 25 * DAY, Duty.SETTLE, case.id)
    case.do(Step.OUTCOME_RECORDED, OutcomeFact(Outcome.CHANGED), day=12)
    assert due(case.now, limits) == Due(BEGIN + 19 * DAY, Duty.REPORT_BACK, case.id)
    case.do(Step.REPORTED_BACK, day=13)
    assert due(case.now, limits) is None
    assert overdue(case.now, BEGIN + 999 * DAY, limits) is None


def test_an_id_is_chance_alone() -> None:
    assert case_id(bytes(5)) == "0000-0000"
    assert case_id(b"\xff" * 5) == "ZZZZ-ZZZZ"
    with pytest.raises(ValueError, match="5 random bytes"):
        case_id(b"")


@given(st.binary(min_size=5, max_size=5), st.binary(min_size=5, max_size=5))
def test_ids_differ_where_their_chance_does(one: bytes, other: bytes) -> None:
    assert (case_id(one) == case_id(other)) == (one == other)


@pytest.mark.parametrize("action", list(Step))
def test_facts_are_read_as_they_were_written(action: Step) -> None:
    facts = SOME_FACTS.get(action)
    assert read_facts(action, write_facts(facts)) == facts
    if facts is not None:
        with pytest.raises(CaseError, match="cannot be read"):
            read_facts(action, {})


def test_a_report_without_a_time_is_read_as_it_was_written() -> None:
    report = Report("pay", "north", tone=Tone.GOOD)
    assert read_facts(Step.RECEIVED, write_facts(report)) == report


@given(st.lists(st.tuples(st.sampled_from(Step), st.sampled_from(Role)), max_size=30))
def test_whatever_is_tried_no_step_outside_the_way_is_taken(tries: list[tuple[Step, Role]]) -> None:
    case = Told(report=Report("other", "north", confidentiality=Confidentiality.NAMED))
    for number, (action, role) in enumerate(tries):
        before: Escalation = case.now
        possible = allowed_now(before, role, "Ada")
        at = BEGIN + number * timedelta(hours=1)
        try:
            event: Event = step(before, action, by="Ada", role=role, at=at, facts=SOME_FACTS.get(action), words="so")
        except CaseError:
            assert action not in possible
            continue
        assert action in possible
        case.events.append(event)
        assert after(before, event) == case.now
        assert case.now.state is not State.OUTCOME or case.now.outcome is not None
    assert FACTS_OF.keys() == SOME_FACTS.keys()
