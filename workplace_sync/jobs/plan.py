"""Make a plan: what the roster wants done with the group, and what the policies say to each change and to the whole."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import Connection

from workplace_sync.errors import StaleError, StoreError, UsageError
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.decide import decide
from workplace_sync.jobs.judging import Question, Unnumbered
from workplace_sync.jobs.office import Office
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.plan import Header, History, PlanDigest, Tally, plan_facts, stored_facts, unnumbered
from workplace_sync.membership.rejection import Rejection
from workplace_sync.policy.changes import difference, summary
from workplace_sync.policy.decision import Decision
from workplace_sync.policy.engine import Engine
from workplace_sync.policy.shelf import PolicySet
from workplace_sync.store import activations, candidates, operations, privacy, reviews
from workplace_sync.store import plans as store
from workplace_sync.store.database import Database
from workplace_sync.store.operations import State
from workplace_sync.store.snapshots import SnapshotRecord


@dataclass(frozen=True, slots=True)
class Rules:
    """The policies in use and the texts they were read from, by file name."""

    policies: PolicySet
    files: Mapping[str, str]

    def engine(self, group: ManagedGroup, now: datetime) -> Engine:
        """Return the engine for a group, as of `now`."""
        return Engine(self.policies, group=group.name, params=group.params, now=now)


@dataclass(frozen=True, slots=True)
class MadePlan:
    """A plan as it was made; `already_in` counts those wanted in the group who are in it."""

    record: store.PlanRecord
    already_in: int


def activate(office: Office, rules: Rules) -> bool:
    """Log that a policy revision comes into use, with what is different from the one before.

    Nothing is logged where it is in use already; returns whether it was new.
    """
    with office.database.connect() as connection:
        former = activations.current(connection)
    if former is not None and former.revision == rules.policies.revision:
        return False
    now, hashes = office.now(), summary(rules.policies)
    with office.log.transaction() as transaction:
        activations.add(
            transaction.connection,
            activations.Activation(rules.policies.revision, now, office.actor, rules.files, hashes),
        )
        transaction.log(
            Record(
                kind=Kind.POLICIES_ACTIVATED,
                at=now,
                actor=office.actor,
                outcome="activated",
                data={
                    "changes": difference(former.summary if former else {}, hashes),
                    "former_revision": former.revision if former else None,
                    "policies": [
                        {"hash": policy.hash, "id": policy.id, "shelf": policy.shelf.value, "version": policy.version}
                        for policy in rules.policies.policies
                    ],
                    "revision": rules.policies.revision,
                },
            )
        )
    return True


def history_of(office: Office, group: ManagedGroup, snapshot: SnapshotRecord, now: datetime) -> History:
    """Return the group's size now and what we did to it over the rolling windows."""
    with office.database.connect() as connection:
        counts = operations.rolling_counts(connection, group.name, now)
    return History(size=snapshot.members, administrators=snapshot.administrators, **counts)


class Draft:
    """A plan that is made, and not yet kept. `content` is the digest of its changes without their numbers."""

    def __init__(
        self, office: Office, connection: Connection, header: Header, digest: PlanDigest, content: PlanDigest
    ) -> None:
        self.header = header
        self.content = content.value()
        self._office = office
        self._connection = connection
        self._digest = digest

    def keep(self, *, valid: timedelta) -> MadePlan:
        """Keep the plan wholly or not at all, whenever this is killed, and log it. Call it once."""
        line, now = self.header.line(), self.header.now
        self._digest.add(line)
        record = store.PlanRecord(
            self._office.new_id(), self.header.group, self._digest.value(), now, now + valid, line, self.header.counts
        )
        _keep_plan(self._office, self._connection, record, self.header)
        return MadePlan(record, candidates.already_members(self._connection, record.group))


def rejections_in(office: Office, group: ManagedGroup) -> dict[str, tuple[Rejection, ...]]:
    """Return what people said no to in the group, by the key of whom it is about."""
    with office.database.connect() as connection:
        return reviews.of_group(connection, group.name)


def make_plan(
    office: Office, group: ManagedGroup, rules: Rules, snapshot: SnapshotRecord, *, valid: timedelta
) -> MadePlan:
    """Decide every wanted change of `group` against a complete snapshot, keep the plan, and log it."""
    with drafted(office, group, rules, snapshot) as draft:
        return draft.keep(valid=valid)


@contextmanager
def drafted(office: Office, group: ManagedGroup, rules: Rules, snapshot: SnapshotRecord) -> Iterator[Draft]:
    """Decide every wanted change of `group` against a complete snapshot, and lend the plan before it is kept.

    The changes stream through in flat memory.
    """
    activate(office, rules)
    now = office.now()
    engine = rules.engine(group, now)
    question = Question(group, engine, now, snapshot.members, rejections_in(office, group))
    digest, content, tally = PlanDigest(), PlanDigest(), Tally()
    with office.database.connect() as connection, store.staged(connection) as staging:
        _stage_changes(office, question, staging, (digest, content), tally)
        facts = plan_facts(tally, history_of(office, group, snapshot, now))
        # nothing to do: there is nothing a rule about the whole could hold
        decision = engine.decide_plan(question.group_facts() | facts) if tally.number() else Decision()
        yield Draft(
            office, connection, _header(office, question, snapshot, rules, tally, facts, decision), digest, content
        )


def content_of(connection: Connection, plan: store.PlanRecord) -> str:
    """Return the digest of those of a plan's changes that did not take effect, without their numbers.

    It is what a draft of the same changes has: one with the same decisions, for the same reasons, on the same facts.
    """
    content = PlanDigest()
    ended = (State.DONE.value, State.SKIPPED.value)
    for line, state in store.outcomes(connection, plan.id):
        if state not in ended:
            content.add(unnumbered(line))
    return content.value()


def _stage_changes(
    office: Office,
    question: Question,
    staging: store.StagedChanges,
    digests: tuple[PlanDigest, PlanDigest],
    tally: Tally,
) -> None:
    numbers = count()
    digest, content = digests
    with office.database.connect() as streaming:
        for judged in decide(question, streaming):
            changes = [_numbered(change, number) for change, number in zip(judged.changes, numbers, strict=False)]
            if changes:
                digest.add("\n".join(change[-1] for change in changes))
                content.add("\n".join(f"{change[-2]}{change[-1]}" for change in judged.changes))
            tally.merge(judged.tally)
            staging.add(changes)


def _numbered(change: Unnumbered, number: int) -> store.StagedRow:
    key, action, effect, remedy, head, tail = change
    return number, key, action, effect, remedy, f"{head}{number}{tail}"


def _header(
    office: Office,
    question: Question,
    snapshot: SnapshotRecord,
    rules: Rules,
    tally: Tally,
    facts: dict[str, object],
    decision: Decision,
) -> Header:
    return Header(
        group=question.group.name,
        platform_id=question.group.platform_id,
        snapshot=snapshot.id,
        policy_revision=rules.policies.revision,
        now=question.now,
        requested_by=office.actor,
        effect=decision.acts_as,
        rules=tuple(finding.cite for finding in decision.findings),
        why=tuple(finding.message for finding in decision.findings),
        facts=stored_facts(question.group_facts() | facts),
        params=question.engine.params(),
        counts=tally.counts(),
        excepted=tuple(finding.excepted_cite for finding in decision.excepted),
    )


def _keep_plan(office: Office, connection: Connection, record: store.PlanRecord, header: Header) -> None:
    with office.log.transaction(on=connection) as transaction:
        store.add(transaction.connection, record)
        transaction.log(
            Record(
                kind=Kind.PLAN_MADE,
                at=record.created_at,
                group=record.group,
                actor=office.actor,
                outcome=header.effect.value,
                data={
                    "counts": dict(header.counts),
                    "digest": record.digest,
                    "plan": record.id,
                    "policy_revision": header.policy_revision,
                    "rules": list(header.rules),
                    "snapshot": header.snapshot,
                },
            )
        )


def find_plan(office: Office, name: str) -> store.PlanRecord:
    """Return the plan that an id, a digest or the beginning of one names; raises UsageError when not exactly one."""
    return plan_named(office.database, name)


def plan_named(database: Database, name: str) -> store.PlanRecord:
    """Return the plan that an id, a digest or the beginning of one names; raises UsageError when not exactly one."""
    with database.connect() as connection:
        found = store.find(connection, name)
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError("More than one plan begins like that.", hint="Give more digits of the digest.")
    raise UsageError("There is no such plan.", hint="`workplace-sync plans` lists them.")


def check_digest(office: Office, plan: store.PlanRecord) -> None:
    """Raise StoreError unless the stored lines of the plan still have its digest, StaleError where some were erased."""
    digest = PlanDigest()
    with office.database.connect() as connection:
        if erased := privacy.erased_changes(connection, plan.id):
            raise StaleError(
                f"This plan can no longer be checked or carried out: {erased} of its changes are about people who were erased.",
                hint="Make a new plan.",
            )
        for line in store.lines(connection, plan.id):
            digest.add(line)
    digest.add(plan.header_line)
    if digest.value() != plan.digest:
        raise StoreError(
            "The stored plan was changed after it was made.",
            hint="Do not apply it. Make a new plan, and find out who wrote to the database.",
        )
