"""What docs/verify.md tells an outsider to type works on a folder that the program wrote, and finds a forged one."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.docs.pages import blocks
from tests.sandbox_server import ROOT
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.jobs.verify import write_openssl_kit
from workplace_sync.store.database import Database
from workplace_sync.store.evidence import EvidenceLog
from workplace_sync.store.keys import create_key

PAGE = ROOT / "docs" / "verify.md"
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
ENTRY = 12


@pytest.fixture(params=[13, 16, 29, 300])
def kit(request: pytest.FixtureRequest, sqlite_database: Database, tmp_path: Path) -> tuple[Path, str]:
    """A folder for entry 12 of logs of several shapes, and the published fingerprint."""
    signer = create_key(tmp_path / "log.key", "union.example.org/log")
    log = EvidenceLog(
        sqlite_database,
        signer=signer,
        verifier=signer.verifier,
        origin=signer.verifier.name,
        outside=tmp_path / "checkpoint.txt",
        entropy=os.urandom,
        now=lambda: NOW,
    )
    with log.transaction() as transaction:
        for number in range(request.param):
            transaction.log(Record(Kind.MEMBER_DEPARTED, NOW, subject=f"amina{number}@bt.example.org"))
    write_openssl_kit(log, tmp_path / "kit", ENTRY)
    return tmp_path / "kit", signer.verifier.fingerprint


def typed(folder: Path, fingerprint: str) -> "subprocess.CompletedProcess[str]":
    """Type every command of the page, one after the other, as its reader does."""
    script = "set -eu\n" + "".join(block.text for block in blocks("sh", PAGE))
    environment = {"PATH": os.environ["PATH"], "FINGERPRINT": fingerprint}
    return subprocess.run(
        ["/bin/sh", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_every_command_of_the_page_agrees_with_a_good_folder(kit: tuple[Path, str]) -> None:
    folder, fingerprint = kit
    done = typed(folder, fingerprint)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"VERIFIED: entry {ENTRY} is in the log union.example.org/log ")
    assert f"{fingerprint}  -" in lines
    assert "Signature Verified Successfully" in lines
    root = (folder / "checkpoint").read_text("utf-8").splitlines()[2]
    assert lines[-2:] == [root, root]
    commitment = next(line for line in lines if line.endswith("  -") and not line.startswith(fingerprint))[:64]
    assert f'"c":"{commitment}"' in done.stdout


def test_the_page_names_every_file_of_the_folder(kit: tuple[Path, str]) -> None:
    text = PAGE.read_text("utf-8")
    assert [file.name for file in kit[0].iterdir() if f"`{file.name}`" not in text and file.name not in text] == []


def test_another_key_than_the_published_one_is_found(kit: tuple[Path, str]) -> None:
    done = typed(kit[0], "0" * 64)
    assert done.returncode != 0
    assert "the public key is not the published one" in done.stderr


@pytest.mark.parametrize("name", ["checkpoint", "checkpoint.text", "checkpoint.sig"])
def test_a_changed_checkpoint_is_found_by_hand_too(kit: tuple[Path, str], name: str) -> None:
    folder, fingerprint = kit
    content = bytearray((folder / name).read_bytes())
    content[-5] ^= 1
    (folder / name).write_bytes(content)
    (folder / "verify.sh").write_text("exit 0\n", "utf-8")  # only the steps by hand are to find it
    assert typed(folder, fingerprint).returncode != 0


def test_an_entry_that_is_not_in_the_log_leads_to_another_hash_by_hand(kit: tuple[Path, str]) -> None:
    folder, fingerprint = kit
    entry = folder / f"{ENTRY}.entry"
    entry.write_bytes(entry.read_bytes().replace(b"2026", b"2025"))
    (folder / "verify.sh").write_text("exit 0\n", "utf-8")
    reckoned, signed = typed(folder, fingerprint).stdout.splitlines()[-2:]
    assert signed == (folder / "checkpoint").read_text("utf-8").splitlines()[2]
    assert reckoned != signed
    assert len(reckoned) == len(signed)
