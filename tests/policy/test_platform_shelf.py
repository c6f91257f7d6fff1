"""The shelf of the platform's owner: what was published, when, with which words; and what was in force on a day."""

import hashlib
from datetime import UTC, datetime

import pytest

from tests.policy.documents import NOW, person, policy
from workplace_sync.errors import InputError
from workplace_sync.policy.answers import in_force_on, topics
from workplace_sync.policy.decision import Effect, Shelf
from workplace_sync.policy.engine import Engine
from workplace_sync.policy.shelf import PolicySet, load_policies

ARCHIVED = b"3.1 Do not add people in bulk.\n"
SHA256 = hashlib.sha256(ARCHIVED).hexdigest()
FILE = "platform/example-telecom/rules.yaml"
RULES = """\
  - {id: bulk, clause: "3.1", title: No bulk, effect: deny, message: The owner forbids it.,
     conditions: [{name: few, expression: "action.method != 'group_copy'"}]}"""


def text(  # noqa: PLR0913, RUF100 - one keyword for each thing a test may change
    *,
    rules: str = "[]",
    published: str = "2021-05-10",
    effective_from: str = "2021-06-01T00:00:00Z",
    topics: str = "[bulk-add]",
    archive: str = "texts/rules.txt",
    sha256: str = SHA256,
    more: str = "",
) -> bytes:
    return f"""\
kind: PlatformPolicy
metadata:
  id: telecom-rules
  version: 1
  owner: example-telecom
  title: Rules for groups
  published: {published}
  effective_from: {effective_from}
  topics: {topics}
  source: {{title: Rules, url: "https://telecom.example.org/rules", sha256: {sha256}, archive: {archive!r}}}
clauses:
  - {{id: "3.1", text: Do not add people in bulk.}}
{more}
rules:{rules if rules == "[]" else chr(10) + rules}
""".replace("rules:[]", "rules: []").encode()


def load(content: bytes, *others: bytes, name: str = FILE, archived: bytes | None = ARCHIVED) -> PolicySet:
    files = {name: content} | {f"union/{number}.yaml": other for number, other in enumerate(others)}
    archive = {} if archived is None else {"platform/example-telecom/texts/rules.txt": archived}
    return load_policies(files, archive)


def faults(content: bytes, name: str = FILE, archived: bytes | None = ARCHIVED) -> list[str]:
    with pytest.raises(InputError) as told:
        load(content, name=name, archived=archived)
    return [str(fault).removeprefix(f"{FILE}:") for fault in told.value.faults]


def day(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def test_a_text_that_does_not_speak_of_us_has_no_rules_and_is_on_the_shelf() -> None:
    (found,) = load(text()).versions("telecom-rules")
    assert (found.shelf, found.document.all_rules) == (Shelf.PLATFORM, ())


def test_a_rule_that_encodes_a_clause_is_enforced_and_says_whose_word_it_is() -> None:
    made = Engine(load(text(rules=RULES), policy(expression="subject.in_roster")), group="x", now=NOW)
    decision = next(made.decide("add", [person(action__method="group_copy", subject__in_roster=False)]))
    assert {found.name: found.shelf for found in decision.findings} == {
        "telecom-rules/bulk": Shelf.PLATFORM,
        "policy/rule": Shelf.UNION,
    }
    assert decision.effect is Effect.DENY
    opted_out = next(made.decide("add", [person(subject__opted_out=True)]))
    assert [(found.shelf, found.severity) for found in opted_out.findings] == [(Shelf.BUILT_IN, "medium")]


def test_what_was_published_later_did_not_hold_before_it_was_published() -> None:
    (found,) = load(text(published="2021-07-15")).versions("telecom-rules")
    assert not found.in_force(day("2021-07-14"))
    assert found.in_force(day("2021-07-15"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (text(sha256="f" * 64), f"10:70: [metadata.source.sha256] platform/example-telecom/texts/rules.txt is not the text that was archived: its SHA-256 is {SHA256} — put the archived text back as it was"),
        (text(archive="texts/other.txt"), "10:145: [metadata.source.archive] there is no file platform/example-telecom/texts/other.txt — put the archived text there, or leave `archive` out"),
        (text(archive="../../secret"), "10:145: [metadata.source.archive] string should match pattern '^(texts/[A-Za-z0-9][A-Za-z0-9._-]{0,99})?$'"),
        (text(sha256="abc"), "10:70: [metadata.source.sha256] string should match pattern '^[0-9a-f]{64}$'"),
        (text(rules=RULES.replace('"3.1"', '"3.2"')), "15:23: [rules[0].clause] the published text has no clause '3.2' here — there are: 3.1"),
        (text(more='  - {id: "3.1", text: Again.}'), "13:10: [clauses[1].id] '3.1' is used twice — cite each clause once"),
        (text().replace(b'id: "3.1"', b"id: 3.1"), "12:10: [clauses[0].id] must be text — put it in quotes"),
        (text().replace(b"rules: []", b""), "1:1: [rules] is missing — add it"),
        (text().replace(b"owner: example-telecom", b"owner: other"), "5:10: [metadata.owner] is not the folder that the file lies in; texts of this owner belong into platform/other/ — move the file, or correct the owner"),
        (text().replace(b"PlatformPolicy", b"Platform"), "1:7: [kind] is no kind of policy file — use one of MembershipPolicy, PlatformPolicy, PolicyException"),
        (text().replace(b"PlatformPolicy", b"[]"), "1:7: [kind] is no kind of policy file — use one of MembershipPolicy, PlatformPolicy, PolicyException"),
        (policy(), "1:7: [kind] the folder platform/ is for what the platform's owner published — move the file, or make a PlatformPolicy of it"),
    ],
)  # fmt: skip
def test_a_text_that_cannot_be_trusted_is_refused_with_its_place(content: bytes, told: str) -> None:
    found = faults(content)
    assert [one.split("[", 1)[1] for one in found] == [told.split("[", 1)[1]]
    assert found[0].split(":", 1)[0] == told.split(":", 1)[0]


def test_a_clause_belongs_to_a_published_text() -> None:
    with pytest.raises(InputError) as told:
        load_policies({"a.yaml": policy().replace(b"effect: deny", b'effect: deny\n    clause: "1"')})
    assert "the published text has no clause '1' here — there are: none" in str(told.value.faults[0])


def test_an_archived_text_that_is_not_there_is_missed_only_where_the_archive_is_at_hand() -> None:
    assert load_policies({FILE: text()}).versions("telecom-rules")
    assert "there is no file" in faults(text(), archived=None)[0]
    assert load(text(archive=""), archived=None).versions("telecom-rules")


def test_nothing_was_in_force_on_a_day_before_and_the_shelf_says_what_it_held() -> None:
    policies = load(text())
    before = in_force_on(policies, "bulk-add", day("2020-02-01"))
    assert (before.in_force, before.held) == ((), ())
    assert before.sentence() == "none: on that day (2020-02-01) the shelf held no text of the platform's owner at all."
    other = in_force_on(policies, "leaving", day("2022-02-01"))
    assert other.in_force == ()
    assert [one.id for one in other.held] == ["telecom-rules"]
    assert other.sentence() == (
        "none: on that day (2022-02-01) the shelf held 1 text of example-telecom, none of them on the topic leaving."
    )


def test_what_was_in_force_is_told_from_both_shelves_or_from_one() -> None:
    union = policy("ours").replace(b"title: Title,", b"title: Title, topics: [bulk-add],")
    policies = load(text(), union)
    answer = in_force_on(policies, "bulk-add", day("2022-02-01"))
    assert [one.id for one in answer.in_force] == ["ours", "telecom-rules"]
    assert answer.sentence() == "2 texts were in force on 2022-02-01 on the topic bulk-add:"
    one = in_force_on(policies, "bulk-add", day("2022-02-01"), Shelf.PLATFORM)
    assert [found.id for found in one.in_force] == ["telecom-rules"]
    assert one.sentence() == "One text was in force on 2022-02-01 on the topic bulk-add:"
    assert topics(policies) == ["bulk-add"]


def test_an_id_does_not_go_from_one_shelf_to_the_other() -> None:
    ours = policy("telecom-rules", effective_from="2020-03-01T00:00:00Z", effective_until="2021-06-01T00:00:00Z")
    with pytest.raises(InputError) as told:
        load(text().replace(b"version: 1", b"version: 3"), ours)
    (fault,) = told.value.faults
    assert fault.message == "'telecom-rules' is the id of a MembershipPolicy in union/0.yaml"
