"""The log's key is changed by an entry that both keys sign; everything goes on working, and nothing else can do it."""

from pathlib import Path

import pytest
from sqlalchemy import text

from tests.evidence.trees import ORIGIN, make_signer
from tests.foreign.bundles import open_office
from tests.store.logs import START, add
from workplace_sync.errors import EvidenceError, SettingsError
from workplace_sync.evidence.checkpoint import open_checkpoint
from workplace_sync.evidence.difference import What
from workplace_sync.evidence.entry import Kind, check_opening
from workplace_sync.evidence.keyring import parse_rotation
from workplace_sync.evidence.proof import parse_consistency, parse_inclusion
from workplace_sync.jobs.retention import past_their_time
from workplace_sync.jobs.rotation import rotate_key
from workplace_sync.store.database import Database
from workplace_sync.store.evidence import EvidenceLog
from workplace_sync.store.keys import create_key, load_key


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    create_key(tmp_path / "keys" / "log.key", ORIGIN)
    return tmp_path / "keys" / "log.key"


@pytest.fixture
def log(database: Database, key_file: Path) -> EvidenceLog:
    made = opened(database, key_file)
    add(made, 300, batch=100)
    return made


def opened(database: Database, key_file: Path) -> EvidenceLog:
    signer = load_key(key_file, ORIGIN)
    return EvidenceLog(
        database,
        signer=signer,
        verifier=signer.verifier,
        origin=ORIGIN,
        outside=key_file.parent / "checkpoint",
        entropy=bytes,
        now=lambda: START,
    )


def test_after_a_change_of_keys_all_verifies_and_goes_on(log: EvidenceLog, key_file: Path) -> None:
    first = log.verifier
    done = rotate_key(log, key_file, actor="ada")
    second = done.log.verifier
    add(done.log, 300, batch=100)
    again = opened(log.database, key_file)
    again.check_start()
    assert again.verifier == second != first
    report = again.audit()
    assert (report.ok, report.size, report.checkpoints) == (True, 602, 8)
    for seq in (0, 299, 300, 301, 601):
        parse_inclusion(again.inclusion_proof(seq)).verify(again.entry(seq), second)
    old = parse_inclusion(again.inclusion_proof(5, 200)).checkpoint
    assert parse_consistency(again.consistency_proof(200)).verify(old, again.keys).size == 602
    assert open_checkpoint(parse_inclusion(again.inclusion_proof(5, 301)).checkpoint, first).size == 301


def test_the_entry_holds_a_statement_that_both_keys_have_signed(log: EvidenceLog, key_file: Path) -> None:
    first = log.verifier
    done = rotate_key(log, key_file, actor="ada")
    opening = log.opening(300)
    assert opening is not None
    record = check_opening(log.entry(300), opening)
    assert (record.kind, record.actor) == (Kind.KEY_ROTATED, "ada")
    assert parse_rotation(str(record.data["statement"])) == done.rotation
    assert (done.rotation.old, done.rotation.new) == (first, done.log.verifier)


def test_the_old_private_key_is_kept_and_both_public_keys_are_written(log: EvidenceLog, key_file: Path) -> None:
    first = log.verifier
    done = rotate_key(log, key_file, actor="ada")
    assert load_key(done.retired, ORIGIN).verifier == first
    assert load_key(key_file, ORIGIN).verifier == done.log.verifier
    assert key_file.with_suffix(".vkey").read_text() == done.log.verifier.vkey + "\n"
    assert sorted(file.name for file in key_file.parent.glob("log*")) == sorted(
        ["log.key", "log.vkey", done.retired.name, f"log-{first.key_id.hex()}.vkey"]
    )


def test_a_key_can_be_changed_again_and_again(log: EvidenceLog, key_file: Path) -> None:
    for _ in range(3):
        log = rotate_key(log, key_file, actor="ada").log
        add(log, 5)
    assert len(log.keys.rotations) == 3
    assert log.audit().ok


def test_a_run_that_was_started_with_the_old_key_signs_nothing_more(log: EvidenceLog, key_file: Path) -> None:
    rotate_key(opened(log.database, key_file), key_file, actor="ada")
    with pytest.raises(SettingsError, match="older one"):
        add(log, 1)
    with pytest.raises(SettingsError, match="older one"):
        log.check_start()


def test_nothing_can_follow_the_entry_under_the_old_key_even_right_after_it(log: EvidenceLog, key_file: Path) -> None:
    stopped = key_file.parent / "stop"
    stopped.mkdir()
    (key_file.parent / f"log-{log.verifier.key_id.hex()}.retired.key").symlink_to(stopped / "nowhere" / "key")
    with pytest.raises(SettingsError, match="cannot be put in the place"):
        rotate_key(opened(log.database, key_file), key_file, actor="ada")
    with pytest.raises(SettingsError, match="older one"):
        add(log, 1)


def test_a_change_that_was_interrupted_is_completed(log: EvidenceLog, key_file: Path) -> None:
    blocking = key_file.parent / f"log-{log.verifier.key_id.hex()}.retired.key"
    blocking.symlink_to(key_file.parent / "nowhere" / "key")
    with pytest.raises(SettingsError):
        rotate_key(log, key_file, actor="ada")
    assert log.size == 301
    blocking.unlink()
    done = rotate_key(opened(log.database, key_file), key_file, actor="ada")
    assert done.log.size == 302
    assert done.log.audit().ok


def test_a_new_key_that_the_log_never_named_is_used_by_the_next_change(log: EvidenceLog, key_file: Path) -> None:
    left = create_key(key_file.with_name("log.next.key"), ORIGIN)
    assert rotate_key(log, key_file, actor="ada").log.verifier == left.verifier


def test_a_key_that_no_entry_names_is_not_the_log_s(log: EvidenceLog, key_file: Path) -> None:
    with pytest.raises(EvidenceError, match="not signed by this log's key"):
        log.taking(make_signer(7)).check_start()
    done = rotate_key(log, key_file, actor="ada")
    with pytest.raises(EvidenceError, match="do not lead"):
        done.log.taking(make_signer(7)).check_start()


def test_a_statement_changed_in_the_database_is_found(log: EvidenceLog, key_file: Path) -> None:
    done = rotate_key(log, key_file, actor="ada")
    with log.database.write() as connection:
        connection.execute(text("UPDATE opening SET file = (SELECT file FROM opening WHERE seq = 5) WHERE seq = 300"))
    with pytest.raises(EvidenceError):
        opened(log.database, key_file).check_start()
    found = {one.what for one in done.log.audit().differences}
    assert {What.OPENING_ALTERED, What.CHECKPOINT_BAD} <= found


def test_taking_a_place_without_recording_anything_signs_nothing(log: EvidenceLog) -> None:
    before = log.latest()
    with log.transaction() as transaction:
        assert transaction.place() == 300
    assert log.latest() == before


def test_a_change_of_keys_is_never_past_its_time(tmp_path: Path) -> None:
    office = open_office(tmp_path)
    add(office.log, 2)
    rotate_key(office.log, tmp_path / "log.key", actor="ada")
    due = past_their_time(office, dict.fromkeys((kind.value for kind in Kind), 0))
    assert "key.in_use" in {one.kind for one in due if one.number}
    assert "key.rotated" not in {one.kind for one in due}
    office.database.close()
