"""The log's private key on disk."""

import stat
from pathlib import Path

import pytest

from tests.evidence.trees import ORIGIN
from workplace_sync.errors import SettingsError
from workplace_sync.evidence.note import Verifier, parse_note
from workplace_sync.store.keys import create_key, load_key, write_public_key


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "log.key"


def test_a_new_key_can_be_read_by_its_owner_alone_and_signs_after_loading(path: Path) -> None:
    made = create_key(path, ORIGIN)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = load_key(path, ORIGIN)
    assert loaded.verifier == made.verifier
    made.verifier.verify(parse_note(loaded.sign("text\n")))
    assert [file.name for file in path.parent.iterdir()] == ["log.key"]


def test_two_keys_are_never_the_same(tmp_path: Path) -> None:
    assert create_key(tmp_path / "a", ORIGIN).verifier != create_key(tmp_path / "b", ORIGIN).verifier


def test_a_key_is_never_replaced(path: Path) -> None:
    create_key(path, ORIGIN)
    before = path.read_bytes()
    with pytest.raises(SettingsError, match="a key at"):
        create_key(path, ORIGIN)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["log.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
def test_a_key_that_others_can_read_or_change_is_refused(path: Path, mode: int) -> None:
    create_key(path, ORIGIN)
    path.chmod(mode)
    with pytest.raises(SettingsError, match="by others") as caught:
        load_key(path, ORIGIN)
    assert "chmod 600" in caught.value.hint


def test_a_missing_or_wrong_key_file_is_told_without_showing_it(path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_key(path, ORIGIN)
    create_key(path, ORIGIN)
    secret = path.read_text().splitlines()[1]
    path.write_text(path.read_text().replace("PRIVATE", "PUBLIC"))
    with pytest.raises(SettingsError, match="no Ed25519 private key") as caught:
        load_key(path, ORIGIN)
    assert secret not in str(caught.value) + caught.value.hint


def test_a_key_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        create_key(tmp_path / "file" / "log.key", ORIGIN)


def test_the_public_key_is_one_line_that_can_be_published(path: Path, tmp_path: Path) -> None:
    verifier = create_key(path, ORIGIN).verifier
    write_public_key(tmp_path / "log.vkey", verifier)
    assert Verifier.parse((tmp_path / "log.vkey").read_text()) == verifier
