"""Ends a command as a power cut would, at moments chosen by what the platform has seen of it."""

import random
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.scenarios.folder import GROUP, Ended, Folder

BATCH = 50
_LOOK_EVERY = 0.004
_READS = 6  # requests that a run makes before its first batch: what the group is, who is in it, what it is again
_WITHIN = 120
_TWO_APPROVE_FROM = 500  # changes; the default of SECOND_APPROVER_FROM


@dataclass(frozen=True, slots=True)
class Moment:
    """When to kill: after so many requests of the run have reached the platform, and so many seconds more."""

    requests: int
    seconds: float


@dataclass(slots=True)
class Killings:
    """How often a command was killed, after how many requests each time, and how the last run ended.

    `took_effect` counts the operations that had no outcome after a kill although they had taken effect, `had_none`
    those that had not.
    """

    last: Ended
    after: list[int] = field(default_factory=list)
    took_effect: int = 0
    had_none: int = 0


def requests_so_far(folder: Folder) -> int:
    """Return how many requests the platform has been sent."""
    return int(folder.sandbox.control("GET", "counts")["http_requests"])


def killed(folder: Folder, process: "subprocess.Popen[str]", moment: Moment) -> bool:
    """Kill the process at that moment, and return whether it was killed before it had ended by itself.

    What it asks after that many requests hangs, so that it cannot be done before a busy machine gets round to the kill.
    """
    hangs = folder.sandbox.fault("timeout_before_effect", on="any", calls=None, skip=moment.requests, hold_ms=60_000)
    before = requests_so_far(folder)
    give_up = time.monotonic() + _WITHIN
    while process.poll() is None and requests_so_far(folder) - before < moment.requests:
        assert time.monotonic() < give_up, "the command has come to a standstill"
        time.sleep(_LOOK_EVERY)
    time.sleep(moment.seconds)
    process.kill()
    process.communicate()
    folder.sandbox.control("DELETE", f"faults/{hangs}")
    return process.returncode < 0


def kill_again_and_again(
    folder: Folder, digest: str, people: int, kills: int, chance: random.Random, latency: float
) -> Killings:
    """Apply a plan, killed so often, and at last let it run to its end.

    Every third kill comes while the group is read, the others while batches are on their way: never so late that
    fewer batches are left than kills. The batch that every fourth is about hangs and never takes effect, that of two later
    takes effect and is never answered.
    """
    found = Killings(Ended(0, "", ""))
    for number in range(kills):
        left = (people - folder.added().total()) // BATCH
        latest = max(1, left // (kills - number + 1))
        requests = chance.randint(1, _READS) if number % 3 == 2 else _READS + chance.randint(1, latest)
        if number % 4 in {1, 3}:
            when = "before" if number % 4 == 1 else "after"
            folder.sandbox.fault(f"timeout_{when}_effect", on="write", calls=1, hold_ms=5_000)
        moment = Moment(requests, chance.random() * 2 * latency)
        if not killed(folder, folder.start("apply", digest, "--by", "ada"), moment):
            break
        folder.sandbox.control("DELETE", "faults")
        time.sleep(2 * latency)  # what has reached the platform takes effect, whoever is dead by then
        unknown, inside = intended(folder.database), folder.really_in()
        found.after.append(requests)
        found.took_effect += len(unknown & inside)
        found.had_none += len(unknown - inside)
    found.last = folder.finish(folder.start("apply", digest, "--by", "ada", "-o", "json"))
    return found


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    """Return what a query finds in the SQLite file."""
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query).fetchall()


def intended(database: Path) -> set[str]:
    """Return about whom there is an operation without outcome."""
    return {str(row[0]) for row in rows(database, "SELECT key FROM operation WHERE state = 'intended'")}


def assert_nothing_lost_nothing_twice(folder: Folder, wanted: list[str]) -> None:
    """Fail unless each of those wanted was added exactly once, has one outcome on record, and is in the group."""
    everybody = {address.casefold() for address in wanted}
    added = folder.added()
    assert {address: times for address, times in added.items() if times != 1} == {}
    assert set(added) == everybody
    assert folder.really_in() == everybody | {address.casefold() for address in folder.former}
    assert intended(folder.database) == set()
    outcomes = rows(
        folder.database, "SELECT subject, count(*) FROM opening WHERE kind = 'operation.outcome' GROUP BY subject"
    )
    assert {str(subject): number for subject, number in outcomes if number != 1} == {}
    assert {str(subject) for subject, _ in outcomes} == everybody
    assert Counter(row[0] for row in rows(folder.database, "SELECT state FROM operation")) == {"done": len(everybody)}


def assert_evidence_verifies(folder: Folder) -> None:
    """Fail unless the whole log verifies."""
    ended = folder.apart("evidence", "verify")
    assert ended.code == 0, ended.out + ended.err


def prepared(folder: Folder, people: int) -> tuple[str, list[str]]:
    """Put so many people on the roster, plan and approve; return the plan's digest and their addresses."""
    wanted = [str(person["email"]) for person in folder.sandbox.addable()][:people]
    assert len(wanted) == people
    folder.write_roster([*folder.former, *wanted])
    planned = folder.apart("plan", GROUP, "--by", "ada", "-o", "json")
    assert planned.code == 0, planned.err
    digest = planned.json["digest"]
    for approver in ("grace", "alan")[: 1 if people < _TWO_APPROVE_FROM else 2]:
        assert folder.apart("approve", digest, "--by", approver).code == 0
    return digest, wanted
