"""An engine in another process, and where the engine's native code cannot be trusted with all rules at once."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.documents import CONSENT, NOW, person, policy, shelf
from workplace_sync.policy.decision import Effect
from workplace_sync.policy.engine import Engine

FILES = (CONSENT.encode(), policy("tried", expression="size(subject.roles) < 2", mode="audit"))
ENGINE = Engine(shelf(*FILES), group="prospect-bt", params={"union-consent": {"cool_off": "24000h"}}, now=NOW)


def test_an_engine_that_travelled_decides_the_same_under_the_same_revision() -> None:
    there = pickle.loads(pickle.dumps(ENGINE))  # noqa: S301 - our own
    rows = [person(), person(subject__consent="none"), person(subject__opted_out=True)]
    assert list(there.decide("add", rows)) == list(ENGINE.decide("add", rows))
    assert (there.revision, there.params()) == (ENGINE.revision, ENGINE.params())


@given(
    consent=st.sampled_from(["opted_in", "none", "nul\0"]),
    roles=st.lists(st.text(max_size=3), max_size=3),
    missing=st.sampled_from([None, "subject.consent_at", "subject.opted_out"]),
)
def test_conditions_evaluated_alone_decide_the_same(consent: str, roles: list[str], missing: str | None) -> None:
    row = person(subject__consent=consent, subject__roles=roles)
    if missing:
        del row[missing]
    assert list(ENGINE.decide("add", [row], alone=True)) == list(ENGINE.decide("add", [row]))


@pytest.mark.parametrize("action", ["add", "remove"])
def test_where_nothing_can_be_evaluated_every_rule_is_an_error_and_none_allows(action: str) -> None:
    found = ENGINE.undecided(action, "it ended")
    assert (found.effect, found.acts_as) == (Effect.ERROR, Effect.DENY)
    enforced = {
        decider.cite for decider in ENGINE.deciders() if action in decider.decides and decider.mode == "enforce"
    }
    assert {finding.cite for finding in found.findings} == enforced
    assert [finding.rule for finding in found.audited] == (["rule"] if action == "add" else [])
    assert {finding.message for finding in found.findings} == {"This rule could not be checked: it ended."}
