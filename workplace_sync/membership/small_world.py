"""Makes the facts of a change, or of a whole plan, from the small world of a case: by the code that real plans use."""

from collections.abc import Iterator
from datetime import datetime

from workplace_sync.membership.group import ManagedGroup, RemovalRules
from workplace_sync.membership.plan import History, Tally, plan_facts, planned
from workplace_sync.membership.subject import Candidate, subject_facts, wanted_change
from workplace_sync.policy.engine import PLAN, Engine
from workplace_sync.policy.shelf import PolicySet
from workplace_sync.policy.testing import Asked, Case, Suite
from workplace_sync.policy.world import World
from workplace_sync.roster.consent import ConsentEvent, ConsentKind, ConsentOrigin, standing


def asked_in_world(suite: Suite, case: Case, world: World, policies: PolicySet) -> Asked | None:
    """Return what a plan would ask about the person of a case, or about the whole plan; None where nothing is wanted.

    For a plan all rules of the shelf decide on its changes first, as in a real one.
    """
    now = case.now or suite.now
    group = _group(suite, case, world)
    size = len(world.members) + world.others
    shared: dict[str, object] = {"group.tenant": group.tenant, "group.size": size}
    if case.about is not None:
        person = _candidate(world, case.about.lower(), group)
        facts = _facts(world, person, group, now)
        return None if facts is None else Asked(str(facts["action.kind"]), facts | shared)
    engine = Engine(policies, group=group.name, params=group.params, now=now)
    tally = Tally()
    for number, (person, facts) in enumerate(_changes(world, group, now)):
        decision = next(engine.decide(str(facts["action.kind"]), [facts | shared]))
        tally.add(planned(number, person.key, person.address, person.platform_id, facts, decision))
    administrators = sum(member.administrator for member in world.members)
    history = History(size, administrators, **world.done.model_dump())
    return Asked(PLAN, plan_facts(tally, history) | shared)


def _group(suite: Suite, case: Case, world: World) -> ManagedGroup:
    config = world.group
    return ManagedGroup(
        name=suite.group,
        title=suite.group,
        tenant=config.tenant,
        platform_id="1",
        removals=RemovalRules(**config.removals.model_dump()),
        eligible_statuses=tuple(config.eligible_statuses),
        protected=frozenset(address.lower() for address in config.protected),
        params={suite.policy: case.params} if case.params else {},
    )


def _changes(world: World, group: ManagedGroup, now: datetime) -> Iterator[tuple[Candidate, dict[str, object]]]:
    for address in sorted(world.people):
        person = _candidate(world, address, group)
        facts = _facts(world, person, group, now)
        if facts is not None:
            yield person, facts


def _facts(world: World, person: Candidate, group: ManagedGroup, now: datetime) -> dict[str, object] | None:
    said = [one for one in world.consent if one.address.lower() == person.key]
    consent = standing(
        (
            ConsentEvent(
                person.key,
                group.name,
                ConsentKind(one.kind),
                one.at,
                one.at,
                ConsentOrigin(one.origin),
                basis=one.basis,
                expires_at=one.expires_at,
            )
            for one in said
        ),
        now=now,
    )
    wanted = wanted_change(person, consent, group)
    return None if wanted is None else subject_facts(person, consent, group, *wanted)


def _candidate(world: World, address: str, group: ManagedGroup) -> Candidate:
    row = next((one for one in world.roster if one.address.lower() == address), None)
    member = next((one for one in world.members if one.address.lower() == address), None)
    gone = next((one for one in world.gone if one.address.lower() == address), None)
    return Candidate(
        key=address,
        address=address,
        tenant="" if row is None else row.tenant or group.tenant,
        status="" if row is None else row.status,
        roles=() if row is None else tuple(row.roles),
        method="" if row is None else row.method,
        source="" if row is None else row.source,
        in_roster=row is not None,
        is_member=member is not None,
        administrator=member is not None and member.administrator,
        added_by_us=member is not None and member.added_by_us,
        departed_at=None if gone is None else gone.at,
        departed_cause="" if gone is None else gone.cause,
    )
