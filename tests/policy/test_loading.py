"""Loading a shelf: expressions are checked, faults have places, the floor is always there, the revision is the content."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.documents import CONSENT, NOW, policy, shelf
from workplace_sync.errors import InputError
from workplace_sync.policy.shelf import PolicySet, floor_files, load_policies


def faults(*texts: str | bytes) -> list[str]:
    with pytest.raises(InputError) as told:
        shelf(*(text.encode() if isinstance(text, str) else text for text in texts))
    return [str(fault).removeprefix("policies/") for fault in told.value.faults]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("subject.consent ==", "subject.consnt ==", "0.yaml:16:46: [rules[0].conditions[0].expression] undeclared reference to 'subject.consnt' — did you mean subject.consent?"),
        ("subject.consent ==", "zebra ==", "0.yaml:16:39: [rules[0].conditions[0].expression] undeclared reference to 'zebra' — it is not among the facts that rules may read"),
        ("subject.consent ==", "plan.size_after ==", "0.yaml:16:43: [rules[0].conditions[0].expression] undeclared reference to 'plan.size_after' — it is not among the facts that rules may read"),
        ("params.cool_off", "params.cool_of", "0.yaml:17:64: [rules[0].conditions[1].expression] undeclared reference to 'params.cool_of' — did you mean params.cool_off?"),
        ("== 'opted_in'", "== 5", "0.yaml:16:55: [rules[0].conditions[0].expression] found no matching overload for '_==_' applied to '(string, int)'"),
        ("subject.consent == 'opted_in'", "subject.consent", "0.yaml:16:38: [rules[0].conditions[0].expression] must be true or false, and is STRING"),
        ("params.cool_off", "duration('30d')", "0.yaml:17:36: [rules[0].conditions[1].expression] duration('30d') cannot be read — durations are written in hours, minutes and seconds: 720h; times like 2020-03-01T00:00:00Z"),
        ("plan.additions <= 500", "1 / 0 > 1", "0.yaml:22:30: [plan_rules[0].expression] fails on every sample that was tried — check its parts"),
        ("name: recent", "name: opted_in", "0.yaml:17:16: [rules[0].conditions[1].name] 'opted_in' is used twice — name each condition of a rule differently"),
        ("id: growth", "id: consent", "0.yaml:22:10: [plan_rules[0].id] 'consent' is used twice — a rule's id stands for one rule, for good"),
        ("2020-03-01T00:00:00Z\n", "2020-03-01T00:00:00Z\n  effective_until: 2020-03-01T00:00:00Z\n", "0.yaml:9:20: [metadata.effective_until] is not after effective_from — the policy would never hold"),
        ("remedy: invite", "message_expression: subject.consnt", "0.yaml:19:32: [rules[0].message_expression] undeclared reference to 'subject.consnt' — did you mean subject.consent?"),
        ("remedy: invite", "message_expression: string(1 / 0)", "0.yaml:19:25: [rules[0].message_expression] fails on every sample that was tried — check its parts"),
        ("id: union-consent", "id: floor-consent", "0.yaml:3:7: [metadata.id] ids that begin with 'floor-' belong to the program — choose another id"),
    ],
)  # fmt: skip
def test_a_fault_of_meaning_has_its_place_too(old: str, new: str, told: str) -> None:
    assert old in CONSENT
    assert faults(CONSENT.replace(old, new, 1)) == [told]


def test_an_expression_that_fails_on_some_facts_only_is_accepted() -> None:
    shelf(policy(expression="subject.roles[0] == 'rep'"))


def test_a_message_that_can_be_made_is_accepted() -> None:
    shelf(policy(message_expression="subject.status + '!'"))


def test_the_faults_of_all_files_are_told_at_once() -> None:
    told = faults(policy("a", effect="allow"), policy("b", expression="zebra"), policy("c", expression="zebra"))
    assert [fault.split(":")[0] for fault in told] == ["0.yaml", "1.yaml", "2.yaml"]


def test_two_policies_cannot_have_one_id() -> None:
    (told,) = faults(policy("same"), policy("same", effect="hold"))
    assert (
        told == "1.yaml:3:23: [metadata.version] version 2 of 'same' is already in policies/0.yaml"
        " — count the version up, or choose another id"
    )


def test_the_number_of_faults_is_told() -> None:
    with pytest.raises(InputError, match="one fault"):
        shelf(policy(effect="allow"))
    with pytest.raises(InputError, match="2 faults"):
        shelf(policy("a", effect="allow"), policy("b", effect="allow"))


def test_the_floor_is_always_there() -> None:
    assert [found.id for found in load_policies({}).policies] == ["floor-opt-out", "floor-removals"]
    assert all(found.is_floor for found in load_policies({}).policies)
    assert len(floor_files()) == 2


def test_the_floor_cannot_be_replaced_from_disk() -> None:
    mine = {name: content.replace(b"effect: deny", b"effect: warn") for name, content in floor_files().items()}
    with pytest.raises(InputError) as told:
        load_policies(mine)
    assert len(told.value.faults) == 4  # reserved, and already there


def test_the_floor_holds_at_any_time() -> None:
    ancient = NOW - timedelta(days=365 * 60)
    assert [found.is_floor for found in shelf(policy()).in_force(ancient).policies] == [True, True]


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        ("2020-02-29T23:59:59+00:00", False),
        ("2020-03-01T00:00:00+00:00", True),
        ("2021-02-28T23:59:59+00:00", True),
        ("2021-03-01T00:00:00+00:00", False),
    ],
)
def test_a_policy_holds_from_its_first_moment_up_to_its_last(moment: str, holds: bool) -> None:  # noqa: FBT001
    policies = shelf(policy(effective_until="2021-03-01T00:00:00Z"))
    found = policies.in_force(datetime.fromisoformat(moment))
    assert ("policy" in [held.id for held in found.policies]) is holds
    assert found.revision == policies.revision


def test_layout_comments_and_spelled_out_defaults_do_not_change_the_revision() -> None:
    plain = shelf(CONSENT.encode())
    same = CONSENT.replace("rules:\n  - id", "# a comment\non_error:   deny\nrules:\n  - mode: enforce\n    id")
    same = same.replace("720h", "30d").replace("2020-03-01T00:00:00Z", "2020-03-01T01:00:00+01:00")
    again = shelf(same.encode())
    assert again.revision == plain.revision
    assert [found.hash for found in again.policies] == [found.hash for found in plain.policies]
    assert plain.revision.startswith("sha256:")


@pytest.mark.parametrize(
    ("old", "new"), [("720h", "721h"), ("'opted_in'", "'opted_on'"), ("hold", "deny"), ("version: 3", "version: 4")]
)
def test_any_change_of_content_changes_revision_and_hash(old: str, new: str) -> None:
    before, after = shelf(CONSENT.encode()), shelf(CONSENT.replace(old, new).encode())
    assert before.revision != after.revision
    assert before.policies[-1].hash != after.policies[-1].hash
    assert before.policies[0].hash == after.policies[0].hash


@settings(deadline=None)  # a busy machine is no fault
@given(order=st.permutations(["a", "b", "c"]))
def test_neither_names_nor_order_of_files_matter(order: list[str]) -> None:
    texts = {name: policy(name) for name in order}
    one = load_policies({f"x/{name}.yaml": texts[name] for name in order})
    other = load_policies({f"y/{number}.yaml": texts[name] for number, name in enumerate(order)})
    assert ids(one) == ids(other) == ["a", "b", "c", "floor-opt-out", "floor-removals"]
    assert one.revision == other.revision


def ids(policies: PolicySet) -> list[str]:
    return [found.id for found in policies.policies]


@pytest.mark.parametrize("text", ["- a\n", "a: 1\n", "just words\n"])
def test_a_document_that_says_of_no_kind_what_it_is_is_no_policy(text: str) -> None:
    assert any("input should be" in fault or "[kind] is missing" in fault for fault in faults(text))
