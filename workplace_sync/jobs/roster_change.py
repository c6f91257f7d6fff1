"""What another roster file would change, before anything is changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workplace_sync.roster.person import ConsentClaim, RosterPerson
from workplace_sync.roster.report import RosterReport, summarise
from workplace_sync.roster.row import Item
from workplace_sync.store import roster as store
from workplace_sync.store.database import Database

SHOWN = 500
"""How many of each list are told; faults too."""


@dataclass(frozen=True, slots=True)
class People:
    """How many people, and the first of them by key."""

    number: int
    first: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RosterChange:
    """What a file says, and what is different from the roster as it was read in last.

    `come` are those whom no source of the group's roster has named, `go` those whom only this source has named and does
    not any more, `stay` counts the others. `withdrawn` are those of whom the file says that they do not want to be in.
    """

    report: RosterReport
    come: People
    go: People
    withdrawn: People
    stay: int


def roster_change(database: Database, group: str, source: str, items: Iterable[Item]) -> RosterChange:
    """Return what would change if `items` were what the source with that name says of `group`."""
    named: set[str] = set()
    withdrawn: set[str] = set()

    def seen() -> Iterator[Item]:
        for item in items:
            if isinstance(item, RosterPerson):
                if not item.duplicate_of:
                    named.add(item.key)
                if item.consent is ConsentClaim.WITHDRAWN:
                    withdrawn.add(item.key)
            yield item

    report = summarise(seen(), keep=SHOWN)
    come, go, before = set(named), [], 0
    with database.connect() as connection:
        for key, by in store.wanted(connection, group):
            before += 1
            come.discard(key)
            if by == source and key not in named:
                go.append(key)
    return RosterChange(report, _people(come), _people(go), _people(withdrawn), before - len(go))


def _people(keys: Iterable[str]) -> People:
    found = sorted(keys)
    return People(len(found), tuple(found[:SHOWN]))
