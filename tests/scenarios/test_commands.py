"""The commands from one end to the other: what they tell, how they end, and that nonsense is answered by a sentence."""

import csv
import hashlib
import io
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.scenarios.folder import GROUP, Ended, Folder
from tests.store.tampering import lift_guards_of_file

OPENSSL = shutil.which("openssl") or ""
ERROR, CHANGES, HELD, EVIDENCE, USAGE = 1, 2, 4, 7, 64


def people(union: Folder, number: int) -> list[str]:
    """Put so many on the roster besides those in the group, and return their addresses."""
    wanted = [str(person["email"]) for person in union.sandbox.addable()][:number]
    union.write_roster([*union.former, *wanted])
    return wanted


def good(ended: Ended) -> Ended:
    assert ended.code == 0, ended
    return ended


def test_a_plan_is_told_written_and_named_by_its_digest(union: Folder, tmp_path: Path) -> None:
    people(union, 6)
    file = tmp_path / "plan.ndjson"
    told = good(union.run("plan", GROUP, "--by", "ada", "--out", str(file)))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert f"Plan {digest[:12]} for {GROUP}" in told.out
    assert f"workplace-sync apply {digest[:12]}" in told.out
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(file.read_text().splitlines()) == 6 + 1
    assert union.run("plan", GROUP, "--out", str(file)).code == USAGE  # never over a file
    planned = union.run("plan", GROUP, "-o", "json").json
    assert (planned["counts"]["added"], planned["already_in"], planned["effect"]) == (6, len(union.former), "allow")


def test_the_exit_code_tells_whether_there_are_changes_when_it_is_asked_to(union: Folder) -> None:
    people(union, 3)
    assert union.run("plan", GROUP).code == 0
    assert union.run("plan", GROUP, "--detailed-exitcode").code == CHANGES
    good(union.run("apply", union.plan()))
    ended = union.run("plan", GROUP, "--detailed-exitcode")
    assert (ended.code, "Nothing to do." in ended.out) == (0, True)
    assert union.run("plan", GROUP, "-q").out == ""


def test_a_held_plan_goes_only_with_a_second_person(union: Folder) -> None:
    people(union, 90)  # more than twice the group
    digest = union.plan()
    assert union.run("apply", digest, "--by", "ada").code == HELD
    own = union.run("approve", digest, "--by", "ada")
    assert (own.code, "asked for this plan" in own.err) == (ERROR, True)
    approved = good(union.run("approve", digest[:10], "--by", "grace", "--reason", "minute 7"))
    assert "grace approved plan" in approved.out
    assert union.run("plans", "-o", "json").json["rows"][0]["state"] == "approved"
    slice_ = union.run("apply", digest, "--limit", "20", "--by", "ada", "-o", "json")
    assert (slice_.json["accepted"], slice_.json["left"]) == (20, 70)
    applied = good(union.run("apply", digest, "--by", "ada"))
    assert "seen in the group 90 of 90" in applied.out
    again = good(union.run("apply", digest, "--by", "ada"))
    assert "nothing is left to do" in again.out
    assert set(union.added().values()) == {1}
    assert union.run("plans", "-o", "json").json["rows"][0]["state"] == "applied"


def test_a_rejected_plan_is_over(union: Folder) -> None:
    people(union, 90)
    digest = union.plan()
    assert union.run("reject", digest, "--by", "grace").code == USAGE  # no reason
    assert union.run("reject", digest, "--by", "grace", "--reason", " ").code == ERROR
    good(union.run("reject", digest, "--by", "grace", "--reason", "last month's list"))
    refused = union.run("apply", digest, "--by", "ada")
    assert (refused.code, "last month's list" in refused.err) == (ERROR, True)
    assert union.run("approve", digest, "--by", "joan").code == ERROR
    assert not union.added()


def test_somebody_may_be_added_besides_the_roster_without_a_shell_history(
    union: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, last = people(union, 3)
    union.write_roster(union.former)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{last}\n"))
    good(union.run("consent", "give", "-", "--source", "joining form", "--basis", "joining form"))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{last}\n\n"))
    planned = union.run("plan", GROUP, "--add", "-", "-o", "json")
    assert planned.json["counts"]["changes"] == 1


def test_consent_is_given_withdrawn_and_shown(union: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = people(union, 3)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{wanted[0]}\n"))
    withdrawn = good(union.run("consent", "withdraw", "-", "--source", "phone call"))
    assert "does not want to be added" in withdrawn.out
    counts = union.run("plan", GROUP, "-o", "json").json["counts"]
    assert (counts["added"], counts["denied"], counts["invited"]) == (2, 1, 0)
    given = good(union.run("consent", "give", wanted[0], "--source", "letter", "--basis", "letter", "--months", "12"))
    assert "agrees to be added" in given.out
    shown = union.run("consent", "show", wanted[0], "-o", "json").json
    ledger = [row["kind"] for row in shown["rows"] if row["origin"] == "ledger"]
    assert (shown["state"], ledger) == ("opted_in", ["withdrawn", "given"])
    assert union.run("plan", GROUP, "-o", "json").json["counts"]["added"] == 3


def test_those_who_may_not_be_added_are_listed_once_for_an_invitation(union: Folder, tmp_path: Path) -> None:
    wanted = people(union, 4)
    union.write_roster(wanted, consent="")
    assert union.run("invite", GROUP, "--out", str(tmp_path / "a")).code == USAGE  # no plan yet
    union.plan()
    good(union.run("invite", GROUP, "--out", str(tmp_path / "a")))
    with (tmp_path / "a" / "people.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["address"] for row in csv.DictReader(file)} == set(wanted)
    assert "https://bt.workplace.example.org/groups/prospect" in (tmp_path / "a" / "message.txt").read_text()
    again = good(union.run("invite", GROUP, "--out", str(tmp_path / "b"), "-o", "json"))
    assert (again.json["invited"], again.json["before"], again.json["folder"]) == (0, 4, None)
    assert not (tmp_path / "b").exists()


def test_the_audit_log_is_listed_filtered_and_paged(union: Folder) -> None:
    wanted = people(union, 5)
    good(union.run("apply", union.plan(), "--by", "ada"))
    outcomes = union.run("audit", "list", "--kind", "operation.outcome", "-o", "json").json["rows"]
    assert {row["person"] for row in outcomes} == {address.casefold() for address in wanted}
    assert (
        len(union.run("audit", "list", "--person", wanted[0], "--kind", "operation.outcome", "-o", "json").json["rows"])
        == 1
    )
    assert union.run("audit", "list", "--outcome", "failed", "-o", "json").json["rows"] == []
    assert union.run("audit", "list", "--to", "2020-01-01", "-o", "json").json["rows"] == []
    first = union.run("audit", "list", "--limit", "4", "-o", "json").json
    second = union.run("audit", "list", "--limit", "4", "--before", str(first["next_before"]), "-o", "json").json
    numbers = [row["entry"] for row in first["rows"] + second["rows"]]
    assert numbers == list(range(numbers[0], numbers[0] - 8, -1))
    table = good(union.run("audit", "list", "--group", GROUP, "--limit", "3"))
    assert "--before" in table.err
    sheet = list(csv.reader(io.StringIO(good(union.run("audit", "list", "--format", "csv")).out)))
    assert sheet[0][:4] == ["entry", "at", "kind", "group"]
    assert {len(row) for row in sheet} == {len(sheet[0])}


def test_one_entry_one_person_and_a_group_at_a_time_are_told(union: Folder) -> None:
    wanted = people(union, 2)
    read_at = datetime.fromisoformat(good(union.run("observe", GROUP, "-o", "json")).json["taken_at"])
    good(union.run("apply", union.plan(), "--by", "ada"))
    entry = union.run("audit", "list", "--kind", "operation.outcome", "--limit", "1", "-o", "json").json["rows"][0]
    shown = good(union.run("audit", "show", str(entry["entry"])))
    assert "Addition done" in shown.out
    assert "c2sp.org/tlog-proof@v1" in shown.out
    story = good(union.run("audit", "person", wanted[0], "-o", "json")).json["story"]
    assert {"consent", "decision", "operation.outcome", "seen"} <= {chapter["kind"] for chapter in story}
    now = union.run("audit", "who", GROUP, "-o", "json").json
    assert now["members"] == len(union.former) + 2
    then = union.run("audit", "who", GROUP, "--at", read_at.isoformat(), "-o", "json").json
    assert then["members"] == len(union.former)
    early = union.run("audit", "who", GROUP, "--at", (read_at - timedelta(days=1)).isoformat())
    assert (early.code, "had not been read by then" in early.err) == (USAGE, True)
    stranger = good(union.run("audit", "person", "nobody@bt.example.org"))
    assert "Nothing is on record" in stranger.out


@pytest.mark.skipif(not OPENSSL, reason="openssl is not installed")
def test_outsiders_verify_with_openssl_alone(union: Folder, tmp_path: Path) -> None:
    people(union, 2)
    good(union.run("apply", union.plan(), "--by", "ada"))
    key = union.run("evidence", "key", "-o", "json").json
    read = subprocess.run(
        [OPENSSL, "pkey", "-pubin", "-noout", "-text"], input=key["pem"], text=True, capture_output=True, check=False
    )
    assert "ED25519" in read.stdout
    assert key["fingerprint"] in union.run("evidence", "key").out
    entry = union.run("audit", "list", "--kind", "operation.outcome", "--limit", "1", "-o", "json").json["rows"][0]
    good(union.run("evidence", "openssl", str(entry["entry"]), "--out", str(tmp_path / "proof")))
    script = ["/bin/sh", str(tmp_path / "proof" / "verify.sh")]
    verified = subprocess.run([*script, key["fingerprint"]], capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stderr
    assert verified.stdout.startswith(f"VERIFIED: entry {entry['entry']}")
    assert subprocess.run([*script, "0" * 64], capture_output=True, check=False).returncode != 0
    assert union.run("evidence", "openssl", str(entry["entry"]), "--out", str(tmp_path / "proof")).code == ERROR


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE opening SET file = replace(file, 'done', 'gone') WHERE kind = 'operation.outcome'",
        "UPDATE opening SET outcome = 'skipped' WHERE kind = 'operation.outcome'",
        "UPDATE evidence_entry SET body = replace(body, '2', '3') WHERE seq = 3",
        "DELETE FROM evidence_checkpoint WHERE size = (SELECT max(size) FROM evidence_checkpoint)",
    ],
)
def test_a_log_that_was_tampered_with_does_not_verify(tampering: str, union: Folder) -> None:
    people(union, 3)
    good(union.run("apply", union.plan(), "--by", "ada"))
    assert "The log verifies" in good(union.run("evidence", "verify")).out
    with closing(sqlite3.connect(union.database)) as connection:
        lift_guards_of_file(connection)
        assert connection.execute(tampering).rowcount > 0
        connection.commit()
    ended = union.run("evidence", "verify")
    assert ended.code == EVIDENCE
    assert "verified." not in ended.out


@pytest.mark.parametrize(
    "command",
    [
        ("plan", GROUP),
        ("observe", GROUP),
        ("consent", "withdraw", "somebody@bt.example.org"),
        ("invite", GROUP, "--out", "somewhere"),
    ],
)
def test_nothing_is_written_to_a_log_whose_end_was_changed(command: tuple[str, ...], union: Folder) -> None:
    people(union, 3)
    union.plan()
    with closing(sqlite3.connect(union.database)) as connection:
        lift_guards_of_file(connection)
        connection.execute(
            "UPDATE evidence_entry SET body = replace(body, '2', '3') WHERE seq = (SELECT max(seq) FROM evidence_entry)"
        )
        connection.commit()
        before = connection.execute("SELECT count(*) FROM opening").fetchone()
        requests = union.sandbox.control("GET", "counts")["http_requests"]
        ended = union.run(*command)
        assert ended.code == EVIDENCE, ended
        assert "What to do: " in ended.err
        assert connection.execute("SELECT count(*) FROM opening").fetchone() == before
    assert union.sandbox.control("GET", "counts")["http_requests"] == requests


NONSENSE: list[tuple[str, ...]] = [
    ("plan", "no-such-group"),
    ("plan", "Prospect; DROP"),
    ("plan", "../../etc/passwd"),
    ("plan", GROUP, "--add", "not an address"),
    ("plan", GROUP, "--out", "/no/such/folder/plan.ndjson"),
    ("plan", GROUP, "--out"),
    ("plans", "no-such-group", "--limit", "0"),
    ("plans", "--limit", "many"),
    ("apply", "ffffffffffff"),
    ("apply", "%"),
    ("apply", ""),
    ("apply", "ffffffffffff", "--limit", "0"),
    ("approve", "'; --"),
    ("reject", "ffffffffffff", "--reason", "x"),
    ("observe", "no-such-group"),
    ("observe", "\x00"),
    ("invite", "no-such-group", "--out", "x"),
    ("invite", GROUP),
    ("consent", "give", "not an address", "--source", "x"),
    ("consent", "give", "amina@bt.example.org"),
    ("consent", "give", "amina@bt.example.org", "--source", "x", "--at", "yesterday"),
    ("consent", "give", "amina@bt.example.org", "--source", "x", "--at", "2999-01-01"),
    ("consent", "give", "amina@bt.example.org", "--source", "x", "--at", "0001-01-01T00:00+23:59"),
    ("consent", "give", "amina@bt.example.org", "--source", "x", "--months", "0"),
    ("consent", "give", "amina@bt.example.org", "--source", "x", "--at", "9999-12-31", "--months", "120"),
    ("consent", "withdraw", ""),
    ("consent", "withdraw", "amina@bt.example.org", "--group", "no-such-group"),
    ("consent", "show", "@"),
    ("audit", "list", "--kind", "nonsense"),
    ("audit", "list", "--from", "32.13.2026"),
    ("audit", "list", "--to", "9999-12-31T23:59:59-23:00"),
    ("audit", "list", "--person", "nobody"),
    ("audit", "list", "--before", "minus one"),
    ("audit", "list", "--limit", "0"),
    ("audit", "list", "--format", "pdf"),
    ("audit", "show", "999999"),
    ("audit", "show", "99999999999999999999999999"),
    ("audit", "show", "-1"),
    ("audit", "who", "no-such-group"),
    ("audit", "who", GROUP, "--at", "noon"),
    ("audit", "person", "nobody"),
    ("evidence", "openssl", "999999", "--out", "proof"),
    ("evidence", "openssl", "99999999999999999999999999", "--out", "proof"),
    ("evidence", "openssl", "0"),
    ("evidence", "verify", "--restore-checkpoint"),
    ("evidence", "nonsense"),
    ("nonsense",),
    ("--output", "xml", "plans"),
]


@pytest.mark.parametrize("arguments", NONSENSE, ids=lambda arguments: " ".join(arguments).replace("\x00", "NUL")[:60])
def test_nonsense_is_answered_by_a_sentence(
    arguments: tuple[str, ...], union: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    people(union, 1)
    ended = union.run(*arguments)
    assert ended.code in {ERROR, USAGE}, ended
    assert ended.out == ""
    assert ended.err.startswith("Error: ")
    assert len(ended.err.splitlines()) <= 4  # the sentence, a fault, and what to do
    assert not union.added()
