"""Handing out evidence: which entries, with what in them, under which checkpoint, and what is on record about it."""

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.foreign.bundles import open_office
from tests.store.logs import add, make_record
from tests.store.tampering import lift_guards
from workplace_sync.errors import EvidenceError, InputError, SettingsError, UsageError
from workplace_sync.evidence.entry import Kind, check_opening
from workplace_sync.evidence.proof import parse_consistency, parse_inclusion
from workplace_sync.jobs.bundle import Bundle, export_bundle, make_bundle
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.publish import publish
from workplace_sync.jobs.selection import entries_of_person, parse_entries
from workplace_sync.store.evidence import EvidenceLog


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = open_office(tmp_path)
    add(made.log, 300, batch=100)
    yield made
    made.database.close()


def make(office: Office, seqs: list[int], **more: object) -> Bundle:
    words = {"recipient": "ACAS", "purpose": "conciliation", "basis": "legal claims"} | more
    return make_bundle(office, seqs, **words)  # type: ignore[arg-type]


def test_a_bundle_opens_the_named_entries_and_no_others(office: Office) -> None:
    made = make(office, [5, 257, 5])
    assert (made.seqs, made.openings, made.size) == ((5, 257), 2, 300)
    assert {name for name in made.files if name.startswith("entries/")} == {
        f"entries/{seq}.{end}" for seq in (5, 257) for end in ("entry", "opening", "tlog-proof")
    }
    for seq in (5, 257):
        proof = parse_inclusion(made.files[f"entries/{seq}.tlog-proof"].decode())
        proof.verify(made.files[f"entries/{seq}.entry"], office.log.verifier)
        assert made.files[f"entries/{seq}.opening"] == office.log.opening(seq)
    everything = b"".join(made.files.values())
    assert b"person5@" in everything  # 5 and 257 are of the persons 5 % 7 and 257 % 7
    assert b"person1@" not in everything


def test_an_erased_content_is_left_out_and_its_entry_still_proved(office: Office) -> None:
    with office.database.write() as connection:
        connection.execute(text("DELETE FROM opening WHERE seq = 5"))
    made = make(office, [4, 5])
    assert (made.openings, "entries/5.opening" in made.files) == (1, False)
    assert json.loads(made.files["manifest.json"])["openings"] == "4"


def test_the_same_asked_twice_gives_the_same_bytes(office: Office) -> None:
    assert make(office, [3, 4]).sha256 == make(office, [4, 3]).sha256


def test_handing_out_writes_the_file_and_records_its_hash_for_whom_and_why(office: Office, tmp_path: Path) -> None:
    made = make(office, [5, 6, 9])
    seq = export_bundle(office, made, tmp_path / "out.tar")
    data = (tmp_path / "out.tar").read_bytes()
    assert (tmp_path / "out.tar").stat().st_mode & 0o777 == 0o600
    opening = office.log.opening(seq)
    assert opening is not None
    record = check_opening(office.log.entry(seq), opening)
    assert (record.kind, record.actor) == (Kind.BUNDLE_EXPORTED, "ada")
    assert record.data == {
        "recipient": "ACAS",
        "purpose": "conciliation",
        "basis": "legal claims",
        "sha256": sha256(data).hexdigest(),
        "size": 300,
        "entries": 3,
        "openings": 3,
        "numbers": "5-6,9",
    }
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert set(tar.getnames()) == set(made.files)
    assert seq == 300


def test_nothing_is_recorded_where_the_file_cannot_be_written(office: Office, tmp_path: Path) -> None:
    made = make(office, [5])
    (tmp_path / "there").write_text("")
    with pytest.raises(InputError, match="exists"):
        export_bundle(office, made, tmp_path / "there")
    with pytest.raises(InputError, match="cannot be written"):
        export_bundle(office, made, tmp_path / "nowhere" / "out.tar")
    assert office.log.size == 300


def test_nothing_is_handed_out_where_it_cannot_be_recorded(office: Office, tmp_path: Path) -> None:
    made = make(office, [5])
    with office.database.write() as connection:
        lift_guards(connection)
        connection.execute(text("DELETE FROM evidence_entry WHERE seq = 299"))
    with pytest.raises(EvidenceError):
        export_bundle(office, made, tmp_path / "out.tar")
    assert not [file for file in tmp_path.iterdir() if "out.tar" in file.name]


@pytest.mark.parametrize("word", ["recipient", "purpose", "basis"])
def test_recipient_purpose_and_basis_must_be_said(office: Office, word: str) -> None:
    with pytest.raises(UsageError, match="must be named"):
        make(office, [5], **{word: " "})


def test_what_is_not_there_cannot_be_handed_out(office: Office) -> None:
    with pytest.raises(UsageError, match="no entry 300"):
        make(office, [5, 300])
    with pytest.raises(UsageError, match="not of 0"):
        make(office, [])
    with pytest.raises(UsageError, match="no checkpoint of 150"):
        make(office, [5], size=150)
    with pytest.raises(UsageError, match="under the checkpoint of 100"):
        make(office, [100], size=100)
    with office.database.write() as connection:
        lift_guards(connection)
        connection.execute(text("DELETE FROM evidence_entry WHERE seq = 5"))
    with pytest.raises(UsageError, match="missing"):
        make(office, [4, 5, 6])


def test_what_was_changed_is_not_handed_out(office: Office) -> None:
    with office.database.write() as connection:
        connection.execute(text("UPDATE opening SET file = (SELECT file FROM opening WHERE seq = 6) WHERE seq = 5"))
    with pytest.raises(EvidenceError, match="not the one that entry 5 commits to"):
        make(office, [5])
    with office.database.write() as connection:
        lift_guards(connection)
        connection.execute(
            text("UPDATE evidence_entry SET body = (SELECT body FROM evidence_entry WHERE seq = 8) WHERE seq = 7")
        )
        connection.execute(text("DELETE FROM opening WHERE seq = 7"))
    with pytest.raises(EvidenceError, match="not entry 7"):
        make(office, [7])


def test_a_log_that_is_only_read_hands_nothing_out(office: Office) -> None:
    log = office.log
    reading = EvidenceLog(
        office.database,
        signer=None,
        verifier=log.verifier,
        origin=log.origin,
        outside=Path("nowhere"),
        entropy=bytes,
        now=office.now,
    )
    with pytest.raises(SettingsError, match="only be read"):
        make(replace(office, log=reading), [5])


def test_earlier_checkpoints_that_were_given_out_come_with_the_proof_that_the_log_goes_on_from_them(
    office: Office,
) -> None:
    publish(office)
    publish(office)
    add(office.log, 5)
    made = make(office, [5])
    assert [name for name in made.files if name.endswith(".consistency")] == [
        "history/300-307.consistency",
        "history/301-307.consistency",
    ]
    old = made.files["history/300.checkpoint"].decode()
    assert (
        parse_consistency(made.files["history/300-307.consistency"].decode()).verify(old, office.log.verifier).size
        == 307
    )


@pytest.mark.parametrize(
    ("given", "found"), [("3", [3]), ("3,5-7", [3, 5, 6, 7]), ("7, 1 ,5-5,1", [1, 5, 7]), ("0-2,1-3", [0, 1, 2, 3])]
)
def test_numbers_and_spans_name_entries(given: str, found: list[int]) -> None:
    assert parse_entries(given) == found


@pytest.mark.parametrize("given", ["", "x", "3-", "-3", "3,,4", "1.5", "5-3", "0-999999999"])
def test_what_names_no_entries_is_refused(given: str) -> None:
    with pytest.raises(UsageError):
        parse_entries(given)


def test_a_person_s_entries_are_found_by_their_key(office: Office) -> None:
    assert entries_of_person(office, make_record(3).subject) == list(range(3, 300, 7))
    assert entries_of_person(office, "nobody@bt.example.org") == []
