"""Why somebody is gone, case by case: never more than was seen."""

from dataclasses import replace

import pytest

from workplace_sync.membership.removals import (
    Account,
    Cause,
    Confidence,
    Finding,
    FormerMeaning,
    Hint,
    Observed,
    bulk_from,
    classify,
    is_unexplained,
    meaning_of_former,
    policy_word,
)
from workplace_sync.membership.timeline import BlindCause

ALONE = Observed(readings=2, account=Account.ACTIVE, size=1000)
TOGETHER = replace(ALONE, together=20)
LEAVERS = FormerMeaning.LEAVERS

CASES = {
    "we removed them": (replace(TOGETHER, own_operation=True), "own_operation", "certain"),
    "alone, and the account lives": (ALONE, "unknown", "unknown"),
    "alone, and nothing is told of the account": (Observed(), "unknown", "unknown"),
    "19 of 1000 at once": (replace(ALONE, together=19), "unknown", "unknown"),
    "20 of 1000 at once": (TOGETHER, "removed_by_other", "likely"),
    "20 of 1000 within two days": (replace(TOGETHER, days=2), "unknown", "unknown"),
    "40 of 1000 within two days": (replace(TOGETHER, together=40, days=2), "removed_by_other", "likely"),
    "20 at once, accounts not told": (replace(TOGETHER, account=Account.UNTOLD), "removed_by_other", "possible"),
    "5 of 40 at once": (replace(ALONE, together=5, size=40), "removed_by_other", "likely"),
    "4 of 40 at once": (replace(ALONE, together=4, size=40), "unknown", "unknown"),
    "the account is deactivated": (replace(TOGETHER, account=Account.DEACTIVATED), "account_deactivated", "likely"),
    "listed as deactivated, nothing else told": (
        replace(ALONE, account=Account.UNTOLD, listed_inactive=True),
        "account_deactivated",
        "likely",
    ),
    "listed as deactivated, and yet active": (
        replace(TOGETHER, listed_inactive=True),
        "account_deactivated",
        "possible",
    ),
    "not listed as deactivated": (replace(TOGETHER, listed_inactive=False), "removed_by_other", "likely"),
    "the account is gone": (replace(TOGETHER, account=Account.GONE), "account_gone", "likely"),
    "gone while the group was archived": (replace(TOGETHER, blind=BlindCause.ARCHIVED), "group_archived", "possible"),
    "gone while the group was gone": (replace(ALONE, blind=BlindCause.GONE), "group_archived", "possible"),
    "gone while the token was revoked": (
        replace(TOGETHER, blind=BlindCause.TOKEN_REVOKED),
        "removed_by_other",
        "likely",
    ),
    "on a list of leavers": (
        replace(TOGETHER, listed_former=True, former_meaning=LEAVERS),
        "left",
        "likely",
    ),
    "not on a list of leavers": (
        replace(ALONE, listed_former=False, former_meaning=LEAVERS),
        "removed_by_other",
        "possible",
    ),
    "on a list of everybody": (
        replace(ALONE, listed_former=True, former_meaning=FormerMeaning.EVERYBODY),
        "unknown",
        "unknown",
    ),
    "on a list of which nobody knows whom it lists": (replace(ALONE, listed_former=True), "unknown", "unknown"),
    "a webhook names an admin": (replace(ALONE, hint=Hint("1", actor="9")), "removed_by_admin", "certain"),
    "a webhook names an admin, and the account is closed": (
        replace(ALONE, account=Account.DEACTIVATED, hint=Hint("1", actor="9")),
        "removed_by_admin",
        "certain",
    ),
    "a webhook names the member": (replace(TOGETHER, hint=Hint("1", actor="1")), "left", "certain"),
    "a webhook names nobody": (replace(ALONE, hint=Hint("1")), "unknown", "unknown"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_cause_is_no_more_than_was_seen(name: str) -> None:
    seen, cause, confidence = CASES[name]
    found = classify(seen)
    assert (found.cause, found.confidence) == (Cause(cause), Confidence(confidence))
    assert found.actor == ("9" if cause == "removed_by_admin" else "")


def test_somebody_else_is_never_named_as_the_certain_remover_without_a_webhook() -> None:
    for seen, _, _ in CASES.values():
        found = classify(replace(seen, hint=None))
        assert found.cause is not Cause.REMOVED_BY_ADMIN
        assert found.cause is Cause.OWN_OPERATION or found.confidence is not Confidence.CERTAIN


def test_every_observation_behind_a_cause_is_told() -> None:
    everything = Observed(
        readings=3,
        account=Account.ACTIVE,
        listed_inactive=False,
        listed_former=True,
        former_meaning=LEAVERS,
        blind=BlindCause.READ_FAILED,
        hint=Hint("1", actor="1"),
        together=30,
        size=900,
    )
    assert classify(everything).observations == (
        "missing from 3 complete readings in a row",
        "the account is active",
        "not on the platform's list of deactivated accounts",
        "on the group's list of former members, which lists those who left by themselves, and none that we removed",
        "in between, the group could not be read",
        "a signed webhook told of it, naming the member",
        "30 with live accounts went within a day, of 900 members",
    )
    assert classify(Observed(own_operation=True)).observations == (
        "missing from 1 complete reading in a row",
        "an operation of ours removed them",
    )
    webhooks = [Hint("1"), Hint("1", actor="9"), Hint("1", actor="1")]
    told = [classify(replace(ALONE, hint=hint)).observations[-1] for hint in webhooks]
    assert [text.partition(", naming ")[2] for text in told] == [
        "nobody who did it",
        "another account",
        "the member",
    ]
    late = classify(replace(TOGETHER, days=3, listed_former=False, listed_inactive=True, account=Account.UNTOLD))
    assert "on the platform's list of deactivated accounts" in late.observations
    assert not any("within" in text for text in late.observations)
    slow = classify(replace(TOGETHER, days=3, listed_former=False))
    assert "20 with live accounts went within 3 days, of 1000 members" in slow.observations


def test_a_bulk_removal_is_20_people_or_2_percent_and_never_fewer_than_5() -> None:
    assert [bulk_from(size) for size in (0, 40, 250, 251, 400, 999, 1000, 8000)] == [5, 5, 5, 6, 8, 20, 20, 20]


def test_policies_hear_a_cause_only_where_it_is_likely() -> None:
    words = {(cause, sure): policy_word(Finding(cause, sure)) for cause in Cause for sure in Confidence}
    assert {word for (_, sure), word in words.items() if sure in {Confidence.POSSIBLE, Confidence.UNKNOWN}} == {
        "unknown"
    }
    assert {cause.value: words[cause, Confidence.LIKELY] for cause in Cause} == {
        "own_operation": "unknown",
        "left": "left",
        "account_deactivated": "account_closed",
        "account_gone": "account_closed",
        "removed_by_admin": "removed_by_other",
        "removed_by_other": "removed_by_other",
        "group_archived": "unknown",
        "unknown": "unknown",
    }


def test_who_left_or_has_no_account_is_explained() -> None:
    explained = {cause.value for cause in Cause if not is_unexplained(Finding(cause, Confidence.LIKELY))}
    assert explained == {"own_operation", "left", "account_deactivated", "account_gone"}


def test_what_the_list_of_former_members_holds_is_learnt_from_our_own_removals() -> None:
    assert meaning_of_former(listed=1, removed_by_us=5) is FormerMeaning.EVERYBODY
    assert meaning_of_former(listed=0, removed_by_us=3) is FormerMeaning.LEAVERS
    assert meaning_of_former(listed=0, removed_by_us=2) is FormerMeaning.UNTOLD
