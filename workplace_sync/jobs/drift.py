"""What moved since a plan was made: how many of its changes no longer stand, for which reasons, and who for example."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workplace_sync.jobs.judging import Question
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.plan import Rules, rejections_in
from workplace_sync.jobs.recheck import Cause, Standing, standing
from workplace_sync.membership.change import Action
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.store.plans import PlanRecord
from workplace_sync.store.snapshots import SnapshotRecord

_FLOOR = 5  # changes; up to so many of a plan may be different whatever share of it they are


@dataclass(frozen=True, slots=True)
class Moved:
    """A change that no longer stands, and why; `address` and `key` are for those who may see people."""

    key: str
    address: str
    action: Action
    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True)
class Drift:
    """How far the group, the roster and the rules have moved on since a plan was made.

    Of the changes that remain to be done, `stands` are as planned; `counts` are the others by cause, and `decided_by`
    those decided differently by the rules that decide now. `examples` are up to five of each. `policies_changed` says
    that the policies have another revision.
    """

    stands: int
    counts: Mapping[Cause, int]
    decided_by: Mapping[str, int]
    examples: tuple[Moved, ...] = ()
    policies_changed: bool = False

    @property
    def moved(self) -> int:
        """How many changes are not as planned; what somebody rejected meanwhile is no drift."""
        return sum(number for cause, number in self.counts.items() if cause is not Cause.REJECTED)

    @property
    def remaining(self) -> int:
        """Of how many changes."""
        return self.stands + self.moved

    def beyond(self, percent: int) -> bool:
        """Whether more has moved than that share of what remains; a handful never is too much."""
        return self.moved > _FLOOR and self.moved * 100 > percent * self.remaining

    def voids(self, percent: int) -> bool:
        """Whether approvals no longer count: the policies changed, or too much moved."""
        return self.policies_changed or self.beyond(percent)

    def reasons(self) -> Iterator[str]:
        """Yield each reason with its number, the most frequent first; nobody is named."""
        for cause, number in sorted(self.counts.items(), key=lambda item: -item[1]):
            yield f"{number:,} {cause.value}"
        for rules, number in sorted(self.decided_by.items(), key=lambda item: -item[1]):
            yield f"of those decided differently, {number:,} by {rules}"


def drift_in(stands: Standing, *, policies_changed: bool = False) -> Drift:
    """Return the drift that deciding again has shown."""
    counts: Counter[Cause] = Counter()
    decided: Counter[str] = Counter()
    for (cause, rules), number in stands.causes.items():
        counts[cause] += number
        if cause is Cause.DECISION:
            decided[rules or "no rule"] += number
    examples = tuple(
        Moved(one.change.key, one.change.address, one.change.action, one.cause, one.reason)
        for one in stands.samples
        if one.cause is not None
    )
    return Drift(stands.going, dict(counts), dict(decided), examples, policies_changed)


def drift_of(office: Office, group: ManagedGroup, rules: Rules, plan: PlanRecord, snapshot: SnapshotRecord) -> Drift:
    """Return what moved since `plan` was made, as of the last complete snapshot, without changing anything.

    Every change that remains to be done is decided again under the rules in force, whether it is approved or not.
    """
    now = office.now()
    question = Question(group, rules.engine(group, now), now, snapshot.members, rejections_in(office, group))
    changed = plan.header.policy_revision != rules.policies.revision
    return drift_in(standing(office, question, plan, approved=True), policies_changed=changed)
