"""Puts a new roster file in the place of the former one, which is kept under a name with its last day."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from workplace_sync.errors import StoreError

_PRIVATE = 0o600


@contextmanager
def replaced(path: Path, new: Path, at: datetime) -> Iterator[Path | None]:
    """Put a copy of `new` at `path` for good, unless the block fails: then the former file is back, or none, as before.

    Yields where the former file is kept, None where there was none. At any time the whole of one of the two files is
    there. Raises StoreError where the folder cannot be written to.
    """
    kept = path.with_name(f"{path.stem}.until-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}{path.suffix}")
    try:
        former = kept if path.exists() else None
        mode = path.stat().st_mode & 0o777 if former else _PRIVATE
        if former:
            _copy(path, former, mode)
        _copy(new, path, mode)
    except OSError as error:
        raise StoreError(
            f"The roster file cannot be written: {error.strerror}.",
            hint="Look at the room and the rights in its folder.",
        ) from None
    try:
        yield former
    except BaseException:
        if former:
            former.replace(path)
        else:
            path.unlink(missing_ok=True)
        raise


def _copy(source: Path, target: Path, mode: int) -> None:
    """Copy a file so that the target is its whole content or what it was before, whenever the power goes."""
    beside = target.with_name(f".{target.name}.new")
    try:
        with source.open("rb") as content, beside.open("wb") as stream:
            beside.chmod(mode)
            shutil.copyfileobj(content, stream)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
