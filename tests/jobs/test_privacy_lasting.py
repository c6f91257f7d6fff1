"""What may not be erased yet, what is past its time, what is held on a person, and that an erasure outlives an old copy."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.jobs.erasing import (
    NAME,
    accept,
    erase_somebody,
    opened_again,
    record_of,
    their_key,
)
from tests.world import World
from workplace_sync.errors import EvidenceError, ExitCode, GuardError, UsageError
from workplace_sync.evidence.entry import Kind, parse_entry
from workplace_sync.jobs.access import give_access
from workplace_sync.jobs.consent import record_consent
from workplace_sync.jobs.holds import lift_hold, list_holds, place_hold
from workplace_sync.jobs.leftovers import files_naming
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.privacy import look_up
from workplace_sync.jobs.replay import replay
from workplace_sync.jobs.retention import apply_retention, past_their_time
from workplace_sync.jobs.rosters import RosterSource, import_rosters
from workplace_sync.jobs.sentences import sentence_of
from workplace_sync.jobs.verify import verify_evidence
from workplace_sync.roster.consent import EVERY_GROUP, ConsentKind
from workplace_sync.roster.person import Method, person_key
from workplace_sync.store import audit, holds
from workplace_sync.store.database import Database
from workplace_sync.store.erasure_journal import recorded


@pytest.fixture
def put_back(settled: World, tmp_path: Path) -> Iterator[Office]:
    """The office on a copy of the database that was made before somebody was erased, and whose checkpoint was accepted."""
    assert settled.office.database.file is not None
    settled.office.database.backup(tmp_path / "copy.db")
    erase_somebody(settled, settled.everybody[0])
    settled.clock.advance(timedelta(days=40))
    apply_retention(settled.office, past_their_time(settled.office, {"plan.made": 30}))
    yield from opened_again(settled, tmp_path, Database(f"sqlite:///{tmp_path / 'copy.db'}"))


@pytest.mark.parametrize("on_all", [True, False])
def test_a_legal_hold_comes_first_and_the_refusal_is_on_record(settled: World, on_all: bool) -> None:  # noqa: FBT001
    key = holds.EVERYBODY if on_all else their_key(settled)
    hold = place_hold(settled.office, key, reason="claim 12/2026")
    before = look_up(settled.office, settled.everybody[0])
    with pytest.raises(GuardError, match="claim 12/2026") as raised:
        erase_somebody(settled)
    assert raised.value.exit_code is ExitCode.GUARD
    after = look_up(settled.office, settled.everybody[0])
    assert after.rows == before.rows | {"opening": before.rows["opening"] + 1}
    with settled.office.database.connect() as connection:
        (refusal,) = audit.list_entries(connection, kind=Kind.ERASURE_REFUSED)
    assert (refusal.subject, refusal.data["holds"]) == (their_key(settled), [hold.id])
    lift_hold(settled.office, hold.id, reason="settled out of court")
    assert erase_somebody(settled).complete
    assert [one.id for one in list_holds(settled.office)] == ([hold.id] if on_all else [])


def test_a_hold_on_another_keeps_an_entry_that_names_both(settled: World) -> None:
    with settled.office.database.connect() as connection:
        (theirs,) = audit.list_entries(
            connection, subject=person_key(settled.everybody[1]), kind=Kind.OPERATION_OUTCOME
        )
    place_hold(settled.office, person_key(settled.everybody[1]), reason="claim")
    with pytest.raises(GuardError):
        erase_somebody(settled, also=[theirs.seq])


def test_a_hold_is_placed_and_lifted_for_a_reason_and_once(settled: World) -> None:
    with pytest.raises(UsageError, match="for a reason"):
        place_hold(settled.office, holds.EVERYBODY, reason=" ")
    hold = place_hold(settled.office, holds.EVERYBODY, reason="claim")
    with pytest.raises(UsageError, match="for a reason"):
        lift_hold(settled.office, hold.id, reason="")
    lift_hold(settled.office, hold.id, reason="settled")
    with pytest.raises(UsageError, match="no legal hold"):
        lift_hold(settled.office, hold.id, reason="settled")
    assert settled.kinds()[-2:] == [Kind.HOLD_PLACED, Kind.HOLD_LIFTED]
    with settled.office.database.connect() as connection:
        told = [sentence_of(row) for row in audit.list_entries(connection, limit=2)]
    assert told == ["Legal hold 1 on everybody lifted: settled.", "Legal hold 1 placed on everybody: claim."]


def test_what_is_past_its_time_is_counted_then_erased_by_kind(settled: World) -> None:
    settled.clock.advance(timedelta(days=30))
    kept = place_hold(settled.office, person_key(settled.everybody[1]), reason="claim")
    due = past_their_time(settled.office, {"operation.outcome": 20, "plan.made": 40})
    assert [(one.kind, one.number) for one in due] == [("operation.outcome", 9), ("plan.made", 0)]
    size = settled.office.log.size
    assert apply_retention(settled.office, due) == (9, True)
    assert verify_evidence(settled.office.log).erased == 9
    with settled.office.database.connect() as connection:
        (row,) = audit.list_entries(connection, kind=Kind.RETENTION_APPLIED)
        assert row.data["kinds"] == {"operation.outcome": 9}
        assert "9 entries" in sentence_of(row)
        (left,) = audit.list_entries(connection, kind=Kind.OPERATION_OUTCOME)
    assert left.subject == person_key(settled.everybody[1])
    assert parse_entry(settled.office.log.entry(size)).type == "erasure"
    assert apply_retention(settled.office, past_their_time(settled.office, {"operation.outcome": 20})) == (0, True)
    assert kept.id == 1


def test_a_hold_on_everybody_keeps_what_is_past_its_time(settled: World) -> None:
    settled.clock.advance(timedelta(days=30))
    place_hold(settled.office, holds.EVERYBODY, reason="claim")
    due = past_their_time(settled.office, {"operation.outcome": 20})
    with pytest.raises(GuardError):
        apply_retention(settled.office, due)
    assert settled.kinds()[-1] == Kind.ERASURE_REFUSED
    assert verify_evidence(settled.office.log).erased == 0


def test_everything_held_on_a_person_is_written_for_them_alone(settled_on_each_engine: World, tmp_path: Path) -> None:
    world = settled_on_each_engine
    record_consent(world.office, world.everybody[0], ConsentKind.WITHDRAWN, scope=EVERY_GROUP, wording="Please don't.")
    with world.office.log.transaction() as transaction:
        place = transaction.place()
        transaction.log(record_of(world, f"asked for by {world.everybody[0]}"))
    report = give_access(world.office, world.everybody[0], tmp_path / "access", recipient="the person")
    assert [file.stat().st_mode & 0o777 for file in report.files] == [0o600, 0o600]
    assert (tmp_path / "access").stat().st_mode & 0o777 == 0o700
    told = json.loads((tmp_path / "access" / "person.json").read_text("utf-8"))
    assert told["schema"] == "workplace-sync/person/1"
    assert told["tables"]["desired"][0]["name"] == NAME
    assert {one["wording"] for one in told["tables"]["consent_event"]} == {"", "Please don't."}
    assert told["tables"]["change"][0]["body"]["facts"]["subject.status"] == "active"
    assert told["named_in_entries_about_others"] == [place]
    assert {one["kind"] for one in told["entries"]} == {"operation.outcome", "consent.changed"}
    assert {one["kind"] for one in told["story"]} >= {"decision", "seen", "consent"}
    read = (tmp_path / "access" / "person.txt").read_text("utf-8")
    assert all(words in read for words in (NAME, "Please don't.", "Consent on record", f"entries {place}"))
    assert world.everybody[1] not in read + json.dumps(told)
    assert world.kinds()[-1] == Kind.ACCESS_GIVEN
    with pytest.raises(UsageError, match="exists already"):
        give_access(world.office, world.everybody[0], tmp_path / "access", recipient="the person")


def test_who_is_not_on_record_is_told_so(settled: World, tmp_path: Path) -> None:
    report = give_access(settled.office, "zoe@bt.example.org", tmp_path / "access", recipient="the person")
    assert (report.entries, report.rows) == (0, {})
    assert "Nothing is on record." in (tmp_path / "access" / "person.txt").read_text("utf-8")


def test_an_older_copy_is_refused_as_rolled_back_before_anything(put_back: Office) -> None:
    with pytest.raises(EvidenceError, match="rolled back"):
        put_back.log.check_start()
    with pytest.raises(EvidenceError, match="rolled back"):
        replay(put_back)


@pytest.mark.parametrize("thorough", [True, False])
def test_an_older_copy_that_somebody_accepts_is_erased_again(
    settled: World,
    put_back: Office,
    tmp_path: Path,
    thorough: bool,  # noqa: FBT001
) -> None:
    accept(put_back, tmp_path)
    assert look_up(put_back, settled.everybody[0]).rows
    report = replay(put_back, thorough=thorough)
    assert (report.erasures, report.clean) == (2, True)
    assert look_up(put_back, settled.everybody[0]).rows == {}
    audited = verify_evidence(put_back.log)
    assert (audited.ok, audited.erased) == (True, report.entries)
    with put_back.database.connect() as connection:
        (row,) = audit.list_entries(connection, limit=1)
        assert audit.list_entries(connection, kind=Kind.PLAN_MADE) == []
    assert row.kind == Kind.ERASURE_REPLAYED
    assert f"the content of {report.entries} entries" in sentence_of(row)
    assert (tmp_path / "copy.db").read_bytes().find(their_key(settled).encode()) == -1
    assert replay(put_back).erasures == 0


def test_an_older_copy_that_is_erased_again_does_not_take_the_person_in(
    settled: World, put_back: Office, tmp_path: Path
) -> None:
    accept(put_back, tmp_path)
    replay(put_back, thorough=False)
    source = RosterSource(Method.ROSTER_FILE, "old.csv", settled.people(10), tenant="bt")
    assert import_rosters(put_back, settled.group, [source]).suppressed == 1


def test_contents_that_come_back_alone_go_again(settled: World, tmp_path: Path) -> None:
    with settled.office.database.connect() as connection:
        kept = (
            connection.execute(text("SELECT * FROM opening WHERE subject = :key"), {"key": their_key(settled)})
            .mappings()
            .all()
        )
    report = erase_somebody(settled)
    names = ", ".join(kept[0].keys())
    with settled.office.database.write() as connection:
        for row in kept:
            marks = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO opening ({names}) VALUES ({marks})"), dict(row))  # noqa: S608
    assert verify_evidence(settled.office.log).ok  # the audit cannot tell: they are true contents
    assert replay(settled.office, thorough=False).entries == len(report.entries)
    assert look_up(settled.office, settled.everybody[0]).rows == {}
    assert (tmp_path / "erasures.jsonl").is_file()


def test_a_run_that_ended_between_erasing_and_the_journal_is_made_up_for(settled: World, tmp_path: Path) -> None:
    erase_somebody(settled)
    (tmp_path / "erasures.jsonl").unlink()
    assert replay(settled.office, thorough=False).erasures == 0
    with settled.office.database.connect() as connection:
        assert settled.office.erasures is not None
        assert settled.office.erasures.read() == recorded(connection)


def test_a_reader_that_holds_up_the_cleaning_is_told_and_the_next_start_does_it(settled: World, tmp_path: Path) -> None:
    with settled.office.database.connect() as reader:
        reader.execute(text("SELECT count(*) FROM plan")).all()
        report = erase_somebody(settled)
        assert (report.clean, report.complete) == (False, False)
        assert not (tmp_path / "erasures.jsonl").exists()
    assert replay(settled.office, thorough=False).clean
    assert (tmp_path / "erasures.jsonl").is_file()
    files = b"".join(path.read_bytes() for path in tmp_path.glob("sync.db*"))
    assert their_key(settled).encode() not in files


def test_there_is_nothing_to_replay_where_nobody_was_erased(settled: World) -> None:
    size = settled.office.log.size
    assert replay(settled.office).erasures == 0
    assert replay(replace(settled.office, erasures=None)).erasures == 0
    assert settled.office.log.size == size


def test_files_that_name_a_person_are_found_whatever_the_case_and_size(tmp_path: Path) -> None:
    (tmp_path / "rosters").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "rosters" / "bt.csv").write_text("email\nAmina@BT.example.org\n")
    (tmp_path / "rosters" / "none.csv").write_text("email\nbryn@bt.example.org\n")
    (tmp_path / "large.txt").write_bytes(b"x" * ((1 << 20) - 5) + b"amina@bt.example.org")
    (tmp_path / ".git" / "x").write_text("amina@bt.example.org")
    (tmp_path / "own.db").write_text("amina@bt.example.org")
    (tmp_path / "book.xlsx").write_bytes(b"PK")
    (tmp_path / "link").symlink_to(tmp_path / "large.txt")
    found = files_naming(tmp_path, ["amina@bt.example.org"], leave_out=[tmp_path / "own.db"])
    assert found.naming == (tmp_path / "large.txt", tmp_path / "rosters" / "bt.csv")
    assert found.closed == (tmp_path / "book.xlsx",)
