"""A world in which somebody is erased whose name stands out."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tests.world import World, open_log
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.privacy import ErasureReport, erase
from workplace_sync.roster.person import person_key
from workplace_sync.store import plans
from workplace_sync.store.database import Database
from workplace_sync.store.erasure_journal import JournalFile
from workplace_sync.store.plans import PlanRecord
from workplace_sync.store.suppression import Veil

SH = shutil.which("sh") or "sh"


NAME = "Wilhelmina Featherstonehaugh"


def with_privacy(office: Office, folder: Path) -> Office:
    return replace(office, veil=Veil(folder / "suppression.key"), erasures=JournalFile(folder / "erasures.jsonl"))


def settle(world: World, folder: Path) -> World:
    world.office = with_privacy(world.office, folder)
    people = [replace(one, name=NAME if not number else "") for number, one in enumerate(world.people(10))]
    plan = world.plan(people).record
    assert world.apply(plan).seen == 10
    return world


def erase_somebody(world: World, address: str | None = None, **more: object) -> ErasureReport:
    asked = {"authorised_by": "grace", "basis": "a request of 3 May"} | more
    return erase(world.office, address or world.everybody[0], **asked)  # type: ignore[arg-type]


def their_key(world: World) -> str:
    return person_key(world.everybody[0])


def plan_of(world: World) -> PlanRecord:
    with world.office.database.connect() as connection:
        return plans.recent(connection, limit=1)[0]


def their_account(world: World) -> str:
    members = world.sandbox.members(world.group.platform_id)
    return next(str(one["id"]) for one in members if person_key(one["email"]) == their_key(world))


def record_of(world: World, words: str) -> Record:
    data = {"digest": "0" * 64, "reason": words}
    return Record(Kind.PLAN_REJECTED, world.clock(), actor="ada", outcome="rejected", data=data)


def opened_again(world: World, folder: Path, database: Database) -> Iterator[Office]:
    office = replace(world.office, database=database, log=open_log(database, folder, world.clock))
    yield with_privacy(office, folder)
    database.close()


def accept(office: Office, folder: Path) -> None:
    (folder / "checkpoint.txt").unlink()
    office.log.restore_outside()
