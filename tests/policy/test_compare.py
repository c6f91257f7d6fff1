"""What is different between two revisions is told in words: every kind of difference, and nothing where there is none."""

import pytest

from tests.policy.documents import CONSENT
from workplace_sync.policy.compare import differences
from workplace_sync.policy.shelf import load_policies

EXCEPTION = """
kind: PolicyException
id: one-month
title: A month to ask
rules: [union-consent/consent]
reason: They moved over together.
owner: Ada
approver: Grace
approved_at: 2024-01-01T00:00:00Z
expires_at: 2024-02-01T00:00:00Z
"""
NEXT = CONSENT.replace("version: 3", "version: 4").replace("2020-03-01", "2021-03-01")


def told(before: dict[str, str], after: dict[str, str]) -> list[str]:
    one, other = (load_policies({name: text.encode() for name, text in files.items()}) for files in (before, after))
    return [each.sentence for each in differences(one, other)]


def changed(old: str, new: str) -> list[str]:
    assert old in CONSENT
    return told({"a.yaml": CONSENT}, {"a.yaml": CONSENT.replace(old, new)})[1:]


def test_layout_and_comments_are_no_difference() -> None:
    assert told({"a.yaml": CONSENT}, {"b.yaml": "# a comment\n" + CONSENT.replace("720h", "30d")}) == []


def test_a_policy_that_comes_or_goes_is_told() -> None:
    assert told({}, {"a.yaml": CONSENT}) == [
        "union-consent version 3 (People ask to be in) is new, in force from 2020-03-01: 2 rules."
    ]
    assert told({"a.yaml": CONSENT}, {}) == ["union-consent version 3 (People ask to be in) is gone."]


def test_a_new_version_is_compared_with_the_one_before() -> None:
    first = CONSENT.replace("2020-03-01T00:00:00Z", "2020-03-01T00:00:00Z\n  effective_until: 2021-03-01T00:00:00Z")
    after = NEXT.replace("effect: deny", "effect: hold").partition("plan_rules")[0]
    assert told({"a.yaml": first}, {"a.yaml": first, "b.yaml": after}) == [
        "union-consent version 4 (People ask to be in) is new, in force from 2021-03-01: 1 rule.",
        "Its metadata.effective_from is changed.",
        "Its metadata.effective_until is changed.",
        "Its rule consent is changed: effect deny becomes hold.",
        "Its rule growth is gone.",
    ]


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        ('{groups: ["prospect-*"], actions: [add]}', "{actions: [add]}", ["Its match is changed."]),
        ("value: 720h", "value: 24h", ["Its parameter cool_off: 720h becomes 24h."]),
        (", tighten: lower", "", ["What a group may set for its parameter cool_off is changed."]),
        ("  cool_off: {", "  more: {type: int, value: 3}\n  cool_off: {", ["Its parameter more is new: 3."]),
        ("remedy: invite", "remedy: ''", ["Its rule consent is changed: remedy invite becomes none."]),
        ("on record.", "on the record.", ["Its rule consent is changed: another message."]),
        ("id: growth", "id: more", ["Its rule growth is gone.", "Its rule more is new (hold): Many people at once."]),
    ],
)  # fmt: skip
def test_each_part_of_a_policy_has_its_sentence(old: str, new: str, sentences: list[str]) -> None:
    assert changed(old, new) == sentences


def test_a_parameter_that_goes_is_told() -> None:
    without = "".join(
        line for line in CONSENT.splitlines(keepends=True) if "cool_off: {" not in line and line != "params:\n"
    )
    without = without.replace("params.cool_off", "duration('720h')")
    assert "Its parameter cool_off is gone." in told({"a.yaml": CONSENT}, {"a.yaml": without})


def test_a_rule_may_become_one_of_another_kind() -> None:
    people = CONSENT.partition("plan_rules")[0].replace("id: consent", "id: growth", 1)
    (sentence,) = [one for one in told({"a.yaml": CONSENT}, {"a.yaml": people}) if "growth" in one]
    assert sentence.startswith("Its rule growth is changed: ")
    assert "effect hold becomes deny" in sentence


def test_exceptions_that_come_go_or_change_are_told() -> None:
    bare = {"a.yaml": CONSENT}
    excepted = bare | {"exceptions/e.yaml": EXCEPTION}
    longer = bare | {"exceptions/e.yaml": EXCEPTION.replace("2024-02-01", "2024-03-01")}
    assert told(bare, excepted) == ["The exception one-month is new, from union-consent/consent."]
    assert told(excepted, bare) == ["The exception one-month is gone."]
    assert told(excepted, longer) == ["The exception one-month is changed."]
    assert told(excepted, excepted) == []
