"""What is wanted of a person, and the facts that policies are asked with."""

from datetime import UTC, datetime

import pytest

from workplace_sync.membership.change import Action
from workplace_sync.membership.group import ManagedGroup, RemovalRules
from workplace_sync.membership.subject import DEFAULTS, EPOCH, Candidate, subject_facts, wanted_change
from workplace_sync.policy.facts import CHANGE_FACTS
from workplace_sync.roster.consent import Consent, ConsentState

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NO_CONSENT = Consent(ConsentState.NONE)
OPTED_IN = Consent(ConsentState.OPTED_IN, NOW, "form")
OPTED_OUT = Consent(ConsentState.WITHDRAWN, NOW)
CAREFUL = ManagedGroup("prospect-bt", "Prospect in BT", "bt", "7001")
TIDY = ManagedGroup(
    "prospect-bt", "Prospect in BT", "bt", "7001", removals=RemovalRules(opted_out=True, not_eligible=True)
)


def person(**known: object) -> Candidate:
    values = {"tenant": "bt", "status": "active", "in_roster": True} | known
    return Candidate("amina@bt.example.org", "Amina@bt.example.org", **values)  # type: ignore[arg-type]


def test_somebody_on_the_roster_and_not_in_the_group_is_to_be_added_whatever_their_consent() -> None:
    for consent in (OPTED_IN, NO_CONSENT, OPTED_OUT):  # whether they may be is the policies' business
        assert wanted_change(person(), consent, CAREFUL) == (Action.ADD, "rostered")


def test_somebody_neither_on_the_roster_nor_in_the_group_is_nobodys_business() -> None:
    assert wanted_change(person(in_roster=False), OPTED_IN, TIDY) is None


@pytest.mark.parametrize("consent", [OPTED_IN, OPTED_OUT])
@pytest.mark.parametrize("known", [{}, {"in_roster": False}, {"status": "lapsed"}])
def test_removals_are_off_by_default(known: dict[str, object], consent: Consent) -> None:
    assert wanted_change(person(is_member=True, **known), consent, CAREFUL) is None


@pytest.mark.parametrize(
    ("known", "consent", "wanted"),
    [
        ({}, OPTED_IN, None),
        ({}, OPTED_OUT, (Action.REMOVE, "opted_out")),
        ({"in_roster": False}, NO_CONSENT, (Action.REMOVE, "not_eligible")),
        ({"status": "lapsed"}, OPTED_IN, (Action.REMOVE, "not_eligible")),
        ({"tenant": "openreach"}, OPTED_IN, (Action.REMOVE, "not_eligible")),
    ],
)
def test_where_removals_are_on_those_go_who_asked_to_or_lost_eligibility(
    known: dict[str, object], consent: Consent, wanted: object
) -> None:
    assert wanted_change(person(is_member=True, **known), consent, TIDY) == wanted


def test_the_facts_of_a_person_are_exactly_those_that_policies_may_ask_for() -> None:
    facts = subject_facts(person(), OPTED_IN, CAREFUL, Action.ADD, "rostered")
    assert {name for name in facts if name.startswith("subject.")} == set(DEFAULTS)
    assert set(facts) == {name for name in CHANGE_FACTS if name.startswith(("subject.", "action."))}


def test_a_time_that_is_not_known_is_the_epoch() -> None:
    facts = subject_facts(person(), NO_CONSENT, CAREFUL, Action.ADD, "rostered")
    assert facts["subject.consent_at"] == facts["subject.departed_at"] == EPOCH
    gone = subject_facts(person(departed_at=NOW), OPTED_IN, CAREFUL, Action.ADD, "rostered")
    assert gone["subject.departed"] is True
    assert gone["subject.departed_at"] == gone["subject.consent_at"] == NOW
