"""A plan's text, its digest and its counts."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from workplace_sync.membership.change import Action
from workplace_sync.membership.plan import (
    Header,
    History,
    PlanDigest,
    PlannedChange,
    Tally,
    plan_facts,
    planned,
    restored_facts,
    stored_facts,
    unnumbered,
)
from workplace_sync.membership.subject import DEFAULTS
from workplace_sync.policy.decision import Decision, Effect, Finding

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
texts = st.text(st.characters(codec="utf-8"), max_size=20)
facts = st.fixed_dictionaries(
    {},
    optional={
        "subject.status": texts,
        "subject.in_roster": st.booleans(),
        "subject.roles": st.lists(texts, max_size=3),
        "subject.consent_at": st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))])),
    },
)
changes = st.builds(
    PlannedChange,
    seq=st.integers(0, 10**9),
    key=texts,
    address=texts,
    platform_id=texts,
    action=st.sampled_from(Action),
    reason=texts,
    effect=st.sampled_from(Effect),
    rules=st.lists(texts, max_size=2).map(tuple),
    why=st.lists(texts, max_size=2).map(tuple),
    remedy=st.sampled_from(["", "invite"]),
    facts=facts.map(stored_facts),
    excepted=st.lists(texts, max_size=2).map(tuple),
)


def change(effect: Effect, action: Action = Action.ADD, remedy: str = "", **known: bool) -> PlannedChange:
    return PlannedChange(
        0,
        "a@bt.example.org",
        "a@bt.example.org",
        "",
        action,
        "",
        effect,
        remedy=remedy,
        facts={f"subject.{name}": value for name, value in known.items()},
    )


@given(changes)
def test_a_change_survives_its_line(one: PlannedChange) -> None:
    assert PlannedChange.parse(one.line()) == one
    assert "\n" not in one.line()


@given(changes)
def test_a_change_can_be_numbered_after_its_line_was_made(one: PlannedChange) -> None:
    form = one.line_form()
    assert f"{form.head(one.key, one.address, one.platform_id)}{one.seq}{form.tail}" == one.line()


@given(st.lists(changes, max_size=6))
def test_tallies_of_parts_add_up_to_that_of_the_whole(every: list[PlannedChange]) -> None:
    whole, merged = Tally(), Tally()
    for one in every:
        part = Tally()
        whole.add(one)
        whole.add(one)
        part.add(one, times=2)
        merged.merge(part)
    assert merged == whole


@given(facts)
def test_stored_facts_are_whole_again_when_restored(known: dict[str, object]) -> None:
    stored = stored_facts(known)
    assert restored_facts(json.loads(json.dumps(stored))) == dict(DEFAULTS) | known


def test_a_decision_becomes_a_change_that_cites_its_rules() -> None:
    consent = Finding("union-consent", 3, "consent", Effect.DENY, "Consent", "No consent is on record.", "invite")
    asked = {"action.kind": "add", "action.reason": "rostered", "subject.in_roster": True}
    one = planned(4, "a@bt.example.org", "A@bt.example.org", "", asked, Decision(findings=(consent,)))
    assert (one.action, one.effect, one.rules) == (Action.ADD, Effect.DENY, ("union-consent@3/consent",))
    assert (one.why, one.remedy, one.reason) == (("No consent is on record.",), "invite", "rostered")
    assert one.facts == asked
    assert one.invitable


def test_the_digest_is_what_sha256sum_prints_for_the_lines() -> None:
    lines = [change(Effect.ALLOW).line(), change(Effect.DENY).line(), "header"]
    digest = PlanDigest()
    for line in lines:
        digest.add(line)
    assert digest.value() == hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def test_somebody_who_asked_to_be_left_out_is_not_invited_either() -> None:
    assert change(Effect.DENY, remedy="invite").invitable
    assert not change(Effect.DENY, remedy="invite", opted_out=True).invitable
    assert not change(Effect.WARN, remedy="invite").invitable
    assert not change(Effect.DENY).invitable


def test_the_counts_of_a_plan_tell_what_goes_waits_and_is_refused() -> None:
    tally = Tally()
    for effect in (Effect.ALLOW, Effect.WARN, Effect.HOLD, Effect.DENY):
        tally.add(change(effect, remedy="invite"))
    tally.add(change(Effect.DENY, remedy="invite")._replace(error=True))
    tally.add(change(Effect.ALLOW, Action.REMOVE, administrator=True))
    tally.add(change(Effect.HOLD, Action.REMOVE, protected=True))
    tally.add(change(Effect.DENY, Action.REMOVE, protected=True, administrator=True))
    assert tally.counts() == {
        "added": 2,
        "removed": 1,
        "held": 2,
        "denied": 3,
        "errors": 1,
        "excepted": 0,
        "invited": 3,
        "rejected": 0,
        "changes": 8,
    }


def test_a_change_that_an_exception_frees_goes_and_is_counted_apart() -> None:
    consent = Finding("union-consent", 3, "consent", Effect.EXCEPTED, "Consent", "No consent.", exception="trial")
    asked = {"action.kind": "add", "action.reason": "rostered"}
    one = planned(4, "a@bt.example.org", "A@bt.example.org", "", asked, Decision(excepted=(consent,)))
    assert (one.effect, one.goes, one.rules, one.why) == (Effect.EXCEPTED, True, (), ())
    assert one.excepted == ("union-consent@3/consent by trial",)
    tally = Tally()
    tally.add(one)
    tally.add(one._replace(effect=Effect.HOLD))  # freed from one rule, held by another
    found = plan_facts(tally, History(size=40, administrators=2))
    assert (found["plan.excepted"], found["plan.allowed"], found["plan.held"], found["plan.additions"]) == (2, 0, 1, 2)
    assert (tally.counts()["excepted"], tally.counts()["added"]) == (2, 1)


def test_plan_rules_judge_what_happens_if_every_hold_is_approved() -> None:
    tally = Tally()
    for effect, action in (
        (Effect.ALLOW, Action.ADD),
        (Effect.HOLD, Action.ADD),
        (Effect.DENY, Action.ADD),
        (Effect.HOLD, Action.REMOVE),
    ):
        tally.add(change(effect, action, administrator=True, protected=True))
    found = plan_facts(tally, History(size=40, administrators=2, added_last_24h=7, removed_last_7d=3))
    assert (found["plan.additions"], found["plan.removals"], found["plan.size_after"]) == (2, 1, 41)
    assert (found["plan.administrators_before"], found["plan.administrators_after"]) == (2, 1)
    assert found["plan.removals_protected"] == 1
    assert (found["plan.added_last_24h"], found["plan.removed_last_7d"], found["plan.added_last_7d"]) == (7, 3, 0)


def test_a_header_survives_its_line() -> None:
    header = Header(
        "g",
        "7001",
        "s1",
        "sha256:ab",
        NOW,
        "ada",
        Effect.HOLD,
        ("guards@1/x",),
        ("Too many.",),
        {"group.size": 4},
        {"guards": {"max": 5}},
        {"added": 1},
        ("guards@1/y by trial",),
    )
    assert Header.parse(header.line()) == header


@given(
    text=st.text(st.characters(exclude_categories=["Cs"])), seqs=st.tuples(st.integers(0, 10**9), st.integers(0, 10**9))
)
def test_a_change_says_the_same_in_two_plans_but_for_its_number(text: str, seqs: tuple[int, int]) -> None:
    one = PlannedChange(0, "k", "a", "", Action.ADD, text, Effect.HOLD, why=(text, '"seq":7'), facts={"x": text})
    first, second = (unnumbered(one._replace(seq=seq).line()) for seq in seqs)
    assert first == second == one.line().replace('"seq":0,', '"seq":,')
    assert unnumbered(one._replace(reason=f"{text}!").line()) != first
