"""The audit as a job, and the folder with which openssl and sha256sum verify an entry without this software."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.evidence.trees import make_signer
from tests.store.logs import SIGNER, add, make_log
from tests.store.tampering import lift_guards
from workplace_sync.errors import InputError, UsageError
from workplace_sync.evidence.entry import Kind, check_opening
from workplace_sync.jobs.verify import verify_evidence, write_openssl_kit
from workplace_sync.store.database import Database
from workplace_sync.store.evidence import EvidenceLog

FINGERPRINT = SIGNER.verifier.fingerprint
OPENSSL = shutil.which("openssl") or "openssl"
SH = shutil.which("sh") or "sh"


@pytest.fixture
def log(sqlite_database: Database, tmp_path: Path) -> EvidenceLog:
    made = make_log(sqlite_database, tmp_path / "checkpoint")
    add(made, 300, batch=100)
    return made


@pytest.fixture
def kit(log: EvidenceLog, tmp_path: Path) -> Path:
    write_openssl_kit(log, tmp_path / "kit", 257)
    return tmp_path / "kit"


def _verify(kit: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SH, str(kit / "verify.sh"), *arguments], capture_output=True, text=True, check=False)


def test_openssl_alone_verifies_the_checkpoint(kit: Path) -> None:
    command = f"{OPENSSL} pkeyutl -verify -pubin -inkey log.pub.pem -rawin -in checkpoint.text -sigfile checkpoint.sig"
    done = subprocess.run(command.split(), cwd=kit, capture_output=True, text=True, check=True)
    assert "Signature Verified Successfully" in done.stdout


@pytest.mark.parametrize("seq", [0, 1, 99, 100, 255, 256, 298, 299])
def test_the_script_verifies_every_entry_and_shows_what_it_says(log: EvidenceLog, tmp_path: Path, seq: int) -> None:
    files = write_openssl_kit(log, tmp_path / "kit", seq)
    assert all(file.exists() for file in files)
    done = _verify(tmp_path / "kit", FINGERPRINT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"VERIFIED: entry {seq} is in the log evidence.example.org/log of 300 entries")
    assert f'"number":{seq}' in done.stdout


def test_a_kit_is_its_owner_s_alone_for_an_opening_may_name_a_person(kit: Path) -> None:
    assert kit.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in kit.iterdir()} == {0o600}


def test_the_only_entry_of_a_log_verifies(sqlite_database: Database, tmp_path: Path) -> None:
    log = make_log(sqlite_database, tmp_path / "checkpoint")
    add(log, 1)
    write_openssl_kit(log, tmp_path / "kit", 0)
    assert _verify(tmp_path / "kit", FINGERPRINT).returncode == 0


def test_the_script_wants_the_published_fingerprint(kit: Path) -> None:
    assert "give the published fingerprint" in _verify(kit).stderr
    assert "not the published one" in _verify(kit, make_signer(2).verifier.fingerprint).stderr


def _swap_first_two_hashes(data: bytes) -> bytes:
    lines = data.split(b"\n")
    lines[2], lines[3] = lines[3], lines[2]
    return b"\n".join(lines)


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("checkpoint.text", lambda data: data.replace(b"300", b"301"), "signature of the checkpoint is false"),
        ("checkpoint.sig", lambda data: data[:-1] + bytes([data[-1] ^ 1]), "signature of the checkpoint is false"),
        ("log.pub.pem", lambda _: make_signer(2).verifier.pem, "not the published one"),
        ("log.pub.pem", lambda _: b"rubbish", "cannot be read"),
        ("257.opening", lambda data: data.replace(b"accepted", b"rejected"), "does not commit to the opening"),
        ("257.opening", lambda data: data.replace(data[20:22], b"ff", 1), "does not commit to the opening"),
        ("257.entry", lambda data: data.replace(b"2020", b"2021"), "not in the log that was signed"),
        ("257.entry", lambda data: data.replace(b"257", b"258"), "does not commit to the opening"),
        ("257.entry", lambda data: data + b"\n", "not in the log that was signed"),
        ("257.tlog-proof", lambda data: data.replace(b"index 257", b"index 256"), "for another entry"),
        ("257.tlog-proof", _swap_first_two_hashes, "not in the log that was signed"),
        ("257.tlog-proof", lambda data: data.replace(data.split(b"\n")[2] + b"\n", b""), "too short|not in the log"),
        (
            "257.tlog-proof",
            lambda data: data.replace(b"257\n", b"257\n" + b"A" * 43 + b"=\n"),
            "too long|not in the log",
        ),
        ("257.tlog-proof", lambda data: data.replace(b"257\n", b"257\nAAAA\n"), "does not have 32 bytes"),
        ("257.tlog-proof", lambda data: data.replace(b"@v1", b"@v2"), "not a tlog-proof"),
    ],
)
def test_the_script_refuses_whatever_was_changed(
    kit: Path, name: str, change: Callable[[bytes], bytes], sentence: str
) -> None:
    data = (kit / name).read_bytes()
    changed = change(data)
    assert changed != data
    (kit / name).write_bytes(changed)
    done = _verify(kit, FINGERPRINT)
    assert done.returncode != 0
    assert "VERIFIED: entry" not in done.stdout
    assert any(part in done.stderr for part in sentence.split("|")), done.stderr


def test_no_kit_is_written_for_what_cannot_be_shown(log: EvidenceLog, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no entry 300"):
        write_openssl_kit(log, tmp_path / "kit", 300)
    with log.database.write() as connection:
        connection.execute(text("DELETE FROM opening WHERE seq = 3"))
    with pytest.raises(UsageError, match="was erased"):
        write_openssl_kit(log, tmp_path / "kit", 3)
    assert not (tmp_path / "kit").exists()


def test_a_kit_is_not_mixed_with_other_files(log: EvidenceLog, kit: Path) -> None:
    with pytest.raises(InputError, match="not empty"):
        write_openssl_kit(log, kit, 1)
    with pytest.raises(InputError, match="cannot be written"):
        write_openssl_kit(log, kit / "log.vkey", 1)


def test_a_good_audit_can_become_an_entry_itself(log: EvidenceLog) -> None:
    assert verify_evidence(log).ok
    assert log.size == 300
    assert verify_evidence(log, record_as="rep").ok
    opening = log.opening(300)
    assert opening is not None
    record = check_opening(log.entry(300), opening)
    assert (record.kind, record.actor, record.outcome) == (Kind.EVIDENCE_VERIFIED, "rep", "verified")
    assert record.data["size"] == 300


def test_a_bad_audit_adds_nothing_to_the_log(log: EvidenceLog) -> None:
    with log.database.write() as connection:
        lift_guards(connection)
        connection.execute(text("DELETE FROM evidence_entry WHERE seq = 3"))
    report = verify_evidence(log, openings=False, record_as="rep")
    assert [str(one) for one in report.differences] == ["Row 3: missing."]
    assert log.size == 300
