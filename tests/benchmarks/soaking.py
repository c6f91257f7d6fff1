"""A branch with very many groups on one platform, for the soak: what is wanted, what is there, and a hand on both sides."""

import csv
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.sandbox.graph_client import Graph
from tests.sandbox_server import SandboxHandle
from tests.scenarios.folder import TOKEN_NAME, Folder, make_folder
from tests.world import CONSENT

SETTINGS = {
    "CONNECT_TIMEOUT": "5",
    "READ_TIMEOUT": "5",
    "PATIENCE_SECONDS": "15",
    "PACE_PER_SECOND": "off",
    "CONFIRM_PAUSE_SECONDS": "0",
    "THREADS": "2",
    "LEASE_SECONDS": "8",
    "LOG_LEVEL": "warning",
}
FAULTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("error", {"on": "read", "calls": 2}),
    ("error", {"on": "write", "calls": 2}),
    ("close_connection", {"on": "any", "calls": 1}),
    ("html", {"on": "any", "calls": 1}),
    ("broken_json", {"on": "any", "calls": 1}),
    ("timeout_after_effect", {"on": "write", "calls": 1, "hold_ms": 6_000}),
    ("timeout_before_effect", {"on": "write", "calls": 1, "hold_ms": 6_000}),
)


@dataclass(slots=True)
class Group:
    """A group: its name here, its id there, and who is on its roster, by address, with their status."""

    name: str
    id: str
    admin: str
    roster: dict[str, str] = field(default_factory=dict)

    @property
    def wanted(self) -> set[str]:
        """Who is to be in."""
        return {address for address, status in self.roster.items() if status == "active"} | {self.admin}


@dataclass(slots=True)
class Branch:
    """The groups, their folder, and everybody there is."""

    folder: Folder
    groups: list[Group]
    everybody: list[str]
    chance: random.Random

    @property
    def sandbox(self) -> SandboxHandle:
        """The platform."""
        return self.folder.sandbox

    def inside(self, group: Group) -> set[str]:
        """Return who is really in a group."""
        return {member["email"].casefold() for member in self.sandbox.members(group.id)}

    def write_roster(self, group: Group) -> None:
        """Put a roster where it belongs, in one step: it may be read right now."""
        file = self.folder.home / "rosters" / f"{group.name}.csv"
        new = file.with_suffix(".new")
        with new.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("email", "status", "consent", "consent_at", "consent_basis"))
            writer.writerows((a, status, "yes", "2026-01-05", "form") for a, status in group.roster.items())
        new.replace(file)

    def churn_roster(self, group: Group) -> None:
        """Let two join and one lapse."""
        strangers = [address for address in self.chance.sample(self.everybody, 20) if address not in group.roster]
        group.roster |= dict.fromkeys(strangers[:2], "active")
        active = [address for address, status in group.roster.items() if status == "active" and address != group.admin]
        group.roster[self.chance.choice(active)] = "lapsed"
        self.write_roster(group)

    def churn_platform(self, group: Group) -> None:
        """Let the employer take two out."""
        there = sorted(self.inside(group) - {group.admin})
        if len(there) > 2:
            gone = self.chance.sample(there, 2)
            self.sandbox.control("POST", "employer/remove", {"group": group.id, "emails": gone})

    def strike(self) -> None:
        """Let the platform fail in some way, soon."""
        kind, how = self.chance.choice(FAULTS)
        self.sandbox.fault(kind, **how)

    def effects(self, group: Group, verb: str, by: str = "api") -> Counter[str]:
        """Return how often each person was added, or removed, by the API or the employer, as the platform's journal has it."""
        entries = self.sandbox.journal(group.id)
        return Counter(each["email"].casefold() for each in entries if each["verb"] == verb and each["by"] == by)


def make_branch(home: Path, sandbox: SandboxHandle, url: str, groups: int, people: int, seed: int) -> Branch:
    """Make so many groups on the platform, each with an admin alone, and a roster of so many people for each."""
    chance = random.Random(seed)
    folder = make_folder(home, sandbox, settings=SETTINGS | {"DATABASE_URL": url})
    (home / "config" / "groups" / "prospect-bt.yaml").unlink()
    for file in (home / "policies").glob("**/*.yaml"):
        file.unlink()
    (home / "policies" / "consent.yaml").write_bytes(CONSENT)
    persons = sandbox.addable()
    everybody = [str(person["email"]).casefold() for person in persons]
    made = []
    with Graph(sandbox) as graph:
        for number in range(groups):
            admin = persons[number % len(persons)]
            wanted = {"name": f"Group {number}", "privacy": "CLOSED", "admin": admin["id"]}
            group_id = str(graph.call("POST", "community/groups", data=wanted).json()["id"])
            made.append(Group(f"group-{number:03}", group_id, str(admin["email"]).casefold()))
    branch = Branch(folder, made, everybody, chance)
    for group in made:
        group.roster = dict.fromkeys([group.admin, *chance.sample(everybody, people - 1)], "active")
        branch.write_roster(group)
        lines = [
            "kind: Group",
            f"name: {group.name}",
            f"title: {group.name}",
            "tenant: bt",
            f'platform: {{type: workplace, base_url: "{sandbox.url}", group_id: "{group.id}", token_env: {TOKEN_NAME}}}',
            f"roster: [{{file: rosters/{group.name}.csv, tenant: bt}}]",
            "removals: {not_eligible: true}",
        ]
        (home / "config" / "groups" / f"{group.name}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return branch
