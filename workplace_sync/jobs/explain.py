"""Explain to a person, or to who speaks for them, what the rules make of them: now, at a time, or in a plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from workplace_sync.errors import InputError, StoreError
from workplace_sync.jobs.consent import key_of
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.plan import Rules
from workplace_sync.jobs.revisions import kept_policies
from workplace_sync.membership.change import Action
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.membership.plan import restored_facts
from workplace_sync.membership.subject import Candidate, subject_facts, wanted_change
from workplace_sync.policy.engine import Engine
from workplace_sync.policy.explain import Explanation, explain
from workplace_sync.policy.shelf import PolicySet
from workplace_sync.roster.consent import Consent, standing
from workplace_sync.store import activations, consent, plans, presence, snapshots
from workplace_sync.store.person import person_at


@dataclass(frozen=True, slots=True)
class Explained:
    """What is to be told of a person and a group.

    `about` are sentences on how things stand and where the facts are from; `explanation` is None where no rule was
    asked. `revision` is that of the policies. `plan` is the digest of the plan that was asked about, or empty.
    """

    group: str
    at: datetime
    revision: str
    about: tuple[str, ...]
    explanation: Explanation | None
    plan: str = ""


def explain_person(
    office: Office, group: ManagedGroup, rules: Rules, address: str, *, at: datetime | None = None
) -> Explained:
    """Explain what would become of a person now, or as of a time; the roster is taken as it is now in any case.

    For a time that is past, the policies are those that were in use then. Raises UsageError for what is no address.
    """
    key, now = key_of(address), office.now()
    time = at or now
    policies, notes = (rules.policies, []) if time >= now else _in_use(office, rules, time)
    with office.database.connect() as connection:
        person = person_at(connection, group.name, key, time)
        events = consent.events_of(connection, [key], group.name).get(key, [])
        snapshot = snapshots.latest(connection, group.name, complete=True, until=time)
        size = snapshot.members if snapshot else presence.size(connection, group.name)[0]
    if at is not None:
        notes.append("The roster is taken as it is now; earlier ones are not kept person by person.")
    if snapshot is None:
        notes.append("The group had not been read by then, so it is not known who was in it.")
    stands = standing([event for event in events if event.recorded_at <= time], now=time)
    wanted, sentence = _wanted(person, stands, group)
    if wanted is None:
        return Explained(group.name, time, policies.revision, (sentence, *notes), None)

    def engine_at(then: datetime) -> Engine:
        return Engine(policies, group=group.name, params=group.params, now=then)

    facts = subject_facts(person, stands, group, *wanted, engine_at(time).exceptions_naming(key))
    shared = {"group.name": group.name, "group.tenant": group.tenant, "group.size": size}
    told = explain(lru_cache(maxsize=32)(engine_at), policies, wanted[0].value, facts | shared, time)
    return Explained(group.name, time, policies.revision, (sentence, *notes), told)


def explain_in_plan(office: Office, plan: plans.PlanRecord, address: str) -> Explained:
    """Explain a decision of a plan from what was kept with it: the facts, the parameters and the policies of that day."""
    key, header = key_of(address), plan.header
    with office.database.connect() as connection:
        found = [change for of, change in plans.decisions_about(connection, key, plan.group) if of.id == plan.id]
        files = activations.files_of(connection, header.policy_revision)
    whole = [f"Of the plan as a whole: {sentence}" for sentence in header.why]
    if not found:
        sentence = "This plan has no change about this person: nothing was wanted of the group in their case."
        about = (sentence, *whole)
        return Explained(plan.group, header.now, header.policy_revision, about, None, plan.digest)
    change = found[0]
    policies = _kept(files)
    if policies.revision != header.policy_revision:
        whole.append("The rules built into the program have changed since; they are asked as they are now.")

    def engine_at(then: datetime) -> Engine:
        return Engine(policies, group=plan.group, params=header.params, now=then)

    shared = {name: value for name, value in header.facts.items() if name.startswith("group.")}
    facts = restored_facts(change.facts) | shared
    told = explain(lru_cache(maxsize=32)(engine_at), policies, change.action.value, facts, header.now)
    sentence = f"In this plan, made on {header.now:%Y-%m-%d %H:%M} UTC by {header.requested_by}, the answer was: {change.effect.value}."
    if change.rejected:
        sentence = f"{sentence} The very same had been {change.rejected}."
    return Explained(plan.group, header.now, header.policy_revision, (sentence, *whole), told, plan.digest)


def _wanted(person: Candidate, stands: Consent, group: ManagedGroup) -> tuple[tuple[Action, str] | None, str]:
    """Return what is wanted of a person's membership, with the reason, and how things stand in a sentence.

    Of somebody who is neither in the group nor on its roster it is asked what would become of adding them.
    """
    wanted = wanted_change(person, stands, group)
    if wanted is not None:
        said = "is on the roster and not in the group" if wanted[0] is Action.ADD else "is in the group, and should go"
        return wanted, f"This person {said}."
    if not person.is_member:
        return (Action.ADD, "asked"), "This person is not on the roster of this group. If somebody asked for them:"
    if person.in_roster:
        return None, "This person is in the group and on its roster: nothing is to be done, and no rule was asked."
    return None, "This person is in the group and not on its roster; the group's configuration takes nobody out for it."


def _in_use(office: Office, rules: Rules, at: datetime) -> tuple[PolicySet, list[str]]:
    """Return the policies that were in use at a time that is past, and what is to be said of it."""
    with office.database.connect() as connection:
        files = activations.files_in_use(connection, at)
    if files is None:
        return rules.policies, ["No policies were in use by then; those on the shelf now are asked as of that day."]
    return _kept(files), []


def _kept(files: Mapping[str, str]) -> PolicySet:
    """Return policies from the files that were kept of them."""
    try:
        return kept_policies(files)
    except InputError:
        raise StoreError(
            "The policies that were kept of that time can no longer be read.",
            hint="They are of an older format. What was decided then still stands: `workplace-sync audit person`.",
        ) from None
