"""Look through a folder for files that still name somebody: those are the union's own, and no program deletes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 20
_CLOSED = frozenset({".xlsx", ".xls", ".ods", ".zip", ".gz", ".bz2", ".xz", ".tar", ".pdf", ".dump"})


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Files that name the person, and files that cannot be looked into, both below the folder that was searched."""

    naming: tuple[Path, ...]
    closed: tuple[Path, ...]


def files_naming(folder: Path, addresses: Sequence[str], *, leave_out: Sequence[Path] = ()) -> Leftovers:
    """Return the files below `folder` that hold one of the addresses, in whatever case; hidden folders are left out."""
    wanted = [address.lower().encode() for address in addresses]
    left_out = {path.resolve() for path in leave_out}
    naming, closed = [], []
    for file in _files(folder):
        if file.resolve() in left_out:
            continue
        if file.suffix.lower() in _CLOSED:
            closed.append(file)
        elif _holds(file, wanted):
            naming.append(file)
    return Leftovers(tuple(sorted(naming)), tuple(sorted(closed)))


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_symlink():
            continue
        if path.is_dir():
            if not path.name.startswith("."):
                yield from _files(path)
        elif path.is_file():
            yield path


def _holds(file: Path, wanted: Sequence[bytes]) -> bool:
    longest = max(map(len, wanted), default=0)
    rest = b""
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                text = rest + chunk.lower()
                if any(address in text for address in wanted):
                    return True
                rest = text[-longest:]
    except OSError:  # gone meanwhile, or not ours to read
        return False
    return False
