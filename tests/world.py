"""A small world in agreement: an office with books, a managed group, and a real sandbox; a test then disturbs one side."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.sandbox_server import SandboxHandle
from workplace_sync.errors import Fault
from workplace_sync.evidence.note import Signer
from workplace_sync.jobs.apply import ApplyOptions, ApplyReport, apply_plan
from workplace_sync.jobs.observe import Observation, observe
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.plan import MadePlan, Rules, make_plan
from workplace_sync.jobs.review import approve
from workplace_sync.jobs.rosters import RosterSource, import_rosters
from workplace_sync.membership.group import ManagedGroup
from workplace_sync.platforms.workplace.platform import WorkplaceGroup, open_workplace
from workplace_sync.policy.shelf import load_policies
from workplace_sync.roster.person import ConsentClaim, Method, RosterPerson, person_key
from workplace_sync.store.database import Database
from workplace_sync.store.evidence import EvidenceLog
from workplace_sync.store.keys import create_key, load_key
from workplace_sync.store.plans import PlanRecord

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
ORIGIN = "union.example.org/log"

CONSENT = b"""
kind: MembershipPolicy
metadata: {id: consent, version: 2, title: People ask to be in, owner: the committee,
           source: {title: Minute 1, url: "https://union.example.org/minutes/1"}, effective_from: 2020-03-01T00:00:00Z}
match: {actions: [add]}
rules:
  - id: on_record
    title: A consent on record
    conditions: [{name: opted_in, expression: "subject.consent == 'opted_in'"}]
    effect: deny
    remedy: invite
    message: No consent to be added is on record.
  - id: newcomer
    title: Known to the union
    conditions: [{name: active, expression: "subject.status == 'active'"}]
    effect: hold
    message: The roster does not show an active membership.
"""
GUARD = b"""
kind: MembershipPolicy
metadata: {id: guard, version: 1, title: Not too many at once, owner: the committee,
           source: {title: Minute 2}, effective_from: 2020-03-01T00:00:00Z}
params: {most: {type: int, value: 20}, fewest: {type: int, value: 1}}
plan_rules:
  - {id: a_day, expression: "plan.additions + plan.added_last_24h <= params.most", effect: hold, message: More than usual in a day.}
  - {id: floor, expression: "plan.size_after >= params.fewest", effect: deny, message: The group would be too small.}
"""


@dataclass(slots=True)
class Clock:
    """A clock that moves on by a millisecond each time it is read, and as far as a test says."""

    at: datetime = START

    def __call__(self) -> datetime:
        """Return the time."""
        self.at += timedelta(milliseconds=1)
        return self.at

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.at += by


@dataclass(slots=True)
class World:
    """Everything a job needs, and short ways to do what most tests do first."""

    office: Office
    clock: Clock
    group: ManagedGroup
    rules: Rules
    platform: WorkplaceGroup
    sandbox: SandboxHandle
    everybody: list[str] = field(default_factory=list)

    def people(self, number: int, **known: object) -> list[RosterPerson]:
        """Return that many people of the tenant who are not in the group, active and consenting unless told otherwise."""
        values = {
            "status": "active",
            "consent": ConsentClaim.OPTED_IN,
            "consent_at": START - timedelta(days=30),
        } | known
        return [
            RosterPerson(key=person_key(address), address=address, line=line, **values)  # type: ignore[arg-type]
            for line, address in enumerate(self.everybody[:number], start=2)
        ]

    def import_roster(self, people: Sequence[RosterPerson | Fault], method: Method = Method.ROSTER_FILE) -> None:
        """Make these the people wanted in the group."""
        import_rosters(self.office, self.group, [RosterSource(method, "roster.csv", people, tenant=self.group.tenant)])

    def observe(self) -> Observation:
        """Read the group."""
        return observe(self.office, self.group, self.platform.reader())

    def plan(self, people: Sequence[RosterPerson] | None = None) -> MadePlan:
        """Import a roster if one is given, read the group, and plan."""
        if people is not None:
            self.import_roster(people)
        snapshot = self.observe().require_complete()
        return make_plan(self.office, self.group, self.rules, snapshot, valid=timedelta(hours=72))

    def apply(self, plan: PlanRecord, limit: int | None = None, drift_percent: int = 10) -> ApplyReport:
        """Apply a plan."""
        reader, writer = self.platform.reader(), self.platform.writer()
        options = ApplyOptions(limit=limit, drift_percent=drift_percent)
        return apply_plan(self.office, self.group, self.rules, plan, (reader, writer), options)

    def approve(self, plan: PlanRecord, by: str = "grace", valid: timedelta = timedelta(hours=24)) -> None:
        """Approve a plan as a second person."""
        approve(self.as_actor(by), plan, approvers=(), reason="seen", valid=valid)

    def as_actor(self, name: str) -> Office:
        """Return the office with somebody else at the desk."""
        return replace(self.office, actor=name)

    def really_in(self) -> set[str]:
        """Return the keys of those who are in the group, as the sandbox itself knows it."""
        return {person_key(member["email"]) for member in self.sandbox.members(self.group.platform_id)}

    def added(self) -> list[str]:
        """Return the address of each addition that took effect, in order, as the sandbox's own journal has it."""
        entries = self.sandbox.journal(self.group.platform_id)
        return [entry["email"] for entry in entries if entry["verb"] == "added" and entry["by"] == "api"]

    def kinds(self) -> list[str]:
        """Return the kinds of all entries in the evidence log, oldest first."""
        from workplace_sync.store import audit  # noqa: PLC0415 - only where it is asked for

        with self.office.database.connect() as connection:
            return [row.kind for row in reversed(audit.list_entries(connection, limit=100_000))]


def rules_of(*files: bytes) -> Rules:
    """Return the rules in these policy files."""
    named = {f"{number}.yaml": content for number, content in enumerate(files)}
    return Rules(load_policies(named), {name: content.decode() for name, content in named.items()})


def open_log(database: Database, folder: Path, now: Callable[[], datetime]) -> EvidenceLog:
    """Return the evidence log of a test, with its key and outside checkpoint in `folder`."""
    key = folder / "log.key"
    signer: Signer = load_key(key, ORIGIN) if key.exists() else create_key(key, ORIGIN)
    numbers = itertools.count()
    return EvidenceLog(
        database,
        signer=signer,
        verifier=signer.verifier,
        origin=ORIGIN,
        outside=folder / "checkpoint.txt",
        entropy=lambda size: next(numbers).to_bytes(size, "big"),
        now=now,
    )


@contextmanager
def built(database: Database, folder: Path, sandbox: SandboxHandle, **group: object) -> Iterator[World]:
    """Build a world around a sandbox."""
    clock, numbers = Clock(), itertools.count(1)
    tenant = sandbox.tenant("bt")
    office = Office(database, open_log(database, folder, clock), clock, lambda: f"id{next(numbers):06}", "ada")
    managed = ManagedGroup("prospect-bt", "Prospect in BT", "bt", tenant.prospect_group, **group)  # type: ignore[arg-type]
    with open_workplace(
        base_url=sandbox.url, group_id=tenant.prospect_group, token=tenant.token, page_size=50, threads=2
    ) as platform:
        everybody = [str(person["email"]) for person in sandbox.addable()]
        yield World(office, clock, managed, rules_of(CONSENT, GUARD), platform, sandbox, everybody)
