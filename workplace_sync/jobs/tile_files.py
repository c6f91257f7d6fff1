"""The public log as files that any web server can hand out (c2sp.org/tlog-tiles), kept up to date in a folder.

Who mirrors them can check every proof, and that the log only ever grows, without asking the union for anything.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workplace_sync.errors import InputError, StoreError
from workplace_sync.evidence.checkpoint import Checkpoint, open_checkpoint
from workplace_sync.evidence.tile import WIDTH, bundle_path, path_of, tiles_of
from workplace_sync.jobs.publish import check_published, read_kept
from workplace_sync.store.evidence import EvidenceLog
from workplace_sync.store.whole_file import replace_file

_CHECKPOINT = "checkpoint"
_TILES = "tile"


@dataclass(frozen=True, slots=True)
class Written:
    """The files in a folder are those of the log of `now`; `before` is what they were of, `files` were written."""

    before: int
    now: Checkpoint
    files: int


def write_tiles(log: EvidenceLog, folder: Path) -> Written:
    """Bring the folder up to the newest checkpoint, which is written last; complete files in it are left alone.

    Killed half-way it leaves a folder that is right for its old checkpoint, and the next call goes on. Raises
    InputError for a folder that holds something else, EvidenceError where the log no longer begins with the log that
    the folder holds, StoreError where a file cannot be written, UsageError for an empty log.
    """
    log.latest()  # of an empty log nothing is written, not even a folder
    before = _held(log, folder)
    written: list[Path] = []
    note = b""
    for path, content in log.export_tiles(before):
        file = folder / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(file, content)
        except OSError as error:
            raise StoreError(
                f"{file} cannot be written ({error.strerror}).",
                hint="Check the disk and the rights of the folder; the next call goes on.",
            ) from None
        written.append(file)
        note = content  # the checkpoint comes last
    for file in written:  # only now, as the checkpoint before still spoke of them
        shutil.rmtree(_beginnings(file), ignore_errors=True)
    return Written(before, open_checkpoint(note.decode(), log.keys), len(written))


def _held(log: EvidenceLog, folder: Path) -> int:
    """Return of how many entries the folder holds the log; 0 where that is empty, was never finished, or lacks a file."""
    try:
        names = {path.name for path in folder.iterdir()} if folder.exists() else set[str]()
    except OSError as error:
        raise InputError(f"{folder} cannot be read as a folder ({error.strerror}).", hint="Name a folder.") from None
    if names - {_CHECKPOINT, f"{_CHECKPOINT}.new", _TILES}:
        raise InputError(
            f"{folder} holds other files.", hint="Name a folder that is new, or was written by this command."
        )
    if _CHECKPOINT not in names:
        return 0
    size = check_published(log, read_kept(folder / _CHECKPOINT)).kept.size
    return size if all((folder / path).is_file() for path in _complete(size)) else 0


def _complete(size: int) -> Iterator[str]:
    """Yield the paths of the files that never change again once the log has `size` entries."""
    yield from (path_of(tile) for tile, width in tiles_of(size) if width == WIDTH)
    yield from (bundle_path(number) for number in range(size // WIDTH))


def _beginnings(file: Path) -> Path:
    """Return the folder in which the beginnings of a complete file were."""
    return file.with_name(f"{file.name}.p")
