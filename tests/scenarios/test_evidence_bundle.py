"""The end of the story: the incident is handed out as one file, and openssl alone verifies it."""

import subprocess
import tarfile

from tests.cli.test_incidents import robbed as robbed  # noqa: PLC0414 - a fixture of the incidents
from tests.scenarios.conftest import union as union  # noqa: PLC0414 - a fixture of the scenarios
from tests.scenarios.folder import GROUP, Folder


def test_an_incident_is_handed_out_with_its_statement_and_verified_by_openssl(robbed: Folder) -> None:
    robbed.run("observe", GROUP)
    (row,) = robbed.run("incident", "list", "-o", "json").json["rows"]
    out = robbed.home / "incident.tar"
    words = ["--recipient", "ACAS", "--purpose", "conciliation", "--basis", "legal claims", "--out", str(out)]
    done = robbed.run("evidence", "bundle", "--incident", row["incident"], *words, "-o", "json")
    assert done.code == 0, done.err
    assert done.json["entries"] == 30 + 20 + 1  # found gone, added by us before, the incident opened
    unpacked = robbed.home / "unpacked"
    with tarfile.open(out) as tar:
        tar.extractall(unpacked, filter="data")
    command = ["/bin/sh", "verify.sh", done.json["fingerprint"]]
    verified = subprocess.run(command, cwd=unpacked, capture_output=True, text=True, check=False)
    assert "VERIFIED: 51 entries" in verified.stdout, verified.stderr
    assert "30 people of incident" in (unpacked / "statement.txt").read_text("utf-8")
    assert (unpacked / "statement.html").exists()
