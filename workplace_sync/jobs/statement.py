"""Make the compliance statement of a set of people from what is on record."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from workplace_sync.cases.statement import (
    Addition,
    CitedRule,
    PlatformText,
    Ruleset,
    SizeAt,
    Statement,
    Today,
)
from workplace_sync.evidence.entry import Kind
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.plan import Rules
from workplace_sync.jobs.rule_texts import RuleTexts
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.plan import POSSIBLE, PlannedChange, restored_facts
from workplace_sync.policy.decision import GOES, Decision, Effect, Shelf
from workplace_sync.policy.facts import FactValue
from workplace_sync.roster.consent import standing
from workplace_sync.store import audit, consent, plans, presence, snapshots
from workplace_sync.store.audit import AuditFilter, AuditRow

_AT_ONCE = 2_000
_POSSIBLE = tuple(effect.value for effect in POSSIBLE)
_TODAY = dict.fromkeys(GOES, Today.ALLOWED) | {Effect.HOLD: Today.HELD, Effect.DENY: Today.DENIED}


@dataclass(frozen=True, slots=True)
class _OnRecord:
    """An addition as log and plan have it. `change` is None where the person's decision was erased since."""

    row: AuditRow
    change: PlannedChange | None


def make_statement(
    office: Office, group: ManagedGroup, rules: Rules, keys: Collection[str], *, about: str, day: datetime
) -> Statement:
    """Return the statement of the people with these keys; of each, their last addition that took effect before `day`.

    `about` says in words whom it is about, `day` is when the matter happened: the texts of the platform's owner are
    those in force then. Nothing is written.
    """
    wanted = set(keys)
    with office.database.connect() as connection:
        entries = AuditFilter(group.name, kind=Kind.OPERATION_OUTCOME, outcome="done", until=day)
        found = {
            row.subject: row
            for row in audit.iterate_about(connection, sorted(wanted), entries)
            if row.data["action"] == "add"
        }
    changes = dict(_changes(office, found))
    on_record = [_OnRecord(row, changes.get((str(row.data["plan"]), key))) for key, row in sorted(found.items())]
    now = office.now()
    today = _decided_today(office, group, rules, on_record, now)
    verifier = office.log.verifier
    return Statement(
        about=about,
        group=group.title,
        made_at=now,
        log_origin=office.log.origin,
        log_size=office.log.size,
        log_fingerprint=verifier.fingerprint,
        additions=tuple(_addition(one, today.get(one.row.subject)) for one in on_record),
        unrecorded=tuple(sorted(wanted - set(found))),
        rulesets=tuple(_rulesets(office, group, on_record)),
        platform_day=day,
        platform_texts=tuple(_platform_texts(rules, day)),
        sizes=tuple(_sizes(office, group.name)),
    )


def _changes(office: Office, found: Mapping[str, AuditRow]) -> Iterator[tuple[tuple[str, str], PlannedChange]]:
    """Yield the planned additions behind the entries, by plan and person."""
    with office.database.connect() as connection:
        for plan_id in sorted({str(row.data["plan"]) for row in found.values()}):
            for change in plans.changes(connection, plan_id, effects=_POSSIBLE):
                if change.key in found:
                    yield (plan_id, change.key), change


def _decided_today(
    office: Office, group: ManagedGroup, rules: Rules, on_record: Sequence[_OnRecord], now: datetime
) -> dict[str, Decision]:
    """Decide the same additions by the rules of today: the facts of then, with the consent of today."""
    with office.database.connect() as connection:
        size, _ = presence.size(connection, group.name)
    shared: Mapping[str, FactValue] = {
        "group.name": group.name,
        "group.tenant": group.tenant,
        "group.size": size,
        "now": now,
    }
    engine = rules.engine(group, now)
    decided: dict[str, Decision] = {}
    known = [(one.row.subject, one.change) for one in on_record if one.change is not None]
    for start in range(0, len(known), _AT_ONCE):
        part = known[start : start + _AT_ONCE]
        with office.database.connect() as connection:
            events = consent.events_of(connection, [key for key, _ in part], group.name)
        rows = []
        for key, change in part:
            stands = standing(events.get(key, []), now=now)
            facts = restored_facts(change.facts) | {
                "subject.consent": stands.state.value,
                "subject.opted_out": stands.opted_out,
            }
            rows.append(facts | ({"subject.consent_at": stands.at} if stands.at else {}))
        decisions = engine.decide("add", rows, shared=shared)
        decided |= {key: decision for (key, _), decision in zip(part, decisions, strict=True)}
    return decided


def _addition(one: _OnRecord, today: Decision | None) -> Addition:
    data = one.row.data
    facts = restored_facts(one.change.facts) if one.change else {}
    at = facts.get("subject.consent_at")
    consent_state = str(facts.get("subject.consent", "erased"))
    return Addition(
        person=one.row.subject,
        added_at=one.row.at,
        entry=one.row.seq,
        method=str(data["method"]),
        source=str(data["source"]),
        requested_by=str(data["requested_by"]),
        approved_by=str(data["approved_by"]),
        plan_digest=str(data["plan_digest"]),
        policy_revision=str(data["policy_revision"]),
        consent=consent_state,
        consent_at=at if isinstance(at, datetime) and consent_state != "none" else None,
        consent_basis=str(facts.get("subject.consent_basis", "")),
        today=_TODAY[today.acts_as] if today else Today.UNKNOWN,
        today_rules=tuple(finding.cite for finding in today.findings) if today else (),
    )


def _rulesets(office: Office, group: ManagedGroup, on_record: Sequence[_OnRecord]) -> Iterator[Ruleset]:
    texts = RuleTexts(office)
    first_used: dict[str, datetime] = {}
    for one in on_record:
        revision = str(one.row.data["policy_revision"])
        first_used[revision] = min(one.row.at, first_used.get(revision, one.row.at))
    for revision, at in sorted(first_used.items(), key=lambda item: item[1]):
        rules = texts.in_force(revision, group.name, "add", at)
        cited = (CitedRule(rule.cite, rule.title, rule.source, rule.url, rule.in_force_from) for rule in rules)
        yield Ruleset(revision, tuple(cited))


def _platform_texts(rules: Rules, day: datetime) -> Iterator[PlatformText]:
    for policy in rules.policies.in_force(day).policies:
        about = policy.document.metadata
        if policy.shelf is Shelf.PLATFORM:
            yield PlatformText(
                about.owner, about.title, about.version, f"{policy.begins:%Y-%m-%d}", tuple(about.topics)
            )


def _sizes(office: Office, group: str) -> Iterator[SizeAt]:
    with office.database.connect() as connection:
        for at, members in snapshots.sizes(connection, group):
            yield SizeAt(at, members)
