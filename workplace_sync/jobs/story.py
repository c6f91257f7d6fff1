"""The whole story of one person, and who was in a group at a time, as far as we saw and did."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from workplace_sync.jobs.office import Office
from workplace_sync.jobs.rule_texts import RuleText, RuleTexts
from workplace_sync.jobs.sentences import sentence_of
from workplace_sync.membership.plan import PlannedChange
from workplace_sync.roster.consent import EVERY_GROUP, ConsentEvent
from workplace_sync.store import audit, consent, plans, presence, snapshots
from workplace_sync.store.presence import MemberAt
from workplace_sync.store.snapshots import SnapshotRecord


@dataclass(frozen=True, slots=True)
class Chapter:
    """One thing in a person's story. `seq` is its entry in the evidence log, None for what is kept outside of it."""

    at: datetime
    group: str
    kind: str
    sentence: str
    seq: int | None = None
    rules: tuple[RuleText, ...] = ()


def story_of(office: Office, key: str, group: str | None = None) -> list[Chapter]:
    """Return everything on record about a person, oldest first.

    That is consent, decisions with their rules, what was done, and when they were seen in a group or missing from it.
    """
    texts = RuleTexts(office)
    with office.database.connect() as connection:
        told = [
            *_consents(consent.events_of(connection, [key], group).get(key, [])),
            *_decisions(plans.decisions_about(connection, key, group), texts),
            *_intervals(presence.intervals_of(connection, key, group)),
            *_entries(audit.iterate_entries(connection, audit.AuditFilter(group, key))),
        ]
    return sorted(told, key=lambda chapter: chapter.at)


def story_in(
    office: Office, key: str, groups: Collection[str], *, others: bool, texts: RuleTexts | None = None
) -> list[Chapter]:
    """Return what is on record about a person in these groups, oldest first, with what they said of every group.

    With `others` it is what is on record in any group, or in none; `groups` are then those to look through at least. It
    takes the same few queries for one group and for many. `texts` may be kept from one call to the next.
    """
    texts = texts or RuleTexts(office)
    with office.database.connect() as connection:
        events = consent.events_of(connection, [key], None).get(key, [])
        decided = plans.decisions_about(connection, key)
        rows = list(audit.iterate_entries(connection, audit.AuditFilter(subject=key)))
        known = {*groups, *(row.group for row in rows), *(plan.group for plan, _ in decided)} if others else {*groups}
        told = [
            *_consents([one for one in events if others or one.scope in {EVERY_GROUP, *known}]),
            *_decisions([(plan, change) for plan, change in decided if plan.group in known], texts),
            *_intervals(presence.intervals_in(connection, key, sorted(known))),
            *_entries(row for row in rows if row.group in known),
        ]
    return sorted(told, key=lambda chapter: chapter.at)


def _consents(events: list[ConsentEvent]) -> Iterator[Chapter]:
    for event in events:
        where = "every group" if event.scope == EVERY_GROUP else event.scope
        by = "recorded by " + event.recorded_by if event.origin.value == "ledger" else "as the roster says"
        source = f", source: {event.source}" if event.source else ""
        yield Chapter(event.at, event.scope, "consent", f"Consent {event.kind.value} for {where}, {by}{source}.")


def _decisions(decided: list[tuple[plans.PlanRecord, PlannedChange]], texts: RuleTexts) -> Iterator[Chapter]:
    for plan, change in decided:
        why = f": {' '.join(change.why)}" if change.why else "."
        why += f" It was {change.rejected}." if change.rejected else ""
        sentence = (
            f"Plan {plan.digest[:12]} by {plan.header.requested_by}: {change.action.value} → {change.effect.value}{why}"
        )
        rules = texts.find(plan.header.policy_revision, change.rules)
        yield Chapter(plan.created_at, plan.group, "decision", sentence, rules=tuple(rules))


def _intervals(intervals: list[presence.Presence]) -> Iterator[Chapter]:
    for one in intervals:
        yield Chapter(one.first_seen_at, one.group, "seen", "Seen in the group for the first time since.")
        if one.gone_at is not None:
            last = f", last seen {one.last_seen_at:%Y-%m-%d %H:%M} UTC" if one.last_seen_at else ""
            yield Chapter(one.gone_at, one.group, "missing", f"No longer in the group{last}.")


def _entries(rows: Iterable[audit.AuditRow]) -> Iterator[Chapter]:
    for row in rows:
        if row.kind != "consent.changed":  # told from the ledger, which knows more
            yield Chapter(row.at, row.group, row.kind, sentence_of(row), seq=row.seq)


@dataclass(frozen=True, slots=True)
class MembersAt:
    """Who was in a group at a time. `snapshot` is the last complete reading before it, None when there was none.

    `known_at` is when that was known, None for now.
    """

    at: datetime
    snapshot: SnapshotRecord | None
    members: tuple[MemberAt, ...]
    known_at: datetime | None = None


def members_at(office: Office, group: str, at: datetime, known_at: datetime | None = None) -> MembersAt:
    """Return the members of `group` at a time: those the last complete reading shows, and those we added since.

    With `known_at`, as we knew it then: somebody whose absence was confirmed later is still among them.
    """
    until = at if known_at is None else min(at, known_at)
    with office.database.connect() as connection:
        snapshot = snapshots.latest(connection, group, complete=True, until=until)
        if snapshot is None:
            return MembersAt(at, None, (), known_at)
        seen = tuple(presence.seen_at(connection, group, at, known_at))
        added = tuple(presence.added_between(connection, group, snapshot.taken_at, until))
    return MembersAt(at, snapshot, seen + added, known_at)
