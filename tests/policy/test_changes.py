"""What has changed between two revisions, and the JSON Schema of the files."""

import json
from pathlib import Path

from tests.policy.documents import policy, shelf
from tests.policy.test_exceptions import exception
from workplace_sync.policy.changes import difference, in_words, summary
from workplace_sync.policy.schema import schema_text
from workplace_sync.policy.shelf import PolicySet, load_policies

ROOT = Path(__file__).parents[2]


def words(before: PolicySet, after: PolicySet) -> list[str]:
    return list(in_words(difference(summary(before), summary(after))))


def test_the_same_policies_are_no_change() -> None:
    assert words(shelf(policy()), load_policies({"elsewhere.yaml": policy()})) == []


def test_what_is_new_gone_and_changed_is_told_by_policy_rule_and_exception() -> None:
    before = shelf(policy("a"), policy("b"), exception(rules="[a/rule]"))
    after = shelf(policy("a", effect="hold"), policy("c"), exception("other", rules="[a/rule]"))
    assert words(before, after) == [
        "policy c version 2 is new",
        "policy b version 2 is gone",
        "policy a version 2 has changed, without a new version",
        "rule c/rule is new",
        "rule b/rule is gone",
        "rule a/rule has changed",
        "exception other is new",
        "exception trial is gone",
    ]


def test_a_new_version_is_told_with_the_rules_that_it_changes() -> None:
    end = "2021-03-01T00:00:00Z"
    before = shelf(policy())
    later = policy(effective_from=end, effect="hold").replace(b"version: 2", b"version: 3")
    assert words(before, shelf(policy(effective_until=end), later)) == [
        "policy policy version 3 is new",
        "policy policy version 2 has changed, without a new version",
        "rule policy/rule has changed",
    ]


def test_a_change_of_nothing_but_a_parameter_is_a_change_of_the_policy_and_of_no_rule() -> None:
    one, other = (shelf(policy(params=f"{{most: {{type: int, value: {most}}}}}")) for most in (1, 2))
    found = difference(summary(one), summary(other))
    (change,) = found["policies"]["changed"]
    assert change == {"name": "policy@2", "former_hash": one.policies[-1].hash, "hash": other.policies[-1].hash}
    assert found["rules"] == {"added": [], "removed": [], "changed": []}


def test_against_nothing_everything_is_new() -> None:
    found = difference({}, summary(shelf(policy())))
    assert [change["name"] for change in found["policies"]["added"]] == [
        "floor-opt-out@1",
        "floor-removals@1",
        "policy@2",
    ]
    assert found["policies"]["removed"] == found["policies"]["changed"] == []


def test_the_schema_beside_the_policies_is_that_of_the_models() -> None:
    kept = (ROOT / "policies" / "schema.json").read_text("utf-8")
    assert kept == schema_text(), "write it anew: workplace-sync policy schema > policies/schema.json"


def test_the_schema_knows_every_kind_of_file() -> None:
    made = json.loads(schema_text())
    assert set(made["discriminator"]["mapping"]) == {"MembershipPolicy", "PlatformPolicy", "PolicyException"}
    assert all(part["additionalProperties"] is False for part in made["$defs"].values() if part["type"] == "object")
