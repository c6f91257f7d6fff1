"""Small files that others read while we write them: each is its whole new content, or what it was before."""

import os
from pathlib import Path


def replace_file(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Put `content` in the place of the file, on disk, whenever the power goes.

    A new file gets `mode` without what the umask takes away. What a killed call left beside it, `<name>.new`, is
    overwritten; two callers at once need a lock of their own. Raises OSError.
    """
    temporary = path.with_name(f"{path.name}.new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
