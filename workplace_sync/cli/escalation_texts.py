"""Free text, passphrases and receipts: read from files, a hidden prompt or standard input, so that no shell history has them."""

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workplace_sync.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    from workplace_sync.jobs.case_desk import CaseDesk

Case = Annotated[str, typer.Argument(metavar="CASE", help="The case, by its name such as 7KQ2-M9TD.")]
TextFile = Annotated[
    Path | None,
    typer.Option("--text-file", metavar="FILE", help="A file with the text; - or nothing reads standard input."),
]
Day = Annotated[str | None, typer.Option("--on", metavar="DATE", help="The day, as 2026-03-31; today if not given.")]
Despite = Annotated[
    bool, typer.Option("--despite", help="The text may go out in spite of what was found in it; you have looked at it.")
]
Attach = Annotated[
    list[Path] | None, typer.Option("--attach", metavar="FILE", help="A picture or a text to attach; repeat it.")
]
Key = Annotated[Path, typer.Option("--key", metavar="FILE", help="The file of your private key.")]


def read_text(file: Path | None, *, prompt: str = "", optional: bool = False) -> str:
    """Return the text of a file or, without one, all of standard input. Raises UsageError where it cannot be read.

    At a terminal `prompt` says what to write. An optional text is not waited for: it comes from a file, or with `-`.
    """
    if file is not None and str(file) != "-":
        return read_bytes(file, text=True).decode().strip()
    if file is None and optional:
        return ""
    if sys.stdin.isatty():
        sys.stderr.write(f"{prompt or 'Write the text'}, then press Ctrl-D on a line of its own:\n")
    return sys.stdin.read().strip()


def read_bytes(file: Path, *, text: bool = False) -> bytes:
    """Return what a file holds; raises UsageError where it cannot be read, or is no text where it should be."""
    try:
        content = file.read_bytes()
        if text:
            content.decode()
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror}).", hint="Check the path.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is no text in UTF-8.", hint="Save it as plain text.") from None
    return content


def read_files(files: list[Path] | None) -> list[bytes]:
    """Return what files hold, without their names."""
    return [read_bytes(file) for file in files or ()]


def read_line(prompt: str) -> str:
    """Return a line that is not shown while it is typed, or the next one of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt(prompt, hide_input=True, err=True)).strip()
    return sys.stdin.readline().strip()


def read_day(given: str | None, desk: "CaseDesk") -> date:
    """Return the day that was given, or today's (UTC); raises UsageError for what is none."""
    if given is None:
        return desk.office.now().date()
    return day_from(given)


def day_from(given: str) -> date:
    """Return a day; raises UsageError for what is none."""
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise UsageError(f"{given!r} is no day.", hint="Write it as 2026-03-31.") from None


def open_key(file: Path) -> "X25519PrivateKey":
    """Return the private key in a file, once its passphrase was given; raises SettingsError where it does not open."""
    from workplace_sync.jobs.officer_keys import load_officer_key  # noqa: PLC0415 - `--help` needs none of it

    return load_officer_key(file, read_line(f"Passphrase of {file}"))
