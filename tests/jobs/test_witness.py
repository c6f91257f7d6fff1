"""Witnesses sign what is consistent with all they have signed, and nothing else; the union keeps what they sign."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.foreign.bundles import ORIGIN, open_office
from tests.jobs.test_publish import another_history
from tests.store.logs import START, add
from workplace_sync.errors import EvidenceError, SettingsError, StoreError, UsageError
from workplace_sync.evidence.checkpoint import open_checkpoint
from workplace_sync.evidence.note import parse_note
from workplace_sync.jobs import witness
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.publish import publish
from workplace_sync.jobs.rotation import rotate_key
from workplace_sync.jobs.witness import add_witness, check_cosigned, cosign, create_witness_key, request_for
from workplace_sync.store import publications

NAME = "rep.example.org/w1"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = open_office(tmp_path)
    add(made.log, 20)
    yield made
    made.database.close()


@pytest.fixture
def key(office: Office, tmp_path: Path) -> Path:
    """The key of a witness who is known to the union."""
    file = tmp_path / "witness" / "w.key"
    add_witness(office, NAME, create_witness_key(file, NAME).vkey)
    return file


def sign(key: Path, text: str, office: Office | None = None) -> str:
    return cosign(key, text, START, log_key=office.log.verifier.vkey if office else None).note


def test_a_checkpoint_goes_to_the_witness_and_comes_back_signed(office: Office, key: Path) -> None:
    answer = sign(key, request_for(office, NAME), office)
    (found,) = check_cosigned(office, answer)
    assert (found.witness, found.at) == (NAME, START)
    assert open_checkpoint(answer, office.log.verifier).size == 21
    with office.database.connect() as connection:
        assert publications.cosignatures(connection) == {21: [found.line]}
        assert [one.size for one in publications.witnesses(connection)] == [21]


def test_the_next_request_has_the_proof_from_what_was_signed_last(office: Office, key: Path) -> None:
    check_cosigned(office, sign(key, request_for(office, NAME), office))
    for count in (1, 7, 300):
        add(office.log, count)
        request = request_for(office, NAME)
        assert not request.startswith("old 0\n")
        check_cosigned(office, sign(key, request))


def test_the_log_s_key_must_come_from_elsewhere_the_first_time(office: Office, key: Path) -> None:
    with pytest.raises(UsageError, match="new to you"):
        sign(key, office.log.latest())
    with pytest.raises(UsageError, match="public key"):
        cosign(key, office.log.latest(), START, log_key="x+y+AAAA")


def test_without_the_proof_a_larger_checkpoint_is_not_signed(office: Office, key: Path) -> None:
    sign(key, office.log.latest(), office)
    sign(key, office.log.latest())  # the same once more
    add(office.log, 5)
    with pytest.raises(UsageError, match=r"proof .* 21 entries you have signed is missing") as caught:
        sign(key, office.log.latest())
    assert "--since 21" in caught.value.hint
    sign(key, request_for(office, NAME, since=21))


@pytest.mark.parametrize("count", [3, 20, 21, 50, 400])
def test_a_second_history_is_never_signed(office: Office, key: Path, tmp_path: Path, count: int) -> None:
    sign(key, office.log.latest(), office)
    other = another_history(office, tmp_path, count)
    text = other.consistency_proof(21) if count > 21 else other.latest()
    with pytest.raises(EvidenceError, match=r"forked|rolled back") as caught:
        sign(key, text)
    assert "two histories" in caught.value.hint
    other.database.close()


def test_what_was_signed_is_remembered_before_it_is_given_out(office: Office, key: Path) -> None:
    sign(key, office.log.latest(), office)
    memory = key.with_name("w.key.seen.json").read_text("utf-8")
    assert office.log.verifier.vkey in memory
    assert office.log.latest().splitlines()[2] in memory


def test_a_witness_without_memory_signs_nothing(office: Office, key: Path) -> None:
    memory = key.with_name("w.key.seen.json")
    memory.write_text("{}")
    with pytest.raises(SettingsError, match="damaged"):
        sign(key, office.log.latest(), office)
    memory.unlink()
    with pytest.raises(SettingsError, match="cannot be read"):
        sign(key, office.log.latest(), office)


def test_a_mistyped_key_file_leaves_no_folder_behind(office: Office, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"witnes/w\.key"):
        sign(tmp_path / "witnes" / "w.key", office.log.latest(), office)
    assert not (tmp_path / "witnes").exists()


def test_a_key_that_another_run_uses_signs_nothing(office: Office, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "_WAIT_SECONDS", 0)
    with FileLock(key.with_name("w.key.lock")), pytest.raises(StoreError, match="another run holds its lock"):
        sign(key, office.log.latest(), office)
    sign(key, office.log.latest(), office)


def test_where_no_lock_can_be_taken_nothing_is_signed(office: Office, key: Path) -> None:
    lock = key.with_name("w.key.lock")
    lock.unlink(missing_ok=True)
    lock.mkdir()
    with pytest.raises(StoreError, match="Nothing was signed"):
        sign(key, office.log.latest(), office)


def test_a_checkpoint_of_another_key_is_not_signed(office: Office, key: Path, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    other = open_office(tmp_path / "b")
    add(other.log, 3)
    with pytest.raises(EvidenceError, match="not signed by this log's key"):
        sign(key, other.log.latest(), office)
    other.database.close()


def test_after_the_log_s_key_was_changed_the_new_one_is_given_and_consistency_still_wanted(
    office: Office, key: Path, tmp_path: Path
) -> None:
    sign(key, office.log.latest(), office)
    log = rotate_key(office.log, tmp_path / "log.key", actor="ada").log
    changed = Office(office.database, log, office.now, office.new_id, "ada")
    request = request_for(changed, NAME, since=21)
    with pytest.raises(EvidenceError, match="not signed"):
        sign(key, request)
    with pytest.raises(UsageError, match="missing"):
        sign(key, log.latest(), changed)
    check_cosigned(changed, sign(key, request, changed))


def test_only_witnesses_who_were_added_count(office: Office, tmp_path: Path, key: Path) -> None:
    stranger = tmp_path / "stranger" / "s.key"
    create_witness_key(stranger, "stranger.example.org/s")
    answer = sign(stranger, office.log.latest(), office)
    with pytest.raises(EvidenceError, match="No witness of ours"):
        check_cosigned(office, answer)
    assert len(check_cosigned(office, sign(key, office.log.latest(), office) + parse_line(answer))) == 1


def parse_line(note: str) -> str:
    return note.splitlines(keepends=True)[len(parse_note(note).signatures) + 3]


def test_a_false_cosignature_is_found(office: Office, key: Path) -> None:
    answer = sign(key, office.log.latest(), office)
    with pytest.raises(EvidenceError, match=r"cosignature of rep.example.org/w1 is false"):
        check_cosigned(office, answer[:-20] + ("A" if answer[-20] != "A" else "B") + answer[-19:])


def test_a_witness_is_one_person_with_one_key(office: Office, key: Path, tmp_path: Path) -> None:
    vkey = create_witness_key(tmp_path / "two" / "w.key", "second.example.org/w").vkey
    with pytest.raises(UsageError, match="named otherwise"):
        add_witness(office, "third.example.org/w", vkey)
    add_witness(office, "second.example.org/w", vkey)
    with pytest.raises(UsageError, match="with this name or key"):
        add_witness(office, "second.example.org/w", vkey)
    with pytest.raises(UsageError, match="not a witness's"):
        add_witness(office, ORIGIN, office.log.verifier.vkey)
    with pytest.raises(UsageError, match="no such witness"):
        request_for(office, "nobody.example.org")
    with pytest.raises(SettingsError, match="a key at"):
        create_witness_key(key, NAME)
    with pytest.raises(UsageError, match="name of a key"):
        create_witness_key(tmp_path / "x.key", "no spaces")


def test_the_log_cannot_be_its_own_witness(office: Office) -> None:
    from workplace_sync.evidence.cosignature import WitnessKey  # noqa: PLC0415

    own = WitnessKey(NAME, office.log.verifier.public)
    with pytest.raises(UsageError, match="log's own key"):
        add_witness(office, NAME, own.vkey)


def test_what_was_published_is_what_the_witness_is_asked_to_sign(office: Office, key: Path) -> None:
    done = publish(office)
    request = request_for(office, NAME, size=done.about.size)
    assert request.endswith(done.note)
    assert len(check_cosigned(office, sign(key, request, office))) == 1
