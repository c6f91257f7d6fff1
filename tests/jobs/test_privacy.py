"""A person is erased: nothing names them, everything proved stays proved, they are not taken in again, and it lasts."""

import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.jobs.erasing import NAME, SH, erase_somebody, plan_of, record_of, their_account, their_key, with_privacy
from tests.world import World
from workplace_sync.errors import BusyError, SettingsError, StaleError, UsageError
from workplace_sync.evidence.bundle import spans
from workplace_sync.evidence.entry import Kind, parse_entry
from workplace_sync.jobs.consent import consent_of, record_consent
from workplace_sync.jobs.invite import invitations_for
from workplace_sync.jobs.privacy import look_up
from workplace_sync.jobs.rosters import RosterSource, import_rosters
from workplace_sync.jobs.sentences import sentence_of
from workplace_sync.jobs.story import members_at, story_of
from workplace_sync.jobs.verify import verify_evidence, write_openssl_kit
from workplace_sync.membership.change import Action
from workplace_sync.roster.consent import EVERY_GROUP, ConsentKind, ConsentState
from workplace_sync.roster.person import Method, person_key
from workplace_sync.store import audit, operations, presence, privacy
from workplace_sync.store.operations import Operation, State


def test_nothing_names_an_erased_person_and_the_log_verifies(settled_on_each_engine: World) -> None:
    world = settled_on_each_engine
    record_consent(world.office, world.everybody[0], ConsentKind.WITHDRAWN, scope=EVERY_GROUP, source="phone")
    before = look_up(world.office, world.everybody[0])
    assert before.rows.keys() >= {"desired", "consent_event", "presence", "change", "operation", "opening"}
    report = erase_somebody(world)
    assert report.complete
    assert len(report.entries) == before.rows["opening"]
    assert look_up(world.office, world.everybody[0]).rows == {}
    assert story_of(world.office, their_key(world)) == []
    audited = verify_evidence(world.office.log)
    assert (audited.ok, audited.erased) == (True, len(report.entries))


def test_the_tables_hold_neither_address_nor_name_nor_account(settled_on_each_engine: World) -> None:
    world = settled_on_each_engine
    account = their_account(world)
    erase_somebody(world)
    held = privacy.Held(
        their_key(world), (their_key(world), f"id:{account}"), (account,), (their_key(world), NAME.lower())
    )
    with world.office.database.connect() as connection:
        assert privacy.residue(connection, held) == privacy.Residue()


def test_no_file_of_ours_holds_address_name_or_account(settled: World, tmp_path: Path) -> None:
    account = their_account(settled)
    record_consent(settled.office, settled.everybody[0], ConsentKind.WITHDRAWN, scope=EVERY_GROUP)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    told = [settled.everybody[0].encode(), NAME.encode(), account.encode()]
    before = b"".join(path.read_bytes() for path in files)
    assert all(text in before for text in told)
    assert erase_somebody(settled).clean
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"sync.db", "checkpoint.txt", "erasures.jsonl", "suppression.key"} <= {path.name for path in files}
    after = b"".join(path.read_bytes() for path in files).lower()
    assert [one for one in [*told, their_key(settled).encode()] if one.lower() in after] == []
    with settled.office.database.connect() as connection:
        assert (
            connection.execute(text("SELECT count(*) FROM presence WHERE platform_id = :id"), {"id": account}).scalar()
            == 0
        )


def test_the_erasure_is_an_entry_that_says_who_and_why_and_not_whom(settled: World) -> None:
    report = erase_somebody(settled)
    with settled.office.database.connect() as connection:
        row = audit.entry(connection, report.entry or 0)
    assert row is not None
    assert (row.kind, row.subject, row.actor) == (Kind.ERASURE_DONE, "", "ada")
    assert row.data["entries"] == spans(report.entries)
    assert sentence_of(row) == (
        f"The content of {len(report.entries)} entries about one person erased, authorised by grace: a request of 3 May."
    )
    assert parse_entry(settled.office.log.entry(row.seq)).type == "erasure"


def test_erased_entries_are_shown_as_erased(settled: World) -> None:
    report = erase_somebody(settled)
    with settled.office.database.connect() as connection:
        rows = {row.seq: row for row in audit.list_entries(connection, limit=1000)}
        assert audit.list_entries(connection, subject=their_key(settled)) == []
    assert all(rows[seq].erased for seq in report.entries)
    assert "has been erased" in sentence_of(rows[report.entries[0]])
    assert not rows[report.entry or 0].erased
    with pytest.raises(UsageError, match="was erased"):
        write_openssl_kit(settled.office.log, Path("never"), report.entries[0])


def test_every_older_proof_and_folder_goes_on_to_verify(settled: World, tmp_path: Path) -> None:
    log = settled.office.log
    with settled.office.database.connect() as connection:
        (theirs,) = audit.list_entries(connection, subject=their_key(settled), kind=Kind.OPERATION_OUTCOME)
        (other,) = audit.list_entries(connection, subject=person_key(settled.everybody[1]), kind=Kind.OPERATION_OUTCOME)
    for seq in (theirs.seq, other.seq):
        write_openssl_kit(log, tmp_path / f"before-{seq}", seq)
    size = log.size
    erase_somebody(settled)
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
    report = erase_somebody(settled)
    write_openssl_kit(settled.office.log, tmp_path / "kit", report.entry or 0)
    command = [SH, str(tmp_path / "kit" / "verify.sh"), settled.office.log.verifier.fingerprint]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"kind":"erasure.done"' in done.stdout


def test_the_size_of_the_group_stays_what_it_was(settled: World) -> None:
    at = settled.clock.at
    before = len(members_at(settled.office, settled.group.name, at).members)
    erase_somebody(settled)
    assert len(members_at(settled.office, settled.group.name, at).members) == before
    with settled.office.database.connect() as connection:
        assert presence.size(connection, settled.group.name)[0] == len(settled.really_in())


def test_an_erased_member_is_seen_on_as_nobody_and_not_recorded_anew(settled: World) -> None:
    erase_somebody(settled)
    seen = settled.observe()
    assert (seen.come, seen.gone, seen.departures) == (0, 0, ())
    assert look_up(settled.office, settled.everybody[0]).rows == {}


def test_an_erased_member_who_goes_is_a_departure_of_nobody(settled: World) -> None:
    erase_somebody(settled)
    gone = {"group": settled.group.platform_id, "emails": settled.everybody[:2]}
    settled.sandbox.control("POST", "employer/remove", gone)
    seen = settled.observe()
    assert len(seen.departures) == 2
    assert {one.key for one in seen.departures} > {person_key(settled.everybody[1])}
    assert look_up(settled.office, settled.everybody[0]).rows == {}


def test_an_old_roster_brings_nobody_back_who_was_erased(settled_on_each_engine: World) -> None:
    world = settled_on_each_engine
    record_consent(world.office, world.everybody[10], ConsentKind.WITHDRAWN, scope=EVERY_GROUP)
    erase_somebody(world, world.everybody[10])
    people = world.people(12)
    source = RosterSource(Method.ROSTER_FILE, "old.csv", people, tenant="bt")
    report = import_rosters(world.office, world.group, [source])
    assert (report.rows, report.people, report.suppressed) == (12, 11, 1)
    assert look_up(world.office, world.everybody[10]).rows == {}
    world.apply(world.plan().record)
    assert person_key(world.everybody[11]) in world.really_in()
    assert person_key(world.everybody[10]) not in world.really_in()


def test_the_command_line_brings_nobody_back_either(settled: World) -> None:
    erase_somebody(settled, settled.everybody[10])
    settled.import_roster(settled.people(11), Method.COMMAND_LINE)
    assert look_up(settled.office, settled.everybody[10]).rows == {}


def test_nobody_is_read_in_when_the_key_for_erased_people_is_lost(settled: World, tmp_path: Path) -> None:
    erase_somebody(settled)
    (tmp_path / "suppression.key").unlink()
    settled.office = with_privacy(settled.office, tmp_path)
    with pytest.raises(SettingsError, match="cannot be read"):
        settled.import_roster(settled.people(3))
    with pytest.raises(SettingsError, match="cannot be read"):
        erase_somebody(settled, settled.everybody[1])  # and no new key is made, which would forget the first


def test_a_new_consent_lets_somebody_in_again_without_a_false_departure(settled: World) -> None:
    erase_somebody(settled)
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
    erase_somebody(settled)
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
    erase_somebody(settled)
    record_consent(settled.office, settled.everybody[0], ConsentKind.GIVEN, scope=settled.group.name)
    assert consent_of(settled.office, their_key(settled), settled.group.name).state is ConsentState.OPTED_IN
    assert consent_of(settled.office, their_key(settled), "another-group").state is ConsentState.WITHDRAWN


def test_a_plan_with_erased_changes_is_refused_with_the_reason(settled: World) -> None:
    plan = settled.plan(settled.people(14)).record
    erase_somebody(settled, settled.everybody[12])
    with pytest.raises(StaleError, match="1 of its changes are about people who were erased"):
        settled.apply(plan)
    assert person_key(settled.everybody[13]) not in settled.really_in()


def test_who_was_erased_is_on_no_list_of_invitations(settled: World) -> None:
    settled.group = replace(settled.group, link="https://bt.workplace.example.org/groups/prospect")
    unknown = [replace(one, consent=type(one.consent).UNKNOWN, consent_at=None) for one in settled.people(14)[10:]]
    settled.plan([*settled.people(10), *unknown])
    assert len(invitations_for(settled.office, settled.group).invitees) == 4
    erase_somebody(settled, settled.everybody[12])
    addresses = [one.address for one in invitations_for(settled.office, settled.group).invitees]
    assert sorted(addresses) == sorted(settled.everybody[number] for number in (10, 11, 13))


def test_nobody_is_erased_while_an_operation_about_them_is_unsettled(settled: World) -> None:
    plan = plan_of(settled)
    intent = Operation(plan.id, 99, plan.group, their_key(settled), Action.ADD, State.INTENDED, settled.clock())
    with settled.office.database.write() as connection:
        operations.intend(connection, [intent])
    with pytest.raises(BusyError, match="no known outcome"):
        erase_somebody(settled)
    assert "desired" in look_up(settled.office, settled.everybody[0]).rows


@pytest.mark.parametrize(("authorised_by", "basis"), [("", "a request"), ("grace", " ")])
def test_an_erasure_needs_somebody_who_answers_for_it(settled: World, authorised_by: str, basis: str) -> None:
    with pytest.raises(UsageError, match="who authorised it"):
        erase_somebody(settled, authorised_by=authorised_by, basis=basis)


def test_the_basis_is_kept_so_it_may_not_name_the_person(settled: World) -> None:
    with pytest.raises(UsageError, match="by their address"):
        erase_somebody(settled, basis=f"request of {settled.everybody[0].upper()}")


def test_erasing_needs_its_key_and_its_journal(settled: World) -> None:
    settled.office = replace(settled.office, erasures=None)
    with pytest.raises(SettingsError, match="journal"):
        erase_somebody(settled)


def test_who_is_not_on_record_is_still_not_read_in_later_and_it_is_done_once(settled: World) -> None:
    first = erase_somebody(settled, "zoe@bt.example.org")
    assert (first.entry is None, first.entries) == (False, [])
    size = settled.office.log.size
    assert erase_somebody(settled, "ZOE@bt.example.org").entry is None
    assert settled.office.log.size == size


def test_an_entry_about_another_goes_only_when_it_is_named(settled: World) -> None:
    with settled.office.log.transaction() as transaction:
        place = transaction.place()
        transaction.log(record_of(settled, f"{settled.everybody[0]} and {settled.everybody[1]}"))
    report = erase_somebody(settled)
    assert (report.complete, report.residue.entries) == (False, [place])
    again = erase_somebody(settled, also=[place])
    assert again.complete
    assert again.entries == [place]
    assert verify_evidence(settled.office.log).ok


def test_an_entry_that_is_not_there_or_tells_of_an_erasure_cannot_be_named(settled: World) -> None:
    first = erase_somebody(settled)
    for also, why in (
        ([first.entries[0]], "has been erased"),
        ([10_000], "is not there"),
        ([first.entry], "goes when its time"),
    ):
        with pytest.raises(UsageError, match=why):
            erase_somebody(settled, settled.everybody[1], also=also)
    assert "desired" in look_up(settled.office, settled.everybody[1]).rows
