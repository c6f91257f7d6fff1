"""The public log as files: others find it good after every call, and false where anything in it was changed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.foreign.bundles import open_office
from tests.foreign.verifiers import GoVerifier
from tests.store.logs import add
from workplace_sync.errors import EvidenceError, InputError, StoreError, UsageError
from workplace_sync.jobs.office import Office
from workplace_sync.jobs.rotation import rotate_key
from workplace_sync.jobs.tile_files import write_tiles


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = open_office(tmp_path)
    yield made
    made.database.close()


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _at(size: int) -> set[str]:
    """The names of the files of a log of 256 to 65,535 entries."""
    full, rest = divmod(size, 256)
    names = {f"tile/{kind}/{number:03d}" for kind in ("0", "entries") for number in range(full)}
    names |= {f"tile/{kind}/{full:03d}.p/{rest}" for kind in ("0", "entries") if rest}
    return names | {f"tile/1/000.p/{full}", "checkpoint"}


def test_it_grows_with_the_log_and_go_finds_it_good_each_time(office: Office, tmp_path: Path, go: GoVerifier) -> None:
    mirror = tmp_path / "www" / "log"
    for count in (1, 255, 1, 499, 44, 300):
        add(office.log, count)
        done = write_tiles(office.log, mirror)
        assert done.now.size == office.log.size
        told = go.mirror(office.log.verifier.vkey, mirror)
        assert told.good, told.text
    assert set(_files(mirror)) >= _at(1_100)
    beginnings = {name for name in _files(mirror) if ".p/" in name} - _at(1_100)
    assert beginnings == {f"tile/{name}" for name in ("1/000.p/1", "1/000.p/2", "1/000.p/3")}


def test_what_is_complete_is_not_written_again(office: Office, tmp_path: Path) -> None:
    add(office.log, 1_000)
    first = write_tiles(office.log, tmp_path / "log")
    assert (first.before, first.files) == (0, len(_at(1_000)))
    add(office.log, 10)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "log").rglob("*") if path.parent.suffix != ".p"}
    second = write_tiles(office.log, tmp_path / "log")
    assert (second.before, second.files) == (1_000, 4), "the last tile and bundle, the level above, the checkpoint"
    changed = {path.name for path, at in times.items() if path.is_file() and path.stat().st_mtime_ns != at}
    assert changed == {"checkpoint"}


def test_after_a_change_of_the_key_it_goes_on(office: Office, tmp_path: Path, go: GoVerifier) -> None:
    add(office.log, 300)
    write_tiles(office.log, tmp_path / "log")
    log = rotate_key(office.log, tmp_path / "log.key", actor="ada").log
    assert write_tiles(log, tmp_path / "log").before == 300
    told = go.mirror(log.verifier.vkey, tmp_path / "log")
    assert told.good, told.text


def test_a_call_that_fails_at_its_last_step_leaves_what_the_checkpoint_before_speaks_of(
    office: Office, tmp_path: Path, go: GoVerifier
) -> None:
    add(office.log, 600)
    mirror = tmp_path / "log"
    write_tiles(office.log, mirror)
    add(office.log, 200)  # completes what was begun
    (mirror / "checkpoint.new").mkdir()
    with pytest.raises(StoreError, match="checkpoint cannot be written"):
        write_tiles(office.log, mirror)
    told = go.mirror(office.log.verifier.vkey, mirror)
    assert told.good, told.text
    assert "log of 600" in told.text
    (mirror / "checkpoint.new").rmdir()
    write_tiles(office.log, mirror)
    assert "log of 800" in go.mirror(office.log.verifier.vkey, mirror).text
    assert not (mirror / "tile" / "0" / "002.p").exists()


def test_a_call_that_was_killed_is_gone_on_with(office: Office, tmp_path: Path, go: GoVerifier) -> None:
    add(office.log, 600)
    mirror = tmp_path / "log"
    write_tiles(office.log, mirror)
    (mirror / "checkpoint").rename(mirror / "checkpoint.new")  # as it is before the last of all steps
    (mirror / "tile" / "0" / "001").write_bytes(b"half")
    assert write_tiles(office.log, mirror).before == 0
    told = go.mirror(office.log.verifier.vkey, mirror)
    assert told.good, told.text
    assert set(_files(mirror)) == _at(600)


@pytest.mark.parametrize("name", ["tile/0/000", "tile/1/000.p/2", "tile/entries/001"])
def test_a_file_that_somebody_deleted_is_written_again(
    office: Office, tmp_path: Path, go: GoVerifier, name: str
) -> None:
    add(office.log, 600)
    mirror = tmp_path / "log"
    write_tiles(office.log, mirror)
    (mirror / name).unlink()
    add(office.log, 1)
    write_tiles(office.log, mirror)
    told = go.mirror(office.log.verifier.vkey, mirror)
    assert told.good, told.text


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("name", sorted(_at(600)))
@pytest.mark.parametrize("change", [_flip, Path.unlink, lambda path: path.write_bytes(b"")])
def test_go_refuses_it_where_a_file_was_changed(
    office: Office, tmp_path: Path, go: GoVerifier, name: str, change: Callable[[Path], object]
) -> None:
    add(office.log, 600)
    write_tiles(office.log, tmp_path / "log")
    change(tmp_path / "log" / name)
    told = go.mirror(office.log.verifier.vkey, tmp_path / "log")
    assert not told.good
    assert "NOT VERIFIED" in told.text


def test_the_files_of_another_log_are_not_written_over(office: Office, tmp_path: Path) -> None:
    add(office.log, 300)
    mirror = tmp_path / "log"
    write_tiles(office.log, mirror)
    held = _files(mirror)
    (tmp_path / "other").mkdir()
    other = open_office(tmp_path / "other")
    add(other.log, 20)
    with pytest.raises(EvidenceError, match="not signed by this log's key"):
        write_tiles(other.log, mirror)
    other.database.close()
    assert _files(mirror) == held


def test_a_folder_of_something_else_is_refused(office: Office, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        write_tiles(office.log, tmp_path / "empty log")
    assert not (tmp_path / "empty log").exists()
    add(office.log, 5)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("")
    with pytest.raises(InputError, match="holds other files"):
        write_tiles(office.log, tmp_path / "site")
    with pytest.raises(InputError, match="cannot be read as a folder"):
        write_tiles(office.log, tmp_path / "site" / "index.html")
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "tile").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        write_tiles(office.log, tmp_path / "blocked")
