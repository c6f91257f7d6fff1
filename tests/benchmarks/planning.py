"""One planning, in a process of its own so that its peak of memory is its own: `python -m tests.benchmarks.planning N FOLDER`."""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import count, pairwise
from pathlib import Path

from tests.world import START, Clock, open_log, rules_of
from workplace_sync.jobs.observe import observe
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.plan import make_plan
from workplace_sync.jobs.rosters import RosterSource, import_rosters
from workplace_sync.membership.group import ManagedGroup, RemovalRules
from workplace_sync.membership.snapshot import Completeness, Member
from workplace_sync.platforms.base import CallError, GroupDescription, GroupReader
from workplace_sync.roster.person import ConsentClaim, Method, RosterPerson
from workplace_sync.store.database import Database

CONDITIONS = (
    "action.kind == 'remove' || subject.consent == 'opted_in'",
    "action.kind == 'remove' || subject.status == 'active'",
    "action.kind == 'remove' || subject.tenant == group.tenant",
    "!subject.protected",
    "action.kind == 'remove' || !subject.departed || subject.consent_at > subject.departed_at",
    "action.kind == 'remove' || now - subject.consent_at > params.cool || subject.consent == 'opted_in'",
    "subject.email_domain.endsWith('.example.org')",
    "size(subject.roles) < 10",
    "action.method in ['roster_file', 'command_line', 'group_copy', '']",
    "!(subject.administrator && action.kind == 'remove')",
)
POLICY = """
kind: MembershipPolicy
metadata: {id: ten, version: 1, title: Ten rules, owner: bench, source: {title: bench}, effective_from: 2020-03-01T00:00:00Z}
params: {cool: {type: duration, value: 720h}}
rules:
""" + "".join(
    f'  - {{id: r{n}, title: t, effect: deny, message: m, conditions: [{{name: c, expression: "{text}"}}]}}\n'
    for n, text in enumerate(CONDITIONS)
)


class ImaginedReader(GroupReader):
    """A reader whose pages cost nothing, so that what is timed is ours: the second half of the roster, and as many others."""

    failure: CallError | None = None

    def __init__(self, people: int) -> None:
        self._people = people

    def describe(self) -> GroupDescription:
        return GroupDescription("7001", "Prospect", archived=False)

    def read_members(
        self, on_page: Callable[[Sequence[Member]], None], on_restart: Callable[[], None] | None = None
    ) -> Completeness:
        first, last = self._people // 2, self._people // 2 + self._people
        for start in range(first, last, 1000):
            on_page([Member(str(n), address(n)) for n in range(start, min(start + 1000, last))])
        assert on_restart is not None
        return Completeness(pages=self._people // 1000, rows=self._people, expected=self._people, ended=True)

    def granted_permissions(self) -> tuple[str, ...] | None:
        return None

    def server_time_skew(self) -> float | None:
        return None


def address(number: int) -> str:
    """Return somebody's address; neighbours by number are far apart by address, as in a real file."""
    return f"p{number * 7919 % 9999991}.{number}@bt.example.org"


def roster(people: int) -> Iterator[RosterPerson]:
    """Yield the roster."""
    given = START - timedelta(days=90)
    for number in range(people):
        key = address(number)
        yield RosterPerson(key, key, number + 2, status="active", consent=ConsentClaim.OPTED_IN, consent_at=given)


def main(people: int, folder: Path) -> None:
    """Import a roster of `people`, see a group of `people`, plan with ten rules; print seconds and peak memory."""
    clock, numbers = Clock(), count()
    database = Database(f"sqlite:///{folder / 'bench.db'}")
    database.upgrade()
    office = Office(database, open_log(database, folder, clock), clock, lambda: f"id{next(numbers)}", "ada")
    group = ManagedGroup("prospect-bt", "Prospect", "bt", "7001", removals=RemovalRules(not_eligible=True))
    rules = rules_of(POLICY.encode())
    laps = [time.perf_counter()]
    import_rosters(office, group, [RosterSource(Method.ROSTER_FILE, "roster.csv", roster(people), tenant="bt")])
    laps.append(time.perf_counter())
    snapshot = observe(office, group, ImaginedReader(people)).require_complete()
    laps.append(time.perf_counter())
    plan = make_plan(office, group, rules, snapshot, valid=timedelta(hours=1)).record
    laps.append(time.perf_counter())
    seconds = dict(zip(("import", "observe", "plan"), (b - a for a, b in pairwise(laps)), strict=True))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({**seconds, "changes": plan.counts["changes"], "mb": own / 1024, "worker_mb": workers / 1024}))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
