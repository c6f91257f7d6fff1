"""Whatever is done to the database behind the log's back is found: at the start, before signing, or by the audit.

Every fault that the log has to bear ends detected or harmless, and this is where each is tried:

- killed at any step between rows, tiles, signature and file: test_evidence_crash.py
- a full disk, a clock that goes back or forward: test_evidence_surroundings.py
- two writers at once, and the first two of a new log: test_evidence.py
- an old copy put back, the tail dropped, a fork, a checkpoint played again, an entry, tile or checkpoint edited,
  deleted, inserted, moved or swapped: here, and against the pure audit in evidence/test_verify.py; by accident:
  test_append_only.py
- another origin, another key, a changed key: here, evidence/test_note.py, test_proof.py, test_keyring.py, and
  test_key_rotation.py
- a signature twice: here and evidence/test_note.py; too many of them: evidence/test_note.py
- base64 that is not canonical, CR LF, a byte order mark, no line end at the end: evidence/test_note.py; the same in a
  file outside: here; a size such as 01: evidence/test_proof.py
- an index beyond the size, a hash too many or too few, one of 31 or 33 bytes: evidence/test_merkle.py, test_proof.py
- an opening that is not canonical JSON, or has another entry's salt: evidence/test_entry.py
- an erasure, and then every older proof and folder (a bundle is a copy of its own), or an older copy put back, and a
  search of all files for what was erased: jobs/test_privacy.py
- a million entries audited in the time they may take: benchmarks/bench_evidence.py
- every kind of bundle found good by others, and refused once tampered with: foreign/test_verifiers.py
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.evidence.trees import ORIGIN, make_signer
from tests.store.logs import SIGNER, add, make_log
from tests.store.tampering import lift_guards
from workplace_sync.errors import EvidenceError, ExitCode, UsageError
from workplace_sync.evidence.checkpoint import Checkpoint
from workplace_sync.evidence.difference import What
from workplace_sync.evidence.merkle import EMPTY_ROOT, Edge, leaf_hash
from workplace_sync.store.database import Database
from workplace_sync.store.evidence import EvidenceLog

SIZE = 600  # two full tiles and a rest of 88, in ten batches


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint"


@pytest.fixture
def log(database: Database, outside: Path) -> EvidenceLog:
    made = make_log(database, outside)
    add(made, SIZE, batch=60)
    return made


def _do(log: EvidenceLog, *statements: str, **values: object) -> None:
    with log.database.write() as connection:
        lift_guards(connection)
        for statement in statements:
            connection.execute(text(statement), values)


def _again(log: EvidenceLog) -> EvidenceLog:
    """Return the log as the next process has it."""
    return make_log(log.database, log._outside.path, seed=9)  # noqa: SLF001 - its own path


def _whats(log: EvidenceLog) -> set[What]:
    return {one.what for one in log.audit().differences}


@pytest.mark.parametrize(
    ("statement", "what", "at_start"),
    [
        ("UPDATE evidence_entry SET body = (SELECT body FROM evidence_entry WHERE seq = 0) WHERE seq = 9", What.ROW_MOVED, False),
        ("UPDATE evidence_entry SET body = opening.file FROM opening WHERE evidence_entry.seq = 9 AND opening.seq = 9", What.ROW_CHANGED, False),
        ("UPDATE evidence_entry SET body = opening.file FROM opening WHERE evidence_entry.seq = 599 AND opening.seq = 9", What.ROW_CHANGED, True),
        ("DELETE FROM evidence_entry WHERE seq = 9", What.ROW_MISSING, False),
        ("DELETE FROM evidence_entry WHERE seq = 520", What.ROW_MISSING, True),
        ("DELETE FROM evidence_entry WHERE seq >= 500", What.TAIL_CUT, True),
        ("INSERT INTO evidence_entry SELECT 600, body FROM evidence_entry WHERE seq = 0", What.ROW_INSERTED, True),
        ("INSERT INTO evidence_entry SELECT -1, body FROM evidence_entry WHERE seq = 0", What.ROW_INSERTED, False),
        ("DELETE FROM evidence_tile WHERE level = 0 AND idx = 1", What.TILE_MISSING, False),
        ("DELETE FROM evidence_tile WHERE level = 1", What.TILE_MISSING, True),
        ("UPDATE evidence_tile SET data = (SELECT data FROM evidence_tile WHERE level = 0 AND idx = 0) WHERE idx = 1", What.TILE_CHANGED, False),
        ("UPDATE evidence_tile SET data = (SELECT data FROM evidence_tile WHERE level = 0 AND idx = 0) WHERE level = 1", What.TILE_CHANGED, True),
        ("DELETE FROM evidence_checkpoint WHERE size = 600", What.CHECKPOINT_MISSING, True),
        ("UPDATE evidence_checkpoint SET note = (SELECT note FROM evidence_checkpoint WHERE size = 60) WHERE size = 600", What.CHECKPOINT_BAD, True),
        ("UPDATE evidence_checkpoint SET note = (SELECT note FROM evidence_checkpoint WHERE size = 60) WHERE size = 120", What.CHECKPOINT_BAD, False),
        ("UPDATE evidence_checkpoint SET note = 'rubbish' WHERE size = 600", What.CHECKPOINT_BAD, True),
        ("UPDATE evidence_checkpoint SET note = replace(note, '600', '0600') WHERE size = 600", What.CHECKPOINT_BAD, True),
        ("UPDATE evidence_head SET size = 599", What.HEAD_CHANGED, True),
        ("UPDATE evidence_head SET size = 608", What.HEAD_CHANGED, True),
        ("DELETE FROM evidence_head", What.HEAD_CHANGED, True),
        ("UPDATE opening SET outcome = 'refused' WHERE seq = 9", What.INDEX_ALTERED, False),
        ("UPDATE opening SET at = (SELECT at FROM opening WHERE seq = 8) WHERE seq = 9", What.INDEX_ALTERED, False),
        ("UPDATE opening SET file = (SELECT file FROM opening WHERE seq = 8) WHERE seq = 9", What.OPENING_ALTERED, False),
    ],
)  # fmt: skip
def test_each_fault_is_found_by_the_audit_and_those_at_the_edge_at_the_start(
    log: EvidenceLog, statement: str, what: What, *, at_start: bool
) -> None:
    _do(log, statement)
    assert what in _whats(log)
    if at_start:
        with pytest.raises(EvidenceError) as caught:
            _again(log).check_start()
        assert caught.value.exit_code is ExitCode.EVIDENCE
        assert caught.value.hint
        with pytest.raises(EvidenceError):
            add(_again(log), 200)
    else:
        _again(log).check_start()


@pytest.mark.parametrize(
    "forged",
    [
        Checkpoint(ORIGIN, 600, EMPTY_ROOT).signed(make_signer(2)),
        Checkpoint(ORIGIN, 600, EMPTY_ROOT).signed(SIGNER),
        Checkpoint("other.example.org", 600, EMPTY_ROOT).signed(SIGNER),
    ],
)
def test_a_forged_newest_checkpoint_is_refused_at_the_start(log: EvidenceLog, forged: str) -> None:
    _do(log, "UPDATE evidence_checkpoint SET note = :note WHERE size = 600", note=forged)
    with pytest.raises(EvidenceError):
        _again(log).check_start()
    with pytest.raises(EvidenceError):
        add(_again(log), 1)
    assert _whats(log) & {What.CHECKPOINT_BAD, What.CHECKPOINT_DIFFERS}


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda note: "\ufeff" + note, "another log"),
        (lambda note: note.replace("\n", "\r\n"), "blank line"),
        (lambda note: note[:-1], "line feed"),
        (lambda note: note.replace("\n600\n", "\n0600\n"), "leading zeros"),
        (lambda note: note.replace("\n600\n", "\n599\n"), "false"),
        (lambda _: Checkpoint(ORIGIN, 600, EMPTY_ROOT).signed(make_signer(2)), "not signed by this log's key"),
        (lambda _: "", "blank line"),
    ],
)
def test_a_checkpoint_file_out_of_form_is_refused(
    log: EvidenceLog, outside: Path, spoil: Callable[[str], str], sentence: str
) -> None:
    outside.write_text(spoil(outside.read_text()), newline="")
    with pytest.raises(EvidenceError, match=sentence):
        _again(log).check_start()
    with pytest.raises(EvidenceError, match=sentence):
        add(_again(log), 1)
    assert _whats(log) == {What.OUTSIDE_BAD}


def test_a_checkpoint_file_that_is_no_text_is_refused(log: EvidenceLog, outside: Path) -> None:
    outside.write_bytes(b"\xff\xfe")
    with pytest.raises(EvidenceError, match="not text"):
        _again(log).check_start()
    outside.unlink()
    outside.mkdir()
    with pytest.raises(EvidenceError, match="cannot be read"):
        _again(log).check_start()


def test_a_checkpoint_file_with_a_repeated_signature_is_harmless(log: EvidenceLog, outside: Path) -> None:
    note = outside.read_text()
    outside.write_text(note + note.splitlines()[-1] + "\n")
    _again(log).check_start()
    assert log.audit().ok


def test_a_lost_checkpoint_file_stops_everything_until_a_person_accepts_it(log: EvidenceLog, outside: Path) -> None:
    outside.unlink()
    for attempt in (_again(log).check_start, lambda: add(_again(log), 1)):
        with pytest.raises(EvidenceError, match="is missing") as caught:
            attempt()
        assert "--restore-checkpoint" in caught.value.hint
    assert _whats(log) == {What.OUTSIDE_MISSING}
    _again(log).restore_outside()
    _again(log).check_start()
    add(_again(log), 1)
    with pytest.raises(UsageError, match="is there"):
        log.restore_outside()


def test_a_lost_checkpoint_file_is_not_restored_from_a_database_that_was_changed(
    log: EvidenceLog, outside: Path
) -> None:
    outside.unlink()
    _do(log, "DELETE FROM evidence_entry WHERE seq = 599")
    with pytest.raises(EvidenceError):
        log.restore_outside()
    assert not outside.exists()


def test_there_is_nothing_to_restore_for_an_empty_log(database: Database, outside: Path) -> None:
    with pytest.raises(UsageError, match="empty"):
        make_log(database, outside).restore_outside()


def test_a_replayed_older_checkpoint_outside_is_proved_to_be_a_beginning(log: EvidenceLog, outside: Path) -> None:
    with log.database.connect() as connection:
        old = connection.execute(text("SELECT note FROM evidence_checkpoint WHERE size = 300")).scalar_one()
    outside.write_text(old)
    _again(log).check_start()
    assert log.audit().ok
    add(_again(log), 1)
    assert outside.read_text() == log.latest()


def test_an_older_checkpoint_of_a_fork_is_refused(log: EvidenceLog, outside: Path) -> None:
    for size in (300, 600):
        outside.write_text(Checkpoint(ORIGIN, size, EMPTY_ROOT).signed(SIGNER))
        with pytest.raises(EvidenceError, match="forked"):
            _again(log).check_start()
        with pytest.raises(EvidenceError, match="forked"):
            add(_again(log), 1)
        assert _whats(log) == {What.FORKED}


def _roll_back(log: EvidenceLog, size: int) -> None:
    """Make the database what it was at a batch's end of `size`, head and tiles included, as a restored backup is."""
    _do(
        log,
        "DELETE FROM evidence_entry WHERE seq >= :size",
        "DELETE FROM opening WHERE seq >= :size",
        "DELETE FROM evidence_checkpoint WHERE size > :size",
        "DELETE FROM evidence_tile",
        "UPDATE evidence_head SET size = :size, edge = :edge",
        size=size,
        edge=_edge_at(log, size),
    )


def _edge_at(log: EvidenceLog, size: int) -> bytes:
    return Edge().extended(leaf_hash(log.entry(seq)) for seq in range(size)).data


def test_a_database_put_back_to_an_older_state_is_refused_at_the_start_and_before_signing(log: EvidenceLog) -> None:
    _roll_back(log, 120)
    for attempt in (_again(log).check_start, lambda: add(_again(log), 1), lambda: add(log, 1)):
        with pytest.raises(
            EvidenceError, match="rolled back: it has 120 entries, and 600 were signed before"
        ) as caught:
            attempt()
        assert "new database, a new key" in caught.value.hint
    assert log.size == 120
    assert What.ROLLED_BACK in _whats(log)


def test_a_real_copy_put_back_is_refused(sqlite_database: Database, outside: Path, tmp_path: Path) -> None:
    log = make_log(sqlite_database, outside)
    add(log, 5)
    sqlite_database.backup(tmp_path / "copy.db")
    add(log, 1)
    sqlite_database.close()
    file = sqlite_database.file
    assert file is not None
    for suffix in ("-wal", "-shm"):
        Path(str(file) + suffix).unlink(missing_ok=True)
    shutil.copy(tmp_path / "copy.db", file)
    with pytest.raises(EvidenceError, match="rolled back: it has 5 entries, and 6"):
        _again(log).check_start()


def test_an_emptied_log_is_refused(log: EvidenceLog) -> None:
    _do(
        log,
        "DELETE FROM evidence_entry",
        "DELETE FROM evidence_tile",
        "DELETE FROM evidence_checkpoint",
        "DELETE FROM evidence_head",
        "DELETE FROM opening",
    )
    with pytest.raises(EvidenceError, match="rolled back: it has 0 entries"):
        _again(log).check_start()
    with pytest.raises(EvidenceError, match="rolled back: it has 0 entries"):
        add(_again(log), 1)


def test_a_copy_that_went_on_elsewhere_with_the_same_key_is_told_as_a_fork(
    log: EvidenceLog, outside: Path, tmp_path: Path
) -> None:
    other = Database(f"sqlite:///{tmp_path / 'other.db'}")
    other.upgrade()
    fork = make_log(other, tmp_path / "fork", seed=77)
    add(fork, SIZE, batch=60)
    outside.write_text(fork.latest())
    with pytest.raises(EvidenceError, match="forked: its first 600 entries"):
        _again(log).check_start()
    assert _whats(log) == {What.FORKED}
    other.close()
