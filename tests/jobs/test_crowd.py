"""Large plans in many processes: the same plan, whatever becomes of a worker; and no worker stays behind."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.sandbox_server import ROOT
from tests.world import CONSENT, START, rules_of
from workplace_sync.jobs import crowd as crowd_module
from workplace_sync.jobs.crowd import Crowd, usable_workers
from workplace_sync.jobs.decide import decide
from workplace_sync.jobs.judging import Judge, Judged, Question, judged_changes
from workplace_sync.membership.group import ManagedGroup, RemovalRules
from workplace_sync.membership.plan import PlannedChange
from workplace_sync.roster.person import ConsentClaim, RosterPerson
from workplace_sync.store import roster
from workplace_sync.store.candidate_rows import CandidateRow, person_in, persons, whole_persons
from workplace_sync.store.database import Database

GROUP = ManagedGroup("prospect-bt", "Prospect in BT", "bt", "7001", removals=RemovalRules(not_eligible=True))
TIME = "2026-10-01 09:00:00.000000"


@pytest.fixture
def question() -> Question:
    return Question(GROUP, rules_of(CONSENT).engine(GROUP, START), START, 1_000)


def row(number: int, **changed: object) -> CandidateRow:
    values: dict[str, object] = {
        "key": f"p{number:05}@bt.example.org",
        "address": f"P{number:05}@bt.example.org",
        "platform_id": "",
        "tenant": "bt",
        "status": "active" if number % 3 else "lapsed",
        "roles": "rep|chair" if number % 5 == 0 else "",
        "method": "roster_file",
        "source": "roster.csv",
        "in_roster": 1,
        "is_member": 0,
        "administrator": 0,
        "added_by_us": 0,
        "gone_at": TIME if number % 7 == 0 else None,
        "cause": "left" if number % 7 == 0 else "",
    }
    consent: tuple[object, ...] = (GROUP.name, "given", TIME, TIME, "roster", "form", "roster.csv", None)
    return (*(values | changed).values(), *(consent if number % 4 else (None,) * 8))


def chunks(number: int = 6, size: int = 50) -> list[list[CandidateRow]]:
    return [[row(n) for n in range(start, start + size)] for start in range(0, number * size, size)]


class Spell(str):  # noqa: SLOT000 - a text like any other here, that does something where it is unpickled
    code: str

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, (self.code,)


def spell(code: str) -> Spell:
    made = Spell("Cast@bt.example.org")
    made.code = code
    return made


def lines(judged: list[Judged]) -> list[tuple[str, str]]:
    return [change[4:] for one in judged for change in one.changes]


def test_many_processes_decide_what_one_decides_in_the_same_order(question: Question) -> None:
    with Crowd(question, 3) as crowd:
        found = list(crowd.judge(chunks()))
    alone = [Judge(question).judge(rows) for rows in chunks()]
    assert found == alone
    assert len(lines(found)) == 300
    assert {change[2] for one in found for change in one.changes} == {"allow", "hold", "deny"}


def test_a_worker_that_is_killed_costs_nothing_but_time(question: Question) -> None:
    killed: list[int] = []

    def killing() -> Iterator[list[CandidateRow]]:
        for number, rows in enumerate(chunks()):
            if number in {3, 4}:
                killed.append(next(pid for pid in crowd.pids() if pid not in killed))
                os.kill(killed[-1], 9)
            yield rows

    with Crowd(question, 2) as crowd:
        found = list(crowd.judge(killing()))
        pids = set(crowd.pids())
    assert len(set(killed)) == 2
    assert not pids & set(killed)
    assert found == [Judge(question).judge(rows) for rows in chunks()]


def test_rows_that_end_a_worker_are_judged_again_in_a_fresh_one(question: Question, tmp_path: Path) -> None:
    mark = str(tmp_path / "ended")
    abort_once = f"__import__('os').path.exists({mark!r}) or open({mark!r}, 'x').close() or __import__('os').abort()"
    text = f"({abort_once}) and 'Cast@bt.example.org'"
    rows = [row(1), row(2, address=spell(text))]
    with Crowd(question, 2) as crowd:
        found = list(crowd.judge([rows, *chunks(2)]))
    assert Path(mark).exists()
    assert found == [Judge(question).judge(each) for each in (rows, *chunks(2))]


def test_rows_that_end_every_worker_fail_closed_and_the_others_go_on(question: Question) -> None:
    rows = [row(1), row(2, address=spell("__import__('os').abort()"))]
    with Crowd(question, 2) as crowd:
        found = list(crowd.judge([*chunks(1), rows, *chunks(1)]))
    assert found[0] == found[2] == Judge(question).judge(chunks(1)[0])
    made = [PlannedChange.parse(f"{head}0{tail}") for *_, head, tail in found[1].changes]
    assert [(change.effect, change.error) for change in made] == [("deny", True)] * 2
    assert set(made[0].rules) == {"consent@2/on_record", "consent@2/newcomer", "floor-opt-out@1/opted-out"}
    assert set(made[0].why) == {"This rule could not be checked: evaluating it ended the program."}
    assert found[1].tally.errors == 2


def test_a_worker_that_is_stuck_counts_as_gone(question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd_module, "_PATIENCE", 0.5)
    rows = [row(1, address=spell("__import__('time').sleep(600)"))]
    with Crowd(question, 1) as crowd:
        (found,) = crowd.judge([rows])
    assert found.tally.errors == 1


def test_no_worker_stays_when_the_run_fails(question: Question) -> None:
    pids: list[int] = []

    def run() -> None:
        with Crowd(question, 2) as crowd:
            for _ in crowd.judge([*chunks(2), [(1,)], *chunks(2)]):
                pids[:] = crowd.pids()

    with pytest.raises(RuntimeError, match="a worker failed: AttributeError"):
        run()
    assert len(pids) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
def test_workers_end_with_a_run_that_is_killed() -> None:
    code = (
        "import os, sys; from tests.jobs.test_crowd import *; rules = rules_of(CONSENT); "
        "crowd = Crowd(Question(GROUP, rules.engine(GROUP, START), START, 9), 2); next(crowd.judge(chunks())); "
        "print(*crowd.pids(), flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    pids = done.stdout.split()
    assert (done.returncode, len(pids)) == (-9, 2), done.stderr
    for pid in pids:
        _await_end(Path(f"/proc/{pid}/stat"))


def _await_end(stat: Path) -> None:
    for _ in range(1_000_000):
        try:
            if stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except (FileNotFoundError, ProcessLookupError):
            return
    raise AssertionError("a worker outlived the run")


def test_workers_know_no_database() -> None:
    code = "import sys, workplace_sync.jobs.crowd; print([m for m in ('sqlalchemy', 'sqlite3', 'requests') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_large_plan_is_the_same_in_one_process_and_in_many(sqlite_database: Database) -> None:
    _fill(sqlite_database, 5_000)
    question = Question(GROUP, rules_of(CONSENT).engine(GROUP, START), START, 0)
    found = []
    for workers, large in ((0, 1), (2, 1), (2, 100_000), (usable_workers(), 4_000)):
        with sqlite_database.connect() as connection:
            found.append(list(decide(question, connection, workers=workers, large=large)))
    assert len(lines(found[0])) == 5_000
    assert found[0] == found[1] == found[2] == found[3]


def _fill(database: Database, people: int) -> None:
    at = datetime.fromisoformat(TIME).replace(tzinfo=UTC)
    wanted = [
        RosterPerson(
            f"p{n:06}@bt.example.org",
            "Anybody@bt.example.org",
            n + 2,
            status="active" if n % 3 else "lapsed",
            consent=ConsentClaim.OPTED_IN if n % 2 else ConsentClaim.UNKNOWN,
            consent_at=at,
        )
        for n in range(people)
    ]
    with database.connect() as connection, roster.staged(connection) as staging:
        staging.add(wanted, source_no=0, tenant="bt", method="roster_file", import_id="one", source="roster.csv")
        made = roster.RosterImport("one", "roster_file", "roster.csv", "", people, 0)
        with database.write(on=connection) as writing:
            roster.put_in_place(writing, group=GROUP.name, imports=[made], at=at, by="ada")


def test_chunks_never_part_the_rows_of_one_person() -> None:
    rows = [row(1), row(1), row(1), row(2), row(3), row(3), row(5)]
    for size in range(1, 9):
        parts = list(whole_persons(rows[start : start + size] for start in range(0, len(rows), size)))
        assert [each for part in parts for each in part] == rows
        assert all(a[-1][0] != b[0][0] for a, b in pairwise(parts))
    assert list(whole_persons([])) == []


def test_each_person_comes_with_all_events_of_their_consent() -> None:
    found = [person_in(person) for person in persons([row(1), row(1), row(4), row(7)])]
    assert [(known.key[:6], len(events)) for known, events in found] == [("p00001", 2), ("p00004", 0), ("p00007", 1)]
    assert found[2][0].departed_at == found[2][1][0].at == START - timedelta(days=51)


def test_what_is_remembered_of_others_is_what_would_be_decided_anew(question: Question) -> None:
    rows = [each for chunk in chunks(8) for each in chunk]
    remembered = lines([Judge(question).judge(rows)])
    anew = [
        (form.head(change.key, change.address, change.platform_id), form.tail)
        for each in rows
        for change in judged_changes(question, [each])
        for form in [change.line_form()]
    ]
    assert remembered == anew


def test_one_who_differs_in_protection_is_not_taken_for_another() -> None:
    group = replace(GROUP, protected=frozenset({row(2)[0]}))
    asked = Question(group, rules_of(CONSENT).engine(group, START), START, 9)
    members = [row(n, is_member=1, status="lapsed", in_roster=1) for n in (1, 2, 13)]
    found = Judge(asked).judge(members)
    assert [change[2] for change in found.changes] == ["allow", "deny", "allow"]
    assert found.tally.counts()["removed"] == 2
