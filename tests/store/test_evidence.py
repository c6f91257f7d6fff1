"""The log in the database: what is recorded is signed, proved, exported, and seen by the next process."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.evidence.trees import ORIGIN, make_signer
from tests.store.logs import SIGNER, START, add, make_log, make_record
from workplace_sync.errors import SettingsError, StoreError, UsageError
from workplace_sync.evidence.checkpoint import open_checkpoint
from workplace_sync.evidence.entry import Kind, Record, check_opening
from workplace_sync.evidence.merkle import Edge, leaf_hash
from workplace_sync.evidence.note import Verifier
from workplace_sync.evidence.proof import parse_consistency, parse_inclusion
from workplace_sync.store.database import Database
from workplace_sync.store.evidence import EvidenceLog

KEY = SIGNER.verifier


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere" / "checkpoint"


@pytest.fixture
def log(database: Database, outside: Path) -> EvidenceLog:
    return make_log(database, outside)


def test_what_is_recorded_is_covered_by_a_signed_checkpoint_and_can_be_opened(log: EvidenceLog, outside: Path) -> None:
    with log.transaction() as transaction:
        for number in range(3):
            transaction.log(make_record(number))
    assert log.size == 3
    assert outside.read_text() == log.latest()
    assert open_checkpoint(log.latest(), KEY).root == Edge().extended(leaf_hash(log.entry(n)) for n in range(3)).root
    opening = log.opening(2)
    assert opening is not None
    assert check_opening(log.entry(2), opening) == make_record(2)
    log.check_start()


def test_a_transaction_that_logs_nothing_writes_nothing(log: EvidenceLog, outside: Path) -> None:
    with log.transaction():
        pass
    assert log.size == 0
    assert not outside.exists()
    log.check_start()
    with pytest.raises(UsageError, match="empty"):
        log.latest()


def test_records_and_the_rows_they_speak_of_come_and_go_together(log: EvidenceLog, outside: Path) -> None:
    add(log, 1)
    before = outside.read_text()

    def fail_after_writing() -> None:
        with log.transaction() as transaction:
            transaction.connection.execute(text("INSERT INTO evidence_tile (level, idx, data) VALUES (9, 9, '')"))
            transaction.log(make_record(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_writing()
    assert (log.size, outside.read_text()) == (1, before)
    with log.database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM evidence_tile")).scalar() == 0
    add(log, 1)
    assert log.audit().ok


def test_a_transaction_can_run_on_a_lent_connection(log: EvidenceLog) -> None:
    with log.database.connect() as connection, log.transaction(connection) as transaction:
        assert transaction.connection is connection
        transaction.log(make_record(0))
    assert log.size == 1


@pytest.mark.parametrize("sizes", [[1] * 5, [255, 1, 1], [256, 256], [300, 700, 24], [2500]])
def test_the_log_grows_in_any_steps_and_another_process_goes_on(
    database: Database, outside: Path, sizes: list[int]
) -> None:
    for count in sizes:
        log = make_log(database, outside, seed=count)
        log.check_start()
        with log.transaction() as transaction:
            for number in range(count):
                transaction.log(make_record(number))
    report = make_log(database, outside).audit()
    assert (report.ok, report.size, report.openings) == (True, sum(sizes), sum(sizes))
    assert report.checkpoints == len(sizes)


def test_every_entry_is_proved_under_the_newest_and_under_older_checkpoints(log: EvidenceLog) -> None:
    add(log, 700, batch=100)
    for seq in (0, 1, 255, 256, 511, 512, 699):
        proof = parse_inclusion(log.inclusion_proof(seq))
        assert proof.verify(log.entry(seq), KEY).size == 700
    assert parse_inclusion(log.inclusion_proof(255, 300)).verify(log.entry(255), KEY).size == 300


def test_every_older_checkpoint_is_proved_to_be_a_beginning(log: EvidenceLog) -> None:
    checkpoints = {}
    for _ in range(8):
        add(log, 90)
        checkpoints[log.size] = log.latest()
    for old, note in checkpoints.items():
        assert parse_consistency(log.consistency_proof(old)).verify(note, KEY).size == 720
        for new in checkpoints:
            if new >= old:
                assert parse_consistency(log.consistency_proof(old, new)).verify(note, KEY).size == new


def test_what_the_log_does_not_have_is_said_plainly(log: EvidenceLog) -> None:
    add(log, 3)
    for ask, sentence in (
        (lambda: log.entry(3), "no entry 3: the log has 3"),
        (lambda: log.opening(-1), "no entry -1"),
        (lambda: log.inclusion_proof(3), "no entry 3"),
        (lambda: log.inclusion_proof(0, 2), "no checkpoint of 2"),
        (lambda: log.consistency_proof(4), "cannot begin with 4"),
        (lambda: log.consistency_proof(1, 2), "no checkpoint of 2"),
    ):
        with pytest.raises(UsageError, match=sentence):
            ask()


def test_an_erased_opening_is_none_and_every_proof_still_holds(log: EvidenceLog) -> None:
    add(log, 20)
    with log.database.write() as connection:
        connection.execute(text("DELETE FROM opening WHERE seq = 7"))
    assert log.opening(7) is None
    parse_inclusion(log.inclusion_proof(7)).verify(log.entry(7), KEY)
    report = log.audit()
    assert (report.ok, report.openings, report.erased) == (True, 19, 1)


def test_the_exported_tiles_alone_give_the_signed_root(log: EvidenceLog) -> None:
    add(log, 600)
    files = dict(log.export_tiles())
    assert set(files) == {
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
        "checkpoint",
    }
    data = b"".join(files[f"tile/0/{name}"] for name in ("000", "001", "002.p/88"))
    leaves = [data[at : at + 32] for at in range(0, len(data), 32)]
    assert Edge().extended(leaves).root == open_checkpoint(files["checkpoint"].decode(), KEY).root
    bundle, entries = files["tile/entries/000"], []
    while bundle:
        length = int.from_bytes(bundle[:2], "big")
        entries.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    assert [leaf_hash(entry) for entry in entries] == leaves[:256]


def test_a_log_without_private_key_can_be_read_and_refuses_to_record(log: EvidenceLog, outside: Path) -> None:
    add(log, 2)
    reader = make_log(log.database, outside, signer=None)
    reader.check_start()
    assert reader.audit().ok
    with pytest.raises(SettingsError, match="only be read"):
        add(reader, 1)
    assert reader.size == 2


def test_keys_that_do_not_belong_together_are_refused(database: Database, outside: Path) -> None:
    with pytest.raises(SettingsError, match="do not belong together"):
        make_log(database, outside, signer=make_signer(2))
    other = Verifier("other.example.org", KEY.public)
    with pytest.raises(SettingsError, match=r"named 'other\.example\.org'"):
        EvidenceLog(
            database, signer=None, verifier=other, origin=ORIGIN, outside=outside, entropy=bytes, now=lambda: START
        )


def test_two_writers_at_once_never_take_the_same_place(database: Database, outside: Path) -> None:
    failures: list[Exception] = []

    def work(seed: int) -> None:
        try:
            log = make_log(Database(database.url.render_as_string(hide_password=False)), outside, seed=seed)
            for number in range(12):
                with log.transaction() as transaction:
                    for _ in range(10):
                        transaction.log(make_record(number, group=f"group-{seed}"))
            log.database.close()
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    log = make_log(database, outside)
    log.check_start()
    report = log.audit()
    assert (report.ok, report.size, report.checkpoints) == (True, 240, 24)
    assert open_checkpoint(outside.read_text(), KEY).size == 240


def test_the_first_two_writers_of_a_new_log_agree_on_its_beginning(database: Database, outside: Path) -> None:
    together = threading.Barrier(2)
    failures: list[Exception] = []

    def work(seed: int) -> None:
        log = make_log(database, outside, seed=seed)
        together.wait(30)
        try:
            add(log, 1)
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    report = make_log(database, outside).audit()
    assert (report.ok, report.size) == (True, 2)


def test_a_checkpoint_file_that_cannot_be_replaced_is_told_and_made_up_for(log: EvidenceLog, outside: Path) -> None:
    add(log, 1)
    blocker = outside.with_name("checkpoint.new")
    blocker.mkdir()
    with pytest.raises(StoreError, match="All is recorded"):
        add(log, 1)
    assert log.size == 2
    blocker.rmdir()
    log.check_start()
    add(log, 1)
    assert open_checkpoint(outside.read_text(), KEY).size == 3


def test_a_record_that_cannot_be_written_is_refused_where_it_is_logged(log: EvidenceLog) -> None:
    with pytest.raises(TypeError, match="float"), log.transaction() as transaction:
        transaction.log(Record(Kind.PLAN_MADE, START, data={"share": 0.5}))  # type: ignore[dict-item]
    assert log.size == 0
