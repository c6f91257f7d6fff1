"""A draft is asked as if it had always been in force: its newest versions alone, for one group."""

import pytest

from tests.policy.documents import CONSENT, NOW, person, policy
from workplace_sync.errors import InputError
from workplace_sync.policy.backtest import Replay, read_draft
from workplace_sync.policy.decision import Effect
from workplace_sync.policy.facts import FactValue

LATER = CONSENT.replace("2020-03-01", "2050-03-01")
SHARED: dict[str, FactValue] = {"now": NOW, "group.tenant": "bt", "group.size": 40}


def row(**changed: object) -> dict[str, object]:
    return {name: value for name, value in person(**changed).items() if not name.startswith("group.")}


def test_a_draft_that_comes_into_force_later_is_tried_all_the_same() -> None:
    replay = Replay(read_draft({"a.yaml": LATER.encode()}), "prospect-bt", {})
    found = list(replay.decide("add", [row(), row(subject__consent="none"), row(subject__opted_out=True)], SHARED))
    assert [decision.effect for decision in found] == [Effect.ALLOW, Effect.DENY, Effect.ALLOW]
    assert replay.decide_plan({"plan.additions": 501, "now": NOW}).effect is Effect.HOLD
    assert next(replay.decide("remove", [row(subject__consent="none")], SHARED)).effect is Effect.ALLOW


def test_a_draft_about_other_groups_says_nothing() -> None:
    replay = Replay(read_draft({"a.yaml": LATER.encode()}), "elsewhere", {})
    assert next(replay.decide("add", [row(subject__consent="none")], SHARED)).effect is Effect.ALLOW


def test_of_several_versions_the_newest_is_tried() -> None:
    first = CONSENT.replace("2020-03-01T00:00:00Z", "2020-03-01T00:00:00Z\n  effective_until: 2050-03-01T00:00:00Z")
    second = LATER.replace("version: 3", "version: 4")
    draft = read_draft({"a.yaml": first.encode(), "b.yaml": second.encode(), "c.yaml": policy("another")})
    assert {(found.id, found.version) for found in draft.policies} == {("union-consent", 4), ("another", 2)}
    assert draft.ids == {"union-consent", "another"}


def test_a_draft_that_has_faults_is_refused_with_them() -> None:
    with pytest.raises(InputError, match="one fault"):
        read_draft({"a.yaml": policy(effect="allow")})


def test_what_holds_no_policy_is_no_draft() -> None:
    with pytest.raises(InputError, match="no policy in the draft"):
        read_draft({})
