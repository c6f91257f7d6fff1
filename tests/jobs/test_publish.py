"""Publishing checkpoints, and holding the log to one that somebody kept."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.evidence.trees import make_signer
from tests.foreign.bundles import ORIGIN, open_office
from tests.store.logs import add
from workplace_sync.errors import EvidenceError, InputError, UsageError
from workplace_sync.evidence.checkpoint import Checkpoint
from workplace_sync.evidence.entry import Kind, check_opening
from workplace_sync.evidence.proof import parse_consistency
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.publish import check_published, publish, read_kept, require_new, write_new
from workplace_sync.jobs.rotation import rotate_key
from workplace_sync.store.database import Database
from workplace_sync.store.evidence import EvidenceLog


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = open_office(tmp_path)
    add(made.log, 20)
    yield made
    made.database.close()


def test_what_was_published_is_on_record(office: Office) -> None:
    done = publish(office, "branch minutes")
    assert (done.about.size, done.seq) == (20, 20)
    opening = office.log.opening(20)
    assert opening is not None
    record = check_opening(office.log.entry(20), opening)
    assert (record.kind, record.data["size"], record.data["place"]) == (Kind.CHECKPOINT_PUBLISHED, 20, "branch minutes")
    assert check_published(office.log, done.note).recorded


def test_the_log_begins_with_every_checkpoint_it_ever_signed(office: Office) -> None:
    kept = [publish(office).note for _ in range(9)]
    add(office.log, 300)
    for note in kept:
        checked = check_published(office.log, f"Dear all,\r\n\r\n{note}")
        assert checked.now.size == 329
        assert parse_consistency(checked.proof).verify(note, office.log.verifier).size == 329


def test_a_checkpoint_from_before_the_key_was_changed_still_counts(office: Office, tmp_path: Path) -> None:
    note = publish(office).note
    log = rotate_key(office.log, tmp_path / "log.key", actor="ada").log
    assert check_published(log, note).kept.size == 20


def another_history(office: Office, folder: Path, count: int, seed: int = 7) -> EvidenceLog:
    """Return a log under the same key with another history."""
    database = Database(f"sqlite:///{folder / 'other.db'}")
    database.upgrade()
    log = EvidenceLog(
        database,
        signer=office.log.signer,
        verifier=office.log.verifier,
        origin=ORIGIN,
        outside=folder / "other.txt",
        entropy=lambda size: bytes([seed]) * size,
        now=office.now,
    )
    if count:
        add(log, count)
    return log


@pytest.mark.parametrize("count", [0, 1, 19])
def test_a_rollback_is_found(office: Office, tmp_path: Path, count: int) -> None:
    note = publish(office).note
    log = another_history(office, tmp_path, count)
    with pytest.raises(EvidenceError, match=f"rolled back: it has {count} entries, and 20") as caught:
        check_published(log, note)
    assert caught.value.exit_code == 7
    log.database.close()


@pytest.mark.parametrize("count", [20, 21, 64, 300])
def test_a_fork_is_found(office: Office, tmp_path: Path, count: int) -> None:
    note = publish(office).note
    log = another_history(office, tmp_path, count)
    with pytest.raises(EvidenceError, match="forked: its first 20 entries"):
        check_published(log, note)
    log.database.close()


def test_a_copy_of_the_database_put_back_is_found_even_with_its_own_checkpoint_file(
    office: Office, tmp_path: Path
) -> None:
    office.database.close()
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("sync.db", "checkpoint.txt", "log.key"):
        shutil.copy(tmp_path / name, copy / name)
    add(office.log, 10)
    note = publish(office).note
    office.database.close()
    for name in ("sync.db", "checkpoint.txt"):
        shutil.copy(copy / name, tmp_path / name)
        (tmp_path / f"{name}-wal").unlink(missing_ok=True)
    office.log.check_start()  # which cannot know
    with pytest.raises(EvidenceError, match="rolled back"):
        check_published(office.log, note)


def test_a_forged_checkpoint_is_no_evidence_against_the_log(office: Office) -> None:
    forged = Checkpoint(ORIGIN, 20, bytes(32)).signed(make_signer(9, ORIGIN))
    with pytest.raises(EvidenceError, match="not signed by this log's key"):
        check_published(office.log, forged)
    with pytest.raises(EvidenceError, match="no signed checkpoint"):
        check_published(office.log, "nothing")


def test_an_empty_log_has_nothing_to_publish(tmp_path: Path) -> None:
    office = open_office(tmp_path)
    with pytest.raises(UsageError, match="empty"):
        publish(office)
    office.database.close()


def test_files_are_read_and_written_or_it_is_told(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.txt"
    require_new(file)
    write_new(file, "text \u2014\n")
    assert read_kept(file) == "text \u2014\n"
    with pytest.raises(InputError, match="exists"):
        require_new(file)
    with pytest.raises(InputError, match="exists"):
        write_new(file, "")
    with pytest.raises(UsageError, match="no folder"):
        require_new(tmp_path / "nowhere" / "file")
    with pytest.raises(InputError, match="cannot be written"):
        write_new(tmp_path / "nowhere" / "file", "")
    with pytest.raises(InputError, match="cannot be read"):
        read_kept(tmp_path / "nowhere")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not text"):
        read_kept(file)
