"""The commands that hand out, publish, time-stamp, witness and change the key, in a folder as `init` makes it."""

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.evidence.authority import make_authority, served
from workplace_sync.app import Application
from workplace_sync.cli.main import main
from workplace_sync.errors import ExitCode
from workplace_sync.evidence.entry import Kind, Record
from workplace_sync.settings import load_settings

Caught = pytest.CaptureFixture[str]
WHY = ["--recipient", "ACAS", "--purpose", "conciliation", "--basis", "legal claims"]
NAME = "rep.example.org/w1"


@pytest.fixture(autouse=True)
def _in_a_union_s_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Caught) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("workplace_sync.logs.configure", lambda *_: None)
    assert main(["init", "."]) == 0
    record(5)
    capsys.readouterr()


def record(count: int) -> None:
    """Record that many departures."""
    with Application(load_settings()) as app, app.office.log.transaction() as transaction:
        for number in range(count):
            about = f"amina{number}@bt.example.org"
            transaction.log(Record(Kind.MEMBER_DEPARTED, app.now(), "prospect-bt", about, data={"cause": "unknown"}))


def told(capsys: Caught, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Run an evidence command and return its JSON."""
    assert main(["evidence", *arguments, "-o", "json"]) == code, capsys.readouterr()
    out, err = capsys.readouterr()
    value: dict[str, Any] = json.loads(out or err)
    return value


def test_a_bundle_is_handed_out_and_its_own_script_verifies_it(capsys: Caught, tmp_path: Path) -> None:
    (tmp_path / "statement.txt").write_text("How they had been added.\n")
    shown = told(capsys, "bundle", "--entries", "1,3-4", *WHY, "--out", "out.tar", "--add", "statement.txt")
    assert (shown["schema"], shown["entries"], shown["openings"]) == ("workplace-sync/evidence-bundle/1", 3, 3)
    with tarfile.open("out.tar") as tar:
        tar.extractall("unpacked", filter="data")
    done = subprocess.run(
        ["/bin/sh", "verify.sh", shown["fingerprint"]], cwd="unpacked", capture_output=True, text=True, check=False
    )
    assert (done.returncode, "VERIFIED: 3 entries" in done.stdout) == (0, True)
    assert Path("unpacked/statement.txt").read_text() == "How they had been added.\n"
    assert main(["audit", "show", str(shown["entry"])]) == 0
    assert "3 entries handed out to ACAS: conciliation (legal claims)." in capsys.readouterr().out


def test_a_person_s_entries_are_handed_out_by_address(capsys: Caught) -> None:
    shown = told(capsys, "bundle", "--person", "AMINA2@bt.example.org", *WHY, "--out", "out.tar")
    assert shown["entries"] == 1
    assert told(capsys, "bundle", "--person", "x@bt.example.org", *WHY, "--out", "b.tar", code=64)["schema"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], ExitCode.USAGE),
        (["--entries", "1", "--person", "amina1@bt.example.org"], ExitCode.USAGE),
        (["--entries", "99"], ExitCode.USAGE),
        (["--incident", "nothing"], ExitCode.USAGE),
        (["--entries", "1", "--add", "nowhere.txt"], ExitCode.ERROR),
        (["--entries", "1", "--add", ".env.example"], ExitCode.USAGE),
    ],
)
def test_what_cannot_be_handed_out_is_told_and_leaves_no_file(arguments: list[str], code: int, capsys: Caught) -> None:
    told(capsys, "bundle", *arguments, *WHY, "--out", "out.tar", code=code)
    assert not Path("out.tar").exists()


def test_a_published_checkpoint_is_checked_later_and_a_rollback_ends_with_seven(capsys: Caught) -> None:
    assert told(capsys, "publish", "--out", "kept.txt", "--to", "minutes")["size"] == 6
    record(3)
    shown = told(capsys, "check-published", "kept.txt", "--proof", "kept.consistency")
    assert (shown["consistent"], shown["kept"], shown["now"], shown["recorded"]) == (True, 6, 10, True)
    assert Path("kept.consistency").read_text().startswith("old 6\n")
    assert main(["evidence", "publish", "--out", "kept.txt"]) == ExitCode.ERROR
    for file in Path("var").glob("sync.db*"):
        file.unlink()
    Path("var/checkpoint.txt").unlink()
    assert main(["db", "upgrade"]) == 0
    record_anew()
    capsys.readouterr()
    assert "rolled back" in told(capsys, "check-published", "kept.txt", code=7)["message"]


def test_the_public_log_is_written_as_files_and_kept_up_to_date(capsys: Caught) -> None:
    assert {"before": 0, "size": 6, "files": 3}.items() <= told(capsys, "tiles", "--out", "log").items()
    record(3)
    assert {"before": 6, "size": 9, "files": 3}.items() <= told(capsys, "tiles", "--out", "log").items()
    Path("log/checkpoint").write_text("Not found.")
    assert "checkpoint" in told(capsys, "tiles", "--out", "log", code=7)["message"]


def record_anew() -> None:
    """Begin a new log under the same key."""
    with Application(load_settings()) as app:
        app.set_up()


def test_a_witness_makes_a_key_signs_and_is_believed(capsys: Caught) -> None:
    vkey = told(capsys, "witness", "key", NAME, "--key", "w.key")["vkey"]
    told(capsys, "witness", "add", NAME, vkey)
    log_key = told(capsys, "key")["vkey"]
    told(capsys, "publish", "--out", "request.txt", "--witness", NAME)
    signed = told(
        capsys, "witness", "cosign", "request.txt", "--key", "w.key", "--log-key", log_key, "--out", "cosigned.txt"
    )
    assert (signed["size"], signed["first"]) == (7, True)
    assert told(capsys, "witness", "check", "cosigned.txt")["cosignatures"][0]["witness"] == NAME
    record(4)
    told(capsys, "publish", "--out", "second.txt", "--witness", NAME)
    assert Path("second.txt").read_text().startswith("old 7\n")
    assert not told(capsys, "witness", "cosign", "second.txt", "--key", "w.key", "--out", "c2.txt")["first"]
    assert main(["evidence", "publish", "--out", "x.txt", "--witness", "nobody"]) == ExitCode.USAGE
    assert main(["evidence", "publish", "--out", "x.txt", "--since", "3"]) == ExitCode.USAGE
    assert not Path("x.txt").exists()


def test_time_stamps_are_taken_and_some_that_fail_are_told(capsys: Caught, tmp_path: Path) -> None:
    authority = make_authority(tmp_path / "authority")
    with served(authority) as url:
        shown = told(capsys, "timestamp", "--tsa", url, "--tsa", url, "--ca", str(authority.ca))
        assert [one["authority"] for one in shown["time_stamps"]] == ["127.0.0.1", "127.0.0.1"]
        shown = told(capsys, "timestamp", "--tsa", url, "--tsa", "nonsense", "--ca", str(authority.ca), code=3)
        assert len(shown["failed"]) == 1
    assert main(["evidence", "timestamp", "--tsa", "nonsense", "--ca", str(authority.ca)]) == ExitCode.USAGE
    capsys.readouterr()
    told(capsys, "bundle", "--entries", "1", *WHY, "--out", "out.tar")
    with tarfile.open("out.tar") as tar:
        assert {"checkpoint.tsr", "checkpoint-2.tsr", "tsa-chain.pem"} <= set(tar.getnames())


def test_after_a_change_of_the_key_everything_goes_on(capsys: Caught) -> None:
    before = told(capsys, "key")["fingerprint"]
    told(capsys, "publish", "--out", "kept.txt")
    shown = told(capsys, "rotate-key", "--by", "grace")
    assert (shown["old_fingerprint"], shown["fingerprint"] != before) == (before, True)
    assert told(capsys, "key")["fingerprint"] == shown["fingerprint"]
    assert told(capsys, "verify")["ok"]
    assert told(capsys, "check-published", "kept.txt")["consistent"]
    assert main(["doctor"]) in {ExitCode.DONE, ExitCode.ERROR}
    capsys.readouterr()
    told(capsys, "openssl", "3", "--out", "proof")
    command = ["/bin/sh", "proof/verify.sh", shown["fingerprint"]]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
