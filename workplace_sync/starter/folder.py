"""Writes into a working folder what is not there yet. Each file and the policies appear whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import workplace_sync
from workplace_sync.errors import InputError, SyncError

_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600


def make_folder(folder: Path) -> None:
    """Make the folder, and those it is in, open to their owner alone; what is there keeps its rights."""
    with _told(folder):
        for each in reversed([folder, *folder.parents]):
            if not each.exists():
                each.mkdir(mode=_PRIVATE_FOLDER)
        if not folder.is_dir():
            raise InputError(f"{folder} is no folder.", hint="Move it away, then run the command again.")


def write_new(file: Path, text: str) -> bool:
    """Write the file unless there is one; return whether it was written."""
    make_folder(file.parent)
    with _told(file):
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # its owner alone can read it
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
            os.link(name, file)  # unlike a rename, it fails when the name is taken
        except FileExistsError:
            return False
        finally:
            os.unlink(name)  # noqa: PTH108 - as mkstemp names it
    return True


def has_policies(folder: Path) -> bool:
    """Whether anything is in the folder of the policies: then they are somebody's own, and stay as they are."""
    return folder.is_dir() and any(folder.iterdir())


def shelf() -> Path:
    """Return the folder of the policies that come with the source; raises InputError when they did not."""
    found = Path(workplace_sync.__file__).resolve().parent.parent / "policies"
    if not any(found.glob("*/*.yaml")):
        raise InputError(
            "This installation came without the policies.",
            hint="Copy the folder `policies` of the source archive into the working folder, then run init again.",
        )
    return found


def copy_shelf(source: Path, target: Path) -> bool:
    """Copy the policies and their tests, unless anything is there already; return whether they were copied."""
    if has_policies(target):
        return False
    make_folder(target.parent)
    with _told(target), tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as beside:
        whole = Path(beside) / target.name
        shutil.copytree(source, whole, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns(".*"))
        for path in [whole, *whole.rglob("*")]:
            path.chmod(_PRIVATE_FOLDER if path.is_dir() else _PRIVATE_FILE)
        whole.rename(target)
    return True


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SyncError(
            f"{path} cannot be written ({error.strerror}).",
            hint="Check the folder and its rights, then run the command again: it goes on where it stopped.",
        ) from None
