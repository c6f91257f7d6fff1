"""Writes CSV files that a spreadsheet opens as text, not as formulas, and that only their owner can read."""

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from workplace_sync.errors import UsageError
from workplace_sync.roster.values import safe_cell

__all__ = ["new_private_file", "safe_cell", "write_csv"]


def write_csv(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write a new CSV file (UTF-8 with its mark, for Excel) and return the number of rows below the header.

    Raises UsageError when the file exists already or cannot be made.
    """
    written = 0
    with new_private_file(file, encoding="utf-8-sig") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        for row in rows:
            writer.writerow(map(safe_cell, row))
            written += 1
    return written


def new_private_file(file: Path, *, encoding: str = "utf-8") -> TextIO:
    """Open a file that does not exist yet for writing text as it is, readable for its owner alone.

    Raises UsageError when it exists already or cannot be made.
    """
    try:
        return os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding=encoding, newline="")
    except FileExistsError:
        raise UsageError(f"{file} exists already.", hint="Choose a name that does not exist.") from None
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {error.strerror}.", hint="Check the folder and its rights."
        ) from None
