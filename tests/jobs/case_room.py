"""A room with three officers, each with a key of their own, and the books of a database; a test says who sits at the desk."""

import itertools
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.world import Clock, open_log
from workplace_sync.cases.categories import Area, Officer, Rulebook
from workplace_sync.cases.escalation import Confidentiality, Escalation, Kind, Report, Step
from workplace_sync.cases.escalation_steps import Role
from workplace_sync.jobs.case_desk import CaseDesk
from workplace_sync.jobs.escalations import Opened, act, open_case
from workplace_sync.jobs.identity import Identity
from workplace_sync.jobs.office import Office
from workplace_sync.store.case_key import CaseKey
from workplace_sync.store.database import Database

OFFICERS = ("bryn", "cass", "dana")
DANA = Identity("Dilys Quarrie", "07700 900123")
WORDS = "The ratings were moved on Tuesday to fit the curve, I saw the zebra spreadsheet."


@dataclass(slots=True)
class Room:
    """The desk, and what the officers carry with them."""

    desk: CaseDesk
    clock: Clock
    keys: dict[str, X25519PrivateKey]
    folder: Path

    def at(self, name: str, role: Role | None = Role.OFFICER) -> CaseDesk:
        """Return the desk with somebody sitting at it."""
        return replace(self.desk, office=replace(self.desk.office, actor=name), role=role)

    def report(
        self,
        treatment: Confidentiality = Confidentiality.NOT_NAMED,
        identity: Identity = DANA,
        words: str = WORDS,
        kind: Kind = Kind.INDIVIDUAL,
        **more: object,
    ) -> Opened:
        """Take a report in as a member gives it."""
        report = Report("forced-distribution", "networks", kind, confidentiality=treatment, via="console")
        return open_case(self.desk.as_reporter(), replace(report, **more), words, identity=identity)  # type: ignore[arg-type]

    def take(self, case: str, *steps: Step, by: str = "bryn") -> Escalation:
        """Take steps that need nothing but words."""
        for one in steps:
            found = act(self.at(by), case, one, words="It was looked into.")
        return found

    def rules(self, **changed: object) -> None:
        """Change the rules."""
        self.desk = replace(self.desk, rulebook=replace(self.desk.rulebook, **changed))  # type: ignore[arg-type]


def public(key: X25519PrivateKey) -> bytes:
    """Return the public key, as the configuration has it."""
    return key.public_key().public_bytes_raw()


def room(database: Database, folder: Path) -> Room:
    """Return a room around a database."""
    clock, numbers = Clock(), itertools.count(1)
    keys = {name: X25519PrivateKey.generate() for name in OFFICERS}
    officers = tuple(Officer(name, public(key)) for name, key in keys.items())
    rules = Rulebook(areas=(Area("networks", "Networks"),), officers=officers)
    office = Office(database, open_log(database, folder, clock), clock, lambda: f"id{next(numbers):06}", "bryn")
    desk = CaseDesk(office, rules, CaseKey(folder / "cases.key"), Role.OFFICER, frozenset(OFFICERS))
    return Room(desk, clock, keys, folder)
