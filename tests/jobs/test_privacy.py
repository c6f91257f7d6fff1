"""A person is erased: nothing names them, everything proved stays proved, they are not taken in again, and it lasts."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.world import World, open_log
from workplace_sync.errors import BusyError, EvidenceError, ExitCode, GuardError, SettingsError, StaleError, UsageError
from workplace_sync.evidence.entry import Kind, Record, parse_entry
from workplace_sync.jobs.access import give_access
from workplace_sync.jobs.consent import consent_of, record_consent
from workplace_sync.jobs.holds import lift_hold, list_holds, place_hold
from workplace_sync.jobs.invite import invitations_for
from workplace_sync.jobs.leftovers import files_naming
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.privacy import ErasureReport, erase, look_up, ranges
from workplace_sync.jobs.replay import replay
from workplace_sync.jobs.retention import apply_retention, past_their_time
from workplace_sync.jobs.rosters import RosterSource, import_rosters
from workplace_sync.jobs.sentences import sentence_of
from workplace_sync.jobs.story import members_at, story_of
from workplace_sync.jobs.verify import verify_evidence, write_openssl_kit
from workplace_sync.membership.change import Action
from workplace_sync.roster.consent import EVERY_GROUP, ConsentKind, ConsentState
from workplace_sync.roster.person import Method, person_key
from workplace_sync.store import audit, holds, operations, plans, presence, privacy
from workplace_sync.store.database import Database
from workplace_sync.store.erasure_journal import JournalFile, recorded
from workplace_sync.store.operations import Operation, State
from workplace_sync.store.plans import PlanRecord
from workplace_sync.store.suppression import Veil

SH = shutil.which("sh") or "sh"
NAME = "Wilhelmina Featherstonehaugh"


def _with_privacy(office: Office, folder: Path) -> Office:
    return replace(office, veil=Veil(folder / "suppression.key"), erasures=JournalFile(folder / "erasures.jsonl"))


@pytest.fixture
def settled(world: World, tmp_path: Path) -> World:
    """A world in which ten people were added, and the first is somebody with a name that stands out."""
    return _settle(world, tmp_path)


@pytest.fixture
def settled_on_each_engine(world_on_each_engine: World, tmp_path: Path) -> World:
    """The same, once on each engine."""
    return _settle(world_on_each_engine, tmp_path)


def _settle(world: World, folder: Path) -> World:
    world.office = _with_privacy(world.office, folder)
    people = [replace(one, name=NAME if not number else "") for number, one in enumerate(world.people(10))]
    plan = world.plan(people).record
    assert world.apply(plan).seen == 10
    return world


def _erase(world: World, address: str | None = None, **more: object) -> ErasureReport:
    asked = {"authorised_by": "grace", "basis": "a request of 3 May"} | more
    return erase(world.office, address or world.everybody[0], **asked)  # type: ignore[arg-type]


def _key(world: World) -> str:
    return person_key(world.everybody[0])


def _plan_of(world: World) -> PlanRecord:
    with world.office.database.connect() as connection:
        return plans.recent(connection, limit=1)[0]


def _platform_id(world: World) -> str:
    members = world.sandbox.members(world.group.platform_id)
    return next(str(one["id"]) for one in members if person_key(one["email"]) == _key(world))


def test_nothing_names_an_erased_person_and_the_log_verifies(settled_on_each_engine: World) -> None:
    world = settled_on_each_engine
    record_consent(world.office, world.everybody[0], ConsentKind.WITHDRAWN, scope=EVERY_GROUP, source="phone")
    before = look_up(world.office, world.everybody[0])
    assert before.rows.keys() >= {"desired", "consent_event", "presence", "change", "operation", "opening"}
    report = _erase(world)
    assert report.complete
    assert len(report.entries) == before.rows["opening"]
    assert look_up(world.office, world.everybody[0]).rows == {}
    assert story_of(world.office, _key(world)) == []
    audited = verify_evidence(world.office.log)
    assert (audited.ok, audited.erased) == (True, len(report.entries))


def test_the_tables_hold_neither_address_nor_name_nor_account(settled_on_each_engine: World) -> None:
    world = settled_on_each_engine
    account = _platform_id(world)
    _erase(world)
    held = privacy.Held(_key(world), (_key(world), f"id:{account}"), (account,), (_key(world), NAME.lower()))
    with world.office.database.connect() as connection:
        assert privacy.residue(connection, held) == privacy.Residue()


def test_no_file_of_ours_holds_address_name_or_account(settled: World, tmp_path: Path) -> None:
    account = _platform_id(settled)
    record_consent(settled.office, settled.everybody[0], ConsentKind.WITHDRAWN, scope=EVERY_GROUP)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    told = [settled.everybody[0].encode(), NAME.encode(), account.encode()]
    before = b"".join(path.read_bytes() for path in files)
    assert all(text in before for text in told)
    assert _erase(settled).clean
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"sync.db", "checkpoint.txt", "erasures.jsonl", "suppression.key"} <= {path.name for path in files}
    after = b"".join(path.read_bytes() for path in files).lower()
    assert [one for one in [*told, _key(settled).encode()] if one.lower() in after] == []
    with settled.office.database.connect() as connection:
        assert (
            connection.execute(text("SELECT count(*) FROM presence WHERE platform_id = :id"), {"id": account}).scalar()
            == 0
        )


def test_the_erasure_is_an_entry_that_says_who_and_why_and_not_whom(settled: World) -> None:
    report = _erase(settled)
    with settled.office.database.connect() as connection:
        row = audit.entry(connection, report.entry or 0)
    assert row is not None
    assert (row.kind, row.subject, row.actor) == (Kind.ERASURE_DONE, "", "ada")
    assert row.data["entries"] == ranges(report.entries)
    assert sentence_of(row) == (
        f"The content of {len(report.entries)} entries about one person erased, authorised by grace: a request of 3 May."
    )
    assert parse_entry(settled.office.log.entry(row.seq)).type == "erasure"


def test_erased_entries_are_shown_as_erased(settled: World) -> None:
    report = _erase(settled)
    with settled.office.database.connect() as connection:
        rows = {row.seq: row for row in audit.list_entries(connection, limit=1000)}
        assert audit.list_entries(connection, subject=_key(settled)) == []
    assert all(rows[seq].erased for seq in report.entries)
    assert "has been erased" in sentence_of(rows[report.entries[0]])
    assert not rows[report.entry or 0].erased
    with pytest.raises(UsageError, match="was erased"):
        write_openssl_kit(settled.office.log, Path("never"), report.entries[0])


def test_every_older_proof_and_folder_goes_on_to_verify(settled: World, tmp_path: Path) -> None:
    log = settled.office.log
    with settled.office.database.connect() as connection:
        (theirs,) = audit.list_entries(connection, subject=_key(settled), kind=Kind.OPERATION_OUTCOME)
        (other,) = audit.list_entries(connection, subject=person_key(settled.everybody[1]), kind=Kind.OPERATION_OUTCOME)
    for seq in (theirs.seq, other.seq):
        write_openssl_kit(log, tmp_path / f"before-{seq}", seq)
    size = log.size
    _erase(settled)
    write_openssl_kit(log, tmp_path / f"after-{other.seq}", other.seq)
    for kit in (f"before-{theirs.seq}", f"before-{other.seq}", f"after-{other.seq}"):
        done = subprocess.run(
            [SH, str(tmp_path / kit / "verify.sh"), log.verifier.fingerprint],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert log.inclusion_proof(theirs.seq).startswith("c2sp.org/tlog-proof@v1")
    assert log.consistency_proof(size).startswith(f"old {size}\n")


def test_the_entry_of_an_erasure_is_proved_by_openssl_too(settled: World, tmp_path: Path) -> None:
    report = _erase(settled)
    write_openssl_kit(settled.office.log, tmp_path / "kit", report.entry or 0)
    command = [SH, str(tmp_path / "kit" / "verify.sh"), settled.office.log.verifier.fingerprint]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"kind":"erasure.done"' in done.stdout


def test_the_size_of_the_group_stays_what_it_was(settled: World) -> None:
    at = settled.clock.at
    before = len(members_at(settled.office, settled.group.name, at).members)
    _erase(settled)
    assert len(members_at(settled.office, settled.group.name, at).members) == before
    with settled.office.database.connect() as connection:
        assert presence.size(connection, settled.group.name)[0] == len(settled.really_in())


def test_an_erased_member_is_seen_on_as_nobody_and_not_recorded_anew(settled: World) -> None:
    _erase(settled)
    seen = settled.observe()
    assert (seen.come, seen.gone, seen.departures) == (0, 0, ())
    assert look_up(settled.office, settled.everybody[0]).rows == {}


def test_an_erased_member_who_goes_is_a_departure_of_nobody(settled: World) -> None:
    _erase(settled)
    gone = {"group": settled.group.platform_id, "emails": settled.everybody[:2]}
    settled.sandbox.control("POST", "employer/remove", gone)
    seen = settled.observe()
    assert len(seen.departures) == 2
    assert {one.key for one in seen.departures} > {person_key(settled.everybody[1])}
    assert look_up(settled.office, settled.everybody[0]).rows == {}


def test_an_old_roster_brings_nobody_back_who_was_erased(settled_on_each_engine: World) -> None:
    world = settled_on_each_engine
    record_consent(world.office, world.everybody[10], ConsentKind.WITHDRAWN, scope=EVERY_GROUP)
    _erase(world, world.everybody[10])
    people = world.people(12)
    source = RosterSource(Method.ROSTER_FILE, "old.csv", people, tenant="bt")
    report = import_rosters(world.office, world.group, [source])
    assert (report.rows, report.people, report.suppressed) == (12, 11, 1)
    assert look_up(world.office, world.everybody[10]).rows == {}
    world.apply(world.plan().record)
    assert person_key(world.everybody[11]) in world.really_in()
    assert person_key(world.everybody[10]) not in world.really_in()


def test_the_command_line_brings_nobody_back_either(settled: World) -> None:
    _erase(settled, settled.everybody[10])
    settled.import_roster(settled.people(11), Method.COMMAND_LINE)
    assert look_up(settled.office, settled.everybody[10]).rows == {}


def test_nobody_is_read_in_when_the_key_for_erased_people_is_lost(settled: World, tmp_path: Path) -> None:
    _erase(settled)
    (tmp_path / "suppression.key").unlink()
    settled.office = _with_privacy(settled.office, tmp_path)
    with pytest.raises(SettingsError, match="cannot be read"):
        settled.import_roster(settled.people(3))
    with pytest.raises(SettingsError, match="cannot be read"):
        _erase(settled, settled.everybody[1])  # and no new key is made, which would forget the first


def test_a_new_consent_lets_somebody_in_again_without_a_false_departure(settled: World) -> None:
    _erase(settled)
    record_consent(settled.office, settled.everybody[0], ConsentKind.GIVEN, scope=EVERY_GROUP, source="new form")
    settled.import_roster(settled.people(10))
    seen = settled.observe()
    assert (seen.come, seen.departures) == (1, ())
    assert look_up(settled.office, settled.everybody[0]).rows.keys() == {
        "desired",
        "consent_event",
        "presence",
        "opening",
    }


def test_a_consent_from_before_the_erasure_does_not_count(settled: World) -> None:
    _erase(settled)
    with pytest.raises(UsageError, match="from before that does not count"):
        record_consent(
            settled.office,
            settled.everybody[0],
            ConsentKind.GIVEN,
            scope=EVERY_GROUP,
            at=settled.clock.at - timedelta(days=1),
        )
    assert look_up(settled.office, settled.everybody[0]).rows == {}


def test_a_consent_to_one_group_is_none_to_another(settled: World) -> None:
    _erase(settled)
    record_consent(settled.office, settled.everybody[0], ConsentKind.GIVEN, scope=settled.group.name)
    assert consent_of(settled.office, _key(settled), settled.group.name).state is ConsentState.OPTED_IN
    assert consent_of(settled.office, _key(settled), "another-group").state is ConsentState.WITHDRAWN


def test_a_plan_with_erased_changes_is_refused_with_the_reason(settled: World) -> None:
    plan = settled.plan(settled.people(14)).record
    _erase(settled, settled.everybody[12])
    with pytest.raises(StaleError, match="1 of its changes are about people who were erased"):
        settled.apply(plan)
    assert person_key(settled.everybody[13]) not in settled.really_in()


def test_who_was_erased_is_on_no_list_of_invitations(settled: World) -> None:
    settled.group = replace(settled.group, link="https://bt.workplace.example.org/groups/prospect")
    unknown = [replace(one, consent=type(one.consent).UNKNOWN, consent_at=None) for one in settled.people(14)[10:]]
    settled.plan([*settled.people(10), *unknown])
    assert len(invitations_for(settled.office, settled.group).invitees) == 4
    _erase(settled, settled.everybody[12])
    addresses = [one.address for one in invitations_for(settled.office, settled.group).invitees]
    assert sorted(addresses) == sorted(settled.everybody[number] for number in (10, 11, 13))


def test_nobody_is_erased_while_an_operation_about_them_is_unsettled(settled: World) -> None:
    plan = _plan_of(settled)
    intent = Operation(plan.id, 99, plan.group, _key(settled), Action.ADD, State.INTENDED, settled.clock())
    with settled.office.database.write() as connection:
        operations.intend(connection, [intent])
    with pytest.raises(BusyError, match="no known outcome"):
        _erase(settled)
    assert "desired" in look_up(settled.office, settled.everybody[0]).rows


@pytest.mark.parametrize(("authorised_by", "basis"), [("", "a request"), ("grace", " ")])
def test_an_erasure_needs_somebody_who_answers_for_it(settled: World, authorised_by: str, basis: str) -> None:
    with pytest.raises(UsageError, match="who authorised it"):
        _erase(settled, authorised_by=authorised_by, basis=basis)


def test_the_basis_is_kept_so_it_may_not_name_the_person(settled: World) -> None:
    with pytest.raises(UsageError, match="by their address"):
        _erase(settled, basis=f"request of {settled.everybody[0].upper()}")


def test_erasing_needs_its_key_and_its_journal(settled: World) -> None:
    settled.office = replace(settled.office, erasures=None)
    with pytest.raises(SettingsError, match="journal"):
        _erase(settled)


def test_who_is_not_on_record_is_still_not_read_in_later_and_it_is_done_once(settled: World) -> None:
    first = _erase(settled, "zoe@bt.example.org")
    assert (first.entry is None, first.entries) == (False, [])
    size = settled.office.log.size
    assert _erase(settled, "ZOE@bt.example.org").entry is None
    assert settled.office.log.size == size


def test_an_entry_about_another_goes_only_when_it_is_named(settled: World) -> None:
    with settled.office.log.transaction() as transaction:
        place = transaction.place()
        transaction.log(_note(settled, f"{settled.everybody[0]} and {settled.everybody[1]}"))
    report = _erase(settled)
    assert (report.complete, report.residue.entries) == (False, [place])
    again = _erase(settled, also=[place])
    assert again.complete
    assert again.entries == [place]
    assert verify_evidence(settled.office.log).ok


def _note(world: World, words: str) -> Record:
    data = {"digest": "0" * 64, "reason": words}
    return Record(Kind.PLAN_REJECTED, world.clock(), actor="ada", outcome="rejected", data=data)


def test_an_entry_that_is_not_there_or_tells_of_an_erasure_cannot_be_named(settled: World) -> None:
    first = _erase(settled)
    for also, why in (
        ([first.entries[0]], "has been erased"),
        ([10_000], "is not there"),
        ([first.entry], "goes when its time"),
    ):
        with pytest.raises(UsageError, match=why):
            _erase(settled, settled.everybody[1], also=also)
    assert "desired" in look_up(settled.office, settled.everybody[1]).rows


@pytest.mark.parametrize("on_all", [True, False])
def test_a_legal_hold_comes_first_and_the_refusal_is_on_record(settled: World, on_all: bool) -> None:  # noqa: FBT001
    key = holds.EVERYBODY if on_all else _key(settled)
    hold = place_hold(settled.office, key, reason="claim 12/2026")
    before = look_up(settled.office, settled.everybody[0])
    with pytest.raises(GuardError, match="claim 12/2026") as raised:
        _erase(settled)
    assert raised.value.exit_code is ExitCode.GUARD
    after = look_up(settled.office, settled.everybody[0])
    assert after.rows == before.rows | {"opening": before.rows["opening"] + 1}
    with settled.office.database.connect() as connection:
        (refusal,) = audit.list_entries(connection, kind=Kind.ERASURE_REFUSED)
    assert (refusal.subject, refusal.data["holds"]) == (_key(settled), [hold.id])
    lift_hold(settled.office, hold.id, reason="settled out of court")
    assert _erase(settled).complete
    assert [one.id for one in list_holds(settled.office)] == ([hold.id] if on_all else [])


def test_a_hold_on_another_keeps_an_entry_that_names_both(settled: World) -> None:
    with settled.office.database.connect() as connection:
        (theirs,) = audit.list_entries(
            connection, subject=person_key(settled.everybody[1]), kind=Kind.OPERATION_OUTCOME
        )
    place_hold(settled.office, person_key(settled.everybody[1]), reason="claim")
    with pytest.raises(GuardError):
        _erase(settled, also=[theirs.seq])


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
        transaction.log(_note(world, f"asked for by {world.everybody[0]}"))
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


def _opened_again(world: World, folder: Path, database: Database) -> Iterator[Office]:
    office = replace(world.office, database=database, log=open_log(database, folder, world.clock))
    yield _with_privacy(office, folder)
    database.close()


@pytest.fixture
def put_back(settled: World, tmp_path: Path) -> Iterator[Office]:
    """The office on a copy of the database that was made before somebody was erased, and whose checkpoint was accepted."""
    assert settled.office.database.file is not None
    settled.office.database.backup(tmp_path / "copy.db")
    _erase(settled, settled.everybody[0])
    settled.clock.advance(timedelta(days=40))
    apply_retention(settled.office, past_their_time(settled.office, {"plan.made": 30}))
    yield from _opened_again(settled, tmp_path, Database(f"sqlite:///{tmp_path / 'copy.db'}"))


def test_an_older_copy_is_refused_as_rolled_back_before_anything(put_back: Office) -> None:
    with pytest.raises(EvidenceError, match="rolled back"):
        put_back.log.check_start()
    with pytest.raises(EvidenceError, match="rolled back"):
        replay(put_back)


def _accept(office: Office, folder: Path) -> None:
    (folder / "checkpoint.txt").unlink()
    office.log.restore_outside()


@pytest.mark.parametrize("thorough", [True, False])
def test_an_older_copy_that_somebody_accepts_is_erased_again(
    settled: World,
    put_back: Office,
    tmp_path: Path,
    thorough: bool,  # noqa: FBT001
) -> None:
    _accept(put_back, tmp_path)
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
    assert (tmp_path / "copy.db").read_bytes().find(_key(settled).encode()) == -1
    assert replay(put_back).erasures == 0


def test_an_older_copy_that_is_erased_again_does_not_take_the_person_in(
    settled: World, put_back: Office, tmp_path: Path
) -> None:
    _accept(put_back, tmp_path)
    replay(put_back, thorough=False)
    source = RosterSource(Method.ROSTER_FILE, "old.csv", settled.people(10), tenant="bt")
    assert import_rosters(put_back, settled.group, [source]).suppressed == 1


def test_contents_that_come_back_alone_go_again(settled: World, tmp_path: Path) -> None:
    with settled.office.database.connect() as connection:
        kept = (
            connection.execute(text("SELECT * FROM opening WHERE subject = :key"), {"key": _key(settled)})
            .mappings()
            .all()
        )
    report = _erase(settled)
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
    _erase(settled)
    (tmp_path / "erasures.jsonl").unlink()
    assert replay(settled.office, thorough=False).erasures == 0
    with settled.office.database.connect() as connection:
        assert settled.office.erasures is not None
        assert settled.office.erasures.read() == recorded(connection)


def test_a_reader_that_holds_up_the_cleaning_is_told_and_the_next_start_does_it(settled: World, tmp_path: Path) -> None:
    with settled.office.database.connect() as reader:
        reader.execute(text("SELECT count(*) FROM plan")).all()
        report = _erase(settled)
        assert (report.clean, report.complete) == (False, False)
        assert not (tmp_path / "erasures.jsonl").exists()
    assert replay(settled.office, thorough=False).clean
    assert (tmp_path / "erasures.jsonl").is_file()
    files = b"".join(path.read_bytes() for path in tmp_path.glob("sync.db*"))
    assert _key(settled).encode() not in files


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


@pytest.mark.parametrize(("numbers", "written"), [([], ""), ([4], "4"), ([5, 3, 4, 9, 11, 10], "3-5,9-11")])
def test_numbers_are_written_as_ranges(numbers: list[int], written: str) -> None:
    assert ranges(numbers) == written
