"""Tells on standard error why a command failed: what went wrong, what to do, and never a traceback."""

import json
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from workplace_sync import __version__
from workplace_sync.cli.output import FAMILY, Format, one_line
from workplace_sync.errors import ExitCode, Fault, InputError, SyncError, UsageError

SHOWN_FAULTS = 200


def tell(error: SyncError, form: Format) -> ExitCode:
    """Tell an error with its hint, and every fault of a file up to `SHOWN_FAULTS`; return the exit code."""
    faults = error.faults if isinstance(error, InputError) else ()
    if form is Format.TEXT:
        lines = [f"Error: {error.message}", *(f"  {one_line(fault)}" for fault in faults[:SHOWN_FAULTS])]
        if len(faults) > SHOWN_FAULTS:
            lines.append(f"  and {len(faults) - SHOWN_FAULTS} more")
        if error.hint:
            lines.append(f"What to do: {error.hint}")
        sys.stderr.write("\n".join(lines) + "\n")
    else:
        sys.stderr.write(json.dumps(_as_json(error, faults)) + "\n")
    return error.exit_code


def tell_unexpected(error: BaseException, form: Format, state_dir: Path) -> ExitCode:
    """Tell that there is a mistake in the program, in one sentence, and keep the redacted traceback in a file."""
    kind = type(error).__name__
    try:
        file = write_report(error, state_dir)
    except OSError:
        hint = "Please report it. Its details could not be written to a file: check the disk and the folder's rights."
    else:
        hint = f"Please report it with {file}, which holds no names, addresses or tokens."
    return tell(SyncError(f"Something went wrong that should not ({kind}).", hint=hint), form)


def usage(message: str, command: str) -> UsageError:
    """Return the error of a command line that cannot be read."""
    return UsageError(message.rstrip().replace(": Value error, ", ": "), hint=f"See `{command} --help`.")


def _as_json(error: SyncError, faults: tuple[Fault, ...]) -> Mapping[str, object]:
    shown = [
        {name: getattr(fault, name) for name in ("file", "line", "column", "field", "message", "advice")}
        for fault in faults[:SHOWN_FAULTS]
    ]
    return {
        "schema": f"{FAMILY}/error/1",
        "error": type(error).__name__,
        "message": error.message,
        "hint": error.hint,
        "exit_code": int(error.exit_code),
        "retryable": error.retryable,
        "faults": shown,
        "more_faults": len(faults) - len(shown),
    }


def write_report(error: BaseException, state_dir: Path) -> Path:
    """Keep a redacted traceback in a new file, and return its path; raises OSError when no folder takes it."""
    from workplace_sync.logs import redact_text  # noqa: PLC0415 - takes a tenth of a second, and is hardly ever needed

    now = datetime.now(UTC)
    text = "".join(traceback.format_exception(error))
    head = (
        f"workplace-sync {__version__}, Python {platform.python_version()}, {platform.system()}, {now.isoformat()}\n\n"
    )
    name = f"crash-{now:%Y%m%dT%H%M%SZ}-{os.getpid()}.txt"
    for folder in (state_dir / "crashes", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(folder / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except OSError:
            continue
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(head + redact_text(text))
        return folder / name
    raise OSError("no folder takes the report")
