"""The policies: what the union promises of itself and what the platform's owner published, as they hold on a day."""

from datetime import datetime
from typing import Annotated

from fastapi import Path, Query

from workplace_sync.policy.answers import in_force_on
from workplace_sync.policy.document import AnyRule
from workplace_sync.policy.params import shown
from workplace_sync.policy.shelf import Policy as Held
from workplace_sync.web.api.calling import V1, Called, Day, Word
from workplace_sync.web.api.parts import Part
from workplace_sync.web.console.asking import Ask
from workplace_sync.web.console.pages import page
from workplace_sync.web.console.permissions import Permission
from workplace_sync.web.console.sight import day_given, end_of
from workplace_sync.web.console.views.policies import version_asked

_AT = f"{V1}/policies"


class PolicySource(Part):
    """The published text that a policy encodes."""

    title: str
    url: str
    sha256: str


class PolicyShort(Part):
    """A version of a policy; it holds from `begins` up to, not at, `ends`."""

    id: str
    version: int
    title: str
    shelf: str
    owner: str
    begins: datetime
    ends: datetime | None
    topics: list[str]
    source: PolicySource
    hash: str


class PolicyException(Part):
    """An exception from rules that holds for a time; the people whom it is about are not named."""

    id: str
    title: str
    reason: str
    owner: str
    approver: str
    expires_at: datetime
    rules: list[str]


class Shelves(Part):
    """What was in force at a time. `answer` says it in words where a topic was asked for."""

    revision: str
    at: datetime | None
    answer: str
    policies: list[PolicyShort]
    exceptions: list[PolicyException]


class PolicyCondition(Part):
    """What must be true."""

    name: str
    expression: str


class PolicyRule(Part):
    """A rule; where a condition is false, its effect follows."""

    cite: str
    title: str
    effect: str
    remedy: str
    mode: str
    message: str
    clause: str
    conditions: list[PolicyCondition]


class PolicyClause(Part):
    """A clause of a published text, word for word."""

    id: str
    text: str


class Policy(PolicyShort):
    """A version of a policy whole, and which others there are."""

    versions: list[int]
    params: dict[str, str]
    rules: list[PolicyRule]
    clauses: list[PolicyClause]


@page(_AT, Permission.POLICIES_READ, api=True)
def list_policies(ask: Called, at: Day = "", topic: Word = "") -> Shelves:
    """Tell what is in force now, or was at the end of a day, on both shelves; of one topic if it is asked for."""
    whole = ask.console.rules().policies
    then = end_of(day_given(at))
    time = then or ask.app.now()
    answer = in_force_on(whole, topic, time) if topic else None
    found = answer.in_force if answer else whole.in_force(time).policies
    return Shelves(
        revision=whole.revision,
        at=then,
        answer=answer.sentence() if answer else "",
        policies=[PolicyShort.model_validate(_short(one)) for one in found],
        exceptions=[
            PolicyException.model_validate(one.document, from_attributes=True)
            for one in whole.exceptions
            if one.in_force(time)
        ],
    )


@page(f"{_AT}/{{policy_id}}", Permission.POLICIES_READ, api=True)
def get_policy(
    ask: Called,
    policy_id: Annotated[str, Path(max_length=100, pattern=r"^[a-z][a-z0-9-]*$")],
    version: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
) -> Policy:
    """Tell a policy whole, in the version that is in force, or another one."""
    return _whole(ask, policy_id, version)


def _whole(ask: Ask, policy_id: str, version: int | None) -> Policy:
    versions = ask.console.rules().policies.versions(policy_id)
    found = version_asked(versions, version, ask)
    document = found.document
    more = {
        "versions": [one.version for one in versions],
        "params": {name: shown(param.value) for name, param in document.params.items()},
        "rules": [_rule(found, rule) for rule in document.all_rules],
        "clauses": [PolicyClause.model_validate(each) for each in getattr(document, "clauses", ())],
    }
    return Policy.model_validate(_short(found) | more)


def _short(one: Held) -> dict[str, object]:
    about = one.document.metadata
    source = PolicySource(title=about.source.title, url=about.source.url, sha256=about.source.sha256)
    return {
        "id": one.id,
        "version": one.version,
        "title": about.title,
        "shelf": one.shelf.value,
        "owner": about.owner,
        "begins": one.begins,
        "ends": one.ends,
        "topics": list(about.topics),
        "source": source,
        "hash": one.hash,
    }


def _rule(policy: Held, rule: AnyRule) -> PolicyRule:
    return PolicyRule(
        cite=f"{policy.id}@{policy.version}/{rule.id}",
        title=rule.title,
        effect=rule.effect,
        remedy=rule.remedy,
        mode=rule.mode.value,
        message=rule.message,
        clause=rule.clause,
        conditions=[PolicyCondition(name=one.name, expression=one.expression) for one in rule.stated],
    )
