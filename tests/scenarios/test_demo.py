"""The demo plays to its end, and what it says of itself is so."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from tests.scenarios.killing import rows
from workplace_sync.cli.main import main

USAGE = 64

pytestmark = pytest.mark.slow


def test_the_demo_tells_what_came_of_it_and_can_be_played_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo"
    for _ in range(2):
        capsys.readouterr()
        assert main(["demo", "--folder", str(folder), "--output", "json"]) == 0
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        told = json.loads(out)
        assert told.pop("schema") == "workplace-sync/demo/1"
        assert told["added"] >= 5_000
        assert told["held"] == told["removals_confirmed"] == told["removed_by_others"] == told["added"]
        assert told["denied"] > told["invited"] > 0
        assert told["evidence_verified"] is True
        assert told["openssl_verified"] is True
        assert told["evidence_size"] > 2 * told["added"]  # an outcome and a departure for each, at least
        assert 0 < told["requests_sent"] < told["added"] / 10
        assert told["seconds"] > 0
        assert told["escalations"] == 3
        report = Path(told["report"])
        assert sha256(report.read_bytes()).hexdigest() == told["report_sha256"]
        assert main(["--home", str(folder), "report", "verify", str(report)]) == 0
        counted = rows(folder / "var" / "sync.db", "SELECT count(*) FROM opening WHERE kind = 'member.departed'")
        assert counted == [(told["added"],)]
    assert main(["--home", str(folder), "evidence", "verify", "-q"]) == 0
    assert main(["--home", str(folder), "plans", "-o", "json"]) == 0


def test_the_demo_leaves_other_peoples_folders_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("mine")
    assert main(["demo", "--folder", str(tmp_path)]) == USAGE
    assert "no demo made it" in capsys.readouterr().err
    assert kept.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [kept]
    for folder in (kept, kept / "below"):
        assert main(["demo", "--folder", str(folder)]) == USAGE
        assert "cannot be the demo's folder (Not a directory)" in capsys.readouterr().err
    assert kept.read_text() == "mine"
